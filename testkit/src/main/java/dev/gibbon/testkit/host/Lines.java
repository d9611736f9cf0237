// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit.host;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** What Gibbon logs meanwhile, kept from the console. */
final class Lines implements AutoCloseable {
    private final Logger logger = Logger.getLogger("dev.gibbon");
    private final boolean told = logger.getUseParentHandlers();
    private final List<LogRecord> lines = new CopyOnWriteArrayList<>();
    private final Handler handler = new Handler() {
        @Override
        public void publish(LogRecord line) {
            lines.add(line);
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    };

    private Lines() {}

    static Lines record() {
        Lines lines = new Lines();
        lines.logger.addHandler(lines.handler);
        lines.logger.setUseParentHandlers(false);
        return lines;
    }

    /** Waits for a warning. */
    LogRecord warning(Predicate<LogRecord> wanted) throws InterruptedException {
        Await.until(() -> "no such warning among " + shown(), () -> find(wanted).size() > 0);
        return find(wanted).getFirst();
    }

    private List<LogRecord> find(Predicate<LogRecord> wanted) {
        return lines.stream()
                .filter(line -> line.getLevel().equals(Level.WARNING) && wanted.test(line))
                .toList();
    }

    private List<String> shown() {
        return lines.stream().map(LogRecord::getMessage).toList();
    }

    @Override
    public void close() {
        logger.removeHandler(handler);
        logger.setUseParentHandlers(told);
    }
}

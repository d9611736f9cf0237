// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** What the engine logs meanwhile, kept from the console; other tests in the process may add lines of their own. */
public final class LogLines implements AutoCloseable {
    private final Logger logger = Logger.getLogger("dev.gibbon");
    private final List<LogRecord> lines = new CopyOnWriteArrayList<>();
    private final Handler handler;

    private LogLines(Consumer<LogRecord> first) {
        handler = new Handler() {
            @Override
            public void publish(LogRecord line) {
                lines.add(line);
                first.accept(line);
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        logger.addHandler(handler);
        logger.setUseParentHandlers(false);
    }

    public static LogLines record() {
        return new LogLines(_ -> {});
    }

    /** Gives each line to {@code handler}, too, which may throw. */
    static LogLines handledBy(Consumer<LogRecord> handler) {
        return new LogLines(handler);
    }

    public List<LogRecord> warnings(Predicate<String> message) {
        return lines.stream()
                .filter(line -> line.getLevel().equals(Level.WARNING) && message.test(line.getMessage()))
                .toList();
    }

    List<String> messages() {
        return lines.stream().map(LogRecord::getMessage).toList();
    }

    @Override
    public void close() {
        logger.removeHandler(handler);
        logger.setUseParentHandlers(true);
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import java.util.function.Consumer;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Shows each client that the library's server refuses, and why, as a line: {@code gibbon serve --verbose}. */
final class RefusalLines extends Handler implements AutoCloseable {
    private final Logger logger = Logger.getLogger("dev.gibbon.refused");
    private final Consumer<String> lines;

    private RefusalLines(Consumer<String> lines) {
        this.lines = lines;
        setLevel(Level.ALL);
    }

    /** {@return what shows them until it is closed} */
    static RefusalLines to(Consumer<String> lines) {
        RefusalLines shown = new RefusalLines(lines);
        shown.logger.setLevel(Level.FINE); // The library repeats a reason at that level alone.
        shown.logger.addHandler(shown);
        return shown;
    }

    @Override
    public void publish(@Nullable LogRecord entry) {
        if (entry != null) {
            lines.accept("refused: " + String.join(" ", Shown.lines(entry.getMessage())));
        }
    }

    @Override
    public void flush() {}

    @Override
    public void close() {
        logger.removeHandler(this);
        logger.setLevel(null);
    }
}

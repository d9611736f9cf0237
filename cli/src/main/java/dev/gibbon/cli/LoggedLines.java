// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import java.util.function.Consumer;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Shows what the library's server logs of its clients as lines of {@code gibbon serve}. */
final class LoggedLines extends Handler implements AutoCloseable {
    private final Logger logger;
    private final String prefix;
    private final Consumer<String> lines;

    private LoggedLines(String name, Level from, String prefix, Consumer<String> lines) {
        this.logger = Logger.getLogger(name);
        this.prefix = prefix;
        this.lines = lines;
        setLevel(Level.ALL);
        logger.setLevel(from);
        logger.addHandler(this);
    }

    /** {@return what shows each client that is refused, and why, until it is closed} */
    static LoggedLines refusals(Consumer<String> lines) {
        // The library repeats a reason at that level alone.
        return new LoggedLines("dev.gibbon.refused", Level.FINE, "refused: ", lines);
    }

    /** {@return what shows each connection that is opened, refused or closed, until it is closed itself} */
    static LoggedLines accesses(Consumer<String> lines) {
        return new LoggedLines("dev.gibbon.access", Level.INFO, "", lines);
    }

    @Override
    public void publish(@Nullable LogRecord entry) {
        if (entry != null) {
            lines.accept(prefix + String.join(" ", Shown.lines(entry.getMessage())));
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

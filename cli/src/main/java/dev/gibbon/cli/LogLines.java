// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import java.io.PrintStream;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Shows what the library logs, from warnings up, as one line each. */
final class LogLines extends Handler {
    private final PrintStream out;

    private LogLines(PrintStream out) {
        this.out = out;
        setLevel(Level.WARNING);
    }

    /** Takes the place of whatever shows the log of this program. */
    static void install(PrintStream out) {
        LogManager.getLogManager().reset();
        Logger.getLogger("").addHandler(new LogLines(out));
    }

    @Override
    public void publish(@Nullable LogRecord entry) {
        if (entry != null && isLoggable(entry)) {
            Throwable cause = entry.getThrown();
            String line = entry.getMessage() + (cause == null ? "" : ": " + cause);
            out.println("gibbon: " + Visible.of(line));
        }
    }

    @Override
    public void flush() {
        out.flush();
    }

    @Override
    public void close() {
        out.flush();
    }
}

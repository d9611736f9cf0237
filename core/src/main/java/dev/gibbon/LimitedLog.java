// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The engine's log, by way of the platform's {@link System.Logger}. Peers cause lines at will, so there are at most ten
 * a second; the next one that gets through says how many did not. Nothing of the peer's is in a line but what
 * exceptions say, which is escaped.
 */
final class LimitedLog {
    private static final long LINES_PER_SECOND = 10;
    private static final long SECOND_NANOS = 1_000_000_000L;

    private final System.Logger logger = System.getLogger("dev.gibbon");
    private final TimeSource time;
    private final AtomicLong second = new AtomicLong(Long.MIN_VALUE);
    private final AtomicLong lines = new AtomicLong();
    private final AtomicLong left = new AtomicLong();

    LimitedLog(TimeSource time) {
        this.time = time;
    }

    void debug(String message, @Nullable Throwable cause) {
        log(System.Logger.Level.DEBUG, message, cause);
    }

    void warn(String message, @Nullable Throwable cause) {
        log(System.Logger.Level.WARNING, message, cause);
    }

    private void log(System.Logger.Level level, String message, @Nullable Throwable cause) {
        if (!logger.isLoggable(level)) {
            return;
        }
        long now = time.nanoTime() / SECOND_NANOS;
        if (second.getAndSet(now) != now) {
            lines.set(0);
        }
        if (lines.incrementAndGet() > LINES_PER_SECOND) {
            left.incrementAndGet();
            return;
        }
        long unsaid = left.getAndSet(0);
        String line = unsaid == 0 ? message : message + " (" + unsaid + " lines before this were left out)";
        logger.log(level, line, cause);
    }
}

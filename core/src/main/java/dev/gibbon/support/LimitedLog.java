// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.support;

import dev.gibbon.TimeSource;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The engine's log, by way of the platform's {@link System.Logger}. Peers cause lines at will, so there are at most ten
 * a second; the next one that gets through says how many did not. Nothing of the peer's is in a line but what
 * exceptions say, which is escaped.
 *
 * <p>A handler of the application's may throw, and so does the JDK's when descriptors run out. A line that meets this
 * is lost and counted as left out; the engine goes on, and the first time is told on {@link System#err}.
 */
public final class LimitedLog {
    private static final long LINES_PER_SECOND = 10;
    private static final long SECOND_NANOS = 1_000_000_000L;

    private final System.Logger logger = System.getLogger("dev.gibbon");
    private final TimeSource time;
    private final AtomicLong second = new AtomicLong(Long.MIN_VALUE);
    private final AtomicLong lines = new AtomicLong();
    private final AtomicLong left = new AtomicLong();
    private final AtomicBoolean lostOne = new AtomicBoolean();

    public LimitedLog(TimeSource time) {
        this.time = time;
    }

    public void debug(String message, @Nullable Throwable cause) {
        log(System.Logger.Level.DEBUG, message, cause);
    }

    public void info(String message, @Nullable Throwable cause) {
        log(System.Logger.Level.INFO, message, cause);
    }

    public void warn(String message, @Nullable Throwable cause) {
        log(System.Logger.Level.WARNING, message, cause);
    }

    /**
     * Code of the application threw, which must not go unnoticed.
     *
     * @param code what threw
     * @param on the connection or request that it served
     */
    public void applicationThrew(String code, Object on, Throwable thrown) {
        warn("code of the application threw: " + code + "; " + on, thrown);
    }

    private void log(System.Logger.Level level, String message, @Nullable Throwable cause) {
        long unsaid = 0;
        try {
            if (!logger.isLoggable(level)) {
                return;
            }
            if (!mayPass()) {
                left.incrementAndGet();
                return;
            }
            unsaid = left.getAndSet(0);
            String line = unsaid == 0 ? message : message + " (" + unsaid + " lines before this were left out)";
            logger.log(level, line, cause);
        } catch (Throwable e) { // Whoever logs has a task that must go on, whatever a log does.
            left.addAndGet(unsaid + 1);
            lost(message, e);
        }
    }

    private boolean mayPass() {
        long now = time.nanoTime() / SECOND_NANOS;
        if (second.getAndSet(now) != now) {
            lines.set(0);
        }
        return lines.incrementAndGet() <= LINES_PER_SECOND;
    }

    /** Says so where no logger is needed, as {@code java.util.logging} does: once, since every line may meet it. */
    private void lost(String message, Throwable e) {
        if (lostOne.compareAndSet(false, true)) {
            System.err.println("dev.gibbon: a log line is lost, since the log threw " + e + ": " + message);
        }
    }
}

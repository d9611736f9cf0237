// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.support;

import dev.gibbon.TimeSource;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The engine's log, by way of the platform's {@link System.Logger}. Peers cause lines at will, so there are at most ten
 * a second of each level, whatever there is of the others; the next one of that level says how many were left out.
 * Nothing of the peer's is in a line but what exceptions say, which is escaped.
 *
 * <p>A handler of the application's may throw, and so does the JDK's when descriptors run out. A line that meets this
 * is lost and counted as left out; the engine goes on, and the first time is told on {@link System#err}.
 */
public final class LimitedLog {
    private static final long LINES_PER_SECOND = 10;
    private static final long SECOND_NANOS = 1_000_000_000L;

    private final System.Logger logger = System.getLogger("dev.gibbon");
    private final TimeSource time;
    private final Budget debugging = new Budget();
    private final Budget informing = new Budget();
    private final Budget warning = new Budget();
    private final AtomicBoolean lostOne = new AtomicBoolean();

    public LimitedLog(TimeSource time) {
        this.time = time;
    }

    public void debug(String message, @Nullable Throwable cause) {
        log(System.Logger.Level.DEBUG, debugging, message, cause);
    }

    public void info(String message, @Nullable Throwable cause) {
        log(System.Logger.Level.INFO, informing, message, cause);
    }

    public void warn(String message, @Nullable Throwable cause) {
        log(System.Logger.Level.WARNING, warning, message, cause);
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

    private void log(System.Logger.Level level, Budget budget, String message, @Nullable Throwable cause) {
        long unsaid = 0;
        try {
            if (!logger.isLoggable(level)) {
                return;
            }
            if (!budget.mayPass(time.nanoTime() / SECOND_NANOS)) {
                budget.left.incrementAndGet();
                return;
            }
            unsaid = budget.left.getAndSet(0);
            String line = unsaid == 0 ? message : message + " (" + unsaid + " lines before this were left out)";
            logger.log(level, line, cause);
        } catch (Throwable e) { // Whoever logs has a task that must go on, whatever a log does.
            budget.left.addAndGet(unsaid + 1);
            lost(message, e);
        }
    }

    /** Says so where no logger is needed, as {@code java.util.logging} does: once, since every line may meet it. */
    private void lost(String message, Throwable e) {
        if (lostOne.compareAndSet(false, true)) {
            System.err.println("dev.gibbon: a log line is lost, since the log threw " + e + ": " + message);
        }
    }

    /** What the lines of one level may be: a flood of refusals must not hide a defect. */
    private static final class Budget {
        final AtomicLong second = new AtomicLong(Long.MIN_VALUE);
        final AtomicLong lines = new AtomicLong();

        /** How many were left out that no line has told of yet. */
        final AtomicLong left = new AtomicLong();

        boolean mayPass(long now) {
            if (second.getAndSet(now) != now) {
                lines.set(0);
            }
            return lines.incrementAndGet() <= LINES_PER_SECOND;
        }
    }
}

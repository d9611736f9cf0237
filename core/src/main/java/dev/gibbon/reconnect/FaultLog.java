// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.reconnect;

import dev.gibbon.TimeSource;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Says in the platform's log that code of the application threw, which must not go unnoticed: at most ten lines a
 * second, since a listener may throw for every message that is dropped. A log that throws itself harms nobody.
 */
final class FaultLog {
    private static final long LINES_PER_SECOND = 10;
    private static final long SECOND_NANOS = 1_000_000_000L;

    private final System.Logger logger = System.getLogger("dev.gibbon.reconnect");
    private final TimeSource time;
    private final AtomicLong second = new AtomicLong(Long.MIN_VALUE);
    private final AtomicLong lines = new AtomicLong();

    FaultLog(TimeSource time) {
        this.time = time;
    }

    /**
     * Code of the application threw.
     *
     * @param code what threw
     * @param on the connection or client that it served
     */
    void threw(String code, Object on, Throwable thrown) {
        long now = time.nanoTime() / SECOND_NANOS;
        if (second.getAndSet(now) != now) {
            lines.set(0);
        }
        if (lines.incrementAndGet() > LINES_PER_SECOND) {
            return;
        }
        try {
            logger.log(System.Logger.Level.WARNING, "code of the application threw: " + code + "; " + on, thrown);
        } catch (RuntimeException | Error e) { // Whoever logs has a task that must go on.
            System.err.println("dev.gibbon.reconnect: a log line is lost, since the log threw " + e);
        }
    }
}

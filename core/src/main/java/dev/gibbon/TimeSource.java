// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.time.Duration;

/** Time as connections see it: a monotonic clock and one-shot timers. Tests pass one that they move by hand. */
public interface TimeSource {
    /** {@return nanoseconds since some fixed moment, never going back} */
    long nanoTime();

    /**
     * Runs {@code task} once after {@code delay}, on a thread of this source's own. The task must not block.
     *
     * @param delay how long from now
     * @param task what to run
     * @return a handle whose {@link Timer#cancel()} keeps the task from running, unless it has begun
     */
    Timer schedule(Duration delay, Runnable task);

    /** A task that waits for its time. */
    @FunctionalInterface
    interface Timer {
        /** Keeps the task from running, unless it has begun. Does nothing the second time. */
        void cancel();
    }
}

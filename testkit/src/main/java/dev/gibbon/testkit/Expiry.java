// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit;

import java.time.Duration;

/** When a wait is over. */
@FunctionalInterface
interface Expiry {
    /** A wait that lasts until something happens. */
    Expiry NEVER = () -> Long.MAX_VALUE;

    /**
     * {@return how long to wait yet, not positive once that has passed, {@link Long#MAX_VALUE} if only a signal tells}
     */
    long nanosLeft();

    /** {@return the end of a wait by the system's clock that begins now} */
    static Expiry after(Duration timeout) {
        long deadline = System.nanoTime() + nanos(timeout);
        return () -> deadline - System.nanoTime();
    }

    /** {@return the nanoseconds of a duration, 146 years where that is more} */
    static long nanos(Duration duration) {
        Duration longest = Duration.ofNanos(Long.MAX_VALUE / 2);
        return duration.compareTo(longest) > 0 ? longest.toNanos() : duration.toNanos();
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * How long to wait between tries: exponential back-off with full jitter. The wait is
 * drawn evenly from zero up to a ceiling that grows with each try, so that clients
 * which lost their server at the same moment do not come back at the same moment.
 */
public sealed interface Backoff permits BackoffRecord {
    /**
     * {@return the default: a first ceiling of 5 s, doubled with each try, 60 s at most} Five seconds spread ten
     * thousand clients of a server that restarts to two thousand a second, and are 2.5 s of waiting on average.
     */
    static Backoff standard() {
        return of(Duration.ofSeconds(5), Duration.ofSeconds(60), 2.0);
    }

    /**
     * {@return a back-off of one's own}
     *
     * @param base the ceiling of the first wait; positive
     * @param cap the highest ceiling, not below {@code base}
     * @param factor by how much the ceiling grows with each try; 1 or more
     * @throws IllegalArgumentException if a value is out of its range
     */
    static Backoff of(Duration base, Duration cap, double factor) {
        return new BackoffRecord(base, cap, factor);
    }

    /** {@return the ceiling of the first wait} */
    Duration base();

    /** {@return the highest ceiling} */
    Duration cap();

    /** {@return by how much the ceiling grows with each try} */
    double factor();

    /**
     * {@return below what the wait before a try is drawn}
     *
     * @param retry 0 for the first try after a connection, 1 for the next, …
     * @throws IllegalArgumentException if {@code retry} is negative
     */
    Duration ceiling(int retry);

    /**
     * {@return how long to wait before a try: from zero, inclusive, to the ceiling, exclusive}
     *
     * @param retry 0 for the first try after a connection, 1 for the next, …
     * @param random what to draw from
     * @throws IllegalArgumentException if {@code retry} is negative
     */
    Duration delay(int retry, RandomGenerator random);
}

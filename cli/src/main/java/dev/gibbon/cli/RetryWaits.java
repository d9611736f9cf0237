// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * How long to wait before each next try: anything from nothing to a bound that doubles with every failure ("full jitter"), so that the
 * clients that one outage sent away do not come back in step. For one thread.
 */
final class RetryWaits {
    static final Duration FIRST_BOUND = Duration.ofSeconds(1);
    static final Duration LAST_BOUND = Duration.ofSeconds(30);

    private final RandomGenerator random;
    private Duration bound = FIRST_BOUND;

    RetryWaits(RandomGenerator random) {
        this.random = random;
    }

    /** {@return how long to wait now} */
    Duration next() {
        Duration wait = Duration.ofMillis(random.nextLong(bound.toMillis() + 1));
        Duration doubled = bound.multipliedBy(2);
        bound = doubled.compareTo(LAST_BOUND) > 0 ? LAST_BOUND : doubled;
        return wait;
    }

    /** Begins anew, after a connection that was of use. */
    void reset() {
        bound = FIRST_BOUND;
    }
}

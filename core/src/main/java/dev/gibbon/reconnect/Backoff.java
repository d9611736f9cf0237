// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.reconnect;

import java.time.Duration;
import java.util.Objects;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * How long to wait between tries: exponential back-off with full jitter. The wait is
 * drawn evenly from zero up to a ceiling that grows with each try, so that clients
 * which lost their server at the same moment do not come back at the same moment. Immutable.
 */
public final class Backoff {
    private final Duration base;
    private final Duration cap;
    private final double factor;

    private Backoff(Duration base, Duration cap, double factor) {
        if (!base.isPositive()) {
            throw new IllegalArgumentException("base must be positive: " + base);
        }
        if (cap.compareTo(base) < 0) {
            throw new IllegalArgumentException("cap " + cap + " is below base " + base);
        }
        if (!(factor >= 1.0) || Double.isInfinite(factor)) { // Not a number is refused too.
            throw new IllegalArgumentException("factor must be 1 or more: " + factor);
        }
        long _ = cap.toNanos(); // What does not fit is refused here and not in the middle of a night.
        this.base = base;
        this.cap = cap;
        this.factor = factor;
    }

    /**
     * {@return the default: a first ceiling of 5 s, doubled with each try, 60 s at most} Five seconds spread ten
     * thousand clients of a server that restarts to two thousand a second, and are 2.5 s of waiting on average.
     */
    public static Backoff standard() {
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
    public static Backoff of(Duration base, Duration cap, double factor) {
        return new Backoff(Objects.requireNonNull(base, "base"), Objects.requireNonNull(cap, "cap"), factor);
    }

    /** {@return the ceiling of the first wait} */
    public Duration base() {
        return base;
    }

    /** {@return the highest ceiling} */
    public Duration cap() {
        return cap;
    }

    /** {@return by how much the ceiling grows with each try} */
    public double factor() {
        return factor;
    }

    /**
     * {@return below what the wait before a try is drawn}
     *
     * @param retry 0 for the first try after a connection, 1 for the next, …
     * @throws IllegalArgumentException if {@code retry} is negative
     */
    public Duration ceiling(int retry) {
        if (retry < 0) {
            throw new IllegalArgumentException("retry must not be negative: " + retry);
        }
        double nanos = base.toNanos() * Math.pow(factor, retry); // Infinity where it overflows.
        return nanos >= cap.toNanos() ? cap : Duration.ofNanos((long) nanos);
    }

    /**
     * {@return how long to wait before a try: from zero, inclusive, to the ceiling, exclusive}
     *
     * @param retry 0 for the first try after a connection, 1 for the next, …
     * @param random what to draw from
     * @throws IllegalArgumentException if {@code retry} is negative
     */
    public Duration delay(int retry, RandomGenerator random) {
        return Duration.ofNanos(random.nextLong(ceiling(retry).toNanos()));
    }

    /** {@return whether base, cap and factor are the same} */
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Backoff that
                && base.equals(that.base)
                && cap.equals(that.cap)
                && Double.compare(factor, that.factor) == 0;
    }

    @Override
    public int hashCode() {
        return Objects.hash(base, cap, factor);
    }

    /** {@return base, cap and factor} */
    @Override
    public String toString() {
        return "back-off from " + base + " by " + factor + " to " + cap;
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.time.Duration;
import java.util.random.RandomGenerator;

record BackoffRecord(Duration base, Duration cap, double factor) implements Backoff {
    BackoffRecord {
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
    }

    @Override
    public Duration ceiling(int retry) {
        if (retry < 0) {
            throw new IllegalArgumentException("retry must not be negative: " + retry);
        }
        double nanos = base.toNanos() * Math.pow(factor, retry); // Infinity where it overflows.
        return nanos >= cap.toNanos() ? cap : Duration.ofNanos((long) nanos);
    }

    @Override
    public Duration delay(int retry, RandomGenerator random) {
        return Duration.ofNanos(random.nextLong(ceiling(retry).toNanos()));
    }
}

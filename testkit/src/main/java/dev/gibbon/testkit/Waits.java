// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit;

import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** Bounded waits of a test, by the system's clock whatever clock the code under test is given. */
final class Waits {
    /** Long enough for a loaded machine, short enough for a person. */
    static final Duration DEFAULT_DEADLINE = Duration.ofSeconds(60);

    private Waits() {}

    /**
     * Waits until {@code done}; the caller holds the lock of {@code changed}.
     *
     * @throws AssertionError if that is not so in time, or the thread is interrupted
     */
    static void until(Condition changed, Duration deadline, BooleanSupplier done, Supplier<String> failure) {
        Expiry expiry = Expiry.after(deadline);
        while (!done.getAsBoolean()) {
            long nanos = expiry.nanosLeft();
            if (nanos <= 0) {
                throw new AssertionError(failure.get() + " (waited " + deadline + ")");
            }
            try {
                long _ = changed.awaitNanos(nanos);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AssertionError(failure.get() + " (interrupted)", e);
            }
        }
    }

    static Duration positive(Duration duration, String name) {
        if (!duration.isPositive()) {
            throw new IllegalArgumentException(name + " must be positive: " + duration);
        }
        return duration;
    }
}

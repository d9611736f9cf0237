// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit.host;

import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.IntSupplier;
import java.util.function.Supplier;

/** Waits that end with what they wait for, or after a minute with an {@link AssertionError}. */
final class Await {
    private static final Duration DEADLINE = Duration.ofMinutes(1);
    private static final Duration LOOK = Duration.ofMillis(10);

    /** How long a count stands still that is at its end. */
    private static final Duration STILL = Duration.ofSeconds(1);

    private Await() {}

    static void until(String failure, BooleanSupplier done) throws InterruptedException {
        until(() -> failure, done);
    }

    static void until(Supplier<String> failure, BooleanSupplier done) throws InterruptedException {
        long begin = System.nanoTime();
        while (!done.getAsBoolean()) {
            if (System.nanoTime() - begin > DEADLINE.toNanos()) {
                throw new AssertionError(failure.get());
            }
            Thread.sleep(LOOK);
        }
    }

    /** Waits until a count has begun and stands still. On a slow machine it may go on afterwards. */
    static int still(String failure, IntSupplier count) throws InterruptedException {
        until(failure, () -> count.getAsInt() > 0);
        int last = count.getAsInt();
        for (long since = System.nanoTime(); System.nanoTime() - since < STILL.toNanos(); ) {
            Thread.sleep(LOOK);
            if (count.getAsInt() != last) {
                last = count.getAsInt();
                since = System.nanoTime();
            }
        }
        return last;
    }

    static <T> T next(String failure, BlockingQueue<T> queue) throws InterruptedException {
        T next = queue.poll(DEADLINE.toMillis(), TimeUnit.MILLISECONDS);
        if (next == null) {
            throw new AssertionError(failure);
        }
        return next;
    }
}

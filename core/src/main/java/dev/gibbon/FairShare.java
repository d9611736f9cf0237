// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

/**
 * Keeps a reader whose peer always has more from keeping its carrier for itself: such a reader never blocks, and
 * virtual threads are not preempted, so after a slice it waits for its next turn in the engine's {@link Rounds}. A
 * reader that blocks by itself now and then never comes here. Reader thread only.
 */
final class FairShare {
    /** How long a reader may go on before it waits for its turn. */
    private static final long SLICE_NANOS = 1_000_000;

    /** A read that took this long has parked by itself. */
    private static final long PARKED_NANOS = 15_000;

    /** How many messages may pass without a look at the clock. */
    private static final int MESSAGES_PER_LOOK = 16;

    private final TimeSource time;
    private final Rounds rounds;
    private long sliceStart;
    private int messages;

    FairShare(TimeSource time, Rounds rounds) {
        this.time = time;
        this.rounds = rounds;
        this.sliceStart = time.nanoTime();
    }

    /** Notes how long a read took. */
    void read(long before, long after) {
        if (after - before > PARKED_NANOS) {
            sliceStart = after;
        }
    }

    /** {@return whether the slice is over, asked before each message} */
    boolean isUsedUp() {
        if (++messages < MESSAGES_PER_LOOK) {
            return false;
        }
        messages = 0;
        return isUsedUp(time.nanoTime());
    }

    boolean isUsedUp(long now) {
        return now - sliceStart > SLICE_NANOS && Thread.currentThread().isVirtual();
    }

    /** Lets others on and waits for the next slice. */
    void awaitTurn() {
        rounds.awaitTurn();
        sliceStart = time.nanoTime();
    }
}

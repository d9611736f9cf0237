// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.util.concurrent.locks.LockSupport;

/**
 * Keeps a reader whose peer always has more from keeping its carrier for itself. Such a reader never blocks, and virtual threads are
 * not preempted; what has just become ready would wait behind it without end, since a busy carrier looks at newcomers last. A yield
 * does not help, parking does.
 *
 * <p>After each slice the reader parks for a moment and looks how late it is woken: that is how late everybody else is. While it
 * is late the reader pauses longer each time, until newcomers are served in time; alone on the machine it pauses for microseconds.
 * Reader thread only.
 */
final class FairShare {
    /** How long a reader may go on before it parks. */
    private static final long SLICE_NANOS = 250_000;

    /** A read that took this long has parked by itself. */
    private static final long PARKED_NANOS = 15_000;

    /** Woken later than this, the carriers are too busy. */
    private static final long LATE_NANOS = 1_000_000;

    /** The first pause that is more than a formality, and the longest. */
    private static final long FIRST_PAUSE_NANOS = 500_000;

    private static final long LONGEST_PAUSE_NANOS = 64_000_000;

    /** How many messages may pass without a look at the clock. */
    private static final int MESSAGES_PER_LOOK = 16;

    private final TimeSource time;
    private long sliceStart;
    private long pause = 1;
    private int messages;

    FairShare(TimeSource time) {
        this.time = time;
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

    /** Lets others on. */
    void pause() {
        long before = time.nanoTime();
        LockSupport.parkNanos(pause);
        sliceStart = time.nanoTime();
        if (sliceStart - before - pause > LATE_NANOS) {
            pause = Math.clamp(2 * pause, FIRST_PAUSE_NANOS, LONGEST_PAUSE_NANOS);
        } else {
            pause = Math.max(1, pause - pause / 32);
        }
    }
}

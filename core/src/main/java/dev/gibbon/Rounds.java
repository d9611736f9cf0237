// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.util.ArrayDeque;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Turns for readers that never block by themselves. A few of them go on at a time; once all
 * of these have come back the carriers run empty, everything that has become ready meanwhile
 * gets its turn, and then the next few go on. Without that newcomers would wait without end:
 * a carrier whose queue never empties does not look at others' (threat catalogue RX-17).
 *
 * <p>A reader that does not come back, because its handler is
 * off to something slow, holds the others up once, for a moment.
 */
final class Rounds {
    /** How many readers go on in a round: enough to keep the carriers busy while the last ones come back. */
    private static final int READERS = 2 * Runtime.getRuntime().availableProcessors();

    /** How long a round may take. */
    private static final long ROUND_NANOS = 10_000_000;

    /** One reader's wait. */
    private static final class Turn {
        private final Thread thread = Thread.currentThread();
        private volatile boolean come;

        /**
         * Whether this reader, the next in line, looks now and then
         * whether the round takes too long; the others just wait.
         */
        private volatile boolean guards;
    }

    private final ReentrantLock lock = new ReentrantLock();
    private final TimeSource time;

    // Guarded by lock.
    private final ArrayDeque<Turn> waiting = new ArrayDeque<>();
    private int out;
    private boolean opening;
    private long opened;

    Rounds(TimeSource time) {
        this.time = time;
    }

    /** Waits until it is the calling thread's turn again. */
    void awaitTurn() {
        Turn turn = new Turn();
        boolean last;
        lock.lock();
        try {
            turn.guards = waiting.isEmpty();
            waiting.add(turn);
            out = Math.max(0, out - 1);
            last = out == 0 && !opening;
            opening |= last;
        } finally {
            lock.unlock();
        }
        if (last) {
            LockSupport.parkNanos(1); // Woken behind all that is ready: by then everybody else was served.
            open();
        }
        while (!turn.come) {
            if (turn.thread.isInterrupted()) { // It could not park; its next read will end the connection.
                leave(turn);
                return;
            }
            if (!turn.guards) {
                LockSupport.park();
                continue;
            }
            LockSupport.parkNanos(ROUND_NANOS);
            if (!turn.come && isOverdue()) {
                open();
            }
        }
        // A reader that another one woke is in the queue of that one's carrier, which would never
        // empty; one that a timer wakes is in a queue that every carrier looks at.
        LockSupport.parkNanos(1);
    }

    private void leave(Turn turn) {
        lock.lock();
        try {
            boolean _ = waiting.remove(turn);
            setGuardLocked();
        } finally {
            lock.unlock();
        }
    }

    private void setGuardLocked() {
        Turn next = waiting.peek();
        if (next != null && !next.guards) {
            next.guards = true;
            LockSupport.unpark(next.thread);
        }
    }

    private boolean isOverdue() {
        lock.lock();
        try {
            return time.nanoTime() - opened > ROUND_NANOS;
        } finally {
            lock.unlock();
        }
    }

    private void open() {
        lock.lock();
        try {
            opening = false;
            opened = time.nanoTime();
            out = 0;
            while (out < READERS && !waiting.isEmpty()) {
                Turn turn = waiting.remove();
                turn.come = true;
                out++;
                LockSupport.unpark(turn.thread);
            }
            setGuardLocked();
        } finally {
            lock.unlock();
        }
    }
}

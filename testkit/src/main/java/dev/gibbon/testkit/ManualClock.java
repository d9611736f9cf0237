// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit;

import dev.gibbon.TimeSource;
import java.time.Duration;
import java.util.Comparator;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A clock that stands still until a test moves it. Any thread may ask it for the time and schedule; timers run only in
 * {@link #advance}, on the thread that calls it, in the order of their times and, at one time, in the order they were
 * scheduled.
 */
public final class ManualClock implements TimeSource {
    private static final Comparator<Entry> BY_TIME =
            Comparator.<Entry>comparingLong(entry -> entry.due).thenComparingLong(entry -> entry.sequence);

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition scheduled = lock.newCondition();

    // Guarded by lock.
    private final PriorityQueue<Entry> timers = new PriorityQueue<>(BY_TIME);
    private long now;
    private long nextSequence;
    private boolean advancing;

    /** Creates a clock that shows 0. */
    public ManualClock() {}

    @Override
    public long nanoTime() {
        lock.lock();
        try {
            return now;
        } finally {
            lock.unlock();
        }
    }

    /**
     * {@inheritDoc}
     *
     * <p>A delay that is not positive is due at once, which means at the next {@link #advance}, be it by zero.
     */
    @Override
    public Timer schedule(Duration delay, Runnable task) {
        lock.lock();
        try {
            Entry entry = new Entry(now + Math.max(0, Expiry.nanos(delay)), nextSequence++, task);
            timers.add(entry);
            scheduled.signalAll();
            return () -> cancel(entry);
        } finally {
            lock.unlock();
        }
    }

    private void cancel(Entry entry) {
        lock.lock();
        try {
            timers.remove(entry);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Moves the time on and runs what falls due, each timer while the clock shows the time it was set for. A timer that
     * is scheduled meanwhile and falls due within the same time runs too. What a task throws ends the call, with the
     * clock at that task's time.
     *
     * @param duration how far; zero runs what is due now
     * @throws IllegalArgumentException if {@code duration} is negative
     * @throws IllegalStateException if the clock is being advanced already, by another thread or by the task that calls
     */
    public void advance(Duration duration) {
        if (duration.isNegative()) {
            throw new IllegalArgumentException("time does not go back: " + duration);
        }
        long target = begin(duration);
        try {
            for (Optional<Runnable> task = nextDue(target); task.isPresent(); task = nextDue(target)) {
                task.get().run();
            }
        } finally {
            end();
        }
    }

    private long begin(Duration duration) {
        lock.lock();
        try {
            if (advancing) {
                throw new IllegalStateException("the clock is being advanced already");
            }
            advancing = true;
            return now + Expiry.nanos(duration);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Moves the time to the next timer that is due by {@code target} and takes it; moves it to {@code target} if none
     * is.
     */
    private Optional<Runnable> nextDue(long target) {
        lock.lock();
        try {
            Entry next = timers.peek();
            if (next == null || next.due > target) {
                now = target;
                return Optional.empty();
            }
            timers.remove();
            now = next.due;
            return Optional.of(next.task);
        } finally {
            lock.unlock();
        }
    }

    private void end() {
        lock.lock();
        try {
            advancing = false;
        } finally {
            lock.unlock();
        }
    }

    /** {@return how many timers wait, neither run nor cancelled} */
    public int pending() {
        lock.lock();
        try {
            return timers.size();
        } finally {
            lock.unlock();
        }
    }

    /** {@return how long it is to the next timer, empty if none waits} */
    public Optional<Duration> untilNext() {
        lock.lock();
        try {
            return Optional.ofNullable(timers.peek()).map(next -> Duration.ofNanos(next.due - now));
        } finally {
            lock.unlock();
        }
    }

    /**
     * Returns once so many timers wait, so that a test can advance the clock when another thread has got that far.
     *
     * @param timers how many, at least
     * @throws AssertionError if that is not so within a minute of the system's time
     */
    public void awaitPending(int timers) {
        lock.lock();
        try {
            Waits.until(
                    scheduled,
                    Waits.DEFAULT_DEADLINE,
                    () -> this.timers.size() >= timers,
                    () -> this.timers.size() + " timers wait, not " + timers);
        } finally {
            lock.unlock();
        }
    }

    /** A timer that waits. */
    private static final class Entry {
        private final long due;
        private final long sequence;
        private final Runnable task;

        private Entry(long due, long sequence, Runnable task) {
            this.due = due;
            this.sequence = sequence;
            this.task = task;
        }
    }
}

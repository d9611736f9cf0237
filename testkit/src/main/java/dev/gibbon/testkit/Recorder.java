// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Notes what happens, on whatever threads, and lets a test expect it in order. Happenings are compared by kind and
 * details; details are kept as they are, so pass values (arrays and buffers of bytes are copied).
 *
 * <p>A test ends with {@link #expectNothingElse()}, once something it expected tells that all is over.
 */
public final class Recorder {
    private final Duration deadline;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition recorded = lock.newCondition();

    // Guarded by lock.
    private final List<Happening> happenings = new ArrayList<>();
    private int expected;
    private boolean over;

    /** Creates a recorder that waits up to a minute for what is expected. */
    public Recorder() {
        this(Waits.DEFAULT_DEADLINE);
    }

    /**
     * Creates a recorder.
     *
     * @param deadline how long an expectation waits, by the system's clock; positive
     */
    public Recorder(Duration deadline) {
        this.deadline = Waits.positive(deadline, "deadline");
    }

    /**
     * Notes that something happened. Never blocks for long.
     *
     * @param kind what, such as "text"
     * @param details what came with it, nothing null
     * @throws AssertionError if {@link #expectNothingElse()} has ended the test
     */
    public void record(String kind, Object... details) {
        Happening happening = Happening.of(kind, details);
        lock.lock();
        try {
            happenings.add(happening);
            recorded.signalAll();
            if (over) {
                throw new AssertionError("nothing else was expected, but then came: " + happening);
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits for the next happening and compares it.
     *
     * @param kind the kind it must have
     * @param details the details it must have, all of them
     * @throws AssertionError if it is another one, or none comes in time
     */
    public void expect(String kind, Object... details) {
        Happening wanted = Happening.of(kind, details);
        Happening actual = take(wanted.toString());
        if (!actual.equals(wanted)) {
            throw new AssertionError("expected: " + wanted + story());
        }
    }

    /**
     * Waits for the next happening and compares its kind alone.
     *
     * @param kind the kind it must have
     * @return the happening, for a look at its details
     * @throws AssertionError if it is of another kind, or none comes in time
     */
    public Happening expectAny(String kind) {
        Happening actual = take(kind);
        if (!actual.kind().equals(kind)) {
            throw new AssertionError("expected any: " + kind + story());
        }
        return actual;
    }

    private Happening take(String wanted) {
        lock.lock();
        try {
            Waits.until(recorded, deadline, () -> expected < happenings.size(), () -> "expected: " + wanted + story());
            return happenings.get(expected++);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Checks that everything recorded was expected, and ends the test: whatever is recorded later is an error there.
     * Does not wait.
     *
     * @throws AssertionError if something was recorded that was not expected
     */
    public void expectNothingElse() {
        lock.lock();
        try {
            if (expected < happenings.size()) {
                throw new AssertionError("expected nothing else, but next came: " + happenings.get(expected) + story());
            }
            over = true;
        } finally {
            lock.unlock();
        }
    }

    /** {@return all that was recorded so far, oldest first, expected or not} */
    public List<Happening> happenings() {
        lock.lock();
        try {
            return List.copyOf(happenings);
        } finally {
            lock.unlock();
        }
    }

    private String story() {
        StringBuilder story = new StringBuilder("\nrecorded so far:");
        List<Happening> all = happenings();
        for (int i = 0; i < all.size(); i++) {
            story.append("\n  ").append(i + 1).append(". ").append(all.get(i));
        }
        return all.isEmpty() ? story.append(" nothing").toString() : story.toString();
    }
}

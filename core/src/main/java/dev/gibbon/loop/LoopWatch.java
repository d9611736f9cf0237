// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.loop;

import dev.gibbon.TimeSource;
import dev.gibbon.connection.Observers;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Looks at the loops of an engine some times in half a second for listeners that hold them up, as long as any loop is
 * at work: a loop that wakes up has it begin, and it ends by itself when all of them sleep. Any thread.
 */
public final class LoopWatch {
    private static final Duration PERIOD = Duration.ofMillis(50);

    private final TimeSource time;
    private final Observers observers;
    private final EventLoops loops;
    private final AtomicBoolean watching = new AtomicBoolean();

    LoopWatch(TimeSource time, Observers observers, EventLoops loops) {
        this.time = time;
        this.observers = observers;
        this.loops = loops;
    }

    /** A loop has something to do. */
    void wake() {
        if (!watching.get() && watching.compareAndSet(false, true)) {
            schedule();
        }
    }

    private void schedule() {
        time.schedule(PERIOD, this::look);
    }

    private void look() {
        boolean busy = true;
        try {
            busy = loops.look(time.nanoTime(), observers);
        } finally {
            if (busy) {
                schedule();
            } else {
                sleep();
            }
        }
    }

    private void sleep() {
        watching.set(false);
        if (loops.busy()) { // One that woke up meanwhile saw that it was watched.
            wake();
        }
    }
}

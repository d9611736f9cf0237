// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.loop;

import dev.gibbon.connection.LoopGuard;
import dev.gibbon.spi.HostLoop;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A loop on an event thread of a host: the host's events come on that thread, and each is a turn, without a hop to
 * another thread. What the application writes on that thread outside a turn leaves with a turn of its own, soon. A
 * host that has stopped takes no more tasks; then turns run on virtual threads, one at a time, so that its
 * connections can end.
 */
public final class HostedLoop extends EventLoop {
    private final Executor events;
    private final BooleanSupplier onThread;
    private final ScopedValue.Carrier bound = LoopGuard.turnsOf(this);
    private final Runnable turnOfTasks = this::turnOfTasks;
    private final AtomicBoolean scheduled = new AtomicBoolean();

    /** One turn at a time, also where the host's last and the first without it would meet. */
    private final Semaphore oneTurn = new Semaphore(1);

    /** Whether the host takes no more tasks. */
    private volatile boolean hostStopped;

    /** What runs a turn now. */
    private volatile @Nullable Thread thread;

    public HostedLoop(LoopEngine engine, String name, Executor events, BooleanSupplier onThread) {
        super(engine, name);
        this.events = events;
        this.onThread = onThread;
    }

    /**
     * {@return the loop behind what a host names}
     *
     * @throws IllegalArgumentException if it is none of ours
     */
    static EventLoop of(HostLoop named) {
        if (named instanceof EventLoop loop) {
            return loop;
        }
        throw new IllegalArgumentException("a HostLoop is made by WebSocketHost.loop, not by " + named.getClass());
    }

    /** {@return whether these are the events that the loop lives on} */
    boolean runsOn(Executor executor) {
        return events.equals(executor);
    }

    @Override
    boolean onThread() {
        Thread running = thread;
        if (running != null) {
            return running == Thread.currentThread();
        }
        return !hostStopped && onThread.getAsBoolean();
    }

    private boolean inTurn() {
        return thread == Thread.currentThread();
    }

    @Override
    @Nullable
    Thread thread() {
        return thread;
    }

    @Override
    boolean busy() {
        return thread != null;
    }

    @Override
    public void execute(Runnable task) {
        addTask(task);
        schedule();
    }

    @Override
    void event(Runnable task) {
        if (!onThread() || inTurn()) {
            execute(task);
            return;
        }
        turn(task);
    }

    @Override
    void touched(LoopDriver connection) {
        super.touched(connection);
        scheduleOutsideTurn();
    }

    @Override
    void again(LoopDriver connection) {
        super.again(connection);
        scheduleOutsideTurn();
    }

    private void scheduleOutsideTurn() {
        if (!inTurn()) {
            schedule();
        }
    }

    private void schedule() {
        if (!scheduled.compareAndSet(false, true)) {
            return;
        }
        if (!hostStopped) {
            try {
                events.execute(turnOfTasks);
                return;
            } catch (RejectedExecutionException e) {
                hostStopped = true;
                engine().log().debug(this + " takes no more tasks: its host has stopped", e);
            }
        }
        engine().start(toString(), turnOfTasks);
    }

    private void turnOfTasks() {
        scheduled.set(false);
        turn(this::serveAgain);
    }

    private void turn(Runnable first) {
        oneTurn.acquireUninterruptibly();
        thread = Thread.currentThread();
        try {
            countTurn();
            bound.run(() -> {
                run(first);
                flushTouched();
                runTasks();
                flushTouched();
            });
        } finally {
            thread = null;
            oneTurn.release();
        }
        if (hasWork()) {
            schedule();
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.loop;

import dev.gibbon.TimeSource;
import dev.gibbon.connection.LoopThread;
import java.io.IOException;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A loop with a platform thread of its own, whose selector tells which channels are ready. The thread starts with
 * the first connection and ends some time after the last.
 */
public final class SelectorLoop extends EventLoop {
    /** How long a loop without connections waits for the next before its thread ends. */
    private static final long IDLE_MILLIS = 1_000;

    /** How soon to try again where the thread could not be started. */
    private static final Duration START_AGAIN = Duration.ofMillis(100);

    private final LoopEngine engine;
    private final ReentrantLock startLock = new ReentrantLock();

    /** Guarded by startLock: whether the last attempt to start the thread for a task failed. */
    private boolean cannotStart;

    private final AtomicBoolean startsLater = new AtomicBoolean();

    /** Guarded by startLock; null while no thread runs. */
    private volatile @Nullable Selector selector;

    /** Whether the thread waits, or is about to look at the tasks a last time before it does. */
    private volatile boolean sleeping;

    /** Whether somebody wakes it: others with tasks need not, and do not wait for each other at the lock. */
    private final AtomicBoolean woken = new AtomicBoolean();

    private volatile @Nullable Thread thread;

    /** How long the thread waits for another connection once it has none. */
    private volatile long idleMillis = IDLE_MILLIS;

    // Loop's thread only.
    private final Consumer<SelectionKey> serve = this::serve;

    /** Makes its thread, of what it runs and its name. */
    private final BiFunction<Runnable, String, Thread> threads;

    SelectorLoop(LoopEngine engine, String name) {
        this(engine, name, LoopThread::new);
    }

    SelectorLoop(LoopEngine engine, String name, BiFunction<Runnable, String, Thread> threads) {
        super(engine, name);
        this.engine = engine;
        this.threads = threads;
    }

    @Override
    boolean onThread() {
        return Thread.currentThread() == thread;
    }

    @Override
    @Nullable
    public Thread thread() {
        return thread;
    }

    @Override
    boolean busy() {
        return thread != null && !sleeping;
    }

    /**
     * Makes sure that the loop's thread runs. Any thread.
     *
     * @throws IllegalStateException if it cannot be started, for want of descriptors or threads
     */
    public void start() {
        startLock.lock();
        try {
            if (selector == null) {
                startLocked();
            }
        } catch (Throwable e) {
            throw new IllegalStateException(this + " cannot start", e);
        } finally {
            startLock.unlock();
        }
    }

    private void startLocked() throws IOException {
        assert startLock.isHeldByCurrentThread();
        Selector opened = Selector.open();
        Thread started = threads.apply(() -> run(opened), toString());
        selector = opened;
        thread = started;
        try {
            started.start();
            cannotStart = false;
        } catch (Throwable e) {
            // No thread is to be had: a loop without one must not look as if it ran.
            selector = null;
            thread = null;
            opened.close();
            throw e;
        }
    }

    @Override
    void event(Runnable task) {
        execute(task);
    }

    @Override
    public void execute(Runnable task) {
        addTask(task);
        if (selector == null || (sleeping && woken.compareAndSet(false, true))) {
            wake();
        }
    }

    private void wake() {
        Throwable failure = null;
        boolean first = false;
        startLock.lock();
        try {
            Selector running = selector;
            if (running != null) {
                running.wakeup();
            } else if (hasTasks()) {
                startLocked();
            }
        } catch (Throwable e) {
            failure = e;
            first = !cannotStart;
            cannotStart = true;
        } finally {
            startLock.unlock();
        }
        if (failure != null) {
            if (first) {
                engine.log().warn(this + " cannot start, and is tried again until it can", failure);
            }
            startLater();
        }
    }

    /** The tasks wait until a thread can be started: what they are to end would stay for ever otherwise. */
    private void startLater() {
        if (startsLater.compareAndSet(false, true)) {
            try {
                TimeSource.Timer _ = engine.time().schedule(START_AGAIN, () -> {
                    startsLater.set(false);
                    wake();
                });
            } catch (Throwable e) { // The next task tries again.
                startsLater.set(false);
                engine.log().warn(this + " cannot be started later either", e);
            }
        }
    }

    /** Registers a channel that does not block. Loop's thread only. */
    public SelectionKey register(SelectableChannel channel, int operations, Ready ready) throws ClosedChannelException {
        Selector running = selector;
        if (running == null) {
            throw new IllegalStateException("not on the loop's thread");
        }
        SelectionKey known = channel.keyFor(running);
        if (known != null && known.isValid()) { // Its opening handshake was served here, too.
            known.attach(ready);
            return known.interestOps(operations);
        }
        return channel.register(running, operations, ready);
    }

    private void run(Selector running) {
        try (running) {
            try {
                serveUntilIdle(running);
            } catch (IOException | RuntimeException | Error e) {
                giveUp(running, e);
            }
        } catch (IOException e) {
            engine.log().warn("a selector of " + this + " could not be closed", e);
        }
    }

    private void serveUntilIdle(Selector running) throws IOException {
        long idleSince = 0;
        while (true) {
            boolean idle = running.keys().isEmpty();
            // A listener may have left it set: no selector would wait any more.
            boolean _ = Thread.interrupted();
            woken.set(false);
            sleeping = true;
            if (hasWork()) {
                awake();
                running.selectNow(serve);
            } else {
                running.select(serve, idle ? Math.max(1, idleMillis) : 0);
                awake();
            }
            serveAgain();
            runTasks();
            flushTouched();
            if (!idle) {
                idleSince = 0;
            } else if (idleSince == 0) {
                idleSince = engine.time().nanoTime();
            } else if (running.keys().isEmpty() && mayEnd(idleSince)) {
                return;
            }
        }
    }

    /** The selector or this class has a defect: what it served is lost, and the next task starts a new thread. */
    private void giveUp(Selector broken, Throwable defect) {
        engine.log().warn(this + " failed, and its connections are dropped", defect);
        List<Ready> served = new ArrayList<>();
        for (SelectionKey key : broken.keys()) {
            if (key.attachment() instanceof Ready ready) {
                served.add(ready);
            }
        }
        forgetTurn();
        sleeping = false;
        startLock.lock();
        try {
            selector = null;
            thread = null;
        } finally {
            startLock.unlock();
        }
        for (Ready ready : served) {
            tellBroken(ready, defect);
        }
        if (hasTasks()) {
            wake();
        }
    }

    private void tellBroken(Ready ready, Throwable defect) {
        try {
            ready.broken(defect);
        } catch (RuntimeException | Error e) {
            engine.log().warn("a connection of " + this + " could not be dropped", e);
        }
    }

    private boolean mayEnd(long idleSince) {
        if (engine.time().nanoTime() - idleSince < idleMillis * 1_000_000) {
            return false;
        }
        startLock.lock();
        try {
            Selector ending = selector;
            // A task that comes from now on starts the next thread; one that came before is seen
            // here, and so is a connection that has no channel and comes back for more.
            selector = null;
            if (hasWork()) {
                selector = ending;
                return false;
            }
            thread = null;
            return true;
        } finally {
            startLock.unlock();
        }
    }

    /**
     * From now on the thread ends as soon as it has nothing to do; what comes later starts another for as long. Any
     * thread.
     */
    void endWhenIdle() {
        idleMillis = 0;
        Selector running = selector;
        if (running != null) {
            running.wakeup();
        }
    }

    /** Waits for that, until a time on the engine's clock. Not on a loop's thread. */
    void awaitEnd(long until) throws InterruptedException {
        long left = until - engine.time().nanoTime();
        for (Thread running = started(); running != null && left > 0; running = started()) {
            boolean _ = running.join(Duration.ofNanos(left));
            left = until - engine.time().nanoTime();
        }
    }

    private @Nullable Thread started() {
        startLock.lock();
        try {
            return thread;
        } finally {
            startLock.unlock();
        }
    }

    private void awake() {
        sleeping = false;
        countTurn();
    }

    private void serve(SelectionKey key) {
        if (sleeping) { // This is the first of those that a selection has found ready.
            awake();
        }
        int operations;
        try {
            operations = key.readyOps();
        } catch (CancelledKeyException _) {
            return; // Another thread has just closed the channel.
        }
        if (key.attachment() instanceof Ready ready) {
            serve(ready, operations);
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.extension.deflate.MessageInflater;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One platform thread that serves many connections: waits until some are ready, reads from each what is there into a
 * buffer that all share, runs their listeners, and sends each its answers in one write. The thread starts with the
 * first connection and ends some time after the last.
 */
final class EventLoop implements Workspace {
    /**
     * What one read brings at most: enough that pipelined frames
     * come many at a time, and still in a core's second cache.
     */
    private static final int RECEIVE_BYTES = 256 * 1024;

    /** How many connections may hold frames back for the end of the turn; each holds a buffer meanwhile. */
    private static final int MAX_TOUCHED = 32;

    /** How long a loop without connections waits for the next before its thread ends. */
    private static final long IDLE_MILLIS = 1_000;

    /** How many flushes may follow each other before the selector is asked who else is ready. */
    private static final int MAX_FLUSHES = 1024;

    private static final int TASKS_PER_TURN = 1024;

    /** How soon to try again where the thread could not be started. */
    private static final Duration START_AGAIN = Duration.ofMillis(100);

    /** What a loop serves: readiness of one channel. Loop's thread only. */
    interface Ready {
        void ready(int operations);

        /** Serving it threw what nobody expected: only this channel may suffer. */
        void broken(Throwable defect);
    }

    /** A thread that must not wait for a peer. */
    private static final class LoopThread extends Thread {
        LoopThread(Runnable task, String name) {
            super(null, task, name, 0, false);
            setDaemon(true); // As virtual threads are: who waits for an end says so.
        }
    }

    private final Engine engine;
    private final String name;
    private final ConcurrentLinkedQueue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private final ReentrantLock startLock = new ReentrantLock();

    /** Guarded by startLock: whether the last attempt to start the thread for a task failed. */
    private boolean cannotStart;

    private final AtomicBoolean startsLater = new AtomicBoolean();

    /** Guarded by startLock; null while no thread runs. */
    private volatile @Nullable Selector selector;

    /** Whether the thread waits, or is about to look at the tasks a last time before it does. */
    private volatile boolean sleeping;

    private volatile @Nullable Thread thread;

    private final HoldUp holdUp = new HoldUp();

    /** Written by the loop's thread. */
    private final AtomicLong turns = new AtomicLong();

    // Loop's thread only.
    private @Nullable ByteBuffer receive;
    private @Nullable ByteBuffer inflate;
    private final MessageView view = new MessageView();
    private final AssemblyBuffers assemblies = new AssemblyBuffers();
    private final ArrayDeque<SendBatch> batches = new ArrayDeque<>();

    /** Those that may hold frames back until the end of the turn. */
    private final ArrayDeque<LoopDriver> touched = new ArrayDeque<>();

    /** Those whose frames have left before the end of the turn, which is to come. */
    private final ArrayDeque<LoopDriver> flushed = new ArrayDeque<>();

    private final ArrayDeque<Runnable> leaving = new ArrayDeque<>();
    private final ArrayList<LoopDriver> again = new ArrayList<>();
    private final Consumer<SelectionKey> serve = this::serve;

    /** One look at a time. */
    private long turnsSeen;

    EventLoop(Engine engine, String name) {
        this.engine = engine;
        this.name = name;
    }

    /** {@return whether the calling thread is that of some loop, which must not wait} */
    static boolean isLoopThread() {
        return Thread.currentThread() instanceof LoopThread;
    }

    boolean onThread() {
        return Thread.currentThread() == thread;
    }

    /**
     * Makes sure that the loop's thread runs. Any thread.
     *
     * @throws IllegalStateException if it cannot be started, for want of descriptors or threads
     */
    void start() {
        startLock.lock();
        try {
            if (selector == null) {
                startLocked();
            }
        } catch (Throwable e) {
            throw new IllegalStateException(name + " cannot start", e);
        } finally {
            startLock.unlock();
        }
    }

    private void startLocked() throws IOException {
        Selector opened = Selector.open();
        Thread started = new LoopThread(() -> run(opened), name);
        selector = opened;
        thread = started;
        try {
            started.start();
            cannotStart = false;
        } catch (Throwable e) { // No thread is to be had: a loop without one must not look as if it ran.
            selector = null;
            thread = null;
            opened.close();
            throw e;
        }
    }

    /** Runs {@code task} on the loop's thread, soon, in the order they were given. Any thread. */
    void execute(Runnable task) {
        tasks.add(task);
        if (sleeping || selector == null) {
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
            } else if (!tasks.isEmpty()) {
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
                engine.log().warn(name + " cannot start, and is tried again until it can", failure);
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
                engine.log().warn(name + " cannot be started later either", e);
            }
        }
    }

    /** {@return the buffer that all reads of this loop share} */
    @Override
    public ByteBuffer receiveBuffer() {
        ByteBuffer buffer = receive;
        if (buffer == null) { // Not before there is a connection: most engines have none on a loop.
            buffer = ByteBuffer.allocateDirect(RECEIVE_BYTES);
            receive = buffer;
        }
        return buffer.clear();
    }

    /** {@return the buffer into which all connections of this loop inflate, a step at a time} */
    @Override
    public ByteBuffer inflateBuffer() {
        ByteBuffer buffer = inflate;
        if (buffer == null) {
            buffer = ByteBuffer.allocateDirect(MessageInflater.STEP_BYTES);
            inflate = buffer;
        }
        return buffer.clear();
    }

    @Override
    public MessageView view() {
        return view;
    }

    @Override
    public AssemblyBuffers assemblies() {
        return assemblies;
    }

    /** Registers a channel that does not block. Loop's thread only. */
    SelectionKey register(java.nio.channels.SocketChannel channel, int operations, Ready ready)
            throws ClosedChannelException {
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

    /**
     * Stops serving a channel. A selector forgets a cancelled key with its next selection, and until then the channel
     * can neither be registered with it again nor does it belong to anybody else.
     *
     * @param key the channel's
     * @param then runs on the loop's thread once the selector has forgotten it
     */
    void leave(SelectionKey key, Runnable then) {
        key.cancel();
        leaving.addLast(then);
    }

    /** Remembers that frames are held back until the end of this turn. */
    void touched(LoopDriver connection) {
        touched.addLast(connection);
        // A flush may touch others: each is taken out first.
        for (int left = touched.size(); left > MAX_TOUCHED; left--) {
            LoopDriver early = touched.removeFirst();
            if (early.flushEarly()) {
                flushed.addLast(early);
            }
        }
    }

    /** {@return an empty batch} */
    @Override
    public SendBatch leaseBatch() {
        SendBatch batch = batches.pollFirst();
        return batch != null ? batch : engine.leaseBatch();
    }

    @Override
    public void release(SendBatch batch) {
        if (batches.size() < MAX_TOUCHED) {
            batch.clear();
            batches.addFirst(batch);
        } else {
            engine.release(batch);
        }
    }

    /** Has {@code connection} served again before the loop waits: a selector would not tell that it is ready. */
    void again(LoopDriver connection) {
        again.add(connection);
    }

    private void run(Selector running) {
        try (running) {
            try {
                serveUntilIdle(running);
            } catch (IOException | RuntimeException | Error e) {
                giveUp(running, e);
            }
        } catch (IOException e) {
            engine.log().warn("a selector of " + name + " could not be closed", e);
        }
    }

    private void serveUntilIdle(Selector running) throws IOException {
        long idleSince = 0;
        while (true) {
            boolean idle = running.keys().isEmpty();
            boolean _ = Thread.interrupted(); // A listener may have left it set: no selector would wait any more.
            int cancelled = leaving.size();
            sleeping = true;
            if (!tasks.isEmpty() || !again.isEmpty() || turnsToEnd() || !leaving.isEmpty()) {
                awake();
                running.selectNow(serve);
            } else {
                running.select(serve, idle ? IDLE_MILLIS : 0);
                awake();
            }
            letGo(cancelled);
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
        engine.log().warn(name + " failed, and its connections are dropped", defect);
        List<Ready> served = new ArrayList<>();
        for (SelectionKey key : broken.keys()) {
            if (key.attachment() instanceof Ready ready) {
                served.add(ready);
            }
        }
        touched.clear();
        flushed.clear();
        again.clear();
        tasks.addAll(leaving); // Another selector never knew their keys.
        leaving.clear();
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
        if (!tasks.isEmpty()) {
            wake();
        }
    }

    private void tellBroken(Ready ready, Throwable defect) {
        try {
            ready.broken(defect);
        } catch (RuntimeException | Error e) {
            engine.log().warn("a connection of " + name + " could not be dropped", e);
        }
    }

    private boolean mayEnd(long idleSince) {
        if (engine.time().nanoTime() - idleSince < IDLE_MILLIS * 1_000_000) {
            return false;
        }
        startLock.lock();
        try {
            Selector ending = selector;
            selector =
                    null; // Whoever has a task from now on starts the next thread; whoever had one before is seen here.
            if (!tasks.isEmpty()) {
                selector = ending;
                return false;
            }
            thread = null;
            return true;
        } finally {
            startLock.unlock();
        }
    }

    private void awake() {
        sleeping = false;
        turns.setOpaque(turns.getPlain() + 1);
        engine.watch().wake();
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

    /** Hands on the channels whose keys the selector has forgotten by now. */
    private void letGo(int cancelled) {
        for (int left = cancelled; left > 0; left--) {
            run(leaving.removeFirst());
        }
    }

    private void serveAgain() {
        for (int left = again.size(); left > 0; left--) {
            serve(again.removeFirst(), SelectionKey.OP_READ);
        }
    }

    private void serve(Ready ready, int operations) {
        try {
            ready.ready(operations);
        } catch (RuntimeException | Error e) {
            broken(ready, e);
        }
        flushTouched();
    }

    void broken(Ready ready, Throwable defect) {
        engine.log().warn("a connection is dropped for a defect", defect);
        ready.broken(defect);
    }

    private void runTasks() {
        // A task may add tasks: channels get their turn in between.
        for (int left = TASKS_PER_TURN; left > 0; left--) {
            Runnable task = tasks.poll();
            if (task == null) {
                return;
            }
            run(task);
        }
    }

    private void run(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException | Error e) {
            engine.log().warn("a task of " + name + " failed", e);
        }
    }

    /**
     * Ends the turn of those that hold frames back; those that are touched meanwhile, by a listener, get theirs too.
     */
    private void flushTouched() {
        for (int left = MAX_FLUSHES; left > 0; left--) {
            LoopDriver connection = touched.isEmpty() ? flushed.pollFirst() : touched.pollFirst();
            if (connection == null) {
                return;
            }
            try {
                connection.endOfTurn();
            } catch (RuntimeException | Error e) {
                broken(connection, e);
            }
        }
    }

    private boolean turnsToEnd() {
        return !touched.isEmpty() || !flushed.isEmpty();
    }

    /** {@return who notes the calls of the application's code on this loop} */
    HoldUp holdUp() {
        return holdUp;
    }

    /** {@return whether the loop's thread does anything} Any thread. */
    boolean busy() {
        return thread != null && !sleeping;
    }

    /**
     * Looks whether the application holds this loop up. {@return whether its thread did anything since the last look}
     */
    boolean look(long now, LimitedLog log) {
        Thread running = thread;
        if (running == null) {
            return false;
        }
        holdUp.look(now, running, log);
        long count = turns.getOpaque();
        boolean awake = busy() || count != turnsSeen;
        turnsSeen = count;
        return awake;
    }

    @Override
    public String toString() {
        return name;
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.loop;

import dev.gibbon.connection.AssemblyBuffers;
import dev.gibbon.connection.HoldUp;
import dev.gibbon.connection.Loop;
import dev.gibbon.connection.Observers;
import dev.gibbon.connection.ReceivedView;
import dev.gibbon.connection.SendBatch;
import dev.gibbon.connection.Workspace;
import dev.gibbon.deflate.MessageInflater;
import dev.gibbon.spi.HostLoop;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * One thread that serves many connections, a turn at a time: reads from each that is ready into a buffer that all
 * share, runs their listeners, and sends each its answers in one write at the end of the turn. A {@link
 * SelectorLoop} has a thread of its own, a {@link HostedLoop} runs on that of a host.
 */
public abstract sealed class EventLoop implements Loop, Workspace, HostLoop permits SelectorLoop, HostedLoop {
    /**
     * What one read brings at most: enough that pipelined frames
     * come many at a time, and still in a core's second cache.
     */
    private static final int RECEIVE_BYTES = 256 * 1024;

    /** How many connections may hold frames back for the end of the turn; each holds a buffer meanwhile. */
    private static final int MAX_TOUCHED = 32;

    /** How many flushes may follow each other before others get their turn. */
    private static final int MAX_FLUSHES = 1024;

    private static final int TASKS_PER_TURN = 1024;

    /** What a loop serves: readiness of one channel or stream. Loop's thread only. */
    public interface Ready {
        void ready(int operations);

        /** Serving it threw what nobody expected: only this channel may suffer. */
        void broken(Throwable defect);
    }

    private final LoopEngine engine;
    private final String name;
    private final ConcurrentLinkedQueue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private final HoldUp holdUp = new HoldUp();

    /** Written by the loop's thread. */
    private final AtomicLong turns = new AtomicLong();

    // Loop's thread only.
    private @Nullable ByteBuffer receive;
    private @Nullable ByteBuffer inflate;
    private final ReceivedView view = new ReceivedView();
    private final AssemblyBuffers assemblies = new AssemblyBuffers();
    private final ArrayDeque<SendBatch> batches = new ArrayDeque<>();

    /** Those that may hold frames back until the end of the turn. */
    private final ArrayDeque<LoopDriver> touched = new ArrayDeque<>();

    /** Those whose frames have left before the end of the turn, which is to come. */
    private final ArrayDeque<LoopDriver> flushed = new ArrayDeque<>();

    private final ArrayList<LoopDriver> again = new ArrayList<>();

    /** One look at a time. */
    private long turnsSeen;

    EventLoop(LoopEngine engine, String name) {
        this.engine = engine;
        this.name = name;
    }

    /** {@return whether the calling thread is this loop's} Any thread. */
    abstract boolean onThread();

    /** {@return the thread that runs turns now, for a look at its stack; null while none does} Any thread. */
    abstract @Nullable Thread thread();

    /** {@return whether the loop's thread does anything} Any thread. */
    abstract boolean busy();

    /** A stream tells of something: {@code task} runs in a turn, this very one if the calling thread is the loop's. */
    abstract void event(Runnable task);

    // ---- Workspace

    /** {@return the buffer that all reads of this loop share} */
    @Override
    public final ByteBuffer receiveBuffer() {
        ByteBuffer buffer = receive;
        if (buffer == null) { // Not before there is a connection: most engines have none on a loop.
            buffer = ByteBuffer.allocateDirect(RECEIVE_BYTES);
            receive = buffer;
        }
        return buffer.clear();
    }

    /** {@return the buffer into which all connections of this loop inflate, a step at a time} */
    @Override
    public final ByteBuffer inflateBuffer() {
        ByteBuffer buffer = inflate;
        if (buffer == null) {
            buffer = ByteBuffer.allocateDirect(MessageInflater.STEP_BYTES);
            inflate = buffer;
        }
        return buffer.clear();
    }

    @Override
    public final ReceivedView view() {
        return view;
    }

    @Override
    public final AssemblyBuffers assemblies() {
        return assemblies;
    }

    /** {@return an empty batch} */
    @Override
    public final SendBatch leaseBatch() {
        SendBatch batch = batches.pollFirst();
        return batch != null ? batch : engine.leaseBatch();
    }

    @Override
    public final void release(SendBatch batch) {
        if (batches.size() < MAX_TOUCHED) {
            batch.clear();
            batches.addFirst(batch);
        } else {
            engine.release(batch);
        }
    }

    // ---- Turns

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

    /** Has {@code connection} served again before the loop waits: nobody would tell that it is ready. */
    void again(LoopDriver connection) {
        again.add(connection);
    }

    /** Serves those that asked for it. */
    final void serveAgain() {
        for (int left = again.size(); left > 0; left--) {
            serve(again.removeFirst(), SelectionKey.OP_READ);
        }
    }

    final void serve(Ready ready, int operations) {
        try {
            ready.ready(operations);
        } catch (RuntimeException | Error e) {
            broken(ready, e);
        }
        flushTouched();
    }

    final void broken(Ready ready, Throwable defect) {
        engine.log().warn(ready + " is dropped for a defect", defect);
        ready.broken(defect);
    }

    final void addTask(Runnable task) {
        tasks.add(task);
    }

    final boolean hasTasks() {
        return !tasks.isEmpty();
    }

    /** {@return whether a turn is to come before anybody waits} */
    final boolean hasWork() {
        return !tasks.isEmpty() || !again.isEmpty() || !touched.isEmpty() || !flushed.isEmpty();
    }

    final void runTasks() {
        // A task may add tasks: channels get their turn in between.
        for (int left = TASKS_PER_TURN; left > 0; left--) {
            Runnable task = tasks.poll();
            if (task == null) {
                return;
            }
            run(task);
        }
    }

    final void run(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException | Error e) {
            engine.log().warn("a task of " + name + " failed", e);
        }
    }

    /**
     * Ends the turn of those that hold frames back; those that are touched meanwhile, by a listener, get theirs too.
     */
    final void flushTouched() {
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

    /** What was to come is lost with the thread. */
    final void forgetTurn() {
        touched.clear();
        flushed.clear();
        again.clear();
    }

    // ---- What is seen from outside

    final LoopEngine engine() {
        return engine;
    }

    @Override
    public final HoldUp holdUp() {
        return holdUp;
    }

    /** The thread has something to do. */
    final void countTurn() {
        turns.setOpaque(turns.getPlain() + 1);
        engine.watch().wake();
    }

    /**
     * Looks whether the application holds this loop up. {@return whether its thread did anything since the last look}
     */
    final boolean look(long now, Observers observers) {
        Thread running = thread();
        if (running == null) {
            return false;
        }
        holdUp.look(now, running, observers);
        long count = turns.getOpaque();
        boolean awake = busy() || count != turnsSeen;
        turnsSeen = count;
        return awake;
    }

    @Override
    public final String toString() {
        return name;
    }
}

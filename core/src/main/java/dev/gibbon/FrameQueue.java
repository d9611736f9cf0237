// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.internal.LoopTransport;
import dev.gibbon.protocol.ClosingHandshake;
import dev.gibbon.protocol.Outbound;
import java.io.IOException;
import java.util.Objects;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Frames on their way out: any thread appends to the batch that fills, under the lock; one thread at a time writes all
 * that is there, without it. While the transport blocks, the others wait until theirs have left, and so frames of
 * writers that wait leave together.
 *
 * <p>Once the connection has moved to an event loop nobody waits for the transport any more: what it does not take is
 * stuck here, and the loop goes on with it. Then the thread of that loop holds frames back until the end of its turn.
 */
abstract sealed class FrameQueue implements SendProgress permits Sender {
    /** Instead of a frame's number: it may wait, and somebody sees to it. */
    static final long HELD = -1;

    /** Instead of a frame's number: the caller has become the writer, of {@link #current}. */
    private static final long CLAIMED = -2;

    private static final String WRITE_REMEDY =
            "give that connection to a listener too (Connection.listen), broadcast to it (Group),"
                    + " or write on a thread of your own";

    final Engine engine;
    final Outbound outbound;
    final Lifecycle lifecycle;

    /** The life cycle's, at hand for every frame. */
    final ClosingHandshake closing;

    final ConnectionOptionsRecord options;
    private final Transport transport;

    final ReentrantLock lock = new ReentrantLock();

    // Guarded by lock.

    /** Made when a thread first waits, as on most connections none ever does. */
    private @Nullable Condition changed;

    private int threadsWaiting;
    private @Nullable SendBatch filling;

    /** What is being written; or, on a loop and while nobody writes, what the transport has not taken: it is stuck. */
    private @Nullable SendBatch current;

    private boolean writing;
    private boolean failed;

    /** Whether a write has failed, so that none is tried again. What the peer sent before is still read. */
    private volatile boolean broken;

    /** Whether the transport got bytes of its own to send while a thread was writing. */
    private boolean transportWaits;

    // Numbers of frames: the last appended, the last that has left, and the last of `current`.
    private long appended;
    private long written;
    private long upTo;

    /** Bytes of all batches but the one that fills. */
    private long bytesTaken;

    /** Whether so much waits that no more must be read; until all of it has left. */
    private volatile boolean congested;

    /**
     * Whether the reader is about to block or does: then nothing
     * may be held back. It looks at what is there after setting it.
     */
    private volatile boolean readerWaits;

    private volatile boolean batching;

    /** Set once, under the lock; who goes on with what the transport does not take. */
    private volatile @Nullable LoopConnection loop;

    /** When a write that is under way or begins ends the connection; {@link Long#MAX_VALUE} for never. */
    private volatile long deadline = Long.MAX_VALUE;

    /** Bytes that went out so far; written by whoever writes, read by the tick. */
    private volatile long bytesWritten;

    FrameQueue(
            Engine engine,
            Transport transport,
            Outbound outbound,
            Lifecycle lifecycle,
            ConnectionOptionsRecord options) {
        this.engine = engine;
        this.transport = transport;
        this.outbound = outbound;
        this.lifecycle = lifecycle;
        this.closing = lifecycle.closing();
        this.options = options;
        this.batching = options.batchWrites();
    }

    /** What waits is about to leave, so what was kept out of it until now is to be appended. */
    abstract void aboutToLeaveLocked();

    /** {@return bytes that wait outside of this queue} */
    abstract long bytesAsideLocked();

    /** The connection has failed, and nothing that is kept aside will leave. */
    abstract void forgetLocked();

    void batching(boolean on) {
        batching = on;
    }

    /** Sets when writes must have ended, on the engine's clock. */
    void deadline(long nanos) {
        deadline = nanos;
    }

    /**
     * Lets a write go on, unless it may wait for the transport on a loop's thread.
     *
     * @param call what is called
     * @throws IllegalStateException if it must not wait
     */
    final void mayWrite(String call) {
        if (loop == null) {
            LoopGuard.mayWait(call + " on a connection that blocks", WRITE_REMEDY);
        }
    }

    /** A write that begins after its deadline ends the connection as one does that is under way. */
    final void requireTime() throws WebSocketException {
        if (deadline != Long.MAX_VALUE && deadline - engine.time().nanoTime() <= 0) {
            lifecycle.lost(new WriteTimeoutException("the write deadline had passed before the write"));
            throw closedForWriting();
        }
    }

    // ---- Appending

    /** {@return whether frames may be appended, as far as the life cycle goes} */
    final boolean sendableLocked() {
        return !failed && closing.state().maySendData();
    }

    final void requireSendableLocked() throws WebSocketException {
        if (!sendableLocked()) {
            throw closedForWriting();
        }
    }

    /** {@return what a write reports that comes too late} */
    final WebSocketException closedForWriting() {
        return lifecycle.closedForWriting();
    }

    /** {@return whether the transport is gone or broken} */
    final boolean failedLocked() {
        return failed;
    }

    /** {@return the batch that fills} */
    final SendBatch batchLocked() {
        SendBatch batch = filling;
        if (batch == null) {
            LoopConnection side = loop;
            batch = side != null && side.onLoopThread() ? side.loop().leaseBatch() : engine.leaseBatch();
            filling = batch;
        }
        return batch;
    }

    private void release(SendBatch batch) {
        LoopConnection side = loop;
        if (side != null && side.onLoopThread()) {
            side.loop().release(batch);
        } else {
            engine.release(batch);
        }
    }

    /** Counts the frame that was just appended. */
    final void countLocked() {
        appended++;
        if (!congested && loop != null && queuedLocked() > options.maxQueuedBytes() / 2) {
            congested = true;
        }
    }

    /** {@return how many bytes wait to be sent} */
    final long queuedLocked() {
        return inQueueLocked() + bytesAsideLocked();
    }

    /** {@return how many of them wait in this queue} */
    final long inQueueLocked() {
        SendBatch batch = filling;
        return bytesTaken - bytesWritten + (batch == null ? 0 : batch.bytes());
    }

    /** {@return how many bytes wait to be sent} */
    long queuedBytes() {
        lock.lock();
        try {
            return queuedLocked();
        } finally {
            lock.unlock();
        }
    }

    /**
     * {@return up to which frame the caller must see to it that it is written, for {@link #deliver}}
     *
     * @param borrowed whether the last frame's payload is the caller's again once its write returns
     */
    final long toDeliverLocked(boolean borrowed) {
        LoopConnection side = loop;
        if (side == null) {
            boolean mayWait =
                    batching && !borrowed && !readerWaits && batchLocked().bytes() < options.batchBytes();
            if (mayWait) {
                return HELD;
            }
            if (writing) {
                return appended;
            }
            claimLocked();
            return CLAIMED;
        }
        if (writing || current != null) { // Whoever writes goes on until nothing is left.
            if (borrowed) {
                batchLocked().own(); // It will not leave before the caller goes on.
            }
            return HELD;
        }
        if (borrowed || batchLocked().bytes() >= options.batchBytes() || !side.onLoopThread()) {
            claimLocked();
            return CLAIMED;
        }
        side.touch();
        return HELD;
    }

    /**
     * Sees to it that a frame is written, and with it all others that are there, as {@link #toDeliverLocked} has said.
     */
    final void deliver(long frame) throws IOException {
        if (frame == CLAIMED) {
            if (loop == null) { // It stays so while this thread writes.
                write();
            } else {
                writeOut();
            }
        } else if (frame != HELD) {
            awaitWritten(frame);
        }
    }

    // ---- Waiting

    /** Waits for the next change of what the lock guards; callers look again whether it is the one they wait for. */
    @SuppressWarnings("WaitNotInLoop")
    final void awaitChangeLocked() {
        Condition condition = changed;
        if (condition == null) {
            condition = lock.newCondition();
            changed = condition;
        }
        threadsWaiting++;
        condition.awaitUninterruptibly();
        threadsWaiting--;
    }

    final void signalLocked() {
        Condition condition = changed;
        if (condition != null && threadsWaiting > 0) {
            condition.signalAll();
        }
    }

    // ---- The writer's turn

    /** The caller becomes the writer, of {@link #current}. */
    private void claimLocked() {
        aboutToLeaveLocked();
        SendBatch batch = batchLocked();
        filling = null;
        bytesTaken += batch.bytes();
        upTo = appended;
        current = batch;
        writing = true;
    }

    /** Sends everything that was appended; on a loop, as far as the transport takes it. */
    void flush() throws IOException {
        requireTime();
        if (loop != null) {
            pushOut();
            return;
        }
        long all;
        lock.lock();
        try {
            if (failed) {
                throw closedForWriting();
            }
            all = appended;
        } finally {
            lock.unlock();
        }
        awaitWritten(all);
    }

    /** Has everything sent that was appended, without waiting for it. */
    void flushLater() {
        LoopConnection side = loop;
        if (side == null) {
            engine.start("gibbon-write", this::flushQuietly);
        } else if (side.onLoopThread()) {
            side.touch();
        } else {
            flushQuietly();
        }
    }

    private void flushQuietly() {
        try {
            flush();
        } catch (IOException _) {
            // The connection is closed by now and has told everybody who asks.
        }
    }

    // ---- On threads: whoever comes first writes, the others wait

    /** Waits until the frame is written, and writes it and all others that are there if nobody else does. */
    private void awaitWritten(long frame) throws IOException {
        while (true) {
            lock.lock();
            try {
                // Also once the connection has failed: while somebody
                // writes, our payload may be what the system call reads.
                while (written < frame && writing) {
                    awaitChangeLocked();
                }
                if (written >= frame) {
                    return;
                }
                if (failed) {
                    throw closedForWriting();
                }
                if (loop != null) { // Moved there meanwhile.
                    break;
                }
                claimLocked();
            } finally {
                lock.unlock();
            }
            write();
        }
        pushOut();
    }

    /** Writes the claimed batch. */
    private void write() throws IOException {
        SendBatch batch = Objects.requireNonNull(current);
        boolean done = false;
        try {
            if (!batch.writeTo(transport, outbound, this)) {
                throw new IOException("a blocking transport took no byte");
            }
            done = true;
        } catch (IOException e) {
            broken = true;
            lifecycle.writeFailed(e); // Others wait meanwhile, and then hear the same.
            throw closedForWriting();
        } catch (RuntimeException | Error e) { // A defect; what has left of the frames nobody knows.
            lifecycle.lost(e);
            throw e;
        } finally {
            lock.lock();
            try {
                current = null;
                writing = false;
                written = done ? upTo : written;
                failed |= !done;
                signalLocked();
            } finally {
                lock.unlock();
            }
            engine.release(batch);
        }
    }

    /**
     * The reader is about to block: lets go what is held back, and holds nothing back until {@link #readerGoesOn()}.
     */
    void readerBlocks() throws IOException {
        readerWaits = true;
        if (!batching || broken) {
            return;
        }
        long all;
        lock.lock();
        try {
            all = appended;
            if (written == all) {
                return;
            }
        } finally {
            lock.unlock();
        }
        awaitWritten(all);
    }

    void readerGoesOn() {
        readerWaits = false;
    }

    // ---- On a loop: nobody waits, and what the transport does not take is stuck

    final @Nullable LoopConnection loop() {
        return loop;
    }

    /**
     * From now on nobody waits for the transport; {@code side} does. What was appended before is written, or waits now.
     */
    void enterLoop(LoopConnection side) {
        lock.lock();
        try {
            if (filling != null) {
                filling.own(); // Its callers will not wait for it any more.
            }
            loop = side;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits until nobody writes and keeps it so until {@link #resume};
     * for the moment in which the transport stops blocking.
     */
    void pause() {
        lock.lock();
        try {
            while (writing) {
                awaitChangeLocked();
            }
            writing = true;
        } finally {
            lock.unlock();
        }
    }

    /** {@return whether nobody writes, which is kept so until {@link #resume}} */
    boolean pauseIfIdle() {
        lock.lock();
        try {
            if (writing) {
                return false;
            }
            writing = true;
            return true;
        } finally {
            lock.unlock();
        }
    }

    void resume() {
        lock.lock();
        try {
            writing = false;
            signalLocked();
        } finally {
            lock.unlock();
        }
    }

    /** Writes what is there as far as the transport takes it, unless somebody else does. */
    private void pushOut() throws WebSocketException {
        lock.lock();
        try {
            if (failed) {
                throw closedForWriting();
            }
            if (!claimAnyLocked()) {
                return;
            }
        } finally {
            lock.unlock();
        }
        writeOut();
    }

    /** {@return whether the caller must {@linkplain #writeOut write} what is there, since nobody else does} */
    final boolean claimAnyLocked() {
        if (writing || current != null || written == appended) {
            return false;
        }
        claimLocked();
        return true;
    }

    /** Writes the claimed batch, and those that come meanwhile, until all is written or the transport takes no more. */
    final void writeOut() throws WebSocketException {
        SendBatch batch = current;
        while (batch != null) {
            SendBatch next;
            boolean all = false;
            boolean defect = true;
            IOException failure = null;
            try {
                all = batch.writeTo(transport, outbound, this) && flushTransport();
                defect = false;
            } catch (IOException e) {
                failure = e;
                defect = false;
            } catch (RuntimeException | Error e) { // What has left of the frames nobody knows.
                lifecycle.lost(e);
                throw e;
            } finally {
                next = wroteOut(batch, all, defect, failure);
            }
            batch = next;
        }
    }

    private boolean flushTransport() throws IOException {
        return !(transport instanceof LoopTransport socket) || socket.flush();
    }

    /**
     * {@return what the caller writes next; it must not look at
     * {@link #current}, which may be another thread's by then}
     */
    private @Nullable SendBatch wroteOut(SendBatch batch, boolean all, boolean defect, @Nullable IOException failure) {
        SendBatch next = null;
        boolean stuck = false;
        lock.lock();
        try {
            failed |= defect;
            boolean waits = !all || transportWaits;
            transportWaits = false;
            if (failure != null && !failed) {
                broken = true;
                current = engine.leaseBatch(); // It stays stuck, with nothing in it, until the connection's end.
                writing = false;
                release(batch);
            } else if (waits && !failed) {
                batch.own();
                writing = false;
                stuck = true;
            } else {
                current = null;
                writing = false;
                written = failed ? written : upTo;
                if (!failed) {
                    aboutToLeaveLocked();
                    if (written != appended) {
                        claimLocked();
                        next = current;
                    }
                }
                release(batch);
            }
            signalLocked();
        } finally {
            lock.unlock();
        }
        LoopConnection side = loop;
        if (side != null && failure != null) {
            side.writeFailed(failure);
        } else if (side != null && stuck) {
            side.awaitWritable();
        } else if (side != null && (congested || closing.state() != ConnectionState.OPEN)) {
            side.allWritten();
        }
        return next;
    }

    /** The transport takes bytes again. Loop's thread. */
    void writable() throws WebSocketException {
        lock.lock();
        try {
            if (writing || current == null || broken) {
                return;
            }
            writing = true;
        } finally {
            lock.unlock();
        }
        writeOut();
    }

    /** No write is tried any more, and none of what waits keeps the loop from reading what is there. */
    void giveUpWriting() {
        broken = true;
    }

    /** The transport itself has bytes to send before any of ours. Loop's thread. */
    void transportBlocked() {
        lock.lock();
        try {
            if (writing) { // Another thread, which may have flushed before: it sees to what came since.
                transportWaits = true;
            } else if (current == null && !failed) {
                current = engine.leaseBatch();
                upTo = written;
            }
        } finally {
            lock.unlock();
        }
    }

    /** {@return whether the transport must take bytes before anything can be written} */
    boolean blocked() {
        lock.lock();
        try {
            return current != null && !writing && !broken;
        } finally {
            lock.unlock();
        }
    }

    /** {@return whether everything that was appended has left} */
    boolean allWritten() {
        lock.lock();
        try {
            return allWrittenLocked();
        } finally {
            lock.unlock();
        }
    }

    private boolean allWrittenLocked() {
        return written == appended && !writing && current == null;
    }

    /** {@return whether so much waits that reading on would make it more} */
    final boolean congested() {
        return congested && !broken;
    }

    /** Too much waits: no more is read until all of it has left. */
    final void congest() {
        congested = true;
    }

    /** {@return whether there was too much and all of it has left now; true once} */
    boolean drained() {
        lock.lock();
        try {
            if (!congested || !allWrittenLocked() || bytesAsideLocked() > 0) {
                return false;
            }
            congested = false;
            return true;
        } finally {
            lock.unlock();
        }
    }

    // ---- What the tick asks

    /** {@return whether bytes are on their way} */
    boolean writing() {
        lock.lock();
        try {
            return writing || current != null;
        } finally {
            lock.unlock();
        }
    }

    /** {@return whether anybody waits in a write, for the transport or for a message that another thread has open} */
    boolean writersWait() {
        lock.lock();
        try {
            return writing || current != null || threadsWaiting > 0;
        } finally {
            lock.unlock();
        }
    }

    long bytesWritten() {
        return bytesWritten;
    }

    @Override
    public void wrote(long bytes) {
        long total = bytesWritten + bytes; // One writer at a time: no update is lost.
        bytesWritten = total;
    }

    // ---- The end

    /** The connection is gone: wakes everybody and gives the buffers back. */
    void fail() {
        lock.lock();
        try {
            failed = true;
            forgetLocked();
            if (filling != null) {
                engine.release(filling);
                filling = null;
            }
            if (current != null && !writing) { // Otherwise whoever writes it gives it back.
                engine.release(current);
                current = null;
            }
            signalLocked();
        } finally {
            lock.unlock();
        }
    }
}

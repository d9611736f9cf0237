// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import dev.gibbon.ConnectionOptions;
import dev.gibbon.ConnectionState;
import dev.gibbon.InterruptedCallException;
import dev.gibbon.TimeSource;
import dev.gibbon.WebSocketException;
import dev.gibbon.WriteTimeoutException;
import dev.gibbon.protocol.ClosingHandshake;
import dev.gibbon.protocol.Outbound;
import dev.gibbon.transport.Stream;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Frames on their way out: any thread appends to the batch that fills, under the lock; one thread at a time writes
 * all that is there, without it, until the stream takes no more. What is stuck then the connection's turns go on
 * with, and a caller that may wait waits until its frames have left. Frames of callers that wait leave together,
 * and a turn's leave together at its end.
 */
public final class Output implements SendProgress {
    /** Instead of a frame's number: it may wait, and somebody sees to it. */
    static final long HELD = -1;

    /** Instead of a frame's number: it may rest until the turn ends, which must be told that it does. */
    static final long RESTS = -2;

    /** Instead of a frame's number, at this bit: the caller has become the writer, of {@link #current}. */
    private static final long CLAIMED = 1L << 62;

    private final WebSocketConnection connection;
    private final Stream stream;
    private final Outbound outbound;
    private final ConnectionOptions options;

    /** The life cycle's, at hand for every frame. */
    private final ClosingHandshake closing;

    /** The send lock. */
    final ReentrantLock lock = new ReentrantLock();

    // Guarded by lock.

    /** Made when a thread first waits, as on most connections none ever does. */
    private @Nullable Condition changed;

    private int threadsWaiting;
    private @Nullable SendBatch filling;

    /** What is being written; or, while nobody writes, what the stream has not taken: it is stuck. */
    private @Nullable SendBatch current;

    private boolean writing;
    private boolean failed;

    /** Whether a turn has read what the peer had to say about the failure. */
    private boolean failureSettled;

    /** Whether the stream got bytes of its own to send while a thread was writing. */
    private boolean streamWaits;

    // Numbers of frames: the last appended, the last that has left, and the last of `current`.
    private long appended;
    private long written;
    private long upTo;

    /** Bytes of all batches but the one that fills. */
    private long bytesTaken;

    /** Whether so much waits that no more must be read; until all of it has left. */
    private volatile boolean congested;

    /**
     * Whether the reader is about to wait or does: then nothing may be held back. It looks at what is there after
     * setting it.
     */
    private volatile boolean readerWaits;

    /** Whether no write is tried any more, so that none of what waits keeps anybody from reading what is there. */
    private volatile boolean broken;

    private volatile boolean batching;

    /** Whether writes return when they are queued, since a listener has the connection. */
    private volatile boolean queueing;

    /** How long a call may take from now on, or null for as long as it does. */
    private volatile @Nullable Duration timeout;

    /** Bytes that went out so far; written by whoever writes, read by the tick. */
    private volatile long bytesWritten;

    Output(WebSocketConnection connection, Stream stream, Outbound outbound, ConnectionOptions options) {
        this.connection = connection;
        this.stream = stream;
        this.outbound = outbound;
        this.options = options;
        this.closing = connection.lifecycle().closing();
        this.batching = options.batchWrites();
    }

    void batching(boolean on) {
        batching = on;
    }

    /** From now on writes return when they are queued. */
    void queueing() {
        lock.lock();
        try {
            if (filling != null) {
                filling.own();
            }
            queueing = true;
        } finally {
            lock.unlock();
        }
    }

    void timeout(Duration atMost) {
        timeout = atMost;
    }

    /** {@return when a write that begins now must have ended} */
    long writeUntil() {
        Duration atMost = timeout;
        return atMost == null ? Engine.NEVER : connection.engine().until(atMost);
    }

    /**
     * {@return whether the calling thread waits until its bytes have left; otherwise it is done when they are
     * queued}
     */
    boolean mayWait() {
        return !queueing && !onTurn();
    }

    /** {@return whether the calling thread must not wait for anything} */
    boolean onTurn() {
        return connection.engine().isEventThread();
    }

    // ---- Appending

    /**
     * {@return whether the calling thread has the send lock} For assertions: bytes move, and user code runs,
     * without.
     */
    boolean holdsLock() {
        return lock.isHeldByCurrentThread();
    }

    /** {@return whether frames may be appended} */
    boolean sendableLocked() {
        return !failed && closing.maySendData();
    }

    void requireSendableLocked() throws WebSocketException {
        // What the peer said before is about to be read.
        while (failed && !failureSettled && !onTurn()) {
            awaitChangeLocked(Engine.NEVER);
        }
        if (!sendableLocked()) {
            throw closedForWriting();
        }
    }

    /** {@return what a write reports that comes too late} */
    WebSocketException closedForWriting() {
        return connection.lifecycle().closedForWriting();
    }

    /** {@return whether the stream is gone or broken} */
    boolean failedLocked() {
        return failed;
    }

    /** {@return the batch that fills} */
    SendBatch batchLocked() {
        assert holdsLock();
        SendBatch batch = filling;
        if (batch == null) {
            Driver driver = connection.driver();
            batch = driver.onThread()
                    ? driver.workspace().leaseBatch()
                    : connection.engine().leaseBatch();
            filling = batch;
        }
        return batch;
    }

    private void release(SendBatch batch) {
        Driver driver = connection.driver();
        if (driver.onThread()) {
            driver.workspace().release(batch);
        } else {
            connection.engine().release(batch);
        }
    }

    /** Counts the frame that was just appended. */
    void countLocked() {
        assert holdsLock();
        appended++;
        if (!congested && queueing && inQueueLocked() > options.maxQueuedBytes() / 2) {
            congested = true;
        }
    }

    /** {@return how many bytes wait in this queue} */
    long inQueueLocked() {
        SendBatch batch = filling;
        return bytesTaken - bytesWritten + (batch == null ? 0 : batch.bytes());
    }

    /**
     * {@return what the caller must do once it has let go of the lock, for {@link #deliver}}
     *
     * @param borrowed whether the last frame's payload is the caller's again once its write returns
     */
    long toDeliverLocked(boolean borrowed) {
        assert holdsLock();
        boolean waits = mayWait();
        if (waits ? batching && !borrowed && !readerWaits && hasRoomLocked() : mayRestLocked(borrowed)) {
            return waits || writing || current != null ? HELD : RESTS;
        }
        // Whoever writes, or the turns, go on until nothing is left.
        if (writing || current != null) {
            if (waits) {
                return appended;
            }
            if (borrowed) {
                batchLocked().own();
            }
            return HELD;
        }
        claimLocked();
        return appended | CLAIMED;
    }

    private boolean hasRoomLocked() {
        return batchLocked().bytes() < options.batchBytes();
    }

    /** {@return whether a frame may rest until the turn ends in which it was written} */
    private boolean mayRestLocked(boolean borrowed) {
        return !borrowed && hasRoomLocked() && connection.driver().onThread();
    }

    /** Does what {@link #toDeliverLocked} has said. */
    void deliver(long duty, long until) throws IOException {
        if (duty == HELD) {
            return;
        }
        if (duty == RESTS) {
            // Not under the lock: where many connections rest, the oldest writes now.
            connection.driver().touch();
            return;
        }
        if ((duty & CLAIMED) != 0) {
            writeOut(duty & ~CLAIMED);
        }
        if (mayWait()) {
            awaitWritten(duty & ~CLAIMED, until);
        }
    }

    // ---- Waiting

    /**
     * Waits for the next change of what the lock guards; callers look again whether it is the one they wait for.
     *
     * @param until how long at most, on the engine's clock
     * @throws InterruptedCallException if the thread is interrupted
     * @throws WriteTimeoutException if it is later than that
     */
    @SuppressWarnings("WaitNotInLoop")
    void awaitChangeLocked(long until) throws InterruptedCallException, WriteTimeoutException {
        assert lock.getHoldCount() == 1 : "a wait that does not let go of the send lock";
        TimeSource.Timer alarm = until == Engine.NEVER ? null : alarm(until);
        threadsWaiting++;
        try {
            changedLocked().await();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            throw new InterruptedCallException(
                    "a write was interrupted while it waited; what it began is still sent whole");
        } finally {
            threadsWaiting--;
            if (alarm != null) {
                alarm.cancel();
            }
        }
    }

    private TimeSource.Timer alarm(long until) throws WriteTimeoutException {
        TimeSource time = connection.engine().time();
        long left = until - time.nanoTime();
        if (left <= 0) {
            throw new WriteTimeoutException("a write was not done within " + timeout);
        }
        return time.schedule(Duration.ofNanos(left), this::signal);
    }

    private void signal() {
        lock.lock();
        try {
            signalLocked();
        } finally {
            lock.unlock();
        }
    }

    private Condition changedLocked() {
        Condition condition = changed;
        if (condition == null) {
            condition = lock.newCondition();
            changed = condition;
        }
        return condition;
    }

    void signalLocked() {
        Condition condition = changed;
        if (condition != null && threadsWaiting > 0) {
            condition.signalAll();
        }
    }

    /**
     * Waits until the frame has left. Frames that nobody writes the caller writes, and with them all others that
     * are there. One that has not left in time ends the connection: nobody can take it back.
     */
    private void awaitWritten(long frame, long until) throws IOException {
        try {
            awaitWrittenOrLate(frame, until);
        } catch (WriteTimeoutException late) {
            connection.lifecycle().drop(late);
            // Until nobody reads the caller's bytes any more.
            awaitWrittenOrLate(frame, Engine.NEVER);
            throw late;
        }
    }

    private void awaitWrittenOrLate(long frame, long until) throws IOException {
        boolean claimed = true;
        while (claimed) {
            lock.lock();
            try {
                claimed = awaitWrittenOrClaimLocked(frame, until);
            } finally {
                lock.unlock();
            }
            if (claimed) {
                writeOut(frame);
            }
        }
    }

    /** {@return whether the caller has become the writer; if not the frame has left} */
    private boolean awaitWrittenOrClaimLocked(long frame, long until) throws IOException {
        while (written < frame) {
            // Also once the connection has failed: while somebody writes, our payload may be what
            // the system call reads.
            if (failed && !writing && failureSettled) {
                throw closedForWriting();
            }
            if (!failed && !writing && current == null) {
                claimLocked();
                return true;
            }
            try {
                awaitChangeLocked(until);
            } catch (InterruptedCallException e) {
                leaveBehindLocked();
                throw e;
            }
        }
        return false;
    }

    /** The caller goes before its frames do: what is borrowed of it is copied. */
    private void leaveBehindLocked() {
        threadsWaiting++;
        while (writing) { // That does not wait for the peer.
            changedLocked().awaitUninterruptibly();
        }
        threadsWaiting--;
        if (current != null) {
            current.own();
        }
        if (filling != null) {
            filling.own();
        }
    }

    // ---- Writing: one at a time, until the stream takes no more

    /** The caller becomes the writer, of {@link #current}. */
    private void claimLocked() {
        assert holdsLock();
        SendBatch batch = batchLocked();
        filling = null;
        bytesTaken += batch.bytes();
        upTo = appended;
        current = batch;
        writing = true;
    }

    /** Has everything sent that was appended; waits until it has left if the caller may. */
    void flush() throws IOException {
        long until = writeUntil();
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
        if (mayWait()) {
            awaitWritten(all, until);
        } else {
            push();
        }
    }

    /** Writes what is there as far as the stream takes it, unless somebody else does. Never waits. */
    void push() {
        lock.lock();
        try {
            if (failed || writing || current != null || written == appended) {
                return;
            }
            claimLocked();
        } finally {
            lock.unlock();
        }
        writeOut(Long.MAX_VALUE);
    }

    /**
     * Writes the claimed batch, and those that come meanwhile, until all is written, or the stream takes no more,
     * or what the caller came for has left and another waits to go on.
     */
    private void writeOut(long frame) {
        assert !holdsLock() : "bytes move under the send lock";
        SendBatch batch = current;
        while (batch != null) {
            boolean all = false;
            Throwable defect = null;
            try {
                all = batch.writeTo(stream, outbound, this) && stream.flush();
            } catch (IOException | RuntimeException | Error e) {
                // What has left of the frames nobody knows.
                defect = e;
            }
            batch = wrote(batch, all, defect, frame);
        }
    }

    /**
     * {@return what the caller writes next; it must not look at {@link #current}, which may be another thread's by
     * then}
     */
    private @Nullable SendBatch wrote(SendBatch batch, boolean all, @Nullable Throwable defect, long frame) {
        SendBatch next = null;
        boolean stuck = false;
        lock.lock();
        try {
            failed |= defect != null;
            broken |= failed;
            boolean waits = !all || streamWaits;
            streamWaits = false;
            writing = false;
            if (waits && !failed) {
                if (queueing || onTurn()) {
                    batch.own(); // Its callers have gone, or are about to.
                }
                stuck = true;
            } else {
                current = null;
                written = failed ? written : upTo;
                if (!failed && written != appended && (written < frame || threadsWaiting == 0)) {
                    claimLocked();
                    next = current;
                }
                release(batch);
            }
            signalLocked();
        } finally {
            lock.unlock();
        }
        if (defect != null) {
            connection.writeFailed(defect);
        } else if (stuck) {
            connection.settleLater(); // A turn waits for room.
        } else if (next == null && (congested || closing.state() != ConnectionState.OPEN)) {
            connection.settleLater();
        }
        return next;
    }

    /** The stream takes bytes again. In a turn. */
    void writable() {
        lock.lock();
        try {
            if (writing || current == null) {
                return;
            }
            writing = true;
        } finally {
            lock.unlock();
        }
        writeOut(Long.MAX_VALUE);
    }

    /** A turn has read, and the stream may have something to say by itself, as TLS has. In a turn. */
    void flushStream() throws IOException {
        if (flushedOrBroken()) {
            return;
        }
        lock.lock();
        try {
            // Another thread, which may have flushed before: it sees to what came since.
            if (writing) {
                streamWaits = true;
            } else if (current == null && !failed) {
                current = connection.engine().leaseBatch();
                upTo = written;
            }
        } finally {
            lock.unlock();
        }
    }

    private boolean flushedOrBroken() throws IOException {
        boolean unbroken = false;
        try {
            boolean flushed = stream.flush();
            unbroken = true;
            return flushed;
        } finally {
            if (!unbroken) {
                lock.lock();
                try {
                    failed = true;
                    broken = true;
                } finally {
                    lock.unlock();
                }
            }
        }
    }

    /** {@return whether the stream must take bytes before anything can be written} */
    public boolean blocked() {
        lock.lock();
        try {
            return isBlockedLocked();
        } finally {
            lock.unlock();
        }
    }

    boolean isBlockedLocked() {
        return current != null && !writing;
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

    boolean allWrittenLocked() {
        return written == appended && !writing && current == null;
    }

    /** {@return whether so much waits that reading on would make it more} */
    boolean congested() {
        return congested && !broken;
    }

    /** Too much waits: no more is read until all of it has left. */
    void congest() {
        congested = true;
    }

    void relieved() {
        congested = false;
    }

    // ---- Readers

    /** The reader is about to wait: lets go what is held back, and holds nothing back until {@link #readerGoesOn()}. */
    void readerBlocks() {
        readerWaits = true;
        if (batching) {
            push();
        }
    }

    void readerGoesOn() {
        readerWaits = false;
    }

    // ---- What the tick asks

    /** {@return whether bytes are on their way} */
    public boolean writing() {
        lock.lock();
        try {
            return writing || current != null;
        } finally {
            lock.unlock();
        }
    }

    /** {@return how many bytes went out so far} */
    public long bytesWritten() {
        return bytesWritten - stream.unsent();
    }

    @Override
    public void wrote(long bytes) {
        long total = bytesWritten + bytes; // One writer at a time: no update is lost.
        bytesWritten = total;
    }

    // ---- The end

    /** A turn has looked what the peer said before a write failed: writers that wait are told. */
    void failureSettled() {
        lock.lock();
        try {
            failureSettled = true;
            signalLocked();
        } finally {
            lock.unlock();
        }
    }

    /** The connection is gone: wakes everybody and gives the buffers back. */
    void failLocked() {
        assert holdsLock();
        failed = true;
        failureSettled = true;
        if (filling != null) {
            connection.engine().release(filling);
            filling = null;
        }
        if (current != null && !writing) { // Otherwise whoever writes it gives it back.
            connection.engine().release(current);
            current = null;
        }
        signalLocked();
    }
}

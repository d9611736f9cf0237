// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import dev.gibbon.ConnectionOptions;
import dev.gibbon.ConnectionState;
import dev.gibbon.WebSocketException;
import dev.gibbon.protocol.ClosingHandshake;
import dev.gibbon.protocol.Outbound;
import dev.gibbon.transport.Stream;
import java.io.IOException;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Frames on their way out: any thread appends to the batch that fills, under the lock; one thread at a time writes
 * all that is there, without it, until the stream takes no more. What is stuck then the connection's turns go on
 * with. What the callers do meanwhile is the {@link Delivery}'s.
 */
public final class Output implements SendProgress {
    private final WebSocketConnection connection;
    private final Stream stream;
    private final Outbound outbound;
    private final ConnectionOptions options;

    /** The life cycle's, at hand for every frame. */
    private final ClosingHandshake closing;

    /** The send lock. */
    final ReentrantLock lock = new ReentrantLock();

    private final Delivery delivery;

    // Guarded by lock.
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

    /** Whether no write is tried any more, so that none of what waits keeps anybody from reading what is there. */
    private volatile boolean broken;

    /** Bytes that went out so far; written by whoever writes, read by the tick. */
    private volatile long bytesWritten;

    Output(WebSocketConnection connection, Stream stream, Outbound outbound, ConnectionOptions options) {
        this.connection = connection;
        this.stream = stream;
        this.outbound = outbound;
        this.options = options;
        this.closing = connection.lifecycle().closing();
        this.delivery = new Delivery(this, connection, options);
    }

    /** {@return what makes frames, and keeps their order} Guarded by the send lock. */
    Outbound outbound() {
        return outbound;
    }

    /** {@return what callers do for their frames} */
    Delivery delivery() {
        return delivery;
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
            delivery.awaitChangeLocked(Engine.NEVER);
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

    /** {@return whether what was appended will not leave any more, and writers that wait are to be told} */
    boolean lostLocked() {
        return failed && !writing && failureSettled;
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
        if (delivery.isQueueing() && inQueueLocked() > options.maxQueuedBytes() / 2) {
            congestLocked(0);
        }
    }

    /** {@return the number of the frame that was appended last} */
    long appendedLocked() {
        return appended;
    }

    /** {@return whether all frames up to this one have left} */
    boolean hasLeftLocked(long frame) {
        return written >= frame;
    }

    /** What is borrowed of callers is copied: they go before their frames do. Not while somebody writes. */
    void ownLocked() {
        assert !writing : "a batch changes under its writer";
        if (current != null) {
            current.own();
        }
        ownFillingLocked();
    }

    /** The same, only for the batch that fills. */
    void ownFillingLocked() {
        if (filling != null) {
            filling.own();
        }
    }

    /** {@return how many bytes wait in this queue} */
    long inQueueLocked() {
        SendBatch batch = filling;
        return bytesTaken - bytesWritten + (batch == null ? 0 : batch.bytes());
    }

    // ---- Writing: one at a time, until the stream takes no more

    /** {@return whether there is neither a writer nor something stuck, so that the caller may become the writer} */
    boolean mayClaimLocked() {
        return !failed && !writing && current == null;
    }

    /** The caller becomes the writer, of {@link #current}. */
    void claimLocked() {
        assert holdsLock();
        SendBatch batch = batchLocked();
        filling = null;
        bytesTaken += batch.bytes();
        upTo = appended;
        current = batch;
        writing = true;
    }

    /** Writes what is there as far as the stream takes it, unless somebody else does. Never waits. */
    void push() {
        lock.lock();
        try {
            if (!mayClaimLocked() || written == appended) {
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
    void writeOut(long frame) {
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
                if (delivery.isQueueing() || onTurn()) {
                    batch.own(); // Its callers have gone, or are about to.
                }
                stuck = true;
            } else {
                current = null;
                written = all && defect == null ? upTo : written; // Also where the connection has ended since.
                if (!failed && written != appended && (written < frame || !delivery.anyWaitLocked())) {
                    claimLocked();
                    next = current;
                }
                release(batch);
            }
            delivery.signalLocked();
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

    /** {@return whether a thread writes, without the lock} */
    boolean isWritingLocked() {
        return writing;
    }

    /** {@return whether somebody writes, or turns go on with what is stuck: nothing need be done for more frames} */
    boolean underWayLocked() {
        return writing || current != null;
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

    /**
     * Too much waits: no more is read until all of it has left.
     *
     * @param aside how many bytes wait elsewhere
     */
    void congestLocked(long aside) {
        assert holdsLock();
        if (!congested) {
            congested = true;
        }
        Observed seen = connection.observed();
        if (seen != null) {
            seen.congestedLocked(inQueueLocked() + aside);
        }
    }

    void relieved() {
        congested = false;
    }

    // ---- What the tick asks

    /** {@return whether bytes are on their way} */
    public boolean writing() {
        lock.lock();
        try {
            return underWayLocked();
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
            delivery.signalLocked();
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
        delivery.signalLocked();
    }
}

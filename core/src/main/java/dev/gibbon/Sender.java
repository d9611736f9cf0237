// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.frame.Opcode;
import dev.gibbon.protocol.ClosePayload;
import dev.gibbon.protocol.Outbound;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The way out of a connection: any thread appends frames under the lock, one thread at a time writes all that are there without it,
 * and the others wait until theirs have left. So frames of writers that wait leave together, and a control frame passes between
 * the fragments of a message.
 */
final class Sender implements SendProgress {
    private final Engine engine;
    private final Transport transport;
    private final Outbound outbound;
    private final Lifecycle lifecycle;
    private final int maxPendingPongs;
    private final int batchBytes;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();

    // Guarded by lock.
    private @Nullable SendBatch filling;
    private boolean writing;
    private boolean failed;
    private long appended;
    private long written;
    private boolean messageOpen;
    private int messagesWaiting;
    private int pendingPongs;
    private byte @Nullable [] newestPong;

    /** Whether the reader is about to block or does: then nothing may be held back. It looks at what is there after setting it. */
    private volatile boolean readerWaits;

    private volatile boolean batching;

    /** When a write that is under way or begins ends the connection; {@link Long#MAX_VALUE} for never. */
    private volatile long deadline = Long.MAX_VALUE;

    /** Bytes that went out so far; written by whoever writes, read by the tick. */
    private volatile long bytesWritten;

    Sender(Engine engine, Transport transport, Outbound outbound, Lifecycle lifecycle, ConnectionOptions options) {
        this.engine = engine;
        this.transport = transport;
        this.outbound = outbound;
        this.lifecycle = lifecycle;
        this.maxPendingPongs = options.maxPendingPongs();
        this.batchBytes = options.batchBytes();
        this.batching = options.batchWrites();
    }

    void batching(boolean on) {
        batching = on;
    }

    /** Sends a whole message as one frame; returns when the transport has it, or it may wait for company. */
    void message(Opcode opcode, ByteBuffer payload) throws IOException {
        requireTime();
        long frame;
        lock.lock();
        try {
            awaitTurnLocked();
            frame = appendLocked(opcode, true, payload);
        } finally {
            lock.unlock();
        }
        awaitWritten(frame);
    }

    /** Sends a whole message as one frame. */
    void message(Opcode opcode, byte[] payload) throws IOException {
        requireTime();
        long frame;
        lock.lock();
        try {
            awaitTurnLocked();
            frame = appendedLocked(batchLocked().append(outbound, opcode, payload));
        } finally {
            lock.unlock();
        }
        awaitWritten(frame);
    }

    /** Sends a message whose one frame is encoded already. */
    void prepared(ByteBuffer frame) throws IOException {
        requireTime();
        long number;
        lock.lock();
        try {
            awaitTurnLocked();
            number = appendedLocked(batchLocked().appendEncoded(frame));
        } finally {
            lock.unlock();
        }
        awaitWritten(number);
    }

    /** Sets when writes must have ended, on the engine's clock. */
    void deadline(long nanos) {
        deadline = nanos;
    }

    /** Waits until no other message is open and keeps it so: the next fragments are the caller's. */
    void beginMessage() throws IOException {
        requireTime();
        lock.lock();
        try {
            awaitTurnLocked();
            messageOpen = true;
        } finally {
            lock.unlock();
        }
    }

    /** Sends a fragment of the message that the caller began; the final one lets the next message begin. */
    void fragment(Opcode opcode, boolean fin, ByteBuffer payload) throws IOException {
        requireTime();
        long frame;
        lock.lock();
        try {
            frame = appendLocked(opcode, fin, payload);
            if (fin) {
                endMessageLocked();
            }
        } finally {
            lock.unlock();
        }
        awaitWritten(frame);
    }

    /** Sends a Ping or Pong, between the fragments of a message if need be (§5.4). */
    void control(Opcode opcode, ByteBuffer payload) throws IOException {
        requireTime();
        long frame;
        lock.lock();
        try {
            frame = appendLocked(opcode, true, payload);
        } finally {
            lock.unlock();
        }
        awaitWritten(frame);
    }

    /** Appends a Ping and lets another thread send it; for the tick, which must not block. Does nothing when closing. */
    void pingLater(byte[] payload) {
        lock.lock();
        try {
            if (failed || !lifecycle.state().maySendData()) {
                return;
            }
            long _ = appendLocked(Opcode.PING, true, ByteBuffer.wrap(payload));
        } catch (WebSocketException _) {
            return; // Closed in between: nobody is left to ping.
        } finally {
            lock.unlock();
        }
        writeLater();
    }

    /**
     * Answers a Ping without blocking, since a reader that waits on a write may wait for a peer that waits for it. A bounded number of
     * Pongs is kept; beyond it only the newest (§5.5.3).
     */
    void pongLater(byte[] payload) {
        lock.lock();
        try {
            if (failed || !lifecycle.state().maySendData()) {
                return; // §5.5.1: nothing follows a Close frame.
            }
            if (pendingPongs >= maxPendingPongs) {
                newestPong = payload;
                return;
            }
            pendingPongs++;
            long _ = appendLocked(Opcode.PONG, true, ByteBuffer.wrap(payload));
        } catch (WebSocketException _) {
            return; // Closed in between: the Pong has nowhere to go.
        } finally {
            lock.unlock();
        }
        writeLater();
    }

    /**
     * Appends our Close frame, the last one this connection sends.
     *
     * @return whether it is the first; otherwise nothing was done
     */
    boolean appendClose(CloseStatus status) {
        return appendClose(status, () -> {});
    }

    /**
     * The same.
     *
     * @param ifFirst runs before anything of the frame can leave
     */
    boolean appendClose(CloseStatus status, Runnable ifFirst) {
        byte[] body = ClosePayload.encode(status);
        lock.lock();
        try {
            if (failed || !lifecycle.closing().sent(status)) { // One Close frame, whoever asks how often.
                return false;
            }
            ifFirst.run();
            newestPong = null;
            boolean _ = batchLocked().append(outbound, Opcode.CLOSE, true, 0, ByteBuffer.wrap(body));
            appended++;
            changed.signalAll(); // Whoever waits to begin a message learns that there will be none.
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Sends everything that was appended. */
    void flush() throws IOException {
        requireTime();
        long all;
        lock.lock();
        try {
            if (failed) {
                throw lifecycle.closedForWriting();
            }
            all = appended;
        } finally {
            lock.unlock();
        }
        awaitWritten(all);
    }

    /** The reader is about to block: lets go what is held back, and holds nothing back until {@link #readerGoesOn()}. */
    void readerBlocks() throws IOException {
        readerWaits = true;
        if (!batching) {
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

    /** {@return whether bytes are on their way; asked by the tick} */
    boolean writing() {
        lock.lock();
        try {
            return writing;
        } finally {
            lock.unlock();
        }
    }

    /** {@return whether anybody waits in a write, for the transport or for a message that another thread has open} */
    boolean writersWait() {
        lock.lock();
        try {
            return writing || messagesWaiting > 0;
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

    /** The connection is gone: wakes everybody and gives the buffers back. */
    void fail() {
        lock.lock();
        try {
            failed = true;
            if (filling != null) {
                engine.release(filling);
                filling = null;
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** A write that begins after its deadline ends the connection as one does that is under way. */
    private void requireTime() throws WebSocketException {
        if (deadline != Long.MAX_VALUE && deadline - engine.time().nanoTime() <= 0) {
            lifecycle.lost(new WriteTimeoutException("the write deadline had passed before the write"));
            throw lifecycle.closedForWriting();
        }
    }

    private void awaitTurnLocked() throws WebSocketException {
        messagesWaiting++;
        while (messageOpen && !failed && lifecycle.state().maySendData()) {
            changed.awaitUninterruptibly();
        }
        messagesWaiting--;
        requireSendableLocked();
    }

    private void endMessageLocked() {
        messageOpen = false;
        changed.signalAll();
    }

    private void requireSendableLocked() throws WebSocketException {
        if (failed || !lifecycle.state().maySendData()) {
            throw lifecycle.closedForWriting();
        }
    }

    private long appendLocked(Opcode opcode, boolean fin, ByteBuffer payload) throws WebSocketException {
        requireSendableLocked();
        return appendedLocked(batchLocked().append(outbound, opcode, fin, 0, payload));
    }

    /** Counts a frame; answers up to which one the caller must wait: none if it may be held back. */
    private long appendedLocked(boolean borrowed) {
        appended++;
        boolean mayWait = batching && !borrowed && !readerWaits && batchLocked().bytes() < batchBytes;
        return mayWait ? written : appended;
    }

    private SendBatch batchLocked() {
        SendBatch batch = filling;
        if (batch == null) {
            batch = engine.leaseBatch();
            filling = batch;
        }
        return batch;
    }

    private void writeLater() {
        engine.start("gibbon-pong", () -> {
            try {
                flush();
            } catch (IOException _) {
                // The connection is closed by now and has told everybody who asks.
            }
        });
    }

    /** Waits until the frame is written, and writes it and all others that are there if nobody else does. */
    private void awaitWritten(long frame) throws IOException {
        while (true) {
            SendBatch batch;
            long upTo;
            lock.lock();
            try {
                // Also once the connection has failed: while somebody writes, our payload may be what the system call
                // reads.
                while (written < frame && writing) {
                    changed.awaitUninterruptibly();
                }
                if (written >= frame) {
                    return;
                }
                if (failed) {
                    throw lifecycle.closedForWriting();
                }
                batch = takeLocked();
                upTo = appended;
                writing = true;
            } finally {
                lock.unlock();
            }
            write(batch, upTo);
        }
    }

    private SendBatch takeLocked() {
        SendBatch batch = batchLocked();
        byte[] pong = newestPong;
        if (pong != null) {
            boolean _ = batch.append(outbound, Opcode.PONG, true, 0, ByteBuffer.wrap(pong));
            appended++;
            newestPong = null;
        }
        pendingPongs = 0;
        filling = null;
        return batch;
    }

    private void write(SendBatch batch, long upTo) throws IOException {
        boolean done = false;
        try {
            if (!batch.writeTo(transport, outbound, this)) {
                throw new IOException("a blocking transport took no byte");
            }
            done = true;
        } catch (IOException e) {
            lifecycle.lost(e);
            throw lifecycle.closedForWriting();
        } catch (RuntimeException e) {
            lifecycle.lost(e);
            throw e;
        } finally {
            lock.lock();
            try {
                writing = false;
                written = done ? upTo : written;
                failed |= !done;
                changed.signalAll();
            } finally {
                lock.unlock();
            }
            engine.release(batch);
        }
    }
}

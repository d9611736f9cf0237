// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.transport;

import dev.gibbon.spi.Transport;
import dev.gibbon.support.BufferPool;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * The sending side of a {@link TlsTransport}: records until the lower transport
 * has taken them, and the end of the output. Holds a leased buffer only meanwhile.
 * Guarded by the transport's {@code sendLock}, unless a method says otherwise.
 */
final class TlsOutput {
    /** Answers to the peer that may queue up in the engine while a write is stuck; each keeps a cipher alive. */
    private static final int MAX_UNANSWERED = 256;

    private final Transport lower;
    private final SSLEngine engine;
    private final BufferPool pool;

    private final AtomicInteger unanswered = new AtomicInteger();

    private @Nullable ByteBuffer out; // Leased, ready for getting: records that the lower transport has not taken yet.
    private final ByteBuffer[] outArray = {ByteBuffer.allocate(0)};
    private @Nullable IOException failure;
    private boolean shut;
    private boolean answerWaits; // The engine has something to say that must wait for the records before it.

    TlsOutput(Transport lower, SSLEngine engine, BufferPool pool) {
        this.lower = lower;
        this.engine = engine;
        this.pool = pool;
    }

    /**
     * The engine has queued one more answer to a KeyUpdate (RFC
     * 8446 §4.6.3), which it does without bound. Reader's thread.
     *
     * @throws SSLException if there are too many
     */
    void countRequest() throws SSLException {
        if (unanswered.incrementAndGet() > MAX_UNANSWERED) {
            throw new SSLException("TLS requests not answered yet > " + MAX_UNANSWERED);
        }
    }

    /** {@return whether the output was ended} */
    boolean isShut() {
        return shut;
    }

    /** Checks that nothing keeps records from being sent. */
    void checkOpen() throws IOException {
        if (failure != null) {
            throw new IOException("an earlier write failed", failure);
        }
        if (shut) {
            throw new ClosedChannelException();
        }
    }

    /**
     * Fills an output buffer with records: first what the engine itself has to say, then the callers' bytes, as few
     * records as can be. The bytes of a frame's header and payload share a record. Everything before must be
     * {@linkplain #flush() flushed}.
     *
     * @throws ClosedChannelException if the engine takes no more bytes
     */
    long wrap(ByteBuffer[] srcs, int offset, int length) throws IOException {
        answerWaits = false;
        boolean data = hasBytes(srcs, offset, length);
        if (!data && engine.getHandshakeStatus() != HandshakeStatus.NEED_WRAP) {
            return 0;
        }
        ByteBuffer records = pool.lease();
        out = records;
        long taken = 0;
        try {
            int packetBytes = engine.getSession().getPacketBufferSize();
            while (records.remaining() >= packetBytes) {
                SSLEngineResult result = engine.wrap(srcs, offset, length, records);
                taken += result.bytesConsumed();
                data = data && hasBytes(srcs, offset, length);
                boolean more = data || result.getHandshakeStatus() == HandshakeStatus.NEED_WRAP;
                if (result.getStatus() != SSLEngineResult.Status.OK) {
                    // CLOSED comes with the last record, too: that one counts.
                    if (result.bytesProduced() == 0) {
                        // By us, or under TLS 1.2 by the peer's close_notify
                        // (RFC 5246 §7.2.1). Reading may go on.
                        throw new ClosedChannelException();
                    }
                    break;
                }
                if (!more || (result.bytesConsumed() == 0 && result.bytesProduced() == 0)) {
                    break;
                }
            }
            unanswered.set(0);
        } finally {
            records.flip();
            if (!records.hasRemaining()) {
                release();
            }
        }
        return taken;
    }

    /** Wraps what the engine itself has to say, if anything. */
    void wrapOwn() throws IOException {
        long _ = wrap(outArray, 0, 0);
    }

    private static boolean hasBytes(ByteBuffer[] srcs, int offset, int length) {
        for (int i = offset; i < offset + length; i++) {
            if (srcs[i].hasRemaining()) {
                return true;
            }
        }
        return false;
    }

    /** {@return whether the lower transport has taken all records} */
    boolean flush() throws IOException {
        ByteBuffer records = out;
        if (records == null) {
            return true;
        }
        outArray[0] = records;
        try {
            while (records.hasRemaining()) {
                if (lower.write(outArray, 0, 1) == 0) {
                    return false;
                }
            }
        } catch (IOException e) {
            // Part of a record may be gone: no other can follow it.
            failure = e;
            release();
            throw e;
        }
        release();
        return true;
    }

    /**
     * Flushes like {@link #flush()}, and sends the answers that waited behind those records: a peer that asked for new
     * keys while it read nothing would wait for them until the next write.
     *
     * @return whether the lower transport has taken all of it
     */
    boolean flushAll() throws IOException {
        while (flush()) {
            if (!answerWaits) {
                return true;
            }
            wrapOwn();
        }
        return false;
    }

    /**
     * Sends what the engine itself has to say, as soon as that is possible. What goes wrong, the next write reports.
     */
    void answer() {
        if (failure != null) {
            return;
        }
        answerWaits = true;
        try {
            boolean _ = flushAll();
        } catch (IOException e) {
            if (failure == null) {
                failure = e;
            }
        }
    }

    /**
     * Tells the peer why the handshake failed. An alert takes a few bytes,
     * and whoever bounds the handshake's time closes the lower transport.
     */
    void alert(SSLException reason) {
        try {
            if (failure == null && flush()) {
                wrapOwn();
                boolean _ = flush();
            }
        } catch (IOException e) {
            reason.addSuppressed(e);
        }
        release();
    }

    /**
     * Ends the lower transport's output, after a close_notify if {@code established}. Where the lower transport does
     * not take that, the next call goes on.
     */
    void end(boolean established) throws IOException {
        if (failure == null && established && !sendCloseNotify()) {
            return;
        }
        shut = true;
        lower.shutdownOutput();
    }

    /** {@return whether it is all handed over} */
    private boolean sendCloseNotify() throws IOException {
        if (!flush()) {
            return false;
        }
        if (!engine.isOutboundDone()) {
            engine.closeOutbound();
            wrapOwn();
        }
        return flush();
    }

    /** Gives the buffer back, whatever it holds. */
    void release() {
        ByteBuffer records = out;
        if (records != null) {
            out = null;
            pool.release(records);
        }
    }
}

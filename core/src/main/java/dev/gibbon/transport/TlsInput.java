// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.transport;

import dev.gibbon.spi.Transport;
import dev.gibbon.support.BufferPool;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * The receiving side of a {@link TlsTransport}: records from the peer until they are decrypted, and plain text until
 * the caller has room for it. Holds a leased buffer only while there are bytes that need one. Guarded by the
 * transport's {@code readLock}, all of it.
 */
final class TlsInput {
    /** What an idle reader holds: the start of the next records. */
    private static final int SMALL_BYTES = 512;

    /**
     * Records without application data that a peer may send in a row: floods of KeyUpdates and empty records end here.
     */
    private static final int MAX_QUIET_RECORDS = 64;

    // RFC 8446 §5.1: type (1 byte), version (2), length (2), and that many bytes.
    private static final byte HANDSHAKE_RECORD = 22;
    private static final int RECORD_HEADER_BYTES = 1 + 2 + 2;

    /** What RFC 5246 §6.2.3 allows at most; the engine would take twice that. */
    private static final int MAX_RECORD_BYTES = (1 << 14) + 2048;

    private final Transport lower;
    private final SSLEngine engine;
    private final BufferPool pool;
    private final TlsOutput output;
    private final Runnable requestSend;

    // All three buffers are ready for getting.
    private @Nullable ByteBuffer small; // The next records from the peer, while they fit.
    private @Nullable ByteBuffer netIn; // Leased: the next records from the peer, instead of `small`.
    private @Nullable ByteBuffer appIn; // Leased: plain text that had no room in the caller's buffer.
    private boolean ended;
    private boolean renegotiable;
    private int quietRecords;

    /**
     * Makes an input that holds nothing.
     *
     * @param requestSend run when a record made the engine want to say something; must not wait
     */
    TlsInput(Transport lower, SSLEngine engine, BufferPool pool, TlsOutput output, Runnable requestSend) {
        this.lower = lower;
        this.engine = engine;
        this.pool = pool;
        this.output = output;
        this.requestSend = requestSend;
    }

    /** {@return whether nothing more will come from below} */
    boolean ended() {
        return ended;
    }

    /** The handshake is complete. */
    void established() {
        renegotiable = !engine.getSession().getProtocol().equals("TLSv1.3");
    }

    /** {@return the records that are there, for the handshake to take} */
    ByteBuffer records() {
        ByteBuffer in = held();
        return in != null ? in : ByteBuffer.allocate(0);
    }

    private @Nullable ByteBuffer held() {
        return netIn != null ? netIn : small;
    }

    /** Gives the caller plain text that is there, without reading any more. */
    int deliver(ByteBuffer dst) throws SSLException {
        ByteBuffer plain = appIn;
        if (plain != null) {
            return ChannelTransport.moveBytes(plain, dst);
        }
        ByteBuffer in = held();
        if (in == null) {
            return 0;
        }
        int total = 0;
        while (!ended && dst.hasRemaining() && startsWithRecord(in)) {
            checkNoRenegotiation(in);
            SSLEngineResult result = engine.unwrap(in, dst);
            switch (result.getStatus()) {
                case OK, CLOSED -> total += accept(result);
                case BUFFER_UNDERFLOW -> {
                    return total;
                }
                case BUFFER_OVERFLOW -> {
                    if (total > 0) {
                        return total;
                    }
                    total = deliverFromPool(in, dst);
                }
            }
        }
        return total;
    }

    /** Decrypts a record for which {@code dst} is too small into a buffer of ours. */
    private int deliverFromPool(ByteBuffer in, ByteBuffer dst) throws SSLException {
        ByteBuffer plain = pool.lease();
        appIn = plain; // From here on released like any other, whatever happens.
        try {
            SSLEngineResult result = engine.unwrap(in, plain);
            if (result.getStatus() == SSLEngineResult.Status.BUFFER_OVERFLOW) {
                throw new SSLException("TLS record larger than " + plain.capacity());
            }
            int _ = accept(result);
        } finally {
            plain.flip();
        }
        int count = ChannelTransport.moveBytes(plain, dst);
        if (count == 0) { // It was no application data.
            appIn = null;
            pool.release(plain);
        }
        return count;
    }

    /**
     * {@return whether a whole record is there} The engine would ask for room for a record before it asks for its
     * bytes, and so make a reader of small buffers lease one for a record that may never come.
     */
    private static boolean startsWithRecord(ByteBuffer in) throws SSLException {
        if (in.remaining() < RECORD_HEADER_BYTES) {
            return false;
        }
        int at = in.position() + RECORD_HEADER_BYTES - 2;
        int length = ((in.get(at) & 0xff) << 8) | (in.get(at + 1) & 0xff);
        if (length > MAX_RECORD_BYTES) {
            throw new SSLException("TLS record length " + length + " > " + MAX_RECORD_BYTES + " (RFC 5246 §6.2.3)");
        }
        return in.remaining() >= RECORD_HEADER_BYTES + length;
    }

    /** Does what one decrypted record asks for. */
    private int accept(SSLEngineResult result) throws SSLException {
        ended |= result.getStatus() == SSLEngineResult.Status.CLOSED;
        HandshakeStatus status = result.getHandshakeStatus();
        if (status == HandshakeStatus.NEED_TASK) {
            TlsEngines.runTasks(engine);
            status = engine.getHandshakeStatus();
        }
        boolean mustSay = status == HandshakeStatus.NEED_WRAP;
        if (result.bytesProduced() > 0) {
            quietRecords = 0;
        } else if (result.bytesConsumed() > 0) {
            if (++quietRecords > MAX_QUIET_RECORDS) {
                throw new SSLException("TLS records without data in a row " + quietRecords + " > " + MAX_QUIET_RECORDS);
            }
            if (mustSay) {
                output.countRequest();
            }
        }
        if (mustSay) {
            requestSend.run();
        }
        return result.bytesProduced();
    }

    /** TLS 1.2 shows a record's type: after the handshake, another handshake message asks for a renegotiation. */
    private void checkNoRenegotiation(ByteBuffer in) throws SSLException {
        if (renegotiable && in.get(in.position()) == HANDSHAKE_RECORD) {
            throw new SSLException("TLS renegotiation refused");
        }
    }

    /**
     * Reads from below, into the small buffer as long as it has room: an incomplete record costs a lease only beyond
     * that.
     *
     * @param blocking whether the lower transport waits for bytes
     * @return how many bytes came; -1 at the end, 0 if none did in time
     */
    int fill(long deadline, boolean blocking) throws IOException {
        ByteBuffer in = roomy(blocking);
        in.compact();
        try {
            int count = read(in, deadline);
            ended |= count < 0;
            return count;
        } finally {
            in.flip();
        }
    }

    private int read(ByteBuffer in, long deadline) throws IOException {
        if (deadline == TlsTransport.NO_DEADLINE) {
            return lower.read(in);
        }
        long left = deadline - System.nanoTime();
        return left > 0 ? lower.read(in, Duration.ofNanos(left)) : 0;
    }

    /** {@return the buffer for records, which has room for more} */
    private ByteBuffer roomy(boolean blocking) {
        ByteBuffer leased = netIn;
        if (leased != null) {
            return leased;
        }
        ByteBuffer idle = small;
        if (idle == null && blocking) {
            idle = ByteBuffer.allocate(SMALL_BYTES).limit(0);
            small = idle;
        }
        if (idle != null && idle.remaining() < idle.capacity()) {
            return idle;
        }
        // A read that does not wait gives the buffer back
        // before it returns, so it may be a big one.
        ByteBuffer big = pool.lease();
        netIn = big;
        if (idle != null) {
            big.put(idle);
            small = null;
        }
        return big.flip();
    }

    /**
     * Gives back the buffers that hold nothing any more.
     *
     * @param all whether the input has failed, and what they hold is of no use
     */
    void releaseSpent(boolean all) {
        ByteBuffer in = netIn;
        if (in != null && (all || ended || !in.hasRemaining())) {
            netIn = null;
            pool.release(in);
        }
        ByteBuffer plain = appIn;
        if (plain != null && (all || !plain.hasRemaining())) {
            appIn = null;
            pool.release(plain);
        }
        if (all || ended) {
            small = null;
        }
    }

    /** Gives back every buffer, for good: the transport is closed. */
    void close() {
        ended = true;
        releaseSpent(true);
    }
}

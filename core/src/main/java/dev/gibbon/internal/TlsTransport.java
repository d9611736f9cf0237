// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.internal;

import dev.gibbon.Transport;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/**
 * TLS over any other transport. The handshake happens in the first read or write, or in {@link #handshake()}.
 *
 * <p>Everything is resumable: where the lower transport moves nothing, so does this one, with its state kept, so it
 * works over a blocking transport and, after {@link #configureBlocking configureBlocking(false)}, over a non-blocking
 * one. There it may hold records that the lower transport has not taken: see {@link #flush()}. A read may leave
 * decrypted bytes behind, which no selector tells of: read until 0.
 *
 * <p>A stream that ends without TLS's close_notify reads as -1 like any other; WebSocket's closing handshake tells
 * whether something was cut off. Interrupting a thread blocked here closes the transport and keeps the thread's
 * interrupt flag.
 *
 * <p>Locks, in the order they are taken: {@code handshakeLock}, {@code readLock}, {@code sendLock}. Each is held across
 * calls of the lower transport, therefore {@link #close()} only ever tries them, and a reader with something to send
 * (the answer to a KeyUpdate) leaves it to the writer or to a thread of its own: two peers whose readers wait for
 * writes may wait for ever.
 */
public final class TlsTransport implements LoopTransport {
    /** What an idle reader holds: the start of the next records. */
    private static final int SMALL_BYTES = 512;

    /**
     * Records without application data that a peer may send in a row: floods of KeyUpdates and empty records end here.
     */
    private static final int MAX_QUIET_RECORDS = 64;

    /** Answers to the peer that may queue up in the engine while a write is stuck; each keeps a cipher alive. */
    private static final int MAX_UNANSWERED = 256;

    // RFC 8446 §5.1: type (1 byte), version (2), length (2), and that many bytes.
    private static final byte HANDSHAKE_RECORD = 22;
    private static final int RECORD_HEADER_BYTES = 1 + 2 + 2;

    /** What RFC 5246 §6.2.3 allows at most; the engine would take twice that. */
    private static final int MAX_RECORD_BYTES = (1 << 14) + 2048;

    private static final long NO_DEADLINE = Long.MAX_VALUE;

    private final Transport lower;
    private final SSLEngine engine;
    private final BufferPool pool;

    private final ReentrantLock handshakeLock = new ReentrantLock();
    private final ReentrantLock readLock = new ReentrantLock();
    private final ReentrantLock sendLock = new ReentrantLock();

    private final AtomicBoolean closed = new AtomicBoolean();
    private final AtomicBoolean senderStarted = new AtomicBoolean();
    private final AtomicInteger unanswered = new AtomicInteger();
    private volatile boolean blocking = true;
    private volatile boolean established;
    private volatile @Nullable SSLException failure;

    // Guarded by handshakeLock.
    private boolean begun;

    // Guarded by readLock. All three buffers are ready for getting.
    private @Nullable ByteBuffer small; // The next records from the peer, while they fit.
    private @Nullable ByteBuffer netIn; // Leased: the next records from the peer, instead of `small`.
    private @Nullable ByteBuffer appIn; // Leased: plain text that had no room in the caller's buffer.
    private boolean ended;
    private boolean renegotiable;
    private int quietRecords;

    // Guarded by sendLock.
    private @Nullable ByteBuffer out; // Leased, ready for getting: records that the lower transport has not taken yet.
    private final ByteBuffer[] outArray = {ByteBuffer.allocate(0)};
    private @Nullable IOException sendFailure;
    private boolean outputShut;

    /**
     * Makes a transport that owns {@code lower}.
     *
     * @param engine a fresh engine, see {@link TlsEngines}
     * @param pool where buffers come from while bytes are in flight
     */
    public TlsTransport(Transport lower, SSLEngine engine, BufferPool pool) {
        this.lower = lower;
        this.engine = engine;
        this.pool = pool;
    }

    /** Tells how the lower transport behaves from now on. Not while a read or write is going on. */
    public void configureBlocking(boolean block) {
        blocking = block;
    }

    @Override
    public Optional<SocketChannel> enterLoop() throws IOException {
        if (!(lower instanceof LoopTransport socket)) {
            return Optional.empty();
        }
        Optional<SocketChannel> channel = socket.enterLoop();
        blocking = channel.isEmpty();
        return channel;
    }

    @Override
    public boolean buffersInput() {
        return true;
    }

    /**
     * Does the TLS handshake, or goes on with it. A deadline is enforced by closing the transport.
     *
     * @return whether it is complete; false only if the lower transport does not block
     * @throws SSLException if the peer cannot be trusted, speaks no TLS, or has no parameters in common
     */
    public boolean handshake() throws IOException {
        return handshake(NO_DEADLINE);
    }

    @Override
    public int read(ByteBuffer dst) throws IOException {
        return read(dst, NO_DEADLINE);
    }

    @Override
    public int read(ByteBuffer dst, Duration timeout) throws IOException {
        ChannelTransport.requirePositive(timeout);
        long nanos = Math.min(ChannelTransport.saturatedNanos(timeout), Long.MAX_VALUE / 2);
        long deadline = System.nanoTime() + nanos;
        return read(dst, deadline == NO_DEADLINE ? deadline - 1 : deadline);
    }

    private int read(ByteBuffer dst, long deadline) throws IOException {
        if (!dst.hasRemaining() || !handshake(deadline) || !lock(readLock, deadline)) {
            return 0;
        }
        try {
            checkUsable();
            while (true) {
                int count = deliverLocked(dst);
                if (count > 0) {
                    return count;
                }
                if (ended) {
                    return -1;
                }
                count = fillLocked(deadline);
                if (count == 0) {
                    return 0;
                }
                ended |= count < 0;
            }
        } catch (SSLException e) {
            fail(e);
            requestSend(); // The engine has an alert to send.
            throw e;
        } finally {
            releaseSpentInputLocked();
            readLock.unlock();
            releaseIfClosed();
        }
    }

    @Override
    public long write(ByteBuffer[] srcs, int offset, int length) throws IOException {
        if (!handshake(NO_DEADLINE)) {
            return 0;
        }
        boolean _ = lock(sendLock, NO_DEADLINE);
        try {
            checkMaySendLocked();
            if (!flushLocked()) {
                return 0;
            }
            long taken = wrapLocked(srcs, offset, length);
            boolean _ = flushLocked();
            return taken;
        } catch (SSLException e) {
            fail(e);
            throw e;
        } finally {
            sendLock.unlock();
            releaseIfClosed();
        }
    }

    @Override
    public boolean flush() throws IOException {
        boolean _ = lock(sendLock, NO_DEADLINE);
        try {
            checkMaySendLocked();
            return flushLocked();
        } finally {
            sendLock.unlock();
            releaseIfClosed();
        }
    }

    /**
     * Sends close_notify (RFC 8446 §6.1) and ends the lower transport's output. Blocks as a write does; non-blocking it
     * does what it can, and the next call goes on.
     */
    @Override
    public void shutdownOutput() throws IOException {
        boolean _ = lock(sendLock, NO_DEADLINE);
        try {
            if (outputShut) {
                return;
            }
            checkUsable();
            if (sendFailure == null && !sendCloseNotifyLocked()) {
                return;
            }
            outputShut = true;
            lower.shutdownOutput();
        } finally {
            sendLock.unlock();
            releaseIfClosed();
        }
    }

    /**
     * Ends both directions at once, without a close_notify, which might have to wait for the peer: {@link
     * #shutdownOutput()} sends one.
     */
    @Override
    public void close() throws IOException {
        if (closed.getAndSet(true)) {
            return;
        }
        try {
            lower.close();
        } finally {
            releaseIfClosed();
        }
    }

    @Override
    public Optional<SocketAddress> localAddress() {
        return lower.localAddress();
    }

    @Override
    public Optional<SocketAddress> peerAddress() {
        return lower.peerAddress();
    }

    /** {@return the session once the handshake is complete} */
    @Override
    public Optional<SSLSession> tlsSession() {
        return established ? Optional.of(engine.getSession()) : Optional.empty();
    }

    // ---- Handshake

    private boolean handshake(long deadline) throws IOException {
        if (established) {
            return true;
        }
        if (!lock(handshakeLock, deadline)) {
            return false;
        }
        try {
            // Once it is complete a reader may hold its lock for ever, so look before taking that one.
            return established || shakeHandsLocked(deadline);
        } finally {
            handshakeLock.unlock();
            releaseIfClosed();
        }
    }

    private boolean shakeHandsLocked(long deadline) throws IOException {
        readLock.lock();
        sendLock.lock();
        try {
            checkUsable();
            return driveHandshakeLocked(deadline);
        } catch (SSLException e) {
            fail(e);
            trySendAlertLocked(e);
            throw e;
        } finally {
            releaseSpentInputLocked();
            sendLock.unlock();
            readLock.unlock();
        }
    }

    private boolean driveHandshakeLocked(long deadline) throws IOException {
        if (!begun) {
            engine.beginHandshake();
            begun = true;
        }
        while (true) {
            if (!flushLocked()) {
                return false;
            }
            switch (engine.getHandshakeStatus()) {
                case NEED_TASK -> runTasks();
                case NEED_WRAP -> {
                    long _ = wrapLocked(outArray, 0, 0);
                }
                case NEED_UNWRAP, NEED_UNWRAP_AGAIN -> {
                    if (!unwrapHandshakeLocked(deadline)) {
                        return false;
                    }
                }
                case FINISHED, NOT_HANDSHAKING -> {
                    if (engine.isInboundDone() || engine.isOutboundDone()) {
                        throw new SSLHandshakeException("TLS was closed during the handshake");
                    }
                    renegotiable = !engine.getSession().getProtocol().equals("TLSv1.3");
                    established = true;
                    return true;
                }
            }
        }
    }

    /** {@return false if nothing came} */
    private boolean unwrapHandshakeLocked(long deadline) throws IOException {
        ByteBuffer in = inputLocked();
        SSLEngineResult result = engine.unwrap(in, ByteBuffer.allocate(0));
        switch (result.getStatus()) {
            case BUFFER_UNDERFLOW -> {
                int count = fillLocked(deadline);
                if (count < 0) {
                    throw new SSLHandshakeException("the stream ended during the TLS handshake");
                }
                return count > 0;
            }
            case CLOSED -> throw new SSLHandshakeException("the peer closed TLS during the handshake");
            case BUFFER_OVERFLOW -> throw new SSLHandshakeException("application data during the TLS handshake");
            case OK -> {}
        }
        return true;
    }

    private void runTasks() {
        for (Runnable task = engine.getDelegatedTask(); task != null; task = engine.getDelegatedTask()) {
            task.run();
        }
    }

    /**
     * Tells the peer why. An alert takes a few bytes, and whoever bounds the handshake's time closes the lower
     * transport.
     */
    private void trySendAlertLocked(SSLException reason) {
        try {
            if (sendFailure == null && flushLocked()) {
                long _ = wrapLocked(outArray, 0, 0);
                boolean _ = flushLocked();
            }
        } catch (IOException e) {
            reason.addSuppressed(e);
        }
        releaseOutLocked();
    }

    // ---- Receiving

    /** Gives the caller plain text that is there, without reading any more. */
    private int deliverLocked(ByteBuffer dst) throws SSLException {
        ByteBuffer plain = appIn;
        if (plain != null) {
            return ChannelTransport.moveBytes(plain, dst);
        }
        int total = 0;
        while (!ended && dst.hasRemaining()) {
            ByteBuffer in = inputLocked();
            if (!startsWithRecord(in)) {
                break;
            }
            checkNoRenegotiationLocked(in);
            SSLEngineResult result = engine.unwrap(in, dst);
            switch (result.getStatus()) {
                case OK, CLOSED -> total += acceptLocked(result);
                case BUFFER_UNDERFLOW -> {
                    return total;
                }
                case BUFFER_OVERFLOW -> {
                    if (total > 0) {
                        return total;
                    }
                    total = deliverFromPoolLocked(in, dst);
                }
            }
        }
        return total;
    }

    /** Decrypts a record for which {@code dst} is too small into a buffer of ours. */
    private int deliverFromPoolLocked(ByteBuffer in, ByteBuffer dst) throws SSLException {
        ByteBuffer plain = pool.lease();
        appIn = plain; // From here on released like any other, whatever happens.
        try {
            SSLEngineResult result = engine.unwrap(in, plain);
            if (result.getStatus() == SSLEngineResult.Status.BUFFER_OVERFLOW) {
                throw new SSLException("TLS record larger than " + plain.capacity());
            }
            int _ = acceptLocked(result);
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
    private int acceptLocked(SSLEngineResult result) throws SSLException {
        ended |= result.getStatus() == SSLEngineResult.Status.CLOSED;
        HandshakeStatus status = result.getHandshakeStatus();
        if (status == HandshakeStatus.NEED_TASK) {
            runTasks();
            status = engine.getHandshakeStatus();
        }
        if (result.bytesProduced() > 0) {
            quietRecords = 0;
        } else if (result.bytesConsumed() > 0) {
            if (++quietRecords > MAX_QUIET_RECORDS) {
                throw new SSLException("TLS records without data in a row " + quietRecords + " > " + MAX_QUIET_RECORDS);
            }
            // The engine queues one answer for each KeyUpdate (RFC 8446 §4.6.3), without bound.
            if (status == HandshakeStatus.NEED_WRAP && unanswered.incrementAndGet() > MAX_UNANSWERED) {
                throw new SSLException("TLS requests not answered yet > " + MAX_UNANSWERED);
            }
        }
        if (status == HandshakeStatus.NEED_WRAP) {
            requestSend();
        }
        return result.bytesProduced();
    }

    /** TLS 1.2 shows a record's type: after the handshake, another handshake message asks for a renegotiation. */
    private void checkNoRenegotiationLocked(ByteBuffer in) throws SSLException {
        if (renegotiable && in.get(in.position()) == HANDSHAKE_RECORD) {
            throw new SSLException("TLS renegotiation refused");
        }
    }

    private ByteBuffer inputLocked() {
        ByteBuffer in = netIn != null ? netIn : small;
        if (in != null) {
            return in;
        }
        if (blocking) {
            small = ByteBuffer.allocate(SMALL_BYTES).limit(0);
            return small;
        }
        // A read that does not wait gives the buffer back before it returns, so it may be a big one.
        netIn = pool.lease().limit(0);
        return netIn;
    }

    /**
     * Reads from below, into the small buffer as long as it has room: an incomplete record costs a lease only beyond
     * that.
     */
    private int fillLocked(long deadline) throws IOException {
        ByteBuffer in = inputLocked();
        if (in.remaining() == in.capacity()) {
            ByteBuffer big = pool.lease();
            netIn = big;
            big.put(in).flip();
            small = null;
            in = big;
        }
        in.compact();
        try {
            if (deadline == NO_DEADLINE) {
                return lower.read(in);
            }
            long left = deadline - System.nanoTime();
            return left > 0 ? lower.read(in, Duration.ofNanos(left)) : 0;
        } finally {
            in.flip();
        }
    }

    private void releaseSpentInputLocked() {
        boolean all = ended || failure != null;
        ByteBuffer in = netIn;
        if (in != null && (all || !in.hasRemaining())) {
            netIn = null;
            pool.release(in);
        }
        ByteBuffer plain = appIn;
        if (plain != null && (failure != null || !plain.hasRemaining())) {
            appIn = null;
            pool.release(plain);
        }
        if (all) {
            small = null;
        }
    }

    // ---- Sending

    /**
     * Fills an output buffer with records: first what the engine itself has to say, then the callers' bytes, as few
     * records as can be. The bytes of a frame's header and payload share a record. Nothing may be left in {@code out}
     * before.
     */
    private long wrapLocked(ByteBuffer[] srcs, int offset, int length) throws IOException {
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
                        // By us, or under TLS 1.2 by the peer's close_notify (RFC 5246 §7.2.1). Reading may go on.
                        throw established
                                ? new ClosedChannelException()
                                : new SSLHandshakeException("TLS was closed during the handshake");
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
                releaseOutLocked();
            }
        }
        return taken;
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
    private boolean flushLocked() throws IOException {
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
            sendFailure = e;
            releaseOutLocked();
            throw e;
        }
        releaseOutLocked();
        return true;
    }

    private void releaseOutLocked() {
        ByteBuffer records = out;
        if (records != null) {
            out = null;
            pool.release(records);
        }
    }

    /** Gets out what a record from the peer made the engine want to say, without making the reader wait for a write. */
    private void requestSend() {
        if (!blocking) {
            sendPending();
        } else if (senderStarted.compareAndSet(false, true)) {
            Thread.ofVirtual().name("gibbon-tls-send").start(this::sendPending);
        }
    }

    private void sendPending() {
        sendLock.lock();
        try {
            senderStarted.set(false);
            if (sendFailure == null && flushLocked()) {
                long _ = wrapLocked(outArray, 0, 0);
                boolean _ = flushLocked();
            }
        } catch (IOException e) {
            // The next write reports it.
            if (sendFailure == null) {
                sendFailure = e;
            }
        } finally {
            sendLock.unlock();
            releaseIfClosed();
        }
    }

    // ---- Closing

    /** {@return whether it is all handed over} */
    private boolean sendCloseNotifyLocked() throws IOException {
        if (!established || !flushLocked()) {
            return !established;
        }
        if (!engine.isOutboundDone()) {
            engine.closeOutbound();
            long _ = wrapLocked(outArray, 0, 0);
        }
        return flushLocked();
    }

    /**
     * Gives every lease back once closed. Whoever held a lock while {@link #close()} tried it comes here after
     * unlocking, so one of the two succeeds.
     */
    private void releaseIfClosed() {
        if (!closed.get()) {
            return;
        }
        if (readLock.tryLock()) {
            try {
                ended = true;
                if (appIn != null) {
                    appIn.limit(appIn.position());
                }
                releaseSpentInputLocked();
            } finally {
                readLock.unlock();
            }
        }
        if (sendLock.tryLock()) {
            try {
                releaseOutLocked();
            } finally {
                sendLock.unlock();
            }
        }
    }

    // ---- Failures

    private void fail(SSLException e) {
        if (failure == null) {
            failure = e;
        }
    }

    private void checkUsable() throws IOException {
        SSLException earlier = failure;
        if (earlier != null) {
            throw new SSLException("TLS failed before: " + earlier.getClass().getSimpleName(), earlier);
        }
        if (closed.get()) {
            throw new ClosedChannelException();
        }
    }

    private void checkMaySendLocked() throws IOException {
        checkUsable();
        if (sendFailure != null) {
            throw new IOException("an earlier write failed", sendFailure);
        }
        if (outputShut) {
            throw new ClosedChannelException();
        }
    }

    /** {@return whether the lock was got in time} */
    private boolean lock(ReentrantLock lock, long deadline) throws IOException {
        try {
            if (deadline != NO_DEADLINE) {
                return lock.tryLock(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
            }
            lock.lockInterruptibly();
            return true;
        } catch (InterruptedException _) {
            close();
            Thread.currentThread().interrupt();
            throw new ClosedByInterruptException();
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.transport;

import dev.gibbon.spi.Transport;
import dev.gibbon.support.BufferPool;
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
import java.util.concurrent.locks.ReentrantLock;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/**
 * TLS over any other transport. The handshake happens in the first read or write, or in {@link #handshake()}.
 *
 * <p>Everything is resumable: where the lower transport moves nothing, so does this one, with its state kept, so it
 * works over a blocking transport and, after {@link #enterLoop()}, over a non-blocking one. There it may hold records
 * that the lower transport has not taken: see {@link #flush()}. A read may leave
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
    static final long NO_DEADLINE = Long.MAX_VALUE;

    private final Transport lower;
    private final SSLEngine engine;

    private final ReentrantLock handshakeLock = new ReentrantLock();
    private final ReentrantLock readLock = new ReentrantLock();
    private final ReentrantLock sendLock = new ReentrantLock();

    private final AtomicBoolean closed = new AtomicBoolean();
    private final AtomicBoolean senderStarted = new AtomicBoolean();
    private volatile boolean blocking = true;
    private volatile boolean established;
    private volatile @Nullable SSLException failure;

    private final TlsInput input; // Guarded by readLock.
    private final TlsOutput output; // Guarded by sendLock.
    private @Nullable TlsHandshake handshake; // Guarded by all three locks; null once it is complete.

    /**
     * Makes a transport that owns {@code lower}.
     *
     * @param engine a fresh engine, see {@link TlsEngines}
     * @param pool where buffers come from while bytes are in flight
     */
    public TlsTransport(Transport lower, SSLEngine engine, BufferPool pool) {
        this.lower = lower;
        this.engine = engine;
        output = new TlsOutput(lower, engine, pool);
        input = new TlsInput(lower, engine, pool, output, this::requestSend);
        handshake = new TlsHandshake(engine, input, output);
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
                int count = input.deliver(dst);
                if (count > 0) {
                    return count;
                }
                if (input.ended()) {
                    return -1;
                }
                if (input.fill(deadline, blocking) == 0) {
                    return 0;
                }
            }
        } catch (SSLException e) {
            fail(e);
            requestSend(); // The engine has an alert to send.
            throw e;
        } finally {
            input.releaseSpent(failure != null);
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
            if (!output.flush()) {
                return 0;
            }
            long taken = output.wrap(srcs, offset, length);
            boolean _ = output.flush();
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
            return output.flushAll();
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
            if (!output.isShut()) {
                checkUsable();
                output.end(established);
            }
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
        if (!closed.getAndSet(true)) {
            try {
                lower.close();
            } finally {
                releaseIfClosed();
            }
        }
    }

    @Override
    public void abort() throws IOException {
        if (!closed.getAndSet(true)) {
            try {
                lower.abort();
            } finally {
                releaseIfClosed();
            }
        }
    }

    @Override
    public Optional<SocketAddress> localAddress() {
        return lower.localAddress();
    }

    @Override
    public void speaksFor(SocketAddress client) {
        if (lower instanceof LoopTransport socket) {
            socket.speaksFor(client);
        }
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
            // Once it is complete a reader may hold its lock
            // for ever, so look before taking that one.
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
            TlsHandshake begun = handshake;
            if (begun == null || begun.advance(deadline, blocking)) {
                handshake = null;
                established = true;
            }
            return established;
        } catch (SSLException e) {
            fail(e);
            output.alert(e);
            throw e;
        } finally {
            input.releaseSpent(failure != null);
            sendLock.unlock();
            readLock.unlock();
        }
    }

    // ---- Answers

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
            output.answer();
        } finally {
            sendLock.unlock();
            releaseIfClosed();
        }
    }

    // ---- Closing

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
                input.close();
            } finally {
                readLock.unlock();
            }
        }
        if (sendLock.tryLock()) {
            try {
                output.release();
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
        output.checkOpen();
    }

    /**
     * {@return whether the lock was got in time} An interrupt ends what blocks; on a loop nothing does, and the thread
     * that holds the lock moves what it can and goes.
     */
    private boolean lock(ReentrantLock lock, long deadline) throws IOException {
        if (!blocking) {
            lock.lock();
            return true;
        }
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

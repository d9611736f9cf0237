// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.servlet;

import dev.gibbon.spi.Transport;
import jakarta.servlet.ServletInputStream;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.http.WebConnection;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * The two streams of an upgraded servlet connection, which block and end together. Reads by events would not need a
 * thread, but in Undertow they lose bytes where another thread than the container's own makes them.
 */
final class StreamTransport implements Transport {
    private static final Logger LOG = Logger.getLogger(StreamTransport.class.getPackageName());
    private static final int COPY_BYTES = 16 * 1024;

    /** How long a peer may take to end its direction once ours has ended. */
    private static final Duration LINGER = Duration.ofSeconds(2);

    /** How long a container may take to let a thread go that was interrupted. */
    private static final Duration LEAVE = Duration.ofSeconds(5);

    private final WebConnection connection;
    private final Use<ServletInputStream> in;
    private final Use<ServletOutputStream> out;
    private final SocketAddress local;
    private final SocketAddress peer;

    /** The writer's alone, for buffers that are not arrays. */
    private final byte[] copy = new byte[COPY_BYTES];

    /** The reader's alone, for the same. */
    private final byte[] read = new byte[COPY_BYTES];

    private final Duration linger;

    StreamTransport(WebConnection connection, SocketAddress local, SocketAddress peer) throws IOException {
        this(connection, local, peer, LINGER);
    }

    StreamTransport(WebConnection connection, SocketAddress local, SocketAddress peer, Duration linger)
            throws IOException {
        this.connection = connection;
        this.linger = linger;
        this.local = local;
        this.peer = peer;
        in = new Use<>(connection.getInputStream());
        out = new Use<>(connection.getOutputStream());
    }

    /** A stream and who is in it, since a container need not wake those when its connection is closed. */
    private static final class Use<T> {
        private final T stream;

        /** Has the thread that is in the container. */
        private final Semaphore inside = new Semaphore(1);

        private final ReentrantLock lock = new ReentrantLock();

        // Guarded by lock.
        private @Nullable Thread thread;
        private boolean ended;

        Use(T stream) {
            this.stream = stream;
        }

        T enter() throws ClosedChannelException {
            inside.acquireUninterruptibly();
            if (!change(Thread.currentThread())) {
                inside.release();
                throw new ClosedChannelException();
            }
            return stream;
        }

        void leave() {
            boolean _ = change(null);
            inside.release();
        }

        private boolean change(@Nullable Thread to) {
            lock.lock();
            try {
                thread = to;
                if (ended) {
                    boolean _ = Thread.interrupted(); // It was for this call alone.
                }
                return !ended;
            } finally {
                lock.unlock();
            }
        }

        /** Nobody enters any more. {@return whether that is new} */
        boolean end() {
            lock.lock();
            try {
                boolean first = !ended;
                ended = true;
                return first;
            } finally {
                lock.unlock();
            }
        }

        void wake() {
            lock.lock();
            try {
                if (thread != null) {
                    thread.interrupt();
                }
            } finally {
                lock.unlock();
            }
        }

        /** {@return whether nobody is inside in time} */
        boolean awaitLeft(Duration time) throws InterruptedException {
            boolean left = inside.tryAcquire(time.toMillis(), TimeUnit.MILLISECONDS);
            if (left) {
                inside.release();
            }
            return left;
        }
    }

    @Override
    public int read(ByteBuffer dst) throws IOException {
        ServletInputStream stream = in.enter();
        try {
            int count = stream.read(read, 0, Math.min(dst.remaining(), read.length));
            if (count > 0) {
                dst.put(read, 0, count);
            }
            return count;
        } finally {
            in.leave();
        }
    }

    /** Always fails: these streams know no time-out, and a connection keeps its own without. */
    @Override
    public int read(ByteBuffer dst, Duration timeout) throws IOException {
        throw new UnsupportedOperationException("the streams of servlets know no time-out");
    }

    @Override
    public long write(ByteBuffer[] srcs, int offset, int length) throws IOException {
        ServletOutputStream stream = out.enter();
        try {
            long written = 0;
            for (int i = offset; i < offset + length; i++) {
                while (srcs[i].hasRemaining()) {
                    int count = Math.min(srcs[i].remaining(), copy.length);
                    srcs[i].get(copy, 0, count);
                    stream.write(copy, 0, count);
                    written += count;
                }
            }
            stream.flush();
            return written;
        } finally {
            out.leave();
        }
    }

    /** Both directions end together. */
    @Override
    public void shutdownOutput() {}

    /** {@return false: a container ends both streams together} */
    @Override
    public boolean halfCloses() {
        return false;
    }

    @Override
    public void close() {
        if (end()) {
            Thread _ = Thread.ofVirtual().name("gibbon-servlet-close").start(this::closeConnection);
        }
    }

    /** The container has ended the streams, or is about to. */
    void ended() {
        boolean _ = end();
        in.wake();
    }

    private boolean end() {
        boolean first = in.end();
        boolean _ = out.end();
        out.wake();
        return first;
    }

    /**
     * Closes once nobody is inside: a container frees its buffers then, whoever still reads into them. The reader
     * leaves when the peer ends its direction, and else is interrupted; in Undertow that costs the socket until
     * garbage is collected, as the thread's selector keeps it.
     */
    private void closeConnection() {
        try {
            boolean _ = out.awaitLeft(LEAVE);
            withoutWaiting(out.stream);
            if (!in.awaitLeft(linger)) {
                in.wake();
                boolean _ = in.awaitLeft(LEAVE);
            }
            withoutWaiting(connection);
        } catch (InterruptedException e) {
            LOG.log(Level.FINE, "closed in a hurry", e);
        }
    }

    /** A container may wait for room to say that TLS ends: not in a thread that was interrupted. */
    private static void withoutWaiting(AutoCloseable end) {
        Thread.currentThread().interrupt();
        try {
            end.close();
        } catch (Exception e) { // The interface says no more of it.
            LOG.log(Level.FINE, "the container could not close", e);
        } finally {
            boolean _ = Thread.interrupted();
        }
    }

    @Override
    public Optional<SocketAddress> localAddress() {
        return Optional.of(local);
    }

    @Override
    public Optional<SocketAddress> peerAddress() {
        return Optional.of(peer);
    }
}

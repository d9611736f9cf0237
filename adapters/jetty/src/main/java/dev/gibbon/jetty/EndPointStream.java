// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.jetty;

import dev.gibbon.spi.AsyncStream;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.SSLSession;
import org.eclipse.jetty.io.ByteBufferPool;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.io.RetainableByteBuffer;
import org.eclipse.jetty.io.SocketChannelEndPoint;
import org.eclipse.jetty.util.BufferUtil;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of an endpoint by its events: of TLS, of a stream of HTTP/2, of whatever is no plain socket. Jetty tells
 * of room only to one who writes, so each write is handed over as a copy, and the next waits until that has left.
 */
class EndPointStream implements AsyncStream {
    /** What one write takes at most; as much waits in Jetty for a peer that does not read. */
    private static final int WRITE_BYTES = 64 * 1024;

    private final EndPoint endPoint;
    private final EndPoint below;
    private final ByteBufferPool buffers;
    private final Filling filling = new Filling();
    private final Writing writing = new Writing();

    /**
     * Over an endpoint.
     *
     * @param below the endpoint of the whole connection: the same, unless this is one of its streams
     */
    EndPointStream(EndPoint endPoint, EndPoint below, ByteBufferPool buffers) {
        this.endPoint = endPoint;
        this.below = below;
        this.buffers = buffers;
    }

    @Override
    public int read(ByteBuffer dst) throws IOException {
        // Jetty fills behind the limit: the buffer comes empty, as if to be read from.
        ByteBuffer sink = dst.slice().limit(0);
        int filled = endPoint.fill(sink);
        if (filled > 0) {
            dst.position(dst.position() + filled);
        } else if (filled == 0) {
            filling.rethrow();
        }
        return filled;
    }

    @Override
    public long write(ByteBuffer[] srcs, int offset, int length) throws IOException {
        return writing.begin(srcs, offset, length);
    }

    @Override
    public boolean flushed() throws IOException {
        return writing.isDone();
    }

    @Override
    public long unsent() {
        return writing.bytes;
    }

    @Override
    public void whenReadable(Runnable task) {
        filling.task = task;
        endPoint.fillInterested(filling);
    }

    @Override
    public void whenWritable(Runnable task) {
        writing.tell(task);
    }

    @Override
    public void shutdownOutput() {
        endPoint.shutdownOutput();
    }

    @Override
    public void close() {
        endPoint.close();
    }

    @Override
    public void abort() throws IOException {
        try {
            dropUnsent();
        } finally {
            close();
        }
    }

    /** Has the system forget what the peer has not taken, and tell it with a reset. */
    void dropUnsent() throws IOException {
        EndPoint lowest = endPoint;
        while (lowest instanceof EndPoint.Wrapper wrapper) {
            lowest = wrapper.unwrap();
        }
        if (lowest instanceof SocketChannelEndPoint socket
                && socket.getChannel().isOpen()
                && socket.getChannel().supportedOptions().contains(StandardSocketOptions.SO_LINGER)) {
            socket.getChannel().setOption(StandardSocketOptions.SO_LINGER, 0);
        }
    }

    @Override
    public Optional<SocketAddress> localAddress() {
        return Optional.ofNullable(endPoint.getLocalSocketAddress());
    }

    @Override
    public Optional<SocketAddress> peerAddress() {
        return Optional.ofNullable(endPoint.getRemoteSocketAddress());
    }

    @Override
    public Optional<SSLSession> tlsSession() {
        return Optional.ofNullable(below.getSslSessionData()).map(EndPoint.SslSessionData::sslSession);
    }

    /** Jetty has bytes, the end or a failure to tell of; the next read finds out which. One wait at a time. */
    private static final class Filling implements Callback {
        private @Nullable Runnable task;
        private volatile @Nullable Throwable failure;

        @Override
        public void succeeded() {
            Runnable told = task;
            if (told != null) {
                task = null;
                told.run();
            }
        }

        @Override
        public void failed(Throwable cause) {
            failure = cause;
            succeeded();
        }

        void rethrow() throws IOException {
            Throwable cause = failure;
            if (cause != null) {
                throw new IOException("nothing can be read any more", cause);
            }
        }

        /** The task only passes the news on to a loop: no thread of Jetty's is needed for it. */
        @Override
        public InvocationType getInvocationType() {
            return InvocationType.NON_BLOCKING;
        }
    }

    /** The one write that Jetty may be busy with. */
    private final class Writing implements Callback {
        private final AtomicReference<@Nullable Runnable> waiting = new AtomicReference<>();
        private @Nullable RetainableByteBuffer handedOver;
        private volatile @Nullable Throwable failure;

        /** How many bytes Jetty is busy with; 0 if it is not. */
        private volatile int bytes;

        long begin(ByteBuffer[] srcs, int offset, int length) throws IOException {
            if (!isDone()) {
                return 0;
            }
            RetainableByteBuffer copy = copy(srcs, offset, length);
            int taken = copy.remaining();
            handedOver = copy;
            bytes = taken;
            endPoint.write(this, copy.getByteBuffer());
            return taken;
        }

        private RetainableByteBuffer copy(ByteBuffer[] srcs, int offset, int length) {
            long wanted = 0;
            for (int i = offset; i < offset + length; i++) {
                wanted += srcs[i].remaining();
            }
            int left = (int) Math.min(wanted, WRITE_BYTES);
            RetainableByteBuffer copy = buffers.acquire(left, true);
            ByteBuffer room = copy.getByteBuffer();
            int start = BufferUtil.flipToFill(room);
            for (int i = offset; left > 0; i++) {
                int count = Math.min(left, srcs[i].remaining());
                room.put(srcs[i].slice(srcs[i].position(), count));
                srcs[i].position(srcs[i].position() + count);
                left -= count;
            }
            BufferUtil.flipToFlush(room, start);
            return copy;
        }

        boolean isDone() throws IOException {
            Throwable cause = failure;
            if (cause != null) {
                throw new IOException("nothing can be written any more", cause);
            }
            return bytes == 0;
        }

        void tell(Runnable task) {
            waiting.set(task);
            if (bytes == 0) {
                tellNow();
            }
        }

        private void tellNow() {
            Runnable task = waiting.getAndSet(null);
            if (task != null) {
                task.run();
            }
        }

        @Override
        public void succeeded() {
            RetainableByteBuffer sent = handedOver;
            if (sent != null) {
                handedOver = null;
                sent.release();
            }
            bytes = 0;
            tellNow();
        }

        @Override
        public void failed(Throwable cause) {
            failure = cause;
            succeeded();
        }

        @Override
        public InvocationType getInvocationType() {
            return InvocationType.NON_BLOCKING;
        }
    }
}

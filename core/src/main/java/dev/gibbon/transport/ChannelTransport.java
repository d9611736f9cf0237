// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.transport;

import dev.gibbon.support.BufferPool;
import java.io.EOFException;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of a connected {@link SocketChannel}, TCP or Unix-domain. In blocking mode it blocks the (virtual) thread;
 * in non-blocking mode, under a selector, a read or write that cannot move a byte answers 0, a timed read included.
 *
 * <p>Interrupting a thread that is blocked here closes the channel: the call ends with {@link
 * ClosedByInterruptException} and the thread keeps its interrupt flag.
 */
public final class ChannelTransport implements LoopTransport {
    /** Buffers per gather write: a few frames with header and payload apart; far below any system's limit. */
    private static final int MAX_BUFFERS = 64;

    /**
     * Heap bytes handed to the JDK in one call, at most. It copies heap buffers whole into a temporary direct buffer,
     * of any size, before each system call and keeps that buffer per carrier thread, so a single read into a large
     * array would pin as much outside the heap.
     */
    private static final int MAX_HEAP_BYTES = 256 * 1024;

    /** The same for a write, which wants a large message to leave in one system call. */
    private static final int MAX_HEAP_WRITE_BYTES = 4 * 1024 * 1024;

    /**
     * How many heap bytes the next write hands over. A peer that takes 100 KiB at a time would make the JDK copy the
     * rest of a large message again for each of them, so after a write that was not taken whole this is twice what was
     * taken, until one is. Writer's thread only.
     */
    private int heapWindow = MAX_HEAP_WRITE_BYTES;

    /** What a timed read takes at most where it must go through an array of its own. */
    private static final int TIMED_READ_BYTES = 8 * 1024;

    private final SocketChannel channel;
    private final boolean tcp;
    private final @Nullable SocketAddress localAddress;

    /** Changed only until a connection has this transport. */
    private @Nullable SocketAddress peerAddress;

    // Reader thread only.
    private @Nullable PendingRead pendingRead;

    /** What has to come before the peer's own bytes; null once it has, or if nothing has to. */
    private @Nullable ProxyHeader header;

    /**
     * Takes over a connected channel; whoever holds the transport closes it.
     *
     * @throws IOException if the channel is not connected any more; it is left open
     */
    public ChannelTransport(SocketChannel channel) throws IOException {
        this.channel = channel;
        tcp = channel.supportedOptions().contains(StandardSocketOptions.TCP_NODELAY);
        if (tcp) {
            // Every write is whole frames already; Nagle's
            // algorithm would only hold the last of them back.
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        }
        localAddress = channel.getLocalAddress();
        peerAddress = channel.getRemoteAddress();
    }

    /** Has the peer, a balancer, say first whom it speaks for. Before anything is read. */
    public void expectProxyHeader() {
        header = new ProxyHeader();
    }

    @Override
    public void speaksFor(SocketAddress client) {
        peerAddress = client;
    }

    /** {@return whether the balancer has said it} */
    private boolean readHeader(ProxyHeader expected) throws IOException {
        ByteBuffer in = ByteBuffer.allocate(expected.wanted());
        while (!expected.isDone()) {
            if (in.capacity() < expected.wanted()) {
                in = ByteBuffer.allocate(expected.wanted());
            }
            int count = channel.read(in.clear().limit(expected.wanted()));
            if (count < 0) {
                throw new EOFException("the stream ended before its PROXY header did");
            }
            if (count == 0) {
                return false;
            }
            expected.accept(in.flip());
        }
        expected.source().ifPresent(this::speaksFor);
        header = null;
        return true;
    }

    /**
     * Does nothing if a timed read on a Unix-domain channel has timed
     * out and still waits: only this transport's reads get its bytes.
     */
    @Override
    public Optional<SocketChannel> enterLoop() throws IOException {
        if (pendingRead != null) {
            return Optional.empty();
        }
        channel.configureBlocking(false);
        return Optional.of(channel);
    }

    @Override
    public boolean flush() {
        return true;
    }

    @Override
    public boolean buffersInput() {
        return false;
    }

    @Override
    public int read(ByteBuffer dst) throws IOException {
        ProxyHeader expected = header;
        if (expected != null && !readHeader(expected)) {
            return 0;
        }
        PendingRead pending = pendingRead;
        if (pending != null) {
            return finish(pending, dst, Long.MAX_VALUE);
        }
        int limit = dst.limit();
        if (!dst.isDirect() && dst.remaining() > MAX_HEAP_BYTES) {
            dst.limit(dst.position() + MAX_HEAP_BYTES);
        }
        try {
            return channel.read(dst);
        } finally {
            dst.limit(limit);
        }
    }

    @Override
    public int read(ByteBuffer dst, Duration timeout) throws IOException {
        requirePositive(timeout);
        if (!dst.hasRemaining() || !channel.isBlocking()) {
            return read(dst);
        }
        return tcp ? readTcp(dst, timeout) : readUnix(dst, timeout);
    }

    /** SO_TIMEOUT bounds reads through the channel's socket view alone; after it has fired the socket is as it was. */
    private int readTcp(ByteBuffer dst, Duration timeout) throws IOException {
        Socket socket = channel.socket();
        // 0 would mean for ever, so a part of a millisecond counts as a whole one.
        long millis = Math.ceilDiv(saturatedNanos(timeout), 1_000_000L);
        socket.setSoTimeout(Math.clamp(millis, 1, Integer.MAX_VALUE));
        boolean inPlace = dst.hasArray();
        int length = Math.min(dst.remaining(), inPlace ? MAX_HEAP_BYTES : TIMED_READ_BYTES);
        byte[] bytes = inPlace ? dst.array() : new byte[length];
        int offset = inPlace ? dst.arrayOffset() + dst.position() : 0;
        int count;
        try {
            count = socket.getInputStream().read(bytes, offset, length);
        } catch (SocketTimeoutException _) {
            return 0;
        }
        if (count > 0) {
            if (inPlace) {
                dst.position(dst.position() + count);
            } else {
                dst.put(bytes, 0, count);
            }
        }
        return count;
    }

    /**
     * A Unix-domain channel has no socket view. Making it non-blocking for a selector would take the writer's lock, so
     * a blocked writer would hold the reader past its time and a busy one would suddenly see non-blocking writes. So a
     * virtual thread of its own does a plain read; the caller waits for that thread, and the next read takes up where
     * this one left.
     */
    private int readUnix(ByteBuffer dst, Duration timeout) throws IOException {
        PendingRead pending = pendingRead;
        if (pending == null) {
            pending = new PendingRead(channel, Math.min(dst.remaining(), TIMED_READ_BYTES));
            pendingRead = pending;
            Thread.ofVirtual().name("gibbon-timed-read").start(pending.task);
        }
        return finish(pending, dst, saturatedNanos(timeout));
    }

    private int finish(PendingRead pending, ByteBuffer dst, long nanos) throws IOException {
        int count;
        try {
            count = pending.task.get(nanos, TimeUnit.NANOSECONDS);
        } catch (TimeoutException _) {
            return 0;
        } catch (ExecutionException e) {
            pendingRead = null;
            throw new IOException("the timed read failed", e.getCause());
        } catch (InterruptedException _) {
            close();
            Thread.currentThread().interrupt();
            throw new ClosedByInterruptException();
        }
        if (count < 0) {
            pendingRead = null;
            return -1;
        }
        int moved = moveBytes(pending.bytes, dst);
        if (!pending.bytes.hasRemaining()) {
            pendingRead = null;
        }
        return moved;
    }

    @Override
    public long write(ByteBuffer[] srcs, int offset, int length) throws IOException {
        int count = Math.min(length, MAX_BUFFERS);
        int heapBytes = 0;
        for (int i = 0; i < count; i++) {
            ByteBuffer src = srcs[offset + i];
            if (src.isDirect()) {
                continue;
            }
            int room = heapWindow - heapBytes;
            if (src.remaining() > room) {
                return writeWindow(srcs, offset, i + 1, room);
            }
            heapBytes += src.remaining();
        }
        return writeNow(srcs, offset, count);
    }

    private void adjustWindow(long wanted, long taken) {
        heapWindow = taken == wanted
                ? MAX_HEAP_WRITE_BYTES
                : Math.clamp(2 * taken, BufferPool.BUFFER_BYTES, MAX_HEAP_WRITE_BYTES);
    }

    /** Writes {@code length} buffers, of the last one only {@code window} bytes. */
    private long writeWindow(ByteBuffer[] srcs, int offset, int length, int window) throws IOException {
        ByteBuffer last = srcs[offset + length - 1];
        int limit = last.limit();
        last.limit(last.position() + window);
        try {
            return writeNow(srcs, offset, length);
        } finally {
            last.limit(limit);
        }
    }

    private long writeNow(ByteBuffer[] srcs, int offset, int length) throws IOException {
        long wanted = 0;
        for (int i = offset; i < offset + length; i++) {
            wanted += srcs[i].remaining();
        }
        long taken = length == 1 ? channel.write(srcs[offset]) : channel.write(srcs, offset, length);
        adjustWindow(wanted, taken);
        return taken;
    }

    @Override
    public void shutdownOutput() throws IOException {
        channel.shutdownOutput();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    /**
     * Closes like {@link #close()}, but throws away what the peer has not taken yet and tells it so with a TCP reset,
     * so that the system does not keep buffers for a peer that does not read. A Unix-domain channel just closes.
     */
    @Override
    public void abort() throws IOException {
        try {
            if (tcp && channel.isOpen()) {
                channel.setOption(StandardSocketOptions.SO_LINGER, 0);
            }
        } finally {
            close();
        }
    }

    @Override
    public Optional<SocketAddress> localAddress() {
        return Optional.ofNullable(localAddress);
    }

    @Override
    public Optional<SocketAddress> peerAddress() {
        return Optional.ofNullable(peerAddress);
    }

    static void requirePositive(Duration timeout) {
        if (!timeout.isPositive()) {
            throw new IllegalArgumentException("timeout must be positive: " + timeout);
        }
    }

    /** {@return the nanoseconds of {@code duration}, or the most a {@code long} can say} */
    static long saturatedNanos(Duration duration) {
        return TimeUnit.NANOSECONDS.convert(duration);
    }

    /** Moves as many bytes as fit. */
    static int moveBytes(ByteBuffer from, ByteBuffer to) {
        int count = Math.min(from.remaining(), to.remaining());
        to.put(to.position(), from, from.position(), count);
        to.position(to.position() + count);
        from.position(from.position() + count);
        return count;
    }

    /**
     * A read that outlives the timed call that began it. {@code bytes} is the task's until it is done, then the
     * reader's.
     */
    private static final class PendingRead {
        final ByteBuffer bytes;
        final FutureTask<Integer> task;

        PendingRead(SocketChannel channel, int size) {
            bytes = ByteBuffer.allocate(size);
            task = new FutureTask<>(() -> {
                int count = channel.read(bytes);
                bytes.flip();
                return count;
            });
        }
    }
}

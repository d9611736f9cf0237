// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.testkit.Splitter;
import dev.gibbon.transport.ChannelTransport;
import dev.gibbon.transport.LoopTransport;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

/** One end of a TCP connection on loopback that counts what it moves, and reads as its splitter likes. */
final class LoopEnd implements LoopTransport {
    private final SocketChannel channel;
    private final ChannelTransport transport;
    private final Splitter reads;
    final AtomicLong bytesRead = new AtomicLong();
    final AtomicLong bytesWritten = new AtomicLong();
    final AtomicLong writes = new AtomicLong();

    private LoopEnd(SocketChannel channel, Splitter reads) throws IOException {
        this.channel = channel;
        this.transport = new ChannelTransport(channel);
        this.reads = reads;
    }

    /** Two ends of one connection: the first is the one under test. */
    record Pair(LoopEnd near, LoopEnd far) {}

    static Pair pair(Splitter nearReads) throws IOException {
        return pair(nearReads, 0);
    }

    /** The same, with the kernel's buffers at about {@code bufferBytes}, if that is not 0. */
    static Pair pair(Splitter nearReads, int bufferBytes) throws IOException {
        try (ServerSocketChannel listener = ServerSocketChannel.open()) {
            listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            SocketChannel far = SocketChannel.open();
            if (bufferBytes > 0) {
                far.setOption(StandardSocketOptions.SO_RCVBUF, bufferBytes);
            }
            if (!far.connect(listener.getLocalAddress())) {
                throw new IOException("not connected");
            }
            SocketChannel near = listener.accept();
            if (bufferBytes > 0) {
                near.setOption(StandardSocketOptions.SO_SNDBUF, bufferBytes);
            }
            return new Pair(new LoopEnd(near, nearReads), new LoopEnd(far, Splitter.whole()));
        }
    }

    boolean isOpen() {
        return channel.isOpen();
    }

    /** Closes with a TCP reset. */
    void reset() throws IOException {
        channel.setOption(StandardSocketOptions.SO_LINGER, 0);
        channel.close();
    }

    @Override
    public Optional<SocketChannel> enterLoop() throws IOException {
        return transport.enterLoop();
    }

    @Override
    public boolean flush() {
        return transport.flush();
    }

    @Override
    public boolean buffersInput() {
        return transport.buffersInput();
    }

    @Override
    public int read(ByteBuffer dst) throws IOException {
        int limit = dst.limit();
        dst.limit(dst.position() + reads.split(bytesRead.get(), dst.remaining()));
        try {
            return counted(transport.read(dst));
        } finally {
            dst.limit(limit);
        }
    }

    @Override
    public int read(ByteBuffer dst, Duration timeout) throws IOException {
        return counted(transport.read(dst, timeout));
    }

    private int counted(int n) {
        long _ = bytesRead.addAndGet(Math.max(0, n));
        return n;
    }

    @Override
    public long write(ByteBuffer[] srcs, int offset, int length) throws IOException {
        long _ = writes.incrementAndGet();
        long n = transport.write(srcs, offset, length);
        long _ = bytesWritten.addAndGet(n);
        return n;
    }

    @Override
    public void shutdownOutput() throws IOException {
        transport.shutdownOutput();
    }

    @Override
    public void close() throws IOException {
        transport.close();
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.transport;

import dev.gibbon.spi.Transport;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;

/** Two connected transports, and what tests do with them. */
record TransportPair(Transport client, Transport server) implements AutoCloseable {
    static TransportPair tcp() throws IOException {
        try (ServerSocketChannel listener = ServerSocketChannel.open()) {
            listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            SocketChannel client = SocketChannel.open(listener.getLocalAddress());
            return new TransportPair(new ChannelTransport(client), new ChannelTransport(listener.accept()));
        }
    }

    static TransportPair unix() throws IOException {
        Path directory = Files.createTempDirectory("gib");
        Path path = directory.resolve("s");
        try (ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            listener.bind(UnixDomainSocketAddress.of(path));
            SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(path));
            return new TransportPair(new ChannelTransport(client), new ChannelTransport(listener.accept()));
        } finally {
            Files.deleteIfExists(path);
            Files.delete(directory);
        }
    }

    static TransportPair memory(int maxMove, long seed) {
        MemoryTransport[] ends = MemoryTransport.pair(50_000, maxMove, seed);
        return new TransportPair(ends[0], ends[1]);
    }

    static void writeAll(Transport transport, ByteBuffer... buffers) throws IOException {
        long left = 0;
        for (ByteBuffer buffer : buffers) {
            left += buffer.remaining();
        }
        while (left > 0) {
            left -= transport.write(buffers, 0, buffers.length);
        }
    }

    static void writeAll(Transport transport, byte[] bytes) throws IOException {
        writeAll(transport, ByteBuffer.wrap(bytes));
    }

    static byte[] readExactly(Transport transport, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        while (bytes.hasRemaining()) {
            if (transport.read(bytes) < 0) {
                throw new IOException("ended after " + bytes.position() + " of " + length);
            }
        }
        return bytes.array();
    }

    /** Runs {@code work} on a virtual thread. */
    static <T> FutureTask<T> start(Callable<T> work) {
        FutureTask<T> task = new FutureTask<>(work);
        Thread _ = Thread.startVirtualThread(task);
        return task;
    }

    @Override
    public void close() throws IOException {
        client.close();
        server.close();
    }
}

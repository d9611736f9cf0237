// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.tomcat.internal;

import dev.gibbon.spi.AsyncStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SocketChannel;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import javax.net.ssl.SSLSession;
import org.apache.tomcat.util.net.NioChannel;
import org.apache.tomcat.util.net.NioEndpoint.NioSocketWrapper;
import org.apache.tomcat.util.net.SecureNioChannel;

/**
 * The bytes of a connection that Tomcat decrypts, by its channel and its buffers, while a loop of ours watches the
 * socket. TLS cannot be ended by halves there.
 */
final class TlsStream implements AsyncStream {
    private final NioSocketWrapper wrapper;
    private final SocketChannel socket;
    private final GiveBack giveBack;
    private final Optional<SSLSession> session;
    private final Optional<SocketAddress> local;
    private final Optional<SocketAddress> peer;

    /** Held while bytes move, which never waits: reading may have to write, such as the answer to a key update. */
    private final ReentrantLock lock;

    TlsStream(NioSocketWrapper wrapper, SecureNioChannel channel, GiveBack giveBack) throws IOException {
        this.wrapper = wrapper;
        this.giveBack = giveBack;
        lock = giveBack.moving;
        socket = channel.getIOChannel();
        session = Optional.of(channel.getSslEngine().getSession());
        local = Optional.ofNullable(socket.getLocalAddress());
        peer = Optional.ofNullable(socket.getRemoteAddress());
    }

    @Override
    public int read(ByteBuffer dst) throws IOException {
        int limit = dst.limit();
        lock.lock();
        try {
            return wrapper.read(false, dst);
        } catch (EOFException _) {
            return -1;
        } finally {
            lock.unlock();
            dst.limit(limit); // The wrapper may have lowered it.
        }
    }

    @Override
    public long write(ByteBuffer[] srcs, int offset, int length) throws IOException {
        // Tomcat refuses to write for a thread that is interrupted. That must end no connection.
        boolean interrupted = Thread.interrupted();
        lock.lock();
        try {
            return writeRecords(wrapper.getSocket(), srcs, offset, length);
        } finally {
            lock.unlock();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Each write makes one record, unless the one before has not left. */
    private static long writeRecords(NioChannel channel, ByteBuffer[] srcs, int offset, int length) throws IOException {
        long taken = 0;
        int from = offset;
        while (from < offset + length) {
            if (!srcs[from].hasRemaining()) {
                from++;
                continue;
            }
            long count = channel.write(srcs, from, offset + length - from);
            if (count <= 0) {
                break;
            }
            taken += count;
        }
        return taken;
    }

    @Override
    public boolean flushed() throws IOException {
        boolean interrupted = Thread.interrupted();
        lock.lock();
        try {
            NioChannel channel = wrapper.getSocket();
            return channel.getOutboundRemaining() == 0
                    || (channel.flushOutbound() && channel.getOutboundRemaining() == 0);
        } finally {
            lock.unlock();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public long unsent() {
        lock.lock();
        try {
            return wrapper.getSocket().getOutboundRemaining();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public Optional<SelectableChannel> channel() {
        return Optional.of(socket);
    }

    /** Never called: the channel tells. */
    @Override
    public void whenReadable(Runnable task) {
        throw new UnsupportedOperationException("the channel tells");
    }

    /** Never called: the channel tells. */
    @Override
    public void whenWritable(Runnable task) {
        throw new UnsupportedOperationException("the channel tells");
    }

    @Override
    public boolean halfCloses() {
        return false;
    }

    @Override
    public void shutdownOutput() {
        close();
    }

    @Override
    public void close() {
        giveBack.run();
    }

    @Override
    public void abort() throws IOException {
        try {
            if (socket.isOpen()) {
                socket.setOption(StandardSocketOptions.SO_LINGER, 0);
            }
        } finally {
            close();
        }
    }

    @Override
    public Optional<SocketAddress> localAddress() {
        return local;
    }

    @Override
    public Optional<SocketAddress> peerAddress() {
        return peer;
    }

    @Override
    public Optional<SSLSession> tlsSession() {
        return session;
    }
}

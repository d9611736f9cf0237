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

/** The two streams of an upgraded servlet connection, which block and end together. */
final class StreamTransport implements Transport {
    private static final int COPY_BYTES = 16 * 1024;

    private final WebConnection connection;
    private final ServletInputStream in;
    private final ServletOutputStream out;

    /** The writer's alone, for buffers that are not arrays. */
    private final byte[] copy = new byte[COPY_BYTES];

    /** The reader's alone, for the same. */
    private final byte[] read = new byte[COPY_BYTES];

    private final SocketAddress local;
    private final SocketAddress peer;

    private volatile boolean closed;

    StreamTransport(WebConnection connection, SocketAddress local, SocketAddress peer) throws IOException {
        this.connection = connection;
        this.local = local;
        this.peer = peer;
        in = connection.getInputStream();
        out = connection.getOutputStream();
    }

    @Override
    public int read(ByteBuffer dst) throws IOException {
        requireOpen();
        int count = in.read(read, 0, Math.min(dst.remaining(), read.length));
        if (count > 0) {
            dst.put(read, 0, count);
        }
        return count;
    }

    /** Always fails: these streams know no time-out, and a connection keeps its own without. */
    @Override
    public int read(ByteBuffer dst, Duration timeout) throws IOException {
        throw new UnsupportedOperationException("the streams of servlets know no time-out");
    }

    @Override
    public long write(ByteBuffer[] srcs, int offset, int length) throws IOException {
        requireOpen();
        long written = 0;
        for (int i = offset; i < offset + length; i++) {
            while (srcs[i].hasRemaining()) {
                int count = Math.min(srcs[i].remaining(), copy.length);
                srcs[i].get(copy, 0, count);
                out.write(copy, 0, count);
                written += count;
            }
        }
        out.flush();
        return written;
    }

    private void requireOpen() throws ClosedChannelException {
        if (closed) {
            throw new ClosedChannelException();
        }
    }

    @Override
    public void shutdownOutput() throws IOException {
        out.flush();
    }

    /** {@return false: a container ends both streams together} */
    @Override
    public boolean halfCloses() {
        return false;
    }

    @Override
    public void close() throws IOException {
        ended();
        try {
            connection.close();
        } catch (IOException e) {
            throw e;
        } catch (Exception e) {
            throw new IOException("the container could not close", e);
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

    /** The container has ended the streams, or is about to. */
    void ended() {
        closed = true;
    }
}

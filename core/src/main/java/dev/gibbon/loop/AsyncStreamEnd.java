// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.loop;

import dev.gibbon.spi.AsyncStream;
import dev.gibbon.transport.Stream;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.util.Optional;
import javax.net.ssl.SSLSession;

/**
 * An {@link AsyncStream} as connections see streams. What it throws that is no IOException breaks it all the same:
 * it is somebody else's code, and the connection is to end whole.
 */
public record AsyncStreamEnd(AsyncStream stream) implements Stream {
    @Override
    public int read(ByteBuffer dst) throws IOException {
        try {
            return stream.read(dst);
        } catch (RuntimeException e) {
            throw broken(e);
        }
    }

    @Override
    public long write(ByteBuffer[] srcs, int offset, int length) throws IOException {
        try {
            return stream.write(srcs, offset, length);
        } catch (RuntimeException e) {
            throw broken(e);
        }
    }

    @Override
    public boolean flush() throws IOException {
        try {
            return stream.flushed();
        } catch (RuntimeException e) {
            throw broken(e);
        }
    }

    @Override
    public long unsent() {
        return stream.unsent();
    }

    @Override
    public boolean buffersInput() {
        return stream.buffersInput();
    }

    @Override
    public void shutdownOutput() throws IOException {
        try {
            stream.shutdownOutput();
        } catch (RuntimeException e) {
            throw broken(e);
        }
    }

    @Override
    public boolean halfCloses() {
        return stream.halfCloses();
    }

    @Override
    public void close() throws IOException {
        try {
            stream.close();
        } catch (RuntimeException e) {
            throw broken(e);
        }
    }

    @Override
    public void abort() throws IOException {
        try {
            stream.abort();
        } catch (RuntimeException e) {
            throw broken(e);
        }
    }

    @Override
    public Optional<SocketAddress> localAddress() {
        return stream.localAddress();
    }

    @Override
    public Optional<SocketAddress> peerAddress() {
        return stream.peerAddress();
    }

    @Override
    public Optional<SSLSession> tlsSession() {
        return stream.tlsSession();
    }

    private static IOException broken(RuntimeException thrown) {
        return new IOException("the stream failed", thrown);
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.internal.Stream;
import dev.gibbon.spi.AsyncStream;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.util.Optional;
import javax.net.ssl.SSLSession;

/** An {@link AsyncStream} as connections see streams. */
record AsyncStreamEnd(AsyncStream stream) implements Stream {
    @Override
    public int read(ByteBuffer dst) throws IOException {
        return stream.read(dst);
    }

    @Override
    public long write(ByteBuffer[] srcs, int offset, int length) throws IOException {
        return stream.write(srcs, offset, length);
    }

    @Override
    public boolean flush() throws IOException {
        return stream.flushed();
    }

    @Override
    public long unsent() {
        return stream.unsent();
    }

    /** Its owner tells of every byte, but a call for each read would cost more than a read in vain. */
    @Override
    public boolean buffersInput() {
        return true;
    }

    @Override
    public void shutdownOutput() throws IOException {
        stream.shutdownOutput();
    }

    @Override
    public boolean halfCloses() {
        return stream.halfCloses();
    }

    @Override
    public void close() throws IOException {
        stream.close();
    }

    @Override
    public void abort() throws IOException {
        stream.abort();
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
}

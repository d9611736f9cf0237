// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.client;

import dev.gibbon.spi.Transport;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import javax.net.ssl.SSLSession;

/** A transport of which some bytes were read before. */
final class PrefixedTransport implements Transport {
    private final Transport rest;

    // Reader thread only.
    private final ByteBuffer prefix;

    private PrefixedTransport(ByteBuffer prefix, Transport rest) {
        this.prefix = prefix;
        this.rest = rest;
    }

    /** {@return a transport that brings {@code prefix} first; {@code rest} itself if that is empty} */
    static Transport of(ByteBuffer prefix, Transport rest) {
        return prefix.hasRemaining() ? new PrefixedTransport(prefix, rest) : rest;
    }

    @Override
    public int read(ByteBuffer dst) throws IOException {
        return prefix.hasRemaining() ? takePrefix(dst) : rest.read(dst);
    }

    @Override
    public int read(ByteBuffer dst, Duration timeout) throws IOException {
        return prefix.hasRemaining() ? takePrefix(dst) : rest.read(dst, timeout);
    }

    private int takePrefix(ByteBuffer dst) {
        int count = Math.min(prefix.remaining(), dst.remaining());
        dst.put(dst.position(), prefix, prefix.position(), count);
        dst.position(dst.position() + count);
        prefix.position(prefix.position() + count);
        return count;
    }

    @Override
    public long write(ByteBuffer[] srcs, int offset, int length) throws IOException {
        return rest.write(srcs, offset, length);
    }

    @Override
    public void shutdownOutput() throws IOException {
        rest.shutdownOutput();
    }

    @Override
    public void close() throws IOException {
        rest.close();
    }

    @Override
    public Optional<SocketAddress> localAddress() {
        return rest.localAddress();
    }

    @Override
    public Optional<SocketAddress> peerAddress() {
        return rest.peerAddress();
    }

    @Override
    public Optional<SSLSession> tlsSession() {
        return rest.tlsSession();
    }
}

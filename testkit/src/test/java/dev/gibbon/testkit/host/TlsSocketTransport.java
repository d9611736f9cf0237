// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit.host;

import dev.gibbon.spi.Transport;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import javax.net.ssl.SSLSession;
import javax.net.ssl.SSLSocket;

/** The streams of a socket with TLS, which block, as a server may hand them over. */
record TlsSocketTransport(SSLSocket socket) implements Transport {
    @Override
    public int read(ByteBuffer dst) throws IOException {
        return read(dst, 0);
    }

    @Override
    public int read(ByteBuffer dst, Duration timeout) throws IOException {
        try {
            return read(dst, Math.clamp(timeout.toMillis(), 1, Integer.MAX_VALUE));
        } catch (SocketTimeoutException _) {
            return 0;
        }
    }

    private int read(ByteBuffer dst, int timeoutMillis) throws IOException {
        socket.setSoTimeout(timeoutMillis);
        byte[] bytes = new byte[dst.remaining()];
        int count = socket.getInputStream().read(bytes);
        if (count > 0) {
            dst.put(bytes, 0, count);
        }
        return count;
    }

    @Override
    public long write(ByteBuffer[] srcs, int offset, int length) throws IOException {
        for (int i = offset; i < offset + length; i++) {
            if (srcs[i].hasRemaining()) {
                byte[] bytes = new byte[srcs[i].remaining()];
                srcs[i].get(bytes);
                socket.getOutputStream().write(bytes);
                return bytes.length;
            }
        }
        return 0;
    }

    @Override
    public void shutdownOutput() throws IOException {
        socket.shutdownOutput();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }

    @Override
    public Optional<SocketAddress> peerAddress() {
        return Optional.of(socket.getRemoteSocketAddress());
    }

    @Override
    public Optional<SSLSession> tlsSession() {
        return Optional.of(socket.getSession());
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit;

import dev.gibbon.spi.Transport;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;

/** A TCP connection of a scripted peer, with TLS or without. It favours few lines over speed. */
final class SocketTransport implements Transport {
    private final Socket tcp;

    /** What carries the bytes: the same without TLS. */
    private final Socket socket;

    private SocketTransport(Socket tcp, Socket socket) {
        this.tcp = tcp;
        this.socket = socket;
    }

    static SocketTransport connect(String host, int port, Duration timeout) throws IOException {
        Socket socket = new Socket();
        try {
            socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
            socket.connect(new InetSocketAddress(host, port), (int) timeout.toMillis());
            return new SocketTransport(socket, socket);
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    static SocketTransport connect(String host, int port, Duration timeout, SSLContext tls) throws IOException {
        SocketTransport below = connect(host, port, timeout);
        try {
            below.tcp.setSoTimeout((int) timeout.toMillis());
            Socket socket = tls.getSocketFactory().createSocket(below.tcp, host, port, true);
            ((SSLSocket) socket).startHandshake();
            return new SocketTransport(below.tcp, socket);
        } catch (IOException e) {
            below.close();
            throw e;
        }
    }

    @Override
    public int read(ByteBuffer dst) throws IOException {
        return read(dst, 0);
    }

    @Override
    public int read(ByteBuffer dst, Duration timeout) throws IOException {
        Waits.positive(timeout, "timeout");
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
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (int i = offset; i < offset + length; i++) {
            byte[] bytes = new byte[srcs[i].remaining()];
            srcs[i].get(bytes);
            all.writeBytes(bytes);
        }
        socket.getOutputStream().write(all.toByteArray());
        return all.size();
    }

    @Override
    public void shutdownOutput() throws IOException {
        if (!socket.isOutputShutdown()) {
            socket.shutdownOutput();
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }

    /** Closes with a TCP reset: an abortive close is what a linger time of zero means. */
    void reset() throws IOException {
        tcp.setSoLinger(true, 0);
        tcp.close();
    }

    @Override
    public Optional<SocketAddress> localAddress() {
        return Optional.ofNullable(socket.getLocalSocketAddress());
    }

    @Override
    public Optional<SocketAddress> peerAddress() {
        return Optional.ofNullable(socket.getRemoteSocketAddress());
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit.host;

import dev.gibbon.Connection;
import dev.gibbon.ConnectionHandler;
import dev.gibbon.Headers;
import dev.gibbon.Listener;
import dev.gibbon.spi.UpgradeReply;
import dev.gibbon.spi.UpgradeRequest;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;

/**
 * A server that knows as much of HTTP as the suite asks, with a thread for each transport: it hands over the socket's
 * channel, or streams that block where it speaks TLS.
 */
final class RawServer implements RunningHost {
    /** What becomes of a transport when a request was answered. */
    private enum Next {
        ANOTHER_REQUEST,
        END,
        WEB_SOCKET
    }

    private static final int MAX_HEAD_BYTES = 64 * 1024;

    private final Site site;
    private final ServerSocketChannel listening;
    private final Set<SocketChannel> channels = ConcurrentHashMap.newKeySet();
    private final Set<Connection> connections = ConcurrentHashMap.newKeySet();
    private final Thread accepting;

    RawServer(Site site) throws IOException {
        this.site = site;
        listening = ServerSocketChannel.open().bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 200);
        accepting = Thread.ofVirtual().start(this::acceptAll);
    }

    @Override
    public int port() {
        return listening.socket().getLocalPort();
    }

    private void acceptAll() {
        try {
            while (true) {
                SocketChannel channel = listening.accept();
                channels.add(channel);
                Thread _ = Thread.ofVirtual().start(() -> serve(channel));
            }
        } catch (IOException _) {
            // The server was closed.
        }
    }

    private void serve(SocketChannel channel) {
        try {
            if (answerAll(channel) != Next.WEB_SOCKET) {
                channel.close();
            }
        } catch (IOException _) {
            abort(channel);
        } finally {
            channels.remove(channel);
        }
    }

    private static void abort(SocketChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            throw new IllegalStateException("a channel cannot be closed", e);
        }
    }

    private Next answerAll(SocketChannel channel) throws IOException {
        Socket socket = channel.socket();
        if (site.idle().isPresent()) {
            socket.setSoTimeout((int) site.idle().orElseThrow().toMillis());
        }
        if (site.tls().isPresent()) {
            SSLSocketFactory factory = site.tls().orElseThrow().context().getSocketFactory();
            InetSocketAddress peer = (InetSocketAddress) channel.getRemoteAddress();
            SSLSocket tls = (SSLSocket) factory.createSocket(socket, peer.getHostString(), peer.getPort(), true);
            tls.setUseClientMode(false);
            socket = tls;
        }
        ByteBuffer received = ByteBuffer.allocate(MAX_HEAD_BYTES);
        Next next = Next.ANOTHER_REQUEST;
        for (int end = head(socket, received); end >= 0; end = head(socket, received)) {
            String[] lines = latin1(received, end).split("\r\n");
            received.flip().position(end + 4);
            next = answer(channel, socket, lines, received);
            if (next != Next.ANOTHER_REQUEST) {
                break;
            }
            received.compact();
        }
        return next;
    }

    /** {@return where a head ends that has been received, or -1 if there is none to come} */
    private static int head(Socket socket, ByteBuffer received) throws IOException {
        for (int end = end(received); ; end = end(received)) {
            if (end >= 0) {
                return end;
            }
            int n = socket.getInputStream().read(received.array(), received.position(), received.remaining());
            if (n < 0) {
                return -1;
            }
            received.position(received.position() + n);
        }
    }

    private static int end(ByteBuffer received) {
        return latin1(received, received.position()).indexOf("\r\n\r\n");
    }

    private static String latin1(ByteBuffer bytes, int to) {
        return new String(bytes.array(), 0, to, StandardCharsets.ISO_8859_1);
    }

    private Next answer(SocketChannel channel, Socket socket, String[] lines, ByteBuffer rest) throws IOException {
        String path = lines[0].split(" ", -1)[1];
        if (path.equals("/plain")) {
            respond(socket, 200, Headers.of(), "plain".getBytes(StandardCharsets.ISO_8859_1));
            return Next.ANOTHER_REQUEST;
        }
        UpgradeReply reply = site.host().reply(site.upgrader(), request(lines), Headers.of());
        respond(socket, reply.status(), reply.headers(), reply.body());
        return switch (reply) {
            case UpgradeReply.Refused _ -> {
                // Its fields say that it is the last.
                socket.close();
                yield Next.END;
            }
            case UpgradeReply.Accepted accepted -> {
                open(path, accepted, channel, socket, rest);
                yield Next.WEB_SOCKET;
            }
        };
    }

    private UpgradeRequest request(String[] lines) {
        Headers.Builder fields = Headers.builder();
        for (String line : Arrays.asList(lines).subList(1, lines.length)) {
            int colon = line.indexOf(':');
            fields.add(line.substring(0, colon), line.substring(colon + 1).strip());
        }
        Headers headers = fields.build();
        String[] words = lines[0].split(" ", -1);
        String host = headers.first("Host").orElse("");
        return UpgradeRequest.http(words[0], words[2], host, site.tls().isPresent(), headers);
    }

    private static void respond(Socket socket, int status, Headers fields, byte[] body) throws IOException {
        StringBuilder head = new StringBuilder("HTTP/1.1 " + status + " Any Text\r\n");
        for (Headers.Field field : fields) {
            head.append(field.name()).append(": ").append(field.value()).append("\r\n");
        }
        if (status != 101) {
            head.append("Content-Length: ").append(body.length).append("\r\n");
        }
        socket.getOutputStream().write((head + "\r\n").getBytes(StandardCharsets.ISO_8859_1));
        socket.getOutputStream().write(body);
    }

    private void open(
            String path, UpgradeReply.Accepted accepted, SocketChannel channel, Socket socket, ByteBuffer rest)
            throws IOException {
        Connection connection = socket instanceof SSLSocket tls
                ? site.host().open(accepted, new TlsSocketTransport(tls), rest)
                : site.host().open(accepted, channel, rest, () -> {});
        connections.add(connection);
        CompletableFuture<Void> _ = connection.closed().thenRun(() -> connections.remove(connection));
        Listener listener = site.listeners().get(path);
        if (listener != null) {
            connection.listen(listener);
        } else {
            Thread _ = site.host().serve(connection, handler(path));
        }
    }

    private ConnectionHandler handler(String path) {
        ConnectionHandler handler = site.handlers().get(path);
        return handler == null ? site.room().apply(path.substring("/room/".length())) : handler;
    }

    /** Ends the transports that no WebSocket has, and drops the WebSockets: a selector is told of no closed channel. */
    @Override
    public void close() throws Exception {
        listening.close();
        accepting.join();
        for (SocketChannel channel : channels) {
            channel.close();
        }
        connections.forEach(Connection::abort);
    }
}

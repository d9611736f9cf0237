// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.peers.javawebsocket;

import dev.gibbon.peers.common.Settings;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.java_websocket.WebSocket;
import org.java_websocket.drafts.Draft;
import org.java_websocket.drafts.Draft_6455;
import org.java_websocket.extensions.IExtension;
import org.java_websocket.extensions.permessage_deflate.PerMessageDeflateExtension;
import org.java_websocket.handshake.ClientHandshake;
import org.java_websocket.server.DefaultSSLWebSocketServerFactory;
import org.java_websocket.server.WebSocketServer;

/** Java-WebSocket's server: one selector thread, and as many decoders as there may be loops. */
public final class Main {
    private Main() {}

    public static void main(String[] args) throws Exception {
        Settings settings = Settings.of(args);
        Server server = new Server(settings);
        server.setTcpNoDelay(true);
        server.setReuseAddr(true);
        server.setMaxPendingConnections(Settings.BACKLOG);
        server.setConnectionLostTimeout(0);
        if (settings.tls().isPresent()) {
            server.setWebSocketFactory(
                    new DefaultSSLWebSocketServerFactory(settings.tls().get().context()));
        }
        server.start();
    }

    private static final class Server extends WebSocketServer {
        private final Set<WebSocket> members = ConcurrentHashMap.newKeySet();

        private Server(Settings settings) {
            super(
                    new InetSocketAddress("0.0.0.0", settings.port()),
                    settings.loops().orElse(Runtime.getRuntime().availableProcessors()),
                    drafts(settings));
        }

        private static List<Draft> drafts(Settings settings) {
            List<IExtension> extensions = settings.deflate() ? List.of(compression(settings)) : List.of();
            return List.of(new Draft_6455(extensions, Settings.MAX_MESSAGE_BYTES));
        }

        private static IExtension compression(Settings settings) {
            PerMessageDeflateExtension extension = new PerMessageDeflateExtension(settings.deflateLevel());
            extension.setThreshold(0);
            return extension;
        }

        @Override
        public void onStart() {
            Settings.ready();
        }

        @Override
        public void onOpen(WebSocket connection, ClientHandshake handshake) {
            switch (connection.getResourceDescriptor()) {
                case "/echo" -> {}
                case "/broadcast" -> {
                    connection.setAttachment(members);
                    members.add(connection);
                }
                default -> connection.close();
            }
        }

        @Override
        public void onMessage(WebSocket connection, String message) {
            if (connection.getAttachment() == null) {
                connection.send(message);
            } else {
                broadcast(message, members);
            }
        }

        @Override
        public void onMessage(WebSocket connection, ByteBuffer message) {
            if (connection.getAttachment() == null) {
                connection.send(message);
            } else {
                broadcast(message, members);
            }
        }

        @Override
        public void onClose(WebSocket connection, int code, String reason, boolean remote) {
            members.remove(connection);
        }

        @Override
        public void onError(WebSocket connection, Exception cause) {
            if (connection == null) { // the server itself, not one of its connections
                cause.printStackTrace();
                System.exit(1);
            }
        }
    }
}

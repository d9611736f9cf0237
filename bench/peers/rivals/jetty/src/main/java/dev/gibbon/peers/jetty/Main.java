// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.peers.jetty;

import dev.gibbon.peers.common.Settings;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.compression.CompressionPool;
import org.eclipse.jetty.util.compression.DeflaterPool;
import org.eclipse.jetty.util.ssl.SslContextFactory;
import org.eclipse.jetty.util.thread.Invocable;
import org.eclipse.jetty.websocket.api.Callback;
import org.eclipse.jetty.websocket.api.ExtensionConfig;
import org.eclipse.jetty.websocket.api.Session;
import org.eclipse.jetty.websocket.server.ServerUpgradeRequest;
import org.eclipse.jetty.websocket.server.ServerUpgradeResponse;
import org.eclipse.jetty.websocket.server.ServerWebSocketContainer;
import org.eclipse.jetty.websocket.server.WebSocketUpgradeHandler;

/** Jetty through its own WebSocket API: whole messages, answered asynchronously by the threads that read. */
public final class Main {
    private static final String TAKEOVER = "permessage-deflate";
    private static final String NO_TAKEOVER = TAKEOVER + ";server_no_context_takeover;client_no_context_takeover";

    private Main() {}

    public static void main(String[] args) throws Exception {
        Settings settings = Settings.of(args);
        Server server = new Server();
        server.addBean(new DeflaterPool(CompressionPool.DEFAULT_CAPACITY, settings.deflateLevel(), true));
        ServerConnector connector = connector(server, settings);
        connector.setHost("0.0.0.0");
        connector.setPort(settings.port());
        connector.setAcceptQueueSize(Settings.BACKLOG);
        connector.setIdleTimeout(0);
        server.addConnector(connector);
        Set<Session> members = ConcurrentHashMap.newKeySet();
        server.setHandler(WebSocketUpgradeHandler.from(server, container -> {
            configure(container);
            container.addMapping("/echo", (request, response, _) -> {
                negotiate(settings, request, response);
                return new Echo();
            });
            container.addMapping("/broadcast", (request, response, _) -> {
                negotiate(settings, request, response);
                return new Broadcast(members);
            });
        }));
        server.start();
        Settings.ready();
    }

    private static ServerConnector connector(Server server, Settings settings) throws Exception {
        int selectors = settings.loops().orElse(-1);
        if (settings.tls().isEmpty()) {
            return new ServerConnector(server, 1, selectors);
        }
        SslContextFactory.Server tls = new SslContextFactory.Server();
        tls.setSslContext(settings.tls().get().context());
        return new ServerConnector(server, 1, selectors, tls);
    }

    private static void configure(ServerWebSocketContainer container) {
        container.setIdleTimeout(Duration.ZERO);
        container.setMaxFrameSize(Settings.MAX_MESSAGE_BYTES);
        container.setMaxTextMessageSize(Settings.MAX_MESSAGE_BYTES);
        container.setMaxBinaryMessageSize(Settings.MAX_MESSAGE_BYTES);
        container.setInvocationType(Invocable.InvocationType.NON_BLOCKING); // the endpoints never block
    }

    private static void negotiate(Settings settings, ServerUpgradeRequest request, ServerUpgradeResponse response) {
        boolean offered = request.getExtensions().stream()
                .anyMatch(extension -> extension.getName().equals("permessage-deflate"));
        response.setExtensions(
                settings.deflate() && offered
                        ? List.of(ExtensionConfig.parse(settings.takeover() ? TAKEOVER : NO_TAKEOVER))
                        : List.of());
    }

    /** Answers what it reads. Public, as Jetty calls it through a method handle. */
    public static final class Echo extends Session.Listener.AbstractAutoDemanding {
        @Override
        public void onWebSocketText(String message) {
            getSession().sendText(message, Callback.NOOP);
        }

        @Override
        public void onWebSocketBinary(ByteBuffer payload, Callback callback) {
            getSession().sendBinary(payload, callback);
        }
    }

    /** Sends what it reads to all. Public, as Jetty calls it through a method handle. */
    public static final class Broadcast extends Session.Listener.AbstractAutoDemanding {
        private final Set<Session> members;

        private Broadcast(Set<Session> members) {
            this.members = members;
        }

        @Override
        public void onWebSocketOpen(Session session) {
            super.onWebSocketOpen(session);
            members.add(session);
        }

        @Override
        public void onWebSocketText(String message) {
            for (Session member : members) {
                member.sendText(message, Callback.NOOP);
            }
        }

        @Override
        public void onWebSocketBinary(ByteBuffer payload, Callback callback) {
            ByteBuffer copy =
                    ByteBuffer.allocate(payload.remaining()).put(payload).flip();
            callback.succeed();
            for (Session member : members) {
                member.sendBinary(copy.duplicate(), Callback.NOOP);
            }
        }

        @Override
        public void onWebSocketClose(int statusCode, String reason, Callback callback) {
            members.remove(getSession());
            callback.succeed();
        }
    }
}

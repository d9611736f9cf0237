// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.peers.tyrus;

import jakarta.websocket.Endpoint;
import jakarta.websocket.EndpointConfig;
import jakarta.websocket.MessageHandler;
import jakarta.websocket.Session;
import jakarta.websocket.server.ServerApplicationConfig;
import jakarta.websocket.server.ServerEndpointConfig;
import java.nio.ByteBuffer;
import java.util.Set;
import org.glassfish.tyrus.core.TyrusSession;

/** The endpoints, as whole messages with asynchronous answers. Tyrus makes it, so it is public. */
public final class Endpoints implements ServerApplicationConfig {
    @Override
    public Set<ServerEndpointConfig> getEndpointConfigs(Set<Class<? extends Endpoint>> found) {
        return Set.of(config(Echo.class, "/echo"), config(Broadcast.class, "/broadcast"));
    }

    private static ServerEndpointConfig config(Class<? extends Endpoint> endpoint, String path) {
        return ServerEndpointConfig.Builder.create(endpoint, path).build();
    }

    @Override
    public Set<Class<?>> getAnnotatedEndpointClasses(Set<Class<?>> found) {
        return Set.of();
    }

    /** Answers what it reads. */
    public static final class Echo extends Endpoint {
        @Override
        public void onOpen(Session session, EndpointConfig config) {
            session.addMessageHandler(String.class, (MessageHandler.Whole<String>)
                    text -> session.getAsyncRemote().sendText(text));
            session.addMessageHandler(ByteBuffer.class, (MessageHandler.Whole<ByteBuffer>)
                    bytes -> session.getAsyncRemote().sendBinary(bytes));
        }
    }

    /** Sends what it reads to all sessions of the endpoint. */
    public static final class Broadcast extends Endpoint {
        @Override
        public void onOpen(Session session, EndpointConfig config) {
            TyrusSession tyrus = (TyrusSession) session;
            session.addMessageHandler(String.class, (MessageHandler.Whole<String>) tyrus::broadcast);
            session.addMessageHandler(ByteBuffer.class, (MessageHandler.Whole<ByteBuffer>) tyrus::broadcast);
        }
    }
}

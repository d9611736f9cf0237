// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.conformance;

import java.net.URI;
import java.nio.ByteBuffer;
import org.eclipse.jetty.websocket.api.Callback;
import org.eclipse.jetty.websocket.api.Session;
import org.eclipse.jetty.websocket.client.ClientUpgradeRequest;
import org.eclipse.jetty.websocket.client.WebSocketClient;

final class JettyClient implements Client {
    private final WebSocketClient client = new WebSocketClient();

    JettyClient() throws Exception {
        client.setMaxTextMessageSize(Judge.LARGE);
        client.setMaxBinaryMessageSize(Judge.LARGE);
        client.start();
    }

    @Override
    public Class<?> library() {
        return WebSocketClient.class;
    }

    @Override
    public void connect(URI url, Conversation conversation) throws Exception {
        ClientUpgradeRequest request = new ClientUpgradeRequest(url);
        request.addExtensions("permessage-deflate");
        client.connect(new Endpoint(conversation), request).whenComplete((session, failure) -> {
            if (failure != null) {
                conversation.failed(failure);
            } else {
                conversation.opened(new Sending(session));
            }
        });
    }

    /** Public, or Jetty may not call it. */
    public static final class Endpoint implements Session.Listener.AutoDemanding {
        private final Conversation conversation;

        Endpoint(Conversation conversation) {
            this.conversation = conversation;
        }

        @Override
        public void onWebSocketText(String text) {
            conversation.text(text);
        }

        @Override
        public void onWebSocketBinary(ByteBuffer payload, Callback callback) {
            byte[] bytes = new byte[payload.remaining()];
            payload.get(bytes);
            conversation.binary(bytes);
            callback.succeed();
        }

        @Override
        public void onWebSocketError(Throwable cause) {
            conversation.failed(cause);
        }

        @Override
        public void onWebSocketClose(int code, String reason, Callback callback) {
            conversation.closed(code);
            callback.succeed();
        }
    }

    private record Sending(Session session) implements Conversation.Sending {
        @Override
        public void text(String text) throws Exception {
            Callback.Completable.with(callback -> session.sendText(text, callback))
                    .get();
        }

        @Override
        public void binary(byte[] bytes) throws Exception {
            Callback.Completable.with(callback -> session.sendBinary(ByteBuffer.wrap(bytes), callback))
                    .get();
        }

        @Override
        public void close(int code, String reason) {
            session.close(code, reason, Callback.NOOP);
        }
    }

    @Override
    public void close() throws Exception {
        client.stop();
    }
}

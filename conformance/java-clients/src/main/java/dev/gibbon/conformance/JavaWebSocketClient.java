// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.conformance;

import java.net.URI;
import java.nio.ByteBuffer;
import org.java_websocket.client.WebSocketClient;
import org.java_websocket.drafts.Draft_6455;
import org.java_websocket.extensions.permessage_deflate.PerMessageDeflateExtension;
import org.java_websocket.handshake.ServerHandshake;

final class JavaWebSocketClient implements Client {
    @Override
    public Class<?> library() {
        return WebSocketClient.class;
    }

    @Override
    public void connect(URI url, Conversation conversation) {
        new Receiving(url, conversation).connect();
    }

    private static final class Receiving extends WebSocketClient implements Conversation.Sending {
        private final Conversation conversation;

        Receiving(URI url, Conversation conversation) {
            super(url, new Draft_6455(new PerMessageDeflateExtension()));
            this.conversation = conversation;
        }

        @Override
        public void onOpen(ServerHandshake reply) {
            conversation.opened(this);
        }

        @Override
        public void onMessage(String text) {
            conversation.text(text);
        }

        @Override
        public void onMessage(ByteBuffer payload) {
            byte[] bytes = new byte[payload.remaining()];
            payload.get(bytes);
            conversation.binary(bytes);
        }

        @Override
        public void onClose(int code, String reason, boolean remote) {
            conversation.closed(code);
        }

        @Override
        public void onError(Exception failure) {
            conversation.failed(failure);
        }

        @Override
        public void text(String text) {
            send(text);
        }

        @Override
        public void binary(byte[] bytes) {
            send(bytes);
        }
    }

    @Override
    public void close() {}
}

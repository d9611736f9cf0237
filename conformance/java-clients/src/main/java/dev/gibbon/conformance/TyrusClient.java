// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.conformance;

import jakarta.websocket.ClientEndpointConfig;
import jakarta.websocket.CloseReason;
import jakarta.websocket.Endpoint;
import jakarta.websocket.EndpointConfig;
import jakarta.websocket.MessageHandler;
import jakarta.websocket.Session;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.util.List;
import org.glassfish.tyrus.client.ClientManager;
import org.glassfish.tyrus.container.jdk.client.JdkClientContainer;
import org.glassfish.tyrus.ext.extension.deflate.PerMessageDeflateExtension;

final class TyrusClient implements Client {
    private final ClientManager client = ClientManager.createClient(JdkClientContainer.class.getName());

    TyrusClient() {
        client.setDefaultMaxTextMessageBufferSize(Judge.LARGE);
        client.setDefaultMaxBinaryMessageBufferSize(Judge.LARGE);
        client.getProperties().put("org.glassfish.tyrus.incomingBufferSize", 2 * Judge.LARGE);
    }

    @Override
    public Class<?> library() {
        return ClientManager.class;
    }

    @Override
    public void connect(URI url, Conversation conversation) throws Exception {
        ClientEndpointConfig config = ClientEndpointConfig.Builder.create()
                .extensions(List.of(new PerMessageDeflateExtension()))
                .build();
        Session _ = client.connectToServer(new Receiving(conversation), config, url);
    }

    private static final class Receiving extends Endpoint {
        private final Conversation conversation;

        Receiving(Conversation conversation) {
            this.conversation = conversation;
        }

        @Override
        public void onOpen(Session session, EndpointConfig config) {
            session.addMessageHandler(String.class, (MessageHandler.Whole<String>) conversation::text);
            session.addMessageHandler(byte[].class, (MessageHandler.Whole<byte[]>) conversation::binary);
            conversation.opened(new Sending(session));
        }

        @Override
        public void onClose(Session session, CloseReason reason) {
            conversation.closed(reason.getCloseCode().getCode());
        }

        @Override
        public void onError(Session session, Throwable failure) {
            conversation.failed(failure);
        }
    }

    private record Sending(Session session) implements Conversation.Sending {
        @Override
        public void text(String text) throws IOException {
            session.getBasicRemote().sendText(text);
        }

        @Override
        public void binary(byte[] bytes) throws IOException {
            session.getBasicRemote().sendBinary(ByteBuffer.wrap(bytes));
        }

        @Override
        public void close(int code, String reason) throws IOException {
            session.close(new CloseReason(CloseReason.CloseCodes.getCloseCode(code), reason));
        }
    }

    @Override
    public void close() {
        client.shutdown();
    }
}

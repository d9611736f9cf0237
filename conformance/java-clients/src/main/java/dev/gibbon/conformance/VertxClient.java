// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.conformance;

import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.WebSocket;
import io.vertx.core.http.WebSocketClientOptions;
import java.net.URI;

final class VertxClient implements Client {
    private final Vertx vertx = Vertx.vertx();

    @Override
    public Class<?> library() {
        return Vertx.class;
    }

    @Override
    public void connect(URI url, Conversation conversation) {
        WebSocketClientOptions options = new WebSocketClientOptions()
                .setTryUsePerMessageCompression(true)
                .setMaxFrameSize(Judge.LARGE)
                .setMaxMessageSize(Judge.LARGE);
        vertx.createWebSocketClient(options)
                .connect(url.getPort(), url.getHost(), url.getPath())
                .onFailure(conversation::failed)
                .onSuccess(ws -> {
                    ws.textMessageHandler(conversation::text);
                    ws.binaryMessageHandler(bytes -> conversation.binary(bytes.getBytes()));
                    ws.exceptionHandler(conversation::failed);
                    ws.closeHandler(_ -> conversation.closed(ws.closeStatusCode()));
                    conversation.opened(new Sending(ws));
                });
    }

    private record Sending(WebSocket ws) implements Conversation.Sending {
        @Override
        public void text(String text) {
            ws.writeTextMessage(text);
        }

        @Override
        public void binary(byte[] bytes) {
            ws.writeBinaryMessage(Buffer.buffer(bytes));
        }

        @Override
        public void close(int code, String reason) {
            ws.close((short) code, reason);
        }
    }

    @Override
    public void close() {
        vertx.close();
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.conformance;

import java.net.URI;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.WebSocket;
import okhttp3.WebSocketListener;
import okio.ByteString;

final class OkHttpPeer implements Client {
    private final OkHttpClient client = new OkHttpClient();

    @Override
    public Class<?> library() {
        return OkHttpClient.class;
    }

    @Override
    public void connect(URI url, Conversation conversation) {
        Request request = new Request.Builder().url(url.toString()).build();
        WebSocket _ = client.newWebSocket(request, new WebSocketListener() {
            @Override
            public void onOpen(WebSocket ws, Response response) {
                conversation.opened(new Sending(ws));
            }

            @Override
            public void onMessage(WebSocket ws, String text) {
                conversation.text(text);
            }

            @Override
            public void onMessage(WebSocket ws, ByteString bytes) {
                conversation.binary(bytes.toByteArray());
            }

            @Override
            public void onClosed(WebSocket ws, int code, String reason) {
                conversation.closed(code);
            }

            @Override
            public void onFailure(WebSocket ws, Throwable failure, Response response) {
                conversation.failed(failure);
            }
        });
    }

    private record Sending(WebSocket ws) implements Conversation.Sending {
        @Override
        public void text(String text) {
            require(ws.send(text));
        }

        @Override
        public void binary(byte[] bytes) {
            require(ws.send(ByteString.of(bytes)));
        }

        @Override
        public void close(int code, String reason) {
            require(ws.close(code, reason));
        }

        private static void require(boolean taken) {
            if (!taken) {
                throw new AssertionError("OkHttp took it not");
            }
        }
    }

    @Override
    public void close() {
        client.dispatcher().executorService().shutdown();
        client.connectionPool().evictAll();
    }
}

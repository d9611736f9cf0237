// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.peers.undertow;

import dev.gibbon.peers.common.Settings;
import io.undertow.Handlers;
import io.undertow.Undertow;
import io.undertow.websockets.WebSocketProtocolHandshakeHandler;
import io.undertow.websockets.core.AbstractReceiveListener;
import io.undertow.websockets.core.BufferedBinaryMessage;
import io.undertow.websockets.core.BufferedTextMessage;
import io.undertow.websockets.core.WebSocketCallback;
import io.undertow.websockets.core.WebSocketChannel;
import io.undertow.websockets.core.WebSockets;
import io.undertow.websockets.extensions.PerMessageDeflateHandshake;
import java.nio.ByteBuffer;
import org.xnio.Options;
import org.xnio.Pooled;

/** Undertow through its core WebSocket API: whole messages, received and sent on the I/O threads. */
public final class Main {
    private Main() {}

    public static void main(String[] args) throws Exception {
        Settings settings = Settings.of(args);
        Undertow.Builder builder = Undertow.builder()
                .setSocketOption(Options.BACKLOG, Settings.BACKLOG)
                .setSocketOption(Options.TCP_NODELAY, true)
                .setHandler(Handlers.path()
                        .addExactPath("/echo", endpoint(settings, new Echo()))
                        .addExactPath("/broadcast", endpoint(settings, new Broadcast())));
        settings.loops().ifPresent(builder::setIoThreads);
        if (settings.tls().isPresent()) {
            builder.addHttpsListener(
                    settings.port(), "0.0.0.0", settings.tls().get().context());
        } else {
            builder.addHttpListener(settings.port(), "0.0.0.0");
        }
        builder.build().start();
        Settings.ready();
    }

    private static WebSocketProtocolHandshakeHandler endpoint(Settings settings, AbstractReceiveListener listener) {
        WebSocketProtocolHandshakeHandler handler = Handlers.websocket((_, channel) -> {
            channel.getReceiveSetter().set(listener);
            channel.resumeReceives();
        });
        if (settings.deflate()) {
            handler.addExtension(new PerMessageDeflateHandshake(
                    false,
                    settings.deflateLevel(),
                    settings.takeover(),
                    settings.takeover(),
                    Settings.MAX_MESSAGE_BYTES));
        }
        return handler;
    }

    private abstract static class Listener extends AbstractReceiveListener {
        @Override
        protected long getMaxTextBufferSize() {
            return Settings.MAX_MESSAGE_BYTES;
        }

        @Override
        protected long getMaxBinaryBufferSize() {
            return Settings.MAX_MESSAGE_BYTES;
        }
    }

    private static final class Echo extends Listener {
        @Override
        protected void onFullTextMessage(WebSocketChannel channel, BufferedTextMessage message) {
            WebSockets.sendText(message.getData(), channel, null);
        }

        @Override
        protected void onFullBinaryMessage(WebSocketChannel channel, BufferedBinaryMessage message) {
            Pooled<ByteBuffer[]> data = message.getData();
            WebSockets.sendBinary(data.getResource(), channel, new Release(), data);
        }
    }

    private static final class Broadcast extends Listener {
        @Override
        protected void onFullTextMessage(WebSocketChannel channel, BufferedTextMessage message) {
            String text = message.getData();
            for (WebSocketChannel peer : channel.getPeerConnections()) {
                WebSockets.sendText(text, peer, null);
            }
        }

        @Override
        protected void onFullBinaryMessage(WebSocketChannel channel, BufferedBinaryMessage message) {
            try (Pooled<ByteBuffer[]> data = message.getData()) {
                ByteBuffer bytes = WebSockets.mergeBuffers(data.getResource());
                for (WebSocketChannel peer : channel.getPeerConnections()) {
                    WebSockets.sendBinary(bytes.duplicate(), peer, null);
                }
            }
        }
    }

    /** Gives the buffers of a message back once its answer is written. */
    private static final class Release implements WebSocketCallback<Pooled<ByteBuffer[]>> {
        @Override
        public void complete(WebSocketChannel channel, Pooled<ByteBuffer[]> data) {
            data.free();
        }

        @Override
        public void onError(WebSocketChannel channel, Pooled<ByteBuffer[]> data, Throwable cause) {
            data.free();
        }
    }
}

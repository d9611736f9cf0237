// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.peers.tomcat;

import jakarta.websocket.Endpoint;
import jakarta.websocket.EndpointConfig;
import jakarta.websocket.MessageHandler;
import jakarta.websocket.Session;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;

/**
 * Answers each part of a message as it comes. Tomcat hands out whole messages only
 * up to the size of a buffer that every session keeps from its start, so a session
 * starts with the default of 8 KiB and takes a larger one once it needs it.
 */
final class Echo extends Endpoint {
    private static final int LARGE_BUFFER_BYTES = 1 << 20;

    @Override
    public void onOpen(Session session, EndpointConfig config) {
        session.addMessageHandler(String.class, (MessageHandler.Partial<String>) (text, last) -> {
            grow(session, last);
            send(() -> session.getBasicRemote().sendText(text, last));
        });
        session.addMessageHandler(ByteBuffer.class, (MessageHandler.Partial<ByteBuffer>) (bytes, last) -> {
            grow(session, last);
            send(() -> session.getBasicRemote().sendBinary(bytes, last));
        });
    }

    private static void grow(Session session, boolean last) {
        if (!last && session.getMaxBinaryMessageBufferSize() < LARGE_BUFFER_BYTES) {
            session.setMaxBinaryMessageBufferSize(LARGE_BUFFER_BYTES);
            session.setMaxTextMessageBufferSize(LARGE_BUFFER_BYTES);
        }
    }

    static void send(Send send) {
        try {
            send.run();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A blocking send. */
    interface Send {
        void run() throws IOException;
    }

    @Override
    public void onError(Session session, Throwable cause) {
        // The session is closed; a peer that went away is no news.
    }
}

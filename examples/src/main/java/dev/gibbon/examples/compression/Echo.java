// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.examples.compression;

import dev.gibbon.CloseStatus;
import dev.gibbon.Connection;
import dev.gibbon.Listener;
import dev.gibbon.MessageReader;
import dev.gibbon.MessageType;
import dev.gibbon.MessageView;
import dev.gibbon.WebSocketException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.function.BiConsumer;

/**
 * Tells the peer what was agreed on, as a text message, then echoes. On a thread of its own or on an event loop;
 * messages whole or piece by piece.
 */
final class Echo {
    /** So that of the judges' messages some come whole and some in parts. */
    private static final long WHOLE_BYTES = 1000;

    private Echo() {}

    /** Reads and writes until the peer closes. */
    static void run(Connection ws, boolean streaming) throws IOException {
        ws.writeText(agreed(ws));
        if (streaming) {
            for (MessageReader in; (in = ws.nextReader()) != null; ) {
                InputStream from = in.inputStream();
                ws.writeMessage(in.type(), out -> from.transferTo(out.outputStream()));
            }
        } else {
            ws.forEachMessage(ws::writeMessage);
        }
    }

    /**
     * {@return a listener for any number of connections that does the same}
     *
     * @param streaming whether to take long messages in parts
     * @param ended told how each connection ended
     */
    static Listener listener(boolean streaming, BiConsumer<Connection, String> ended) {
        return new Listener() {
            @Override
            public long wholeMessageBytes() {
                return streaming ? WHOLE_BYTES : Long.MAX_VALUE;
            }

            @Override
            public void onOpen(Connection ws) throws IOException {
                ws.writeText(agreed(ws));
            }

            @Override
            public void onMessage(Connection ws, MessageView message) throws IOException {
                ws.writeMessage(message);
            }

            @Override
            public void onPart(Connection ws, MessageView part) throws IOException {
                echoPart(ws, part);
            }

            @Override
            public void onClose(Connection ws, CloseStatus status) {
                ended.accept(ws, Peer.FINE);
            }

            @Override
            public void onFailure(Connection ws, WebSocketException failure) {
                ended.accept(ws, String.valueOf(failure.getMessage()));
            }
        };
    }

    private static void echoPart(Connection ws, MessageView part) throws IOException {
        ByteArrayOutputStream parts =
                (ByteArrayOutputStream) ws.attributes().computeIfAbsent("parts", _ -> new ByteArrayOutputStream());
        if (part.isFirst()) {
            parts.reset();
        }
        parts.write(part.toByteArray());
        if (!part.isLast()) {
            return;
        }
        if (part.type() == MessageType.TEXT) {
            ws.writeText(parts.toString(StandardCharsets.UTF_8));
        } else {
            ws.writeBinary(ByteBuffer.wrap(parts.toByteArray()));
        }
    }

    private static String agreed(Connection ws) {
        return String.join(", ", ws.extensions());
    }
}

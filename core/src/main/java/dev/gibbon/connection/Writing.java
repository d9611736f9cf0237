// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import dev.gibbon.ConnectionState;
import dev.gibbon.MessageType;
import dev.gibbon.MessageWriter;
import dev.gibbon.frame.FrameHeader;
import dev.gibbon.frame.Opcode;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * What a thread does that writes: hands whole messages to the {@link Sender}, or one piece by piece, and ends the
 * one it has left open before it begins another. Any thread.
 */
public final class Writing {
    private final WebSocketConnection connection;
    private final Sender sender;

    private volatile @Nullable OutgoingMessage open;

    Writing(WebSocketConnection connection, Sender sender) {
        this.connection = connection;
        this.sender = sender;
    }

    void message(Opcode opcode, byte[] payload) throws IOException {
        begin();
        sender.message(opcode, payload);
    }

    void message(Opcode opcode, ByteBuffer payload) throws IOException {
        begin();
        sender.message(opcode, payload, null);
    }

    /** Sends a received message on from where it lies. */
    void message(ReceivedView view) throws IOException {
        ByteBuffer source = view.source();
        int limit = source.limit();
        int position = source.position();
        source.limit(view.offset() + view.length()).position(view.offset());
        try {
            begin();
            sender.message(view.isText() ? Opcode.TEXT : Opcode.BINARY, source, view);
        } finally {
            source.limit(limit).position(position);
        }
    }

    void prepared(EncodedMessage message) throws IOException {
        begin();
        sender.prepared(message);
    }

    /** Begins a message that is written piece by piece. */
    MessageWriter next(MessageType type) throws IOException {
        begin();
        boolean compressed = sender.compressesStream(type == MessageType.TEXT ? Opcode.TEXT : Opcode.BINARY);
        sender.beginMessage();
        OutgoingMessage message =
                new OutgoingMessage(sender, connection.engine().buffers(), type, compressed);
        open = message;
        if (connection.state() == ConnectionState.CLOSED) {
            message.lost();
        }
        return message;
    }

    /** Writes a message whose content comes from a callback; one that throws fails the message. */
    void streamed(MessageType type, MessageWriter.Content content) throws IOException {
        try (MessageWriter message = next(type)) {
            boolean whole = false;
            try {
                content.writeTo(message);
                whole = true;
            } finally {
                if (!whole) {
                    message.abandon();
                }
            }
        }
    }

    /** A thread that begins a message ends the one it left open; waiting for itself would be for ever. */
    private void begin() throws IOException {
        connection.closeIfPutOff();
        OutgoingMessage left = open;
        if (left != null && left.openOnThisThread()) {
            open = null;
            boolean _ = left.completeOrAbandon();
        }
    }

    /** Sends a Ping or Pong, which passes between the fragments of a message. */
    void control(Opcode opcode, ByteBuffer payload) throws IOException {
        connection.closeIfPutOff();
        if (payload.remaining() > FrameHeader.MAX_CONTROL_PAYLOAD) {
            throw new IllegalArgumentException(
                    opcode + " payload " + payload.remaining() + " > " + FrameHeader.MAX_CONTROL_PAYLOAD + " (§5.5)");
        }
        connection.controlFrames().send(opcode, payload);
    }

    void batching(boolean on) throws IOException {
        sender.delivery().batching(on);
        if (!on) {
            sender.delivery().flush();
        }
    }

    /** The connection has ended, and a message that is open with it. */
    void lost() {
        OutgoingMessage left = open;
        if (left != null) {
            left.lost();
        }
    }
}

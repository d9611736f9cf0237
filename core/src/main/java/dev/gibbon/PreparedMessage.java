// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.frame.FrameSerializer;
import dev.gibbon.frame.Opcode;
import java.nio.ByteBuffer;

/**
 * A message encoded once and sent to many connections by {@link Connection#writePrepared}. Immutable, for any thread. A server sends
 * the encoded frame as it is; a client masks it anew each time, since a masking key must be fresh (RFC 6455 §5.3).
 */
public final class PreparedMessage {
    private final MessageType type;
    private final int payloadOffset;

    /** The unmasked frame, direct so that sending does not copy it; never changed. */
    private final ByteBuffer frame;

    private PreparedMessage(MessageType type, byte[] payload) {
        this.type = type;
        this.payloadOffset = FrameSerializer.headerBytes(payload.length, false);
        ByteBuffer buffer = ByteBuffer.allocateDirect(payloadOffset + payload.length);
        FrameSerializer.putHeader(
                buffer, type == MessageType.TEXT ? Opcode.TEXT : Opcode.BINARY, true, 0, payload.length);
        this.frame = buffer.put(payload).flip().asReadOnlyBuffer();
    }

    /**
     * Encodes a text message.
     *
     * @param text what it says
     * @return the message
     * @throws IllegalArgumentException if {@code text} has a lone surrogate
     */
    public static PreparedMessage text(String text) {
        return new PreparedMessage(MessageType.TEXT, Message.encode(text));
    }

    /**
     * Encodes a binary message.
     *
     * @param payload the bytes, copied
     * @return the message
     */
    public static PreparedMessage binary(byte[] payload) {
        return new PreparedMessage(MessageType.BINARY, payload);
    }

    /** {@return whether this is text or binary} */
    public MessageType type() {
        return type;
    }

    Opcode opcode() {
        return type == MessageType.TEXT ? Opcode.TEXT : Opcode.BINARY;
    }

    /** {@return a view of the whole unmasked frame} */
    ByteBuffer frame() {
        return frame.duplicate();
    }

    /** {@return a view of the payload} */
    ByteBuffer payload() {
        return frame.slice(payloadOffset, frame.limit() - payloadOffset);
    }
}

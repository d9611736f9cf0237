// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.deflate.MessageDeflater;
import dev.gibbon.deflate.ZlibPool;
import dev.gibbon.frame.FrameHeader;
import dev.gibbon.frame.FrameSerializer;
import dev.gibbon.frame.Opcode;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A message encoded once and sent to many connections by {@link Connection#writePrepared}.
 * Immutable, for any thread. A server sends the encoded frame as it is; a client masks it
 * anew each time, since a masking key must be fresh (RFC 6455 §5.3).
 *
 * <p>For connections that agreed on permessage-deflate it is compressed once for each form
 * that they need: one for all whose window it fits as a whole, and one for each smaller
 * window. Whoever sends it first on such a connection does that, and others that need the same
 * form meanwhile wait for it. It stands for itself, and does not refer to earlier messages.
 */
public final class PreparedMessage {
    private final MessageType type;
    private final Encoding plain;

    /** By window bits, made when they are first needed. */
    private final AtomicReferenceArray<Encoding> compressed =
            new AtomicReferenceArray<>(PermessageDeflate.MAX_WINDOW_BITS + 1);

    private final ReentrantLock compressing = new ReentrantLock();

    private PreparedMessage(MessageType type, byte[] payload) {
        this.type = type;
        this.plain = Encoding.of(this, 0, payload);
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

    private static Opcode opcode(MessageType type) {
        return type == MessageType.TEXT ? Opcode.TEXT : Opcode.BINARY;
    }

    Opcode opcode() {
        return opcode(type);
    }

    /** {@return how many bytes the plain payload has} */
    int length() {
        return plain.frame.limit() - plain.payloadOffset;
    }

    /** {@return a view of the whole unmasked plain frame} */
    ByteBuffer frame() {
        return plain.frame();
    }

    /** {@return a view of the plain payload} */
    ByteBuffer payload() {
        return plain.payload();
    }

    Encoding plain() {
        return plain;
    }

    /**
     * {@return the encoding for a form, made now if it is not
     * there; the plain one if compressing does not make it shorter}
     */
    Encoding compressed(ZlibPool pool, int form) {
        Encoding known = compressed.get(form);
        if (known != null) {
            return known;
        }
        compressing.lock();
        try {
            known = compressed.get(form);
            if (known == null) {
                known = MessageDeflater.encode(pool, form, payload())
                        .map(payload -> Encoding.of(this, FrameHeader.RSV1_BIT, payload))
                        .orElse(plain);
                compressed.set(form, known);
            }
            return known;
        } finally {
            compressing.unlock();
        }
    }

    /** The bytes of the one frame that such a message takes. */
    static final class Encoding implements Aside.Item {
        private final PreparedMessage message;
        private final int rsvBits;
        private final int payloadOffset;

        /** The unmasked frame, direct so that sending does not copy it; never changed. */
        private final ByteBuffer frame;

        private Encoding(PreparedMessage message, int rsvBits, int payloadOffset, ByteBuffer frame) {
            this.message = message;
            this.rsvBits = rsvBits;
            this.payloadOffset = payloadOffset;
            this.frame = frame;
        }

        private static Encoding of(PreparedMessage message, int rsvBits, byte[] payload) {
            int payloadOffset = FrameSerializer.headerBytes(payload.length, false);
            ByteBuffer buffer = ByteBuffer.allocateDirect(payloadOffset + payload.length);
            FrameSerializer.putHeader(buffer, message.opcode(), true, rsvBits, payload.length);
            return new Encoding(
                    message, rsvBits, payloadOffset, buffer.put(payload).flip().asReadOnlyBuffer());
        }

        PreparedMessage message() {
            return message;
        }

        @Override
        public int bytes() {
            return frame.limit() - payloadOffset;
        }

        int rsvBits() {
            return rsvBits;
        }

        boolean isCompressed() {
            return rsvBits != 0;
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
}

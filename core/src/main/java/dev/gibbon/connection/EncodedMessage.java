// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import dev.gibbon.MessageType;
import dev.gibbon.PermessageDeflate;
import dev.gibbon.PreparedMessage;
import dev.gibbon.deflate.MessageDeflater;
import dev.gibbon.deflate.ZlibPool;
import dev.gibbon.frame.FrameHeader;
import dev.gibbon.frame.FrameSerializer;
import dev.gibbon.frame.Opcode;
import dev.gibbon.protocol.Outbound;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** A message as the one frame that a server sends, and its compressed forms, each made when it is first needed. */
public final class EncodedMessage implements PreparedMessage {
    private final MessageType type;
    private final Encoding plain;

    /** By window bits, made when they are first needed. */
    private final AtomicReferenceArray<Encoding> compressed =
            new AtomicReferenceArray<>(PermessageDeflate.MAX_WINDOW_BITS + 1);

    private final ReentrantLock compressing = new ReentrantLock();

    /**
     * Encodes a message.
     *
     * @param payload copied, and not moved
     */
    public EncodedMessage(MessageType type, ByteBuffer payload) {
        this.type = type;
        this.plain = Encoding.of(this, 0, payload);
    }

    /** {@return what {@code message} is, as it is kept} */
    public static EncodedMessage of(PreparedMessage message) {
        return switch (Objects.requireNonNull(message, "message")) {
            case EncodedMessage encoded -> encoded;
        };
    }

    @Override
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
    public ByteBuffer frame() {
        return plain.frame();
    }

    /** {@return a view of the plain payload} */
    ByteBuffer payload() {
        return plain.payload();
    }

    public Encoding plain() {
        return plain;
    }

    /**
     * {@return the encoding for a form, made now if it is not
     * there; the plain one if compressing does not make it shorter}
     */
    public Encoding compressed(ZlibPool pool, int form) {
        Encoding known = compressed.get(form);
        if (known != null) {
            return known;
        }
        compressing.lock();
        try {
            known = compressed.get(form);
            if (known == null) {
                known = MessageDeflater.encode(pool, form, payload())
                        .map(payload -> Encoding.of(this, FrameHeader.RSV1_BIT, ByteBuffer.wrap(payload)))
                        .orElse(plain);
                compressed.set(form, known);
            }
            return known;
        } finally {
            compressing.unlock();
        }
    }

    /** The bytes of the one frame that such a message takes. */
    public static final class Encoding implements Aside.Item {
        private final EncodedMessage message;
        private final int rsvBits;
        private final int payloadOffset;

        /** The unmasked frame, direct so that sending does not copy it; never changed. */
        private final ByteBuffer frame;

        private Encoding(EncodedMessage message, int rsvBits, int payloadOffset, ByteBuffer frame) {
            this.message = message;
            this.rsvBits = rsvBits;
            this.payloadOffset = payloadOffset;
            this.frame = frame;
        }

        private static Encoding of(EncodedMessage message, int rsvBits, ByteBuffer payload) {
            int length = payload.remaining();
            int payloadOffset = FrameSerializer.headerBytes(length, false);
            ByteBuffer buffer = ByteBuffer.allocateDirect(payloadOffset + length);
            FrameSerializer.putHeader(buffer, message.opcode(), true, rsvBits, length);
            buffer.put(payload.duplicate()).flip();
            return new Encoding(message, rsvBits, payloadOffset, buffer.asReadOnlyBuffer());
        }

        @Override
        public int bytes() {
            return frame.limit() - payloadOffset;
        }

        public boolean isCompressed() {
            return rsvBits != 0;
        }

        /** Appends the frame; {@return whether the batch borrows its bytes, which never change} */
        boolean appendLocked(Output output, @Nullable Compressor compressor) {
            Outbound outbound = output.outbound();
            SendBatch batch = output.batchLocked();
            boolean borrowed = outbound.masks()
                    ? batch.append(outbound, message.opcode(), true, rsvBits, payload())
                    : batch.appendEncoded(frame());
            output.countLocked();
            if (compressor != null && isCompressed()) {
                compressor.remember(message.payload());
            }
            return borrowed;
        }

        /** {@return a view of the whole unmasked frame} */
        public ByteBuffer frame() {
            return frame.duplicate();
        }

        /** {@return a view of the payload} */
        ByteBuffer payload() {
            return frame.slice(payloadOffset, frame.limit() - payloadOffset);
        }
    }
}

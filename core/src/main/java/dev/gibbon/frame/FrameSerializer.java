// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.frame;

import static dev.gibbon.frame.FrameHeader.FIN_BIT;
import static dev.gibbon.frame.FrameHeader.LENGTH_16;
import static dev.gibbon.frame.FrameHeader.LENGTH_64;
import static dev.gibbon.frame.FrameHeader.MASKING_KEY_BYTES;
import static dev.gibbon.frame.FrameHeader.MASK_BIT;
import static dev.gibbon.frame.FrameHeader.MAX_CONTROL_PAYLOAD;
import static dev.gibbon.frame.FrameHeader.MAX_LENGTH_16;
import static dev.gibbon.frame.FrameHeader.RSV_BITS;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Writes frame headers (RFC 6455 §5.2), always in the shortest form. It writes legal frames alone: whoever wants to
 * send a broken one composes the bytes from {@link FrameHeader}.
 */
public final class FrameSerializer {
    private FrameSerializer() {}

    /**
     * {@return how many bytes the header takes: 2, 4 or 10, and 4 more for a masking key}
     *
     * @param payloadLength length of the payload that follows, not negative
     * @param masked whether the header carries a masking key
     */
    public static int headerBytes(long payloadLength, boolean masked) {
        int lengthBytes = payloadLength < LENGTH_16 ? 0 : payloadLength <= MAX_LENGTH_16 ? 2 : 8;
        return 2 + lengthBytes + (masked ? MASKING_KEY_BYTES : 0);
    }

    /**
     * Puts the header of an unmasked frame, as a server sends it (§5.1), at the position of {@code dst}.
     *
     * @param dst has {@link #headerBytes} remaining, in either byte order; its position moves past the header
     * @param opcode what the frame is
     * @param fin whether the frame ends its message; always, on a control frame
     * @param rsvBits any of {@link FrameHeader#RSV_BITS}; none on a control frame
     * @param payloadLength length of the payload that follows, at most 125 on a control frame
     * @throws IllegalArgumentException if these do not make a legal frame; nothing is written then
     */
    public static void putHeader(ByteBuffer dst, Opcode opcode, boolean fin, int rsvBits, long payloadLength) {
        putHeader(dst, opcode, fin, rsvBits, payloadLength, 0);
    }

    /**
     * Puts the header of a masked frame, as a client sends it (§5.3), at the position of {@code dst}. The payload that
     * follows must have been through {@link Masking} with the same key.
     *
     * @param dst has {@link #headerBytes} remaining, in either byte order; its position moves past the header
     * @param opcode what the frame is
     * @param fin whether the frame ends its message; always, on a control frame
     * @param rsvBits any of {@link FrameHeader#RSV_BITS}; none on a control frame
     * @param payloadLength length of the payload that follows, at most 125 on a control frame
     * @param maskingKey the key, its first byte on the wire the most significant
     * @throws IllegalArgumentException if these do not make a legal frame; nothing is written then
     */
    public static void putMaskedHeader(
            ByteBuffer dst, Opcode opcode, boolean fin, int rsvBits, long payloadLength, int maskingKey) {
        putHeader(dst, opcode, fin, rsvBits, payloadLength, MASK_BIT);
        dst.putInt(dst.order() == ByteOrder.BIG_ENDIAN ? maskingKey : Integer.reverseBytes(maskingKey));
    }

    private static void putHeader(
            ByteBuffer dst, Opcode opcode, boolean fin, int rsvBits, long payloadLength, int maskBit) {
        requireLegal(opcode, fin, rsvBits, payloadLength);
        boolean bigEndian = dst.order() == ByteOrder.BIG_ENDIAN;
        dst.put((byte) ((fin ? FIN_BIT : 0) | rsvBits | opcode.value()));
        if (payloadLength < LENGTH_16) {
            dst.put((byte) (maskBit | (int) payloadLength));
        } else if (payloadLength <= MAX_LENGTH_16) {
            short length = (short) payloadLength;
            dst.put((byte) (maskBit | LENGTH_16)).putShort(bigEndian ? length : Short.reverseBytes(length));
        } else {
            dst.put((byte) (maskBit | LENGTH_64)).putLong(bigEndian ? payloadLength : Long.reverseBytes(payloadLength));
        }
    }

    private static void requireLegal(Opcode opcode, boolean fin, int rsvBits, long payloadLength) {
        if ((rsvBits & ~RSV_BITS) != 0) {
            throw new IllegalArgumentException("not RSV bits: 0x" + Integer.toHexString(rsvBits) + " (§5.2)");
        }
        if (payloadLength < 0) {
            throw new IllegalArgumentException("payload length " + payloadLength + " < 0");
        }
        if (opcode.isControl() && (!fin || rsvBits != 0 || payloadLength > MAX_CONTROL_PAYLOAD)) {
            throw new IllegalArgumentException(opcode + " must be unfragmented, without RSV bits, payload at most "
                    + MAX_CONTROL_PAYLOAD + " (§5.5): fin " + fin + ", RSV 0x" + Integer.toHexString(rsvBits)
                    + ", payload " + payloadLength);
        }
    }
}

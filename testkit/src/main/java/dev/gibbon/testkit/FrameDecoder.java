// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit;

import dev.gibbon.Role;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Decodes one frame at a time and throws an {@link AssertionError} for anything that RFC 6455 does not let a peer send.
 * It is the judge of the library's output and therefore shares no code with it: plain, slow, and strict.
 *
 * <p>It looks at single frames; {@link MessageRules} looks at their order.
 */
final class FrameDecoder {
    private static final int MAX_CONTROL_PAYLOAD_BYTES = 125; // §5.5
    private static final int MAX_PAYLOAD_BYTES = 1 << 30; // ours: what a test can hold

    private final Role sender;

    FrameDecoder(Role sender) {
        this.sender = sender;
    }

    /**
     * Takes one frame out of {@code src}, or nothing if it is not all there yet. What is illegal fails as soon as it is
     * there.
     *
     * @param rsv1Allowed whether an extension that uses RSV1 was negotiated (§9.1)
     */
    Optional<Frame> decode(ByteBuffer src, boolean rsv1Allowed) {
        ByteBuffer in = src.slice();
        if (in.remaining() < 2) {
            return Optional.empty();
        }
        int first = in.get() & 0xFF;
        int second = in.get() & 0xFF;
        boolean masked = (second & 0x80) != 0;
        check(
                masked == (sender == Role.CLIENT),
                masked ? "a server masked a frame (§5.1)" : "a client did not mask (§5.1)");
        int lengthBytes = switch (second & 0x7F) {
            case 126 -> 2;
            case 127 -> 8;
            default -> 0;
        };
        checkFirstByte(first, second & 0x7F, rsv1Allowed);
        if (in.remaining() < lengthBytes + (masked ? 4 : 0)) {
            return Optional.empty();
        }
        long length = payloadLength(in, second & 0x7F);
        OptionalInt key = masked ? OptionalInt.of(in.getInt()) : OptionalInt.empty();
        if (in.remaining() < length) {
            return Optional.empty();
        }
        byte[] payload = new byte[(int) length];
        in.get(payload);
        key.ifPresent(bits -> Frame.mask(payload, bits));
        src.position(src.position() + in.position());
        boolean rsv1 = (first & 0x40) != 0;
        return Optional.of(new Frame((first & 0x80) != 0, rsv1, false, false, first & 0x0F, key, payload));
    }

    private static void checkFirstByte(int first, int length, boolean rsv1Allowed) {
        int opcode = first & 0x0F;
        boolean control = opcode >= 8;
        check((first & 0x30) == 0, "RSV2 or RSV3 is set (§5.2), first byte 0x" + Integer.toHexString(first));
        check((first & 0x40) == 0 || rsv1Allowed, "RSV1 is set and no extension uses it (§5.2)");
        check(
                (first & 0x40) == 0 || opcode == Frame.TEXT || opcode == Frame.BINARY,
                "RSV1 on opcode " + opcode + " (RFC 7692 §6.1)");
        check(opcode <= 2 || (opcode >= 8 && opcode <= 10), "opcode " + opcode + " is reserved (§5.2)");
        check(!control || (first & 0x80) != 0, "a control frame is fragmented (§5.5)");
        check(!control || length <= MAX_CONTROL_PAYLOAD_BYTES, "a control frame has more than 125 bytes (§5.5)");
    }

    private static long payloadLength(ByteBuffer in, int sevenBits) {
        if (sevenBits < 126) {
            return sevenBits;
        }
        long length = sevenBits == 126 ? in.getShort() & 0xFFFFL : in.getLong();
        check(length >= 0, "the first bit of a 64-bit payload length is set (§5.2)");
        LengthForm form = sevenBits == 126 ? LengthForm.BITS_16 : LengthForm.BITS_64;
        check(
                LengthForm.minimal(length) == form,
                "payload length " + length + " is not spelled in its shortest form (§5.2)");
        check(length <= MAX_PAYLOAD_BYTES, "payload length " + length + " is more than this test can hold");
        return length;
    }

    private static void check(boolean legal, String failure) {
        if (!legal) {
            throw new AssertionError("illegal frame: " + failure);
        }
    }
}

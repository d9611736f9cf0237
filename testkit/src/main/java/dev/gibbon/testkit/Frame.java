// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.OptionalInt;

/**
 * A frame, legal or not (RFC 6455 §5.2). The payload is the plain one; masking happens in {@link #encode()}.
 *
 * <p>Frames are equal if all their parts are, the masking key and the bytes of the payload included.
 *
 * @param fin whether this is the last frame of its message
 * @param rsv1 the first reserved bit
 * @param rsv2 the second reserved bit
 * @param rsv3 the third reserved bit
 * @param opcode 0 to 15, registered or not
 * @param maskingKey the key of a masked frame, its first byte on the wire being the highest; empty if the mask bit is 0
 * @param payload the bytes before masking, copied on the way in and out
 */
@SuppressWarnings("ArrayRecordComponent") // copied on the way in and out, compared by its bytes
public record Frame(
        boolean fin, boolean rsv1, boolean rsv2, boolean rsv3, int opcode, OptionalInt maskingKey, byte[] payload) {
    /** Opcode 0: goes on with the message. */
    public static final int CONTINUATION = 0x0;

    /** Opcode 1: begins a text message. */
    public static final int TEXT = 0x1;

    /** Opcode 2: begins a binary message. */
    public static final int BINARY = 0x2;

    /** Opcode 8: ends the connection. */
    public static final int CLOSE = 0x8;

    /** Opcode 9: asks for a Pong. */
    public static final int PING = 0x9;

    /** Opcode 10: answers a Ping. */
    public static final int PONG = 0xA;

    private static final int FIN_BIT = 0x80;
    private static final int RSV1_BIT = 0x40;
    private static final int RSV2_BIT = 0x20;
    private static final int RSV3_BIT = 0x10;
    private static final int MASK_BIT = 0x80;
    private static final int MAX_HEADER_BYTES = 2 + 8 + 4;

    /**
     * Copies the payload.
     *
     * @throws IllegalArgumentException if {@code opcode} does not fit its four bits
     */
    public Frame {
        if (opcode < 0 || opcode > 0xF) {
            throw new IllegalArgumentException("opcode " + opcode + " does not fit four bits (§5.2)");
        }
        Objects.requireNonNull(maskingKey, "maskingKey");
        payload = payload.clone();
    }

    /**
     * Makes a last frame with no reserved bit set and no mask.
     *
     * @param opcode 0 to 15
     * @param payload the payload
     * @return the frame
     */
    public static Frame of(int opcode, byte[] payload) {
        return new Frame(true, false, false, false, opcode, OptionalInt.empty(), payload);
    }

    /**
     * Makes a text frame.
     *
     * @param text the whole message
     * @return the frame
     */
    public static Frame text(String text) {
        return of(TEXT, text.getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Makes a binary frame.
     *
     * @param payload the whole message
     * @return the frame
     */
    public static Frame binary(byte[] payload) {
        return of(BINARY, payload);
    }

    /**
     * Makes a continuation frame.
     *
     * @param payload the fragment
     * @return the frame, the last of its message
     */
    public static Frame continuation(byte[] payload) {
        return of(CONTINUATION, payload);
    }

    /**
     * Makes a Ping.
     *
     * @param payload what the Pong must bring back
     * @return the frame
     */
    public static Frame ping(byte[] payload) {
        return of(PING, payload);
    }

    /**
     * Makes a Pong.
     *
     * @param payload that of the Ping
     * @return the frame
     */
    public static Frame pong(byte[] payload) {
        return of(PONG, payload);
    }

    /** {@return a Close frame without a body} */
    public static Frame close() {
        return of(CLOSE, new byte[0]);
    }

    /**
     * Makes a Close frame.
     *
     * @param code the close code, 0 to 65535, legal or not
     * @param reason the close reason, of any length
     * @return the frame
     */
    public static Frame close(int code, String reason) {
        if (code < 0 || code > 0xFFFF) {
            throw new IllegalArgumentException("close code " + code + " does not fit two bytes (§5.5.1)");
        }
        byte[] utf8 = reason.getBytes(StandardCharsets.UTF_8);
        ByteBuffer body =
                ByteBuffer.allocate(2 + utf8.length).putShort((short) code).put(utf8);
        return of(CLOSE, body.array());
    }

    /** {@return a copy of the bytes before masking} */
    @Override
    public byte[] payload() {
        return payload.clone();
    }

    /** {@return whether the mask bit is set} */
    public boolean masked() {
        return maskingKey.isPresent();
    }

    /** {@return whether this is a control frame, by its opcode (§5.5)} */
    public boolean isControl() {
        return (opcode & 0x8) != 0;
    }

    /**
     * Changes the final bit.
     *
     * @param last whether this is the last frame of its message
     * @return the changed frame
     */
    public Frame withFin(boolean last) {
        return new Frame(last, rsv1, rsv2, rsv3, opcode, maskingKey, payload);
    }

    /**
     * Changes the reserved bits.
     *
     * @param first the first of them
     * @param second the second
     * @param third the third
     * @return the changed frame
     */
    public Frame withRsv(boolean first, boolean second, boolean third) {
        return new Frame(fin, first, second, third, opcode, maskingKey, payload);
    }

    /**
     * Masks the frame.
     *
     * @param key the masking key, its first byte on the wire being the highest
     * @return the changed frame
     */
    public Frame withMaskingKey(int key) {
        return new Frame(fin, rsv1, rsv2, rsv3, opcode, OptionalInt.of(key), payload);
    }

    /** {@return this frame without a mask} */
    public Frame unmasked() {
        return new Frame(fin, rsv1, rsv2, rsv3, opcode, OptionalInt.empty(), payload);
    }

    /**
     * Cuts this frame into the frames of a fragmented message (§5.4): the first has this opcode and the reserved bits,
     * the others are continuations, the last has this final bit.
     *
     * @param offsets where to cut the payload, not falling, each from 0 to its length; equal ones make empty fragments
     * @return one frame more than there are offsets
     */
    public List<Frame> fragment(int... offsets) {
        List<Frame> fragments = new ArrayList<>();
        int from = 0;
        for (int i = 0; i <= offsets.length; i++) {
            int to = i < offsets.length ? offsets[i] : payload.length;
            byte[] part = Arrays.copyOfRange(payload, Objects.checkFromToIndex(from, to, payload.length), to);
            boolean last = i == offsets.length && fin;
            fragments.add(
                    i == 0
                            ? new Frame(last, rsv1, rsv2, rsv3, opcode, maskingKey, part)
                            : new Frame(last, false, false, false, CONTINUATION, maskingKey, part));
            from = to;
        }
        return List.copyOf(fragments);
    }

    /** {@return the bytes of this frame, its length in the only legal form} */
    public byte[] encode() {
        return encode(LengthForm.minimal(payload.length));
    }

    /**
     * Encodes this frame with its length in a form of the caller's choice.
     *
     * @param form how the header spells the length
     * @return the bytes
     * @throws IllegalArgumentException if the form has no room for the length
     */
    public byte[] encode(LengthForm form) {
        return encode(form, payload.length);
    }

    /**
     * Encodes this frame with a header that declares a length which need not be that of the payload that follows.
     *
     * @param form how the header spells the length
     * @param declaredLength the length it declares; a negative number sets the first of the 64 bits, which is illegal
     * @return the bytes
     * @throws IllegalArgumentException if the form has no room for the length
     */
    public byte[] encode(LengthForm form, long declaredLength) {
        if (!form.fits(declaredLength)) {
            throw new IllegalArgumentException(
                    "payload length " + declaredLength + " does not fit " + form + " (§5.2)");
        }
        ByteBuffer out = ByteBuffer.allocate(MAX_HEADER_BYTES + payload.length);
        int reserved = (rsv1 ? RSV1_BIT : 0) | (rsv2 ? RSV2_BIT : 0) | (rsv3 ? RSV3_BIT : 0);
        out.put((byte) ((fin ? FIN_BIT : 0) | reserved | opcode));
        int maskBit = masked() ? MASK_BIT : 0;
        switch (form) {
            case BITS_7 -> out.put((byte) (maskBit | (int) declaredLength));
            case BITS_16 -> out.put((byte) (maskBit | 126)).putShort((short) declaredLength);
            case BITS_64 -> out.put((byte) (maskBit | 127)).putLong(declaredLength);
        }
        byte[] body = payload.clone();
        if (masked()) {
            out.putInt(maskingKey.getAsInt());
            mask(body, maskingKey.getAsInt());
        }
        out.put(body);
        return Arrays.copyOf(out.array(), out.position());
    }

    /** Masks or unmasks in place, a byte at a time, as §5.3 tells it. */
    static void mask(byte[] bytes, int key) {
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (bytes[i] ^ (key >>> (24 - 8 * (i % 4))));
        }
    }

    /**
     * Reads the payload as text.
     *
     * @return the text
     * @throws AssertionError if the payload is not UTF-8 (§8.1)
     */
    public String text() {
        return utf8(payload, 0);
    }

    /** {@return the close code of a Close frame, empty if its body is (§7.1.5)} */
    public OptionalInt closeCode() {
        return payload.length < 2
                ? OptionalInt.empty()
                : OptionalInt.of(ByteBuffer.wrap(payload).getShort() & 0xFFFF);
    }

    /**
     * Reads the close reason of a Close frame (§7.1.6).
     *
     * @return the reason, empty if there is none
     * @throws AssertionError if it is not UTF-8
     */
    public String closeReason() {
        return payload.length < 2 ? "" : utf8(payload, 2);
    }

    static String utf8(byte[] bytes, int from) {
        try {
            ByteBuffer in = ByteBuffer.wrap(bytes, from, bytes.length - from);
            return StandardCharsets.UTF_8.newDecoder().decode(in).toString();
        } catch (CharacterCodingException e) {
            throw new AssertionError("illegal: not UTF-8 (§8.1): " + Show.bytes(bytes), e);
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Frame that
                && head().equals(that.head())
                && maskingKey.equals(that.maskingKey)
                && Arrays.equals(payload, that.payload);
    }

    @Override
    public int hashCode() {
        return Objects.hash(head(), maskingKey, Arrays.hashCode(payload));
    }

    private List<Object> head() {
        return List.of(fin, rsv1, rsv2, rsv3, opcode);
    }

    /** {@return the frame in a line, such as {@code text fin masked(37fa213d) 5 bytes "Hello"}; bounded and escaped} */
    @Override
    public String toString() {
        StringBuilder line = new StringBuilder(name(opcode));
        line.append(fin ? " fin" : " more")
                .append(rsv1 ? " rsv1" : "")
                .append(rsv2 ? " rsv2" : "")
                .append(rsv3 ? " rsv3" : "");
        maskingKey.ifPresent(key -> line.append(String.format(Locale.ROOT, " masked(%08x)", key)));
        line.append(' ').append(payload.length).append(payload.length == 1 ? " byte" : " bytes");
        if (opcode == CLOSE && payload.length >= 2) {
            String reason = new String(payload, 2, payload.length - 2, StandardCharsets.UTF_8);
            return line.append(' ')
                    .append(closeCode().getAsInt())
                    .append(' ')
                    .append(Show.quoted(reason))
                    .toString();
        }
        if (opcode == TEXT && !rsv1) {
            return line.append(' ')
                    .append(Show.quoted(new String(payload, StandardCharsets.UTF_8)))
                    .toString();
        }
        return payload.length == 0
                ? line.toString()
                : line.append(" 0x").append(Show.bytes(payload)).toString();
    }

    private static String name(int opcode) {
        return switch (opcode) {
            case CONTINUATION -> "continuation";
            case TEXT -> "text";
            case BINARY -> "binary";
            case CLOSE -> "close";
            case PING -> "ping";
            case PONG -> "pong";
            default -> "opcode " + opcode;
        };
    }
}

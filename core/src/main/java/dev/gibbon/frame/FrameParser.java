// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.frame;

import static dev.gibbon.frame.FrameHeader.FIN_BIT;
import static dev.gibbon.frame.FrameHeader.LENGTH_16;
import static dev.gibbon.frame.FrameHeader.LENGTH_BITS;
import static dev.gibbon.frame.FrameHeader.MASKING_KEY_BYTES;
import static dev.gibbon.frame.FrameHeader.MASK_BIT;
import static dev.gibbon.frame.FrameHeader.MAX_CONTROL_PAYLOAD;
import static dev.gibbon.frame.FrameHeader.MAX_LENGTH_16;
import static dev.gibbon.frame.FrameHeader.OPCODE_BITS;
import static dev.gibbon.frame.FrameHeader.RSV1_BIT;
import static dev.gibbon.frame.FrameHeader.RSV2_BIT;
import static dev.gibbon.frame.FrameHeader.RSV3_BIT;
import static dev.gibbon.frame.FrameHeader.RSV_BITS;

import dev.gibbon.CloseCode;
import dev.gibbon.ProtocolException;
import dev.gibbon.Role;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads the frames of one connection out of the buffers they came in (RFC 6455 §5.2), copying and allocating nothing.
 * For each frame: {@link #parseHeader} until it says {@code true}, then {@link #unmaskPayload} until
 * {@link #payloadRemaining()} is 0, with as many buffers as it takes.
 *
 * <p>It judges a frame by itself: reserved bits and opcodes, masking, the form of its length, the limits of control
 * frames. A fault is refused at the first header field that shows it, before a byte of payload is looked at. Which
 * frame may follow which, and how long a message may be, is for the caller to judge.
 *
 * <p>Not for use by several threads.
 */
public final class FrameParser {
    /** What the parser waits for. */
    private enum State {
        FIRST_BYTE, // FIN, RSV1-3, opcode
        SECOND_BYTE, // MASK, payload length
        EXTENDED_LENGTH, // 16 or 64 bits
        MASKING_KEY, // 32 bits
        PAYLOAD, // payloadRemaining bytes
        FAILED // nothing: a frame was refused, so where the next one starts is not known
    }

    private final boolean expectsMask;
    private final int permittedRsvBits;

    private State state = State.FIRST_BYTE;

    // The field being read in state EXTENDED_LENGTH or
    // MASKING_KEY: its bytes so far, how many are still to come.
    private long field;
    private int fieldBytesMissing;
    private int leastExtendedLength; // what is shorter has a shorter form

    // The header.
    private int firstByte;
    private Opcode opcode = Opcode.CONTINUATION; // until there is a first header
    private long payloadLength;
    private int maskingKey;

    private long payloadRemaining;

    /**
     * Starts before the first frame of a connection.
     *
     * @param role which side we are; a server's input is masked, a client's is not (§5.1)
     * @param permittedRsvBits those of {@link FrameHeader#RSV_BITS} that the negotiated extensions define; they pass on
     *     data frames alone, and RSV1 not on a continuation (RFC 7692 §6.1)
     * @throws IllegalArgumentException if {@code permittedRsvBits} has any other bit
     */
    public FrameParser(Role role, int permittedRsvBits) {
        if ((permittedRsvBits & ~RSV_BITS) != 0) {
            throw new IllegalArgumentException("not RSV bits: 0x" + Integer.toHexString(permittedRsvBits));
        }
        this.expectsMask = Masking.isDoneBy(role.peer());
        this.permittedRsvBits = permittedRsvBits;
    }

    /**
     * Consumes header bytes of the next frame, and no byte more.
     *
     * @param in what was received, from its position on, in either byte order
     * @return {@code true} once the header is complete: its fields can be asked for, and the payload follows in
     *     {@code in}; {@code false} if all of {@code in} was consumed and the header goes on
     * @throws ProtocolException with 1002 if no frame may begin like this; the parser is of no use after that
     * @throws IllegalStateException if payload of the present frame remains, or a frame was refused
     */
    public boolean parseHeader(ByteBuffer in) throws ProtocolException {
        // A header passes these states in this order, so one
        // pass over them takes as much of it as there is.
        if (state == State.FIRST_BYTE) {
            if (!in.hasRemaining()) {
                return false;
            }
            acceptFirstByte(in.get());
        }
        if (state == State.SECOND_BYTE) {
            if (!in.hasRemaining()) {
                return false;
            }
            acceptSecondByte(in.get());
        }
        if (state == State.EXTENDED_LENGTH) {
            if (!fillField(in)) {
                return false;
            }
            acceptExtendedLength();
        }
        if (state == State.MASKING_KEY) {
            if (!fillField(in)) {
                return false;
            }
            maskingKey = (int) field;
            state = State.PAYLOAD;
        } else if (state != State.PAYLOAD || payloadRemaining != 0) {
            throw new IllegalStateException("no header to parse: " + state + ", payload remaining " + payloadRemaining);
        }
        payloadRemaining = payloadLength;
        if (payloadLength == 0) {
            state = State.FIRST_BYTE;
        }
        return true;
    }

    /**
     * {@return whether a message, a Ping or a Pong may begin with {@code first}: no Close, and nothing that is
     * refused}
     */
    public boolean mayBeginWith(byte first) {
        Opcode begun = Opcode.of(first & OPCODE_BITS);
        if (begun == null || begun == Opcode.CONTINUATION || begun == Opcode.CLOSE) {
            return false;
        }
        boolean whole = !begun.isControl() || (first & FIN_BIT) != 0;
        return whole && (first & RSV_BITS & ~permittedRsvBits(begun)) == 0;
    }

    /** {@return whether a message may begin with {@code first}, by its first frame} */
    public boolean mayBeginMessageWith(byte first) {
        Opcode begun = Opcode.of(first & OPCODE_BITS);
        return begun != null && !begun.isControl() && mayBeginWith(first);
    }

    /**
     * {@return whether the frame ends its message} Like every field of the header, it is to be asked for after
     * {@link #parseHeader} said {@code true} and before it is called again.
     */
    public boolean fin() {
        return (firstByte & FIN_BIT) != 0;
    }

    /** {@return whether RSV1 is set, which the constructor permitted then} */
    public boolean rsv1() {
        return (firstByte & RSV1_BIT) != 0;
    }

    /** {@return those of {@link FrameHeader#RSV_BITS} that are set} */
    public int rsv() {
        return firstByte & RSV_BITS;
    }

    /** {@return what the frame is} */
    public Opcode opcode() {
        return opcode;
    }

    /** {@return how long the payload of the whole frame is} */
    public long payloadLength() {
        return payloadLength;
    }

    /** {@return how much of this frame's payload has not been through {@link #unmaskPayload}; 0 between frames} */
    public long payloadRemaining() {
        return payloadRemaining;
    }

    /**
     * Takes the mask off whatever part of the present frame's payload {@code in} holds from its position on, in place,
     * and counts it as received. The position does not move: the caller passes over these bytes before the next call.
     *
     * @param in what was received; writable if our role is the server's
     * @return how many bytes of payload start at the position of {@code in}; 0 if there are none, or no frame is begun
     */
    public int unmaskPayload(ByteBuffer in) {
        int count = (int) Math.min(payloadRemaining, in.remaining());
        if (count == 0) {
            return 0;
        }
        if (expectsMask) {
            int from = in.position();
            Masking.mask(in, from, from + count, maskingKey, payloadLength - payloadRemaining);
        }
        payloadRemaining -= count;
        if (payloadRemaining == 0) {
            state = State.FIRST_BYTE;
        }
        return count;
    }

    /** {@return whether the input stands between two frames: all of the last one was taken, nothing of the next} */
    public boolean idle() {
        return state == State.FIRST_BYTE;
    }

    private void acceptFirstByte(byte b) throws ProtocolException {
        firstByte = b & 0xFF;
        Opcode named = Opcode.of(firstByte & OPCODE_BITS);
        if (named == null) {
            throw refuse("opcode " + (firstByte & OPCODE_BITS) + " is reserved (§5.2)" + httpHint());
        }
        opcode = named;
        int permitted = permittedRsvBits(named);
        if ((rsv() & ~permitted) != 0) {
            throw refuse(rsvNames(rsv() & ~permitted) + " set on " + named + ", permitted: " + rsvNames(permitted)
                    + " (§5.2)" + httpHint());
        }
        if (named.isControl() && !fin()) {
            throw refuse(named + " is fragmented: FIN 0, must be 1 (§5.5)");
        }
        state = State.SECOND_BYTE;
    }

    /** {@return what a peer most likely did that sent a letter in place of a frame: no frame may begin with either} */
    private String httpHint() {
        if (expectsMask) {
            return firstByte == 'G' ? "; it is a G, as of an HTTP request" : "";
        }
        return firstByte == 'H' ? "; it is an H, as of an HTTP reply" : "";
    }

    private int permittedRsvBits(Opcode named) {
        if (named.isControl()) {
            return 0;
        }
        return named == Opcode.CONTINUATION ? permittedRsvBits & ~RSV1_BIT : permittedRsvBits;
    }

    private void acceptSecondByte(byte b) throws ProtocolException {
        boolean masked = (b & MASK_BIT) != 0;
        if (masked != expectsMask) {
            throw refuse(
                    masked
                            ? "MASK 1 in a frame from a server, must be 0 (§5.1)"
                            : "MASK 0 in a frame from a client, must be 1 (§5.1)");
        }
        int length = b & LENGTH_BITS;
        if (opcode.isControl() && length > MAX_CONTROL_PAYLOAD) {
            String form = length == LENGTH_16 ? "in 16-bit form" : "in 64-bit form";
            throw refuse(opcode + " payload length " + form + ", must be at most " + MAX_CONTROL_PAYLOAD + " (§5.5)");
        }
        field = 0;
        if (length >= LENGTH_16) {
            boolean is16 = length == LENGTH_16;
            fieldBytesMissing = is16 ? Short.BYTES : Long.BYTES;
            leastExtendedLength = is16 ? LENGTH_16 : MAX_LENGTH_16 + 1;
            state = State.EXTENDED_LENGTH;
        } else {
            acceptLength(length);
        }
    }

    private void acceptExtendedLength() throws ProtocolException {
        long length = field;
        if (length < 0) {
            throw refuse("payload length " + Long.toUnsignedString(length) + " has its top bit set, must be at most "
                    + Long.MAX_VALUE + " (§5.2)");
        }
        if (length < leastExtendedLength) {
            throw refuse("payload length " + length + " is not in its shortest form, this one begins at "
                    + leastExtendedLength + " (§5.2)");
        }
        acceptLength(length);
    }

    private void acceptLength(long length) {
        payloadLength = length;
        field = 0;
        fieldBytesMissing = MASKING_KEY_BYTES;
        state = expectsMask ? State.MASKING_KEY : State.PAYLOAD;
    }

    /** Takes what {@code in} has of the field, most significant byte first; {@return whether it is complete}. */
    private boolean fillField(ByteBuffer in) {
        if (in.remaining() >= fieldBytesMissing && in.order() == ByteOrder.BIG_ENDIAN) {
            switch (fieldBytesMissing) {
                case Long.BYTES -> {
                    field = in.getLong();
                    return true;
                }
                case Integer.BYTES -> {
                    field = field << Integer.SIZE | Integer.toUnsignedLong(in.getInt());
                    return true;
                }
                case Short.BYTES -> {
                    field = field << Short.SIZE | Short.toUnsignedLong(in.getShort());
                    return true;
                }
                default -> {} // begun and cut at an odd place: byte by byte
            }
        }
        while (fieldBytesMissing > 0 && in.hasRemaining()) {
            field = field << Byte.SIZE | Byte.toUnsignedLong(in.get());
            fieldBytesMissing--;
        }
        return fieldBytesMissing == 0;
    }

    private ProtocolException refuse(String message) {
        state = State.FAILED;
        return new ProtocolException(CloseCode.PROTOCOL_ERROR, message);
    }

    private static String rsvNames(int bits) {
        List<String> names = new ArrayList<>();
        if ((bits & RSV1_BIT) != 0) {
            names.add("RSV1");
        }
        if ((bits & RSV2_BIT) != 0) {
            names.add("RSV2");
        }
        if ((bits & RSV3_BIT) != 0) {
            names.add("RSV3");
        }
        return names.isEmpty() ? "none" : String.join("+", names);
    }
}

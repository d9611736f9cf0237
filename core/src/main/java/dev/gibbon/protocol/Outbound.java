// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.protocol;

import dev.gibbon.Role;
import dev.gibbon.frame.FrameHeader;
import dev.gibbon.frame.FrameSerializer;
import dev.gibbon.frame.Masking;
import dev.gibbon.frame.Opcode;
import java.nio.ByteBuffer;

/** The sending half of the protocol (§5, §6.1): frames in, bytes out. Guarded by the caller's send lock. */
public final class Outbound {
    private final Role role;
    private final MaskingKeys maskingKeys;

    /** Whether a message has begun whose final frame has not been put. */
    private boolean messageOpen;

    /** How many Pings were put; the reader asks while the send lock is another's. */
    private volatile long pings;

    Outbound(Role role, MaskingKeys maskingKeys) {
        this.role = role;
        this.maskingKeys = maskingKeys;
    }

    /** {@return whether a message has begun whose final frame has not been put} */
    public boolean messageOpen() {
        return messageOpen;
    }

    /** {@return how many Pings were put so far, each of which asks for a Pong (§5.5.2)} Any thread. */
    long pings() {
        return pings;
    }

    /** {@return whether payloads must be masked on their way out (§5.3)} */
    public boolean masks() {
        return Masking.isDoneBy(role);
    }

    /**
     * Puts the header of a frame.
     *
     * @param dst has room for {@link FrameHeader#MAX_HEADER_BYTES}
     * @return the key to mask the payload with; 0, which changes nothing, where we do not mask
     * @throws IllegalStateException if the frame is out of order: a
     *     message inside a message, a continuation of none (§5.4)
     * @throws IllegalArgumentException if a control frame is fragmented or longer than 125 bytes (§5.5)
     */
    public int putHeader(ByteBuffer dst, Opcode opcode, boolean fin, int rsvBits, long payloadLength) {
        if (opcode.isControl()) {
            if (!fin || payloadLength > FrameHeader.MAX_CONTROL_PAYLOAD) {
                throw new IllegalArgumentException(opcode + " payload " + payloadLength + " > "
                        + FrameHeader.MAX_CONTROL_PAYLOAD + ", or fragmented (§5.5)");
            }
            if (opcode == Opcode.PING) {
                long count = pings + 1; // Counted before the peer can see it, and answer.
                pings = count;
            }
        } else {
            if (messageOpen != (opcode == Opcode.CONTINUATION)) {
                throw new IllegalStateException(opcode + " frame out of order (§5.4)");
            }
            messageOpen = !fin;
        }
        if (!masks()) {
            FrameSerializer.putHeader(dst, opcode, fin, rsvBits, payloadLength);
            return 0;
        }
        int maskingKey = maskingKeys.next();
        FrameSerializer.putMaskedHeader(dst, opcode, fin, rsvBits, payloadLength, maskingKey);
        return maskingKey;
    }

    /** Puts a whole payload behind its header, masked with the key that {@link #putHeader} gave. */
    public void putPayload(ByteBuffer dst, byte[] src, int maskingKey) {
        int from = dst.position();
        dst.put(src);
        if (masks()) {
            Masking.mask(dst, from, dst.position(), maskingKey, 0);
        }
    }

    /**
     * Masks a whole payload where it lies, from {@code from} to
     * the position, with the key that {@link #putHeader} gave.
     */
    public void maskPayload(ByteBuffer dst, int from, int maskingKey) {
        if (masks()) {
            Masking.mask(dst, from, dst.position(), maskingKey, 0);
        }
    }

    /**
     * Puts payload bytes behind their header, masked with the key that {@link #putHeader} gave; consumes {@code src}.
     */
    public void putPayload(ByteBuffer dst, ByteBuffer src, int maskingKey, long phase) {
        if (masks()) {
            Masking.mask(src, dst, maskingKey, phase);
        } else {
            dst.put(src);
        }
    }
}

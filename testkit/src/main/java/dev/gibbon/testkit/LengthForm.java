// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit;

/** How a frame's header spells the payload length (RFC 6455 §5.2). All but the shortest that fits is illegal. */
public enum LengthForm {
    /** In the seven bits of the second byte, for 0 to 125. */
    BITS_7(125),
    /** 126 in the seven bits, then two bytes. */
    BITS_16(0xFFFF),
    /** 127 in the seven bits, then eight bytes, the first bit 0. */
    BITS_64(Long.MAX_VALUE);

    private final long max;

    LengthForm(long max) {
        this.max = max;
    }

    /**
     * Picks the only legal form.
     *
     * @param payloadLength how many bytes; a negative number stands for one of 2^63 and more
     * @return the shortest form that can spell it
     */
    public static LengthForm minimal(long payloadLength) {
        if (payloadLength < 0 || payloadLength > BITS_16.max) {
            return BITS_64;
        }
        return payloadLength <= BITS_7.max ? BITS_7 : BITS_16;
    }

    /** Whether this form has room for the length, all 64 bits of it where the form has so many. */
    boolean fits(long payloadLength) {
        return this == BITS_64 || (payloadLength >= 0 && payloadLength <= max);
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.frame;

/** The layout of a frame header (RFC 6455 §5.2): the one place that knows which bit means what. */
public final class FrameHeader {
    /*
     *  first byte               second byte              0, 2 or 8 bytes      0 or 4 bytes
     *  7   6    5    4    3..0  7     6..0
     * +---+----+----+----+-----+-----+-----------------+--------------------+--------------+---------
     * |FIN|RSV1|RSV2|RSV3|op-  |MASK | payload length: | extended payload   | masking key  | payload
     * |   |    |    |    |code |     |   0-125 itself  | length, unsigned,  | if MASK is 1 |
     * |   |    |    |    |     |     |   126   16 bits | big-endian, top    | (§5.3)       |
     * |   |    |    |    |     |     |   127   64 bits | bit of the 64 is 0 |              |
     * +---+----+----+----+-----+-----+-----------------+--------------------+--------------+---------
     */

    /** First byte: the last fragment of a message, or the only one. */
    public static final int FIN_BIT = 0x80;

    /** First byte: reserved for extensions; permessage-deflate marks a compressed message with it (RFC 7692 §6). */
    public static final int RSV1_BIT = 0x40;

    /** First byte: reserved for extensions. */
    public static final int RSV2_BIT = 0x20;

    /** First byte: reserved for extensions. */
    public static final int RSV3_BIT = 0x10;

    /** First byte: all three reserved bits. */
    public static final int RSV_BITS = RSV1_BIT | RSV2_BIT | RSV3_BIT;

    /** First byte: the {@link Opcode}. */
    public static final int OPCODE_BITS = 0x0F;

    /** Second byte: a masking key follows the length and the payload is masked with it (§5.3). */
    public static final int MASK_BIT = 0x80;

    /** Second byte: the payload length, or which extended form follows. */
    public static final int LENGTH_BITS = 0x7F;

    /** In {@link #LENGTH_BITS}: the length is in the next 16 bits; also the least length that form may carry. */
    public static final int LENGTH_16 = 126;

    /** In {@link #LENGTH_BITS}: the length is in the next 64 bits. */
    public static final int LENGTH_64 = 127;

    /** The greatest length the 16-bit form carries; what is longer takes the 64-bit form. */
    public static final int MAX_LENGTH_16 = 0xFFFF;

    /** The longest payload of a control frame (§5.5). */
    public static final int MAX_CONTROL_PAYLOAD = 125;

    /** Size of the masking key. */
    public static final int MASKING_KEY_BYTES = 4;

    /** The longest header: two bytes, a 64-bit length, a masking key. */
    public static final int MAX_HEADER_BYTES = 2 + 8 + MASKING_KEY_BYTES;

    private FrameHeader() {}
}

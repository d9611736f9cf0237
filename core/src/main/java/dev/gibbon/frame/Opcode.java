// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.frame;

import org.jspecify.annotations.Nullable;

/** What a frame is (RFC 6455 §5.2); 3 to 7 and 11 to 15 are reserved and have no constant. */
public enum Opcode {
    /** A further fragment of a message that a data frame began (§5.4). */
    CONTINUATION(0),
    /** A text message, or its first fragment (§5.6). */
    TEXT(1),
    /** A binary message, or its first fragment (§5.6). */
    BINARY(2),
    /** The closing handshake (§5.5.1). */
    CLOSE(8),
    /** A question that a Pong answers (§5.5.2). */
    PING(9),
    /** The answer to a Ping, or a sign of life nobody asked for (§5.5.3). */
    PONG(10);

    private static final int CONTROL_BIT = 0x8; // §5.5: the opcode's most significant bit

    private final int value;

    Opcode(int value) {
        this.value = value;
    }

    /**
     * {@return the opcode that is {@code value} on the wire, or {@code null} where none is: it is reserved (§5.2)}
     *
     * @param value the four bits as a number
     */
    public static @Nullable Opcode of(int value) {
        return switch (value) {
            case 0 -> CONTINUATION;
            case 1 -> TEXT;
            case 2 -> BINARY;
            case 8 -> CLOSE;
            case 9 -> PING;
            case 10 -> PONG;
            default -> null;
        };
    }

    /** {@return the four bits on the wire, as a number} */
    public int value() {
        return value;
    }

    /** {@return whether this is a control frame (§5.5); all others are data frames (§5.6)} */
    public boolean isControl() {
        return (value & CONTROL_BIT) != 0;
    }
}

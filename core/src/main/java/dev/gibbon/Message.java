// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.connection.OwnedMessage;
import dev.gibbon.connection.Text;
import java.nio.ByteBuffer;
import java.util.Objects;

/**
 * One whole message (RFC 6455 §5.6) that its receiver or maker owns. Two messages are equal only if they are the same
 * object. Safe to hand between threads as long as nobody changes the array.
 */
public sealed interface Message permits OwnedMessage {
    /**
     * Makes a text message.
     *
     * @param text what it says
     * @return the message
     * @throws IllegalArgumentException if {@code text} has a lone surrogate, which UTF-8 cannot carry (§8.1)
     */
    static Message text(String text) {
        return new OwnedMessage(MessageType.TEXT, Text.encode(text), text);
    }

    /**
     * Makes a text message of bytes that are there already.
     *
     * @param utf8 the text in UTF-8, not copied: leave it alone while the message is in use
     * @return the message
     * @throws IllegalArgumentException if that is no UTF-8 text (§8.1)
     */
    static Message text(byte[] utf8) {
        ByteBuffer _ = Text.requireUtf8(ByteBuffer.wrap(Objects.requireNonNull(utf8, "utf8")));
        return new OwnedMessage(MessageType.TEXT, utf8);
    }

    /**
     * Makes a binary message.
     *
     * @param bytes its payload, not copied: leave it alone while the message is in use
     * @return the message
     */
    static Message binary(byte[] bytes) {
        return new OwnedMessage(MessageType.BINARY, Objects.requireNonNull(bytes, "bytes"));
    }

    /** {@return whether this is text or binary} */
    MessageType type();

    /** {@return whether this is text} */
    boolean isText();

    /**
     * {@return what a text message says}
     *
     * @throws IllegalStateException if this message is binary
     */
    String text();

    /** {@return the payload itself, UTF-8 for text; not a copy} */
    byte[] bytes();

    /** {@return the payload's length in bytes} */
    int length();
}

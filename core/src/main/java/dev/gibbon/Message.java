// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.frame.Utf8Validator;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One whole message (RFC 6455 §5.6) that its receiver or maker owns. Two messages are equal only if they are the same
 * object. Safe to hand between threads as long as nobody changes the array.
 */
public final class Message {
    private final MessageType type;
    private final byte[] bytes;

    /** The decoded text, made when it is first asked for; a race makes it twice, equal both times. */
    private @Nullable String text;

    private Message(MessageType type, byte[] bytes, @Nullable String text) {
        this.type = type;
        this.bytes = bytes;
        this.text = text;
    }

    /**
     * Makes a text message.
     *
     * @param text what it says
     * @return the message
     * @throws IllegalArgumentException if {@code text} has a lone surrogate, which UTF-8 cannot carry (§8.1)
     */
    public static Message text(String text) {
        return new Message(MessageType.TEXT, encode(text), text);
    }

    /**
     * Makes a binary message.
     *
     * @param bytes its payload, not copied: leave it alone while the message is in use
     * @return the message
     */
    public static Message binary(byte[] bytes) {
        return new Message(MessageType.BINARY, Objects.requireNonNull(bytes, "bytes"), null);
    }

    /** Wraps what was received; text has been validated by then. */
    static Message received(MessageType type, byte[] bytes) {
        return new Message(type, bytes, null);
    }

    /** Encodes text for the wire; refuses what would silently become a question mark. */
    static byte[] encode(String text) {
        int bad = Utf8Validator.invalidSurrogateIndex(text);
        if (bad >= 0) {
            throw new IllegalArgumentException("lone surrogate at index " + bad + ", not UTF-8 text (RFC 6455 §8.1)");
        }
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** {@return whether this is text or binary} */
    public MessageType type() {
        return type;
    }

    /** {@return whether this is text} */
    public boolean isText() {
        return type == MessageType.TEXT;
    }

    /**
     * {@return what a text message says}
     *
     * @throws IllegalStateException if this message is binary
     */
    public String text() {
        if (type != MessageType.TEXT) {
            throw new IllegalStateException("a binary message has no text; use bytes()");
        }
        String known = text;
        if (known == null) {
            known = new String(bytes, StandardCharsets.UTF_8);
            text = known;
        }
        return known;
    }

    /** {@return the payload itself, UTF-8 for text; not a copy} */
    public byte[] bytes() {
        return bytes;
    }

    /** {@return the payload's length in bytes} */
    public int length() {
        return bytes.length;
    }

    /** {@return kind and length; never the payload, which may be secret} */
    @Override
    public String toString() {
        return (isText() ? "text" : "binary") + " message of " + bytes.length + " bytes";
    }
}

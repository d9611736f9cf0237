// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.connection.EncodedMessage;
import dev.gibbon.connection.Text;
import java.nio.ByteBuffer;
import java.util.Objects;

/**
 * A message encoded once and sent to many connections by {@link Connection#writePrepared}.
 * Immutable, for any thread. A server sends the encoded frame as it is; a client masks it
 * anew each time, since a masking key must be fresh (RFC 6455 §5.3).
 *
 * <p>For connections that agreed on permessage-deflate it is compressed once for each form
 * that they need: one for all whose window it fits as a whole, and one for each smaller
 * window. Whoever sends it first on such a connection does that, and others that need the same
 * form meanwhile wait for it. It stands for itself, and does not refer to earlier messages.
 */
public sealed interface PreparedMessage permits EncodedMessage {
    /**
     * Encodes a text message.
     *
     * @param text what it says
     * @return the message
     * @throws IllegalArgumentException if {@code text} has a lone surrogate
     */
    static PreparedMessage text(String text) {
        return new EncodedMessage(MessageType.TEXT, ByteBuffer.wrap(Text.encode(text)));
    }

    /**
     * Encodes a text message of bytes that are there already: JSON that was serialised, or what {@link
     * MessageView#bytes()} shows.
     *
     * @param utf8 the text in UTF-8, copied; nothing of the buffer is moved
     * @return the message
     * @throws IllegalArgumentException if that is no UTF-8 text (§8.1)
     */
    static PreparedMessage text(ByteBuffer utf8) {
        return new EncodedMessage(MessageType.TEXT, Text.requireUtf8(Objects.requireNonNull(utf8, "utf8")));
    }

    /**
     * Encodes a binary message.
     *
     * @param payload the bytes, copied
     * @return the message
     */
    static PreparedMessage binary(byte[] payload) {
        return new EncodedMessage(MessageType.BINARY, ByteBuffer.wrap(Objects.requireNonNull(payload, "payload")));
    }

    /** {@return whether this is text or binary} */
    MessageType type();
}

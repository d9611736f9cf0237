// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.connection.EncodedMessage;
import dev.gibbon.connection.Text;

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
        return new EncodedMessage(MessageType.TEXT, Text.encode(text));
    }

    /**
     * Encodes a binary message.
     *
     * @param payload the bytes, copied
     * @return the message
     */
    static PreparedMessage binary(byte[] payload) {
        return new EncodedMessage(MessageType.BINARY, payload);
    }

    /** {@return whether this is text or binary} */
    MessageType type();
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import dev.gibbon.Message;
import dev.gibbon.MessageType;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** A message whose bytes are its own; those of a text are UTF-8, which whoever makes it has seen to. */
public final class OwnedMessage implements Message {
    private final MessageType type;
    private final byte[] bytes;

    /** The decoded text, made when it is first asked for; a race makes it twice, equal both times. */
    private @Nullable String text;

    public OwnedMessage(MessageType type, byte[] bytes) {
        this(type, bytes, null);
    }

    public OwnedMessage(MessageType type, byte[] bytes, @Nullable String text) {
        this.type = type;
        this.bytes = bytes;
        this.text = text;
    }

    @Override
    public MessageType type() {
        return type;
    }

    @Override
    public boolean isText() {
        return type == MessageType.TEXT;
    }

    @Override
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

    @Override
    public byte[] bytes() {
        return bytes;
    }

    @Override
    public int length() {
        return bytes.length;
    }

    /** {@return kind and length; never the payload, which may be secret} */
    @Override
    public String toString() {
        return (isText() ? "text" : "binary") + " message of " + bytes.length + " bytes";
    }
}

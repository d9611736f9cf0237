// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import dev.gibbon.Message;
import dev.gibbon.MessageType;
import dev.gibbon.MessageView;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The view that a loop shows its messages by: one for all, set anew for each. It knows whose the buffer is, so that
 * whoever queues or keeps the message may take that instead of a copy.
 */
public final class ReceivedView implements MessageView {
    private MessageType type = MessageType.BINARY;
    private @Nullable ByteBuffer buffer;
    private int offset;
    private int length;
    private boolean first;
    private boolean last;

    /**
     * Whose the buffer is, if it holds nothing but this message
     * and may be kept by a queue that the message was written to.
     */
    private @Nullable AssemblyBuffers lender;

    private boolean kept;

    public ReceivedView() {}

    /** Shows bytes of {@code source}; the view is valid until {@link #end()}. */
    void show(MessageType shown, ByteBuffer source, int from, int bytes, boolean isFirst, boolean isLast) {
        type = shown;
        buffer = source;
        offset = from;
        length = bytes;
        first = isFirst;
        last = isLast;
        lender = null;
        kept = false;
    }

    /** What is shown lies in a buffer of its own, leased from {@code owner}. */
    void lentBy(AssemblyBuffers owner) {
        lender = owner;
    }

    /**
     * Lets a queue keep the buffer instead of a copy, once, if that does not hold much more than what waits.
     *
     * @param bytes how many of it wait
     * @return to whom the queue {@linkplain AssemblyBuffers#release gives it back}, or null if it must copy
     */
    @Nullable
    AssemblyBuffers keep(int bytes) {
        AssemblyBuffers owner = lender;
        if (owner == null || bytes < source().capacity() / 2) {
            return null;
        }
        lender = null;
        kept = true;
        return owner;
    }

    /**
     * {@return the bytes, the caller's to keep} A large message that was put together in an array of its own is that
     * array, not a copy of it; nobody else uses the view from then on.
     */
    byte[] takeBytes() {
        AssemblyBuffers owner = lender;
        ByteBuffer source = source();
        if (owner == null || !source.hasArray() || source.arrayOffset() + offset != 0) {
            return toByteArray();
        }
        byte[] array = source.array();
        if (array.length != length) {
            return toByteArray();
        }
        lender = null;
        kept = true;
        owner.release(source); // It gives the count back, and keeps no array.
        return array;
    }

    /** {@return whether somebody else keeps the buffer} */
    boolean isKept() {
        return kept;
    }

    void end() {
        buffer = null;
        lender = null;
    }

    /** {@return where the bytes are; between {@link #offset()} and {@code length()} more} */
    ByteBuffer source() {
        ByteBuffer source = buffer;
        if (source == null) {
            throw new IllegalStateException(
                    "a message view is valid until the listener's call returns; copy what you keep");
        }
        return source;
    }

    int offset() {
        return offset;
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
    public int length() {
        return length;
    }

    @Override
    public boolean isFirst() {
        return first;
    }

    @Override
    public boolean isLast() {
        return last;
    }

    @Override
    public ByteBuffer bytes() {
        return source().slice(offset, length);
    }

    @Override
    public byte[] toByteArray() {
        byte[] copy = new byte[length];
        source().get(offset, copy);
        return copy;
    }

    @Override
    public String text() {
        if (type != MessageType.TEXT || !first || !last) {
            throw new IllegalStateException("only a whole text message has text; use bytes()");
        }
        return new String(toByteArray(), StandardCharsets.UTF_8);
    }

    @Override
    public Message toMessage() {
        if (!first || !last) {
            throw new IllegalStateException("this is part of a message; use bytes()");
        }
        return new OwnedMessage(type, toByteArray());
    }

    /** {@return kind and length; never the payload, which may be secret} */
    @Override
    public String toString() {
        return (isText() ? "text" : "binary") + (first && last ? " message of " : " part of ") + length + " bytes";
    }
}

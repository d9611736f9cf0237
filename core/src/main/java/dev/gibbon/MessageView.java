// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * A message, or a part of one, that a {@link Listener} may look at until its call returns: the bytes lie where they
 * were received and the next message overwrites them. Copies are made only where asked for. For the listener's thread.
 */
public final class MessageView {
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

    MessageView() {}

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

    /** {@return whether this is text or binary} */
    public MessageType type() {
        return type;
    }

    /** {@return whether this is text} */
    public boolean isText() {
        return type == MessageType.TEXT;
    }

    /** {@return how many bytes there are} */
    public int length() {
        return length;
    }

    /** {@return whether these bytes begin the message; always so unless this is a part} */
    public boolean isFirst() {
        return first;
    }

    /** {@return whether these bytes end the message; always so unless this is a part} */
    public boolean isLast() {
        return last;
    }

    /**
     * {@return the bytes themselves, UTF-8 for text, from position
     * 0 to the limit; borrowed until the listener's call returns}
     *
     * @throws IllegalStateException if that has returned
     */
    public ByteBuffer bytes() {
        return source().slice(offset, length);
    }

    /**
     * {@return a copy of the bytes, the caller's to keep}
     *
     * @throws IllegalStateException if the listener's call has returned
     */
    public byte[] toByteArray() {
        byte[] copy = new byte[length];
        source().get(offset, copy);
        return copy;
    }

    /**
     * {@return what a text message says, the caller's to keep}
     *
     * @throws IllegalStateException if this is binary, or part of a message, or the listener's call has returned
     */
    public String text() {
        if (type != MessageType.TEXT || !first || !last) {
            throw new IllegalStateException("only a whole text message has text; use bytes()");
        }
        return new String(toByteArray(), StandardCharsets.UTF_8);
    }

    /**
     * {@return a copy, the caller's to keep}
     *
     * @throws IllegalStateException if this is part of a message, or the listener's call has returned
     */
    public Message toMessage() {
        if (!first || !last) {
            throw new IllegalStateException("this is part of a message; use bytes()");
        }
        return Message.received(type, toByteArray());
    }

    /** {@return kind and length; never the payload, which may be secret} */
    @Override
    public String toString() {
        return (isText() ? "text" : "binary") + (first && last ? " message of " : " part of ") + length + " bytes";
    }
}

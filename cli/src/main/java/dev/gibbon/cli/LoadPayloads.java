// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import dev.gibbon.Message;
import dev.gibbon.MessageType;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.Optional;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * The messages of a load, and what tells whether one came back as it was sent. For one thread at a time.
 *
 * <p>Nothing is generated while the load runs: there are a few variants of random content, taken in turn, and a message
 * is one of them with a mark at its start. From 16 bytes on the mark is the number of the connection and that of the
 * message on it, so that whatever is lost, repeated, swapped, cut or changed by a bit is seen. From 8 bytes on it is 16
 * bits of the one and 32 of the other. Below that it is their mix in the bytes that there are: a message that comes in
 * another's place is not noticed if their numbers differ by a multiple of 256 to the power of the size (64 in text).
 */
final class LoadPayloads {
    /** From this size on a message tells which one it is. */
    static final int FULL_MARK = 2 * Long.BYTES;

    /** All variants together stay in a core's own cache, as long as there are two. */
    private static final int VARIANT_BYTES = 64 * 1024;

    private static final int MAX_VARIANTS = 16;

    /** What looks like records comes again only after twice the largest window of compression with context takeover. */
    private static final int RECORDS_VARIANTS = VARIANT_BYTES / FULL_MARK;

    private static final long SEED = 0x6769_6262_6F6EL; // Any: every run sends the same.

    /** Six bits to a byte of text: sixty-four characters from '0' on. */
    private static final int TEXT_BITS = 6;

    private static final long TEXT_MASK = 0x3F3F_3F3F_3F3F_3F3FL;
    private static final long TEXT_BASE = 0x3030_3030_3030_3030L;
    private static final long SPREAD = 0x9E37_79B1L; // Odd, so that neighbours differ in every bit.
    private static final int SHOWN_BYTES = 24;

    private final boolean text;
    private final Message[] messages;

    /** The bytes of the messages, always from the first to the last. */
    private final ByteBuffer[] payloads;

    /** @param size the bytes of each message, one or more */
    LoadPayloads(LoadContent content, int size) {
        text = content.isText();
        int most = content == LoadContent.RECORDS ? RECORDS_VARIANTS : MAX_VARIANTS;
        int fitting = Math.clamp(Integer.highestOneBit(VARIANT_BYTES / size), 2, most);
        int variants = size <= FULL_MARK ? 1 : fitting; // Of a short message the mark is all there is.
        messages = new Message[variants];
        payloads = new ByteBuffer[variants];
        SplittableRandom random = new SplittableRandom(SEED);
        for (int i = 0; i < variants; i++) {
            messages[i] = content.random(random, size, FULL_MARK);
            payloads[i] = ByteBuffer.wrap(messages[i].bytes());
        }
    }

    /** {@return how many messages differ by more than their mark} */
    int variants() {
        return payloads.length;
    }

    /** {@return a message as it is to be sent; good until the next call} */
    Message message(int connection, long sequence) {
        return messages[marked(connection, sequence)];
    }

    /** {@return whether this is what was sent; {@code payload} is not consumed} */
    boolean matches(int connection, long sequence, MessageType type, ByteBuffer payload) {
        int variant = marked(connection, sequence);
        return type == messages[variant].type() && payloads[variant].mismatch(payload) < 0;
    }

    /** {@return whether this is that part of what was sent, from byte {@code from} on; {@code part} is not consumed} */
    boolean matches(int connection, long sequence, MessageType type, int from, ByteBuffer part) {
        int variant = marked(connection, sequence);
        ByteBuffer payload = payloads[variant];
        return type == messages[variant].type()
                && part.remaining() <= payload.limit() - from
                && payload.slice(from, part.remaining()).equals(part);
    }

    /** {@return the variant that this message is, with its mark} */
    private int marked(int connection, long sequence) {
        int variant = (int) sequence & (payloads.length - 1);
        ByteBuffer payload = payloads[variant];
        int size = payload.limit();
        if (size >= FULL_MARK) {
            payload.putLong(0, word(connection));
            payload.putLong(Long.BYTES, word(sequence));
        } else if (size >= Long.BYTES) {
            payload.putLong(0, word(((connection & 0xFFFFL) << 32) | (sequence & 0xFFFF_FFFFL)));
        } else {
            markShort(payload, sequence + connection * SPREAD);
        }
        return variant;
    }

    private void markShort(ByteBuffer payload, long mark) {
        long rest = mark;
        for (int i = 0; i < payload.limit(); i++) {
            payload.put(i, (byte) (text ? '0' + (rest & ((1 << TEXT_BITS) - 1)) : rest));
            rest >>>= text ? TEXT_BITS : Byte.SIZE;
        }
    }

    /** Text has room for 48 bits, which at a million messages a second is enough for years. */
    private long word(long value) {
        return text ? Long.expand(value, TEXT_MASK) + TEXT_BASE : value;
    }

    private long value(long word) {
        return text ? Long.compress(word - TEXT_BASE, TEXT_MASK) : word;
    }

    /** {@return what is wrong with an answer, absent if the server closed instead; empty if it is as it was sent} */
    Optional<String> wrong(int connection, long sequence, @Nullable Message answer) {
        if (answer == null) {
            return Optional.of(
                    "connection " + connection + ", message " + sequence + ": the server closed and did not answer");
        }
        ByteBuffer payload = ByteBuffer.wrap(answer.bytes());
        return matches(connection, sequence, answer.type(), payload)
                ? Optional.empty()
                : Optional.of(difference(connection, sequence, answer.type(), payload));
    }

    /** {@return what is wrong with a message that does not match; nothing of it is unescaped} */
    String difference(int connection, long sequence, MessageType type, ByteBuffer payload) {
        return difference(connection, sequence, type, 0, payload, true);
    }

    /** {@return what is wrong with a part of a message, from byte {@code from} on; the last one if {@code isLast}} */
    String difference(int connection, long sequence, MessageType type, int from, ByteBuffer part, boolean isLast) {
        int variant = marked(connection, sequence);
        Message sent = messages[variant];
        String which = "connection " + connection + ", message " + sequence + ": ";
        if (type != sent.type()) {
            return which + name(type) + " came where " + name(sent.type()) + " was sent";
        }
        int size = payloads[variant].limit();
        int end = from + part.remaining();
        String length = end > size || (isLast && end < size) ? end + " bytes came where " + size + " were sent, " : "";
        ByteBuffer expected = payloads[variant].slice(from, isLast ? size - from : Math.min(size, end) - from);
        int index = expected.mismatch(part);
        return which + length + "differs from byte " + (from + index) + " on: expected " + hex(expected, index)
                + ", got " + hex(part, index) + (from == 0 ? otherMark(expected, part) : "");
    }

    /** {@return which message it seems to be, if it says that it is another one} */
    private String otherMark(ByteBuffer expected, ByteBuffer payload) {
        if (expected.limit() < FULL_MARK || payload.remaining() < FULL_MARK || sameMark(expected, payload)) {
            return "";
        }
        int at = payload.position();
        return ", as in message " + Long.toUnsignedString(value(payload.getLong(at + Long.BYTES))) + " of connection "
                + Long.toUnsignedString(value(payload.getLong(at)));
    }

    private static boolean sameMark(ByteBuffer expected, ByteBuffer payload) {
        return expected.slice(0, FULL_MARK).mismatch(payload.slice(payload.position(), FULL_MARK)) < 0;
    }

    private static String name(MessageType type) {
        return type == MessageType.TEXT ? "text" : "binary";
    }

    private static String hex(ByteBuffer buffer, int from) {
        byte[] shown = new byte[Math.min(SHOWN_BYTES, buffer.remaining() - from)];
        buffer.get(buffer.position() + from, shown);
        boolean cut = buffer.remaining() - from > shown.length;
        String hex = HexFormat.ofDelimiter(" ").formatHex(shown);
        return hex.isEmpty() ? "the end" : cut ? hex + " ..." : hex;
    }
}

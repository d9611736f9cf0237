// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.frame;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Objects;

/**
 * Masks payloads and takes the mask off again, which is the same XOR (RFC 6455 §5.3). A masking key is the four bytes
 * as they stand on the wire, the first one the most significant. Byte {@code i} of a payload meets byte {@code i mod 4}
 * of the key, so a payload that comes in pieces is done piece by piece with the offset of each as its phase.
 */
public final class Masking {
    private Masking() {}

    /**
     * Masks or unmasks the bytes from {@code from} to {@code to} in place. Neither the buffer's position nor its byte
     * order matters, and both stay as they are.
     *
     * @param buffer heap or direct, writable
     * @param from index of the first byte
     * @param to index after the last byte
     * @param maskingKey the key; zero changes nothing and costs nothing
     * @param phase offset within the payload of the byte at {@code from}
     * @throws IndexOutOfBoundsException if the range is not within the buffer's limit
     */
    public static void mask(ByteBuffer buffer, int from, int to, int maskingKey, long phase) {
        Objects.checkFromToIndex(from, to, buffer.limit());
        if (maskingKey == 0) {
            return;
        }
        // Turned, so that its first byte is the one for the byte at `from`. Eight is a multiple of four: what is done
        // in eights and fours leaves the key in step.
        int key = Integer.rotateLeft(maskingKey, (int) (phase & 3) * Byte.SIZE);
        int index = maskWords(buffer, from, to, key);
        for (; index < to; index++) {
            buffer.put(index, (byte) (buffer.get(index) ^ key >>> 24));
            key = Integer.rotateLeft(key, Byte.SIZE);
        }
    }

    /**
     * Puts the bytes of {@code src}, masked or unmasked, at the position of {@code dst}; {@code src} keeps its content.
     *
     * @param src what remains of it is read and consumed; may be read-only
     * @param dst receives as many bytes; its position moves past them
     * @param maskingKey the key; zero copies
     * @param phase offset within the payload of the first byte of {@code src}
     * @throws java.nio.BufferOverflowException if {@code dst} has not the room; nothing has moved then
     */
    public static void mask(ByteBuffer src, ByteBuffer dst, int maskingKey, long phase) {
        int from = dst.position();
        dst.put(src);
        mask(dst, from, dst.position(), maskingKey, phase);
    }

    /** Does eight bytes at a time, then four; {@return the index where fewer than four are left}. */
    private static int maskWords(ByteBuffer buffer, int from, int to, int key) {
        // The key is put into the buffer's order instead of the buffer into the key's: nobody sees a changed buffer.
        int word = buffer.order() == ByteOrder.BIG_ENDIAN ? key : Integer.reverseBytes(key);
        long pair = (long) word << Integer.SIZE | Integer.toUnsignedLong(word);
        int index = from;
        for (; index <= to - Long.BYTES; index += Long.BYTES) {
            buffer.putLong(index, buffer.getLong(index) ^ pair);
        }
        if (index <= to - Integer.BYTES) {
            buffer.putInt(index, buffer.getInt(index) ^ word);
            index += Integer.BYTES;
        }
        return index;
    }
}

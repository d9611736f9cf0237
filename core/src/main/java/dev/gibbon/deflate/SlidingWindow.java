// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.deflate;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/**
 * The last plain bytes of one direction: a ring that grows with what comes, up to the agreed size. All that a
 * connection keeps for context takeover (RFC 7692 §7.1.1).
 */
final class SlidingWindow {
    private static final int FIRST_BYTES = 256;
    private static final byte[] NO_BYTES = {};

    private final int capacity;

    // Not a ring until it has grown to its capacity: before that, end == size.
    private byte[] bytes = NO_BYTES;
    private int end;
    private int size;

    SlidingWindow(int windowBits) {
        capacity = 1 << windowBits;
    }

    int size() {
        return size;
    }

    /** {@return how many bytes of memory this takes now} */
    int allocated() {
        return bytes.length;
    }

    /** Appends bytes {@code from} to {@code to} of a buffer, whose position stays. */
    void append(ByteBuffer buffer, int from, int to) {
        int start = Math.max(from, to - capacity);
        int length = to - start;
        grow(size + length);
        int untilWrap = Math.min(length, bytes.length - end);
        buffer.get(start, bytes, end, untilWrap);
        buffer.get(start + untilWrap, bytes, 0, length - untilWrap);
        end += length;
        if (end >= bytes.length) {
            end -= bytes.length;
        }
        size = Math.min(size + length, capacity);
    }

    /** Lets a compressor in its initial state refer to the newest bytes, at most so many. */
    void prime(Deflater deflater, int atMost) {
        int length = Math.min(size, atMost);
        int start = end - length;
        if (start < 0) {
            deflater.setDictionary(bytes, start + bytes.length, -start);
            start = 0;
        }
        if (end > start) {
            deflater.setDictionary(bytes, start, end - start);
        }
    }

    /** Lets a decompressor in its initial state refer to all bytes. */
    void prime(Inflater inflater) {
        int start = end - size;
        if (start < 0) {
            inflater.setDictionary(bytes, start + bytes.length, -start);
            start = 0;
        }
        if (end > start) {
            inflater.setDictionary(bytes, start, end - start);
        }
    }

    void clear() {
        bytes = NO_BYTES;
        end = 0;
        size = 0;
    }

    private void grow(int needed) {
        int wanted = Math.min(needed, capacity);
        if (wanted > bytes.length) {
            int larger = Math.max(FIRST_BYTES, Integer.highestOneBit(2 * wanted - 1));
            if (end == 0) {
                end = size; // A full array that was about to wrap: it goes on at its end instead.
            }
            bytes = Arrays.copyOf(bytes, Math.min(larger, capacity));
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;

/**
 * Where an event loop puts messages together that do not come in one read: buffers by powers of two, kept up to a
 * bound. Large ones are read into directly, so their bytes are not copied. Loop's thread only.
 */
final class AssemblyBuffers {
    /** Below this a piece of a message lies on the heap: many connections may wait for the rest of a small one. */
    private static final int SMALLEST = 4 * 1024;

    /** Beyond this a message lies on the heap, which gives its memory back. */
    private static final int LARGEST = 4 * 1024 * 1024;

    /** How much unused memory is kept. */
    private static final long MAX_KEPT = 16L * 1024 * 1024;

    /** How much may be reserved for bytes that were announced and have not come, over all connections of a loop. */
    private static final long MAX_UNSEEN = 64L * 1024 * 1024;

    private final ArrayDeque<ByteBuffer>[] free = shelves();
    private long kept;
    private long leased;

    @SuppressWarnings({"unchecked", "rawtypes"}) // An array of a generic type can be made in no other way.
    private static ArrayDeque<ByteBuffer>[] shelves() {
        ArrayDeque<ByteBuffer>[] shelves = new ArrayDeque[shelf(LARGEST) + 1];
        for (int i = 0; i < shelves.length; i++) {
            shelves[i] = new ArrayDeque<>();
        }
        return shelves;
    }

    private static int shelf(int bytes) {
        int above = Integer.numberOfTrailingZeros(Integer.highestOneBit(Math.max(1, bytes - 1)) << 1);
        return Math.max(0, above - Integer.numberOfTrailingZeros(SMALLEST));
    }

    /** {@return how many bytes of buffers are out} */
    long leased() {
        return leased;
    }

    /**
     * {@return how large a buffer to lease for a message of which {@code needed} bytes are to have room now} All of a
     * message that was announced, while little is reserved altogether; else it grows with the bytes that came.
     */
    int sizeFor(int needed, long announced) {
        if (announced <= LARGEST && leased + announced <= MAX_UNSEEN) {
            return (int) announced;
        }
        long grown = Math.max(leased <= MAX_UNSEEN ? 64 * 1024 : SMALLEST, 2L * needed);
        return (int) Math.min(Integer.MAX_VALUE - 8, Math.max(needed, Math.min(announced, grown)));
    }

    /** {@return an empty buffer with room for at least {@code bytes}} */
    ByteBuffer lease(int bytes) {
        if (bytes > LARGEST || bytes < SMALLEST) {
            leased += bytes;
            return ByteBuffer.allocate(bytes);
        }
        int shelf = shelf(bytes);
        ByteBuffer buffer = free[shelf].pollFirst();
        if (buffer == null) {
            buffer = ByteBuffer.allocateDirect(SMALLEST << shelf);
        } else {
            kept -= buffer.capacity();
        }
        leased += buffer.capacity();
        return buffer.clear();
    }

    void release(ByteBuffer buffer) {
        leased -= buffer.capacity();
        if (buffer.isDirect() && kept + buffer.capacity() <= MAX_KEPT) {
            kept += buffer.capacity();
            free[shelf(buffer.capacity())].addFirst(buffer);
        }
    }
}

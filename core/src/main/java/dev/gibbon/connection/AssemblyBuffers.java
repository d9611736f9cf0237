// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * Where an event loop puts messages together that do not come in one read: buffers by powers of two, kept up to a
 * bound. Large ones are read into directly, so their bytes are not copied. Any thread.
 */
public final class AssemblyBuffers {
    /** Below this a piece of a message lies on the heap: many connections may wait for the rest of a small one. */
    private static final int SMALLEST = 4 * 1024;

    /** Beyond this a message lies on the heap, which gives its memory back. */
    private static final int LARGEST = 4 * 1024 * 1024;

    /** How much unused memory is kept. */
    private static final long MAX_KEPT = 16L * 1024 * 1024;

    /** How much may be reserved for bytes that were announced and have not come, over all connections of a loop. */
    private static final long MAX_UNSEEN = 64L * 1024 * 1024;

    /** The longest array there is. */
    private static final int MAX_BYTES = Integer.MAX_VALUE - 8;

    // Guarded by this object's monitor.
    private final ArrayDeque<ByteBuffer>[] free = shelves();
    private long kept;
    private long leased;
    private long copied;

    // An array of a generic type can be made in no other way.
    @SuppressWarnings({"unchecked", "rawtypes"})
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
    public synchronized long leased() {
        return leased;
    }

    /** {@return how many bytes were copied from a buffer to a larger one so far} */
    public synchronized long copied() {
        return copied;
    }

    /**
     * Makes room for more of a message. What was copied before stays in proportion to what has come, however small the
     * pieces are: a buffer is exact only where the message's end is known, else it is twice the one before.
     *
     * @param present what there is of the message, given back if it is too small; null if nothing is
     * @param used how much of it is filled
     * @param more how much is to have room now
     * @param announced how long the message will be at least
     * @param exact whether it will be no longer
     * @return {@code present} if it has the room, else a larger one that begins with the same bytes
     */
    public synchronized ByteBuffer withRoom(
            @Nullable ByteBuffer present, int used, int more, long announced, boolean exact) {
        int before = present == null ? 0 : present.capacity();
        if (present != null && before - used >= more) {
            return present;
        }
        long needed = (long) used + more;
        if (needed > MAX_BYTES) {
            throw new OutOfMemoryError("a message of more than 2 GiB does not fit a buffer; take it in parts");
        }
        long wanted = exact ? announced : Math.max(announced, 2L * before);
        ByteBuffer larger = lease(sizeFor((int) needed, wanted));
        if (present != null) {
            larger.put(0, present, 0, used);
            copied += used;
            release(present);
        }
        return larger;
    }

    /** All that is wanted, while little is reserved altogether; else it grows with the bytes that came. */
    private int sizeFor(int needed, long wanted) {
        if (wanted <= LARGEST && leased + wanted <= MAX_UNSEEN) {
            return (int) wanted;
        }
        long grown = Math.max(leased <= MAX_UNSEEN ? 64 * 1024 : SMALLEST, 2L * needed);
        return (int) Math.min(MAX_BYTES, Math.max(needed, Math.min(wanted, grown)));
    }

    /** {@return an empty buffer with room for at least {@code bytes}} */
    public synchronized ByteBuffer lease(int bytes) {
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

    public synchronized void release(ByteBuffer buffer) {
        leased -= buffer.capacity();
        if (buffer.isDirect() && kept + buffer.capacity() <= MAX_KEPT) {
            kept += buffer.capacity();
            free[shelf(buffer.capacity())].addFirst(buffer);
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.connection.AssemblyBuffers;
import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AssemblyBuffersTest {
    private static final int MEBIBYTE = 1 << 20;

    private final AssemblyBuffers buffers = new AssemblyBuffers();

    /** Puts a message together whose end nobody knows until its last piece is there. */
    private ByteBuffer assemble(int size, int piece) {
        byte[] bytes = new byte[piece];
        ByteBuffer message = null;
        for (int used = 0; used < size; used += piece) {
            int length = Math.min(piece, size - used);
            boolean last = used + length == size;
            message = buffers.withRoom(message, used, length, used + length, last);
            message.clear().put(used, bytes, 0, length);
        }
        return message;
    }

    @ParameterizedTest(name = "{0} bytes in pieces of {1}")
    @CsvSource({
        "4000, 1",
        "65536, 1",
        "1048576, 64",
        "8388608, 64",
        "16777216, 1024",
        "16777216, 4096",
        "5000000, 70000"
    })
    void copiesGrowAsTheBytesDoHoweverSmallThePieces(int size, int piece) {
        ByteBuffer message = assemble(size, piece);
        assertTrue(buffers.copied() <= 2L * size, () -> buffers.copied() + " bytes copied for " + size);
        assertTrue(message.capacity() <= 2L * size + 4096, () -> message.capacity() + " bytes held for " + size);
        buffers.release(message);
        assertEquals(0, buffers.leased());
    }

    @Test
    void copiesGrowAsTheBytesDoWhileMuchIsReserved() {
        ByteBuffer reserved = buffers.lease(65 * MEBIBYTE);
        ByteBuffer message = assemble(8 * MEBIBYTE, 64);
        assertTrue(buffers.copied() <= 16L * MEBIBYTE, () -> buffers.copied() + " bytes copied");
        buffers.release(message);
        buffers.release(reserved);
        assertEquals(0, buffers.leased());
    }

    @Test
    void announcedMessageIsPutTogetherInOneBufferWithoutACopy() {
        ByteBuffer message = buffers.withRoom(null, 0, 100, 3 * MEBIBYTE, true);
        assertTrue(message.capacity() >= 3 * MEBIBYTE);
        assertSame(message, buffers.withRoom(message, 100, 3 * MEBIBYTE - 100, 3 * MEBIBYTE, true));
        assertEquals(0, buffers.copied());
    }

    @Test
    void announcementAloneDoesNotReserveMoreThanTheBytesThatCameAllow() {
        ByteBuffer message = buffers.withRoom(null, 0, 100, 1L << 40, true);
        assertTrue(message.capacity() <= 64 * 1024, () -> message.capacity() + " bytes for 100");
        ByteBuffer larger = buffers.withRoom(message, message.capacity(), 1, 1L << 40, true);
        assertTrue(buffers.leased() <= 256 * 1024, () -> buffers.leased() + " bytes for 64 KiB");
        buffers.release(larger);
    }

    @Test
    void manyAnnouncementsReserveLittleAltogether() {
        long reserved = 0;
        for (int i = 0; i < 1000; i++) {
            reserved += buffers.withRoom(null, 0, 100, 4 * MEBIBYTE, true).capacity();
        }
        assertEquals(reserved, buffers.leased());
        assertTrue(reserved <= 70L * MEBIBYTE, "reserved " + reserved);
    }

    @Test
    void largerBufferBeginsWithTheSameBytesAndTheSmallerOneIsLentAgain() {
        ByteBuffer small = buffers.withRoom(null, 0, 5000, 5000, false);
        for (int i = 0; i < 5000; i++) {
            small.put(i, (byte) i);
        }
        int before = small.capacity();
        ByteBuffer large = buffers.withRoom(small, 5000, before, 5000L + before, false);
        assertNotSame(small, large);
        for (int i = 0; i < 5000; i++) {
            assertEquals((byte) i, large.get(i));
        }
        assertSame(small, buffers.lease(before));
    }

    @Test
    void unusedMemoryIsKeptUpToABound() {
        Set<ByteBuffer> all = Collections.newSetFromMap(new IdentityHashMap<>());
        for (int i = 0; i < 10; i++) {
            assertTrue(all.add(buffers.lease(4 * MEBIBYTE)));
        }
        all.forEach(buffers::release);
        int kept = 0;
        for (int i = 0; i < 10; i++) {
            kept += all.contains(buffers.lease(4 * MEBIBYTE)) ? 1 : 0;
        }
        assertEquals(4, kept);
    }
}

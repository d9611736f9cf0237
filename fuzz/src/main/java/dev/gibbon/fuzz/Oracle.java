// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.fuzz;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** What must hold whatever the input is; an {@link AssertionError} is a finding. */
final class Oracle {
    /** What any input may make us allocate beside what its length explains: exceptions, validators, empty builders. */
    private static final long ALLOCATION_BASE = 64 * 1024;

    private static final int GUARD_BYTES = 8;
    private static final byte GUARD = 0x5A;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private Oracle() {}

    static void require(boolean holds, String rule) {
        if (!holds) {
            throw new AssertionError(rule);
        }
    }

    static void requireEqual(Object whole, Object split) {
        if (!whole.equals(split)) {
            throw new AssertionError("the split changes the result\n whole: " + whole + "\n split: " + split);
        }
    }

    /**
     * Messages of exceptions are for logs: of the peer's text they hold nothing but printable characters, and not much.
     */
    static void requirePrintable(@Nullable String message) {
        if (message == null || message.length() > 1000) {
            throw new AssertionError("no message, or an endless one: " + message);
        }
        require(message.chars().allMatch(c -> c == '§' || (c >= ' ' && c <= '~')), "unescaped text: " + message);
    }

    /** {@return a buffer whose remaining bytes are {@code piece}, with others around them that nobody may touch} */
    static ByteBuffer guarded(byte[] piece) {
        ByteBuffer buffer = ByteBuffer.allocate(piece.length + 2 * GUARD_BYTES);
        for (int i = 0; i < GUARD_BYTES; i++) {
            buffer.put(i, GUARD).put(buffer.capacity() - 1 - i, GUARD);
        }
        return buffer.put(GUARD_BYTES, piece).position(GUARD_BYTES).limit(GUARD_BYTES + piece.length);
    }

    static void requireGuardsIntact(ByteBuffer guarded) {
        ByteBuffer all = guarded.duplicate().clear();
        for (int i = 0; i < GUARD_BYTES; i++) {
            require(all.get(i) == GUARD && all.get(all.capacity() - 1 - i) == GUARD, "touched bytes not its own");
        }
    }

    /** Runs what ran before, so that classes are loaded and call sites linked, and looks at what it allocates. */
    static void requireFrugal(int inputBytes, int factor, Runnable again) {
        long before = THREADS.getCurrentThreadAllocatedBytes();
        again.run();
        long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
        long allowed = ALLOCATION_BASE + (long) factor * inputBytes;
        require(allocated <= allowed, allocated + " bytes allocated for " + inputBytes + " of input, not " + allowed);
    }

    static String latin1(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }
}

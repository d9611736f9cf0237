// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.support;

import java.nio.ByteBuffer;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Direct buffers of one size, leased for as long as bytes are in flight and given back before a connection waits. Owned
 * by a server, upgrader or dialer and shared by its connections; any thread.
 */
public final class BufferPool {
    /** The size of every buffer: four TLS records, and enough that a large message moves in few system calls. */
    public static final int BUFFER_BYTES = 64 * 1024;

    private final ArrayBlockingQueue<ByteBuffer> free;
    private final AtomicInteger leased = new AtomicInteger();

    /**
     * Makes an empty pool.
     *
     * @param keep how many unused buffers to keep; more than these are left to the garbage collector
     */
    public BufferPool(int keep) {
        free = new ArrayBlockingQueue<>(keep);
    }

    /** {@return an empty buffer of {@link #BUFFER_BYTES} bytes, the caller's until it is released} */
    public ByteBuffer lease() {
        leased.incrementAndGet();
        ByteBuffer buffer = free.poll();
        return buffer != null ? buffer.clear() : ByteBuffer.allocateDirect(BUFFER_BYTES);
    }

    /**
     * Takes a buffer back. The caller must not touch it any more.
     *
     * @throws IllegalStateException if more buffers come back than were leased
     */
    public void release(ByteBuffer buffer) {
        if (leased.decrementAndGet() < 0) {
            throw new IllegalStateException("a buffer was released twice");
        }
        boolean _ = free.offer(buffer); // A full pool lets the buffer go.
    }

    /** {@return how many buffers are out; 0 when nothing is in flight} */
    public int leased() {
        return leased.get();
    }
}

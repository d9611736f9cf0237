// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.bench;

import dev.gibbon.spi.Transport;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;

/**
 * One end of a pair in memory for a single thread: what one end writes the other reads, and a read that would have to
 * wait fails. It allocates nothing, so what a benchmark allocates is the library's.
 */
final class LoopTransport implements Transport {
    private final ByteBuffer incoming; // from its position to `filled`
    private int filled;
    private LoopTransport peer = this;
    private long bytesWritten;

    private LoopTransport(int capacity) {
        incoming = ByteBuffer.allocateDirect(capacity);
    }

    /** {@return one of two ends, each with room for {@code capacity} bytes that were not read yet} */
    static LoopTransport pair(int capacity) {
        LoopTransport one = new LoopTransport(capacity);
        LoopTransport other = new LoopTransport(capacity);
        one.peer = other;
        other.peer = one;
        return one;
    }

    /** {@return an end whose reads bring what {@link #refill} put there, and whose writes are only counted} */
    static LoopTransport counting(int capacity) {
        return new LoopTransport(capacity);
    }

    LoopTransport peer() {
        return peer;
    }

    long bytesWritten() {
        return bytesWritten;
    }

    /** Replaces what is to be read. */
    void refill(ByteBuffer bytes) {
        filled = bytes.remaining();
        incoming.clear().put(0, bytes, bytes.position(), filled);
    }

    @Override
    public int read(ByteBuffer dst) throws IOException {
        int n = Math.min(dst.remaining(), filled - incoming.position());
        if (n == 0) {
            throw new EOFException("a read would wait for ever");
        }
        int from = incoming.position();
        dst.put(dst.position(), incoming, from, n).position(dst.position() + n);
        incoming.position(from + n);
        if (from + n == filled) {
            incoming.position(0);
            filled = 0;
        }
        return n;
    }

    @Override
    public int read(ByteBuffer dst, Duration timeout) throws IOException {
        return incoming.position() == filled ? 0 : read(dst);
    }

    @Override
    public long write(ByteBuffer[] srcs, int offset, int length) {
        long taken = 0;
        for (int i = offset; i < offset + length; i++) {
            ByteBuffer src = srcs[i];
            int n = src.remaining();
            if (peer != this) {
                peer.incoming.put(peer.filled, src, src.position(), n);
                peer.filled += n;
            }
            src.position(src.limit());
            taken += n;
        }
        bytesWritten += taken;
        return taken;
    }

    @Override
    public void shutdownOutput() {}

    @Override
    public void close() {}
}

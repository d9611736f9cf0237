// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.fuzz;

import dev.gibbon.spi.Transport;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;

/**
 * A transport whose peer has said everything already: reads bring
 * it in pieces of given sizes, writes are kept. Any thread.
 */
final class PieceTransport implements Transport {
    private final int[] sizes;
    private final ByteBuffer input;
    private final boolean breaksAtEnd;
    private final ByteArrayOutputStream output = new ByteArrayOutputStream();
    private int reads;
    private int writes;
    private boolean closed;

    PieceTransport(byte[] input, int[] sizes, boolean breaksAtEnd) {
        this.input = ByteBuffer.wrap(input);
        this.sizes = sizes;
        this.breaksAtEnd = breaksAtEnd;
    }

    @Override
    public synchronized int read(ByteBuffer dst) throws IOException {
        Oracle.require(dst.hasRemaining(), "a read without room");
        requireOpen();
        if (!input.hasRemaining()) {
            if (breaksAtEnd) {
                throw new IOException("reset");
            }
            return -1;
        }
        int n = Math.min(Math.min(sizes[reads++ % sizes.length], dst.remaining()), input.remaining());
        dst.put(input.slice(input.position(), n));
        input.position(input.position() + n);
        return n;
    }

    @Override
    public int read(ByteBuffer dst, Duration timeout) throws IOException {
        Oracle.require(timeout.isPositive(), "a read without time");
        return read(dst);
    }

    @Override
    public synchronized long write(ByteBuffer[] srcs, int offset, int length) throws IOException {
        requireOpen();
        int room = sizes[writes++ % sizes.length];
        long taken = 0;
        for (int i = offset; i < offset + length && taken < room; i++) {
            byte[] bytes = new byte[(int) Math.min(room - taken, srcs[i].remaining())];
            srcs[i].get(bytes);
            output.writeBytes(bytes);
            taken += bytes.length;
        }
        Oracle.require(taken > 0, "a write of nothing");
        return taken;
    }

    @Override
    public synchronized void shutdownOutput() throws IOException {
        requireOpen();
    }

    @Override
    public synchronized void close() {
        closed = true;
    }

    synchronized byte[] written() {
        return output.toByteArray();
    }

    private void requireOpen() throws IOException {
        if (closed) {
            throw new ClosedChannelException();
        }
    }
}

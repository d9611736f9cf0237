// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.fuzz;

import dev.gibbon.spi.AsyncStream;
import dev.gibbon.spi.Transport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** What a target feeds by and by: as a stream that tells of its events, or as a transport that blocks. */
final class FedStream implements AsyncStream {
    // Guarded by this object's monitor.
    private final ByteBuffer input;
    private int fed;
    private boolean ended;
    private boolean closed;
    private @Nullable Runnable readable;

    FedStream(byte[] input) {
        this.input = ByteBuffer.wrap(input);
    }

    synchronized void feed(int bytes) {
        fed = Math.min(input.capacity(), fed + bytes);
        changed();
    }

    /** All that is left, and then the end. */
    synchronized void feedRest() {
        fed = input.capacity();
        ended = true;
        changed();
    }

    private void changed() {
        notifyAll();
        Runnable told = readable;
        if (told != null && (input.position() < fed || ended || closed)) {
            readable = null;
            told.run(); // A task for the loop.
        }
    }

    private int take(ByteBuffer dst) throws IOException {
        if (closed) {
            throw new ClosedChannelException();
        }
        int n = Math.min(dst.remaining(), fed - input.position());
        dst.put(input.slice(input.position(), n));
        input.position(input.position() + n);
        return n == 0 && ended ? -1 : n;
    }

    private static long dropped(ByteBuffer[] srcs, int offset, int length) {
        long taken = 0;
        for (int i = offset; i < offset + length; i++) {
            taken += srcs[i].remaining();
            srcs[i].position(srcs[i].limit());
        }
        return taken;
    }

    @Override
    public synchronized int read(ByteBuffer dst) throws IOException {
        return take(dst);
    }

    @Override
    public synchronized long write(ByteBuffer[] srcs, int offset, int length) throws IOException {
        if (closed) {
            throw new ClosedChannelException();
        }
        return dropped(srcs, offset, length);
    }

    @Override
    public boolean flushed() {
        return true;
    }

    @Override
    public synchronized void whenReadable(Runnable task) {
        readable = task;
        changed();
    }

    @Override
    public void whenWritable(Runnable task) {
        task.run(); // A task for the loop.
    }

    @Override
    public void shutdownOutput() {}

    @Override
    public synchronized void close() {
        closed = true;
        changed();
    }

    /** {@return the same as a transport that blocks} */
    Transport blocking() {
        return new Transport() {
            @Override
            public int read(ByteBuffer dst) throws IOException {
                synchronized (FedStream.this) {
                    int n = take(dst);
                    while (n == 0) {
                        try {
                            FedStream.this.wait();
                        } catch (InterruptedException e) {
                            throw new AssertionError("a pump is interrupted", e);
                        }
                        n = take(dst);
                    }
                    return n;
                }
            }

            @Override
            public int read(ByteBuffer dst, Duration timeout) throws IOException {
                throw new AssertionError("timed reads are over after the handshake");
            }

            @Override
            public long write(ByteBuffer[] srcs, int offset, int length) throws IOException {
                return FedStream.this.write(srcs, offset, length);
            }

            @Override
            public void shutdownOutput() {}

            @Override
            public void close() {
                FedStream.this.close();
            }
        };
    }
}

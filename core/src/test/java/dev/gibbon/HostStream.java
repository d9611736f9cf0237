// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.gibbon.spi.AsyncStream;
import dev.gibbon.spi.HostLoop;
import dev.gibbon.spi.Transport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A stream of a host in memory, as Netty's behave: what is written is queued and leaves in a task on the event
 * thread, {@code close()} throws away what has not left, and both demands are told by tasks. Its other end is a
 * blocking transport for a client.
 */
final class HostStream implements AsyncStream {
    private static final int MOST_QUEUED = 256 * 1024;

    private final HostPipe in;
    private final HostPipe out;
    private final Executor events;
    private final @Nullable HostLoop loop;
    private final boolean halfCloses;
    private final AtomicBoolean closed = new AtomicBoolean();
    private final AtomicLong mostQueued = new AtomicLong();

    // Guarded by this.
    private final ArrayDeque<ByteBuffer> queue = new ArrayDeque<>();
    private long queued;
    private boolean leaving;
    private @Nullable Runnable writable;

    HostStream(Executor events, @Nullable HostLoop loop, boolean halfCloses) {
        this.events = events;
        this.loop = loop;
        this.halfCloses = halfCloses;
        this.in = new HostPipe(events);
        this.out = new HostPipe(events);
    }

    boolean isClosed() {
        return closed.get();
    }

    long mostQueued() {
        return mostQueued.get();
    }

    /** Reads as the host itself does before it hands the stream over. */
    int readBlocking(ByteBuffer dst) throws IOException {
        return in.read(dst, HostPipe.patience());
    }

    @Override
    public int read(ByteBuffer dst) throws IOException {
        return in.read(dst, 0);
    }

    @Override
    public long write(ByteBuffer[] srcs, int offset, int length) throws IOException {
        synchronized (this) {
            if (closed.get()) {
                throw new IOException("the stream is closed");
            }
            long taken = 0;
            for (int i = offset; i < offset + length && queued < MOST_QUEUED; i++) {
                int n = (int) Math.min(srcs[i].remaining(), MOST_QUEUED - queued);
                queue.add(ByteBuffer.allocate(n)
                        .put(srcs[i].slice(srcs[i].position(), n))
                        .flip());
                srcs[i].position(srcs[i].position() + n);
                queued += n;
                taken += n;
            }
            long _ = mostQueued.accumulateAndGet(queued, Math::max);
            leaveSoon();
            return taken;
        }
    }

    private void leaveSoon() {
        if (!leaving && !queue.isEmpty()) {
            leaving = true;
            events.execute(this::leave);
        }
    }

    private synchronized void leave() {
        leaving = false;
        try {
            while (!queue.isEmpty()) {
                ByteBuffer first = queue.getFirst();
                if (first.hasRemaining()) {
                    int n = out.write(first, 0);
                    queued -= n;
                    if (n == 0) {
                        leaving = true;
                        out.whenWritable(this::leave);
                        return;
                    }
                } else {
                    queue.removeFirst();
                }
            }
        } catch (IOException _) {
            queue.clear();
        }
        tellWritable();
    }

    private void tellWritable() {
        if (writable != null && queue.isEmpty()) {
            events.execute(writable);
            writable = null;
        }
    }

    @Override
    public synchronized boolean flushed() {
        return queue.isEmpty();
    }

    @Override
    public synchronized long unsent() {
        return queued;
    }

    @Override
    public void whenReadable(Runnable task) {
        in.whenReadable(task);
    }

    @Override
    public synchronized void whenWritable(Runnable task) {
        writable = task;
        tellWritable();
    }

    @Override
    public void shutdownOutput() {
        assertFalse(!halfCloses, "this stream cannot be closed by halves");
        out.end();
    }

    @Override
    public boolean halfCloses() {
        return halfCloses;
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            in.breakDown();
            out.end();
            synchronized (this) {
                queue.clear();
                queued = 0;
                tellWritable();
            }
        }
    }

    @Override
    public Optional<HostLoop> loop() {
        return Optional.ofNullable(loop);
    }

    /** {@return the client's end} */
    Transport client() {
        return new Transport() {
            @Override
            public int read(ByteBuffer dst) throws IOException {
                return out.read(dst, HostPipe.patience());
            }

            @Override
            public int read(ByteBuffer dst, Duration timeout) throws IOException {
                return out.read(dst, timeout.toNanos());
            }

            @Override
            public long write(ByteBuffer[] srcs, int offset, int length) throws IOException {
                for (int i = offset; i < offset + length; i++) {
                    if (srcs[i].hasRemaining()) {
                        return in.write(srcs[i], HostPipe.patience());
                    }
                }
                return 0;
            }

            @Override
            public void shutdownOutput() {
                in.end();
            }

            @Override
            public void close() {
                in.end();
                out.breakDown();
            }
        };
    }
}

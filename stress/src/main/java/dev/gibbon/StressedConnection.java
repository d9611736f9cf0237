// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.connection.RequestContext;
import dev.gibbon.connection.WebSocketConnection;
import dev.gibbon.loop.Carriers;
import dev.gibbon.loop.LoopEngine;
import dev.gibbon.spi.AsyncStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A server's connection over a stream in memory that any thread may feed, or make room in: what jcstress calls from
 * all sides. In this package to reach it. All of them are served by one loop.
 */
public final class StressedConnection {
    /** How long anything may take that must come at last. */
    public static final Duration AT_LAST = Duration.ofSeconds(10);

    private static final LoopEngine ENGINE = LoopEngine.onSystem(1);

    private final Fed stream;
    private final Connection connection;

    /** The thread that may be interrupted; guarded by this object's monitor. */
    private @Nullable Thread inCall;

    private StressedConnection(Fed stream, ConnectionOptions options) {
        this.stream = stream;
        this.connection = WebSocketConnection.open(
                ENGINE,
                Carriers.of(ENGINE, stream),
                Role.SERVER,
                options,
                Optional.empty(),
                null,
                ByteBuffer.allocate(0),
                RequestContext.NONE);
    }

    /** {@return one whose stream takes all that is written} */
    public static StressedConnection open(ConnectionOptions options) {
        return new StressedConnection(new Fed(Integer.MAX_VALUE), options);
    }

    /** {@return one whose stream takes no more than that until {@link #makeRoom()}} */
    public static StressedConnection withRoom(int bytes) {
        return new StressedConnection(new Fed(bytes), ConnectionOptions.defaults());
    }

    public Connection connection() {
        return connection;
    }

    /** The peer sends bytes. */
    public void feed(byte[] bytes) {
        stream.feed(bytes);
    }

    /** The peer ends its direction. */
    public void endInput() {
        stream.endInput();
    }

    public void makeRoom() {
        stream.makeRoom();
    }

    /** Begins a closing handshake without waiting for its end. */
    public void closeLater() {
        ((WebSocketConnection) connection).lifecycle().closeLater(new CloseStatus(CloseCode.NORMAL, ""));
    }

    /** {@return all that has been written, once that is so much} */
    public byte[] written(int bytes) {
        await(() -> stream.written().length >= bytes);
        return stream.written();
    }

    /** {@return whether the connection is gone at last, and forgotten} */
    public boolean ends() {
        try {
            var _ = connection.closed().get(AT_LAST.toMillis(), TimeUnit.MILLISECONDS);
        } catch (Exception e) {
            return false;
        }
        return connection.state() == ConnectionState.CLOSED
                && !ENGINE.connections().contains(connection);
    }

    private static void await(java.util.function.BooleanSupplier done) {
        long until = System.nanoTime() + AT_LAST.toNanos();
        while (!done.getAsBoolean() && System.nanoTime() - until < 0) {
            LockSupport.parkNanos(10_000);
        }
    }

    // ---- Interrupts that hit the call, and nothing after it

    /** What may be interrupted. */
    public interface Call<T> {
        T run() throws IOException;
    }

    /** Runs a call that {@link #interrupt()} may meet. */
    public <T> T interruptibly(Call<T> call) throws IOException {
        synchronized (this) {
            inCall = Thread.currentThread();
        }
        try {
            return call.run();
        } finally {
            synchronized (this) {
                inCall = null;
                boolean _ = Thread.interrupted();
            }
        }
    }

    public synchronized void interrupt() {
        Thread met = inCall;
        if (met != null) {
            met.interrupt();
        }
    }

    /** The stream. */
    private static final class Fed implements AsyncStream {
        // Guarded by this object's monitor.
        private final ArrayDeque<ByteBuffer> in = new ArrayDeque<>();
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();
        private int room;
        private boolean inputEnded;
        private boolean closed;
        private @Nullable Runnable readable;
        private @Nullable Runnable writable;

        Fed(int room) {
            this.room = room;
        }

        synchronized void feed(byte[] bytes) {
            in.add(ByteBuffer.wrap(bytes));
            tell();
        }

        synchronized void endInput() {
            inputEnded = true;
            tell();
        }

        synchronized void makeRoom() {
            room = Integer.MAX_VALUE;
            tell();
        }

        synchronized byte[] written() {
            return out.toByteArray();
        }

        /** What is told is only a task for the loop. */
        private void tell() {
            Runnable told = readable;
            if (told != null && (!in.isEmpty() || inputEnded || closed)) {
                readable = null;
                told.run();
            }
            told = writable;
            if (told != null && (room > 0 || closed)) {
                writable = null;
                told.run();
            }
        }

        private void requireOpen() throws IOException {
            if (closed) {
                throw new ClosedChannelException();
            }
        }

        @Override
        public synchronized int read(ByteBuffer dst) throws IOException {
            requireOpen();
            ByteBuffer next = in.peek();
            if (next == null) {
                return inputEnded ? -1 : 0;
            }
            int n = Math.min(dst.remaining(), next.remaining());
            dst.put(next.slice(next.position(), n));
            next.position(next.position() + n);
            if (!next.hasRemaining()) {
                in.remove();
            }
            return n;
        }

        @Override
        public synchronized long write(ByteBuffer[] srcs, int offset, int length) throws IOException {
            requireOpen();
            long taken = 0;
            for (int i = offset; i < offset + length; i++) {
                byte[] bytes = new byte[Math.min(srcs[i].remaining(), room)];
                srcs[i].get(bytes);
                out.writeBytes(bytes);
                room -= bytes.length;
                taken += bytes.length;
            }
            return taken;
        }

        @Override
        public boolean flushed() {
            return true;
        }

        @Override
        public synchronized void whenReadable(Runnable task) {
            readable = task;
            tell();
        }

        @Override
        public synchronized void whenWritable(Runnable task) {
            writable = task;
            tell();
        }

        @Override
        public void shutdownOutput() {}

        @Override
        public boolean halfCloses() {
            return false;
        }

        @Override
        public synchronized void close() {
            closed = true;
            tell();
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.loop.EventLoop;
import dev.gibbon.loop.HostedLoop;
import dev.gibbon.loop.LoopEngine;
import dev.gibbon.spi.AsyncStream;
import dev.gibbon.spi.Transport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A stream in memory whose host tells by calls when it is ready, each on the host's one event thread, and the blocking
 * transport of the peer at its other end.
 */
final class HostEnd implements AsyncStream {
    /** How many bytes either direction holds. */
    private static final int CAPACITY = 64 * 1024;

    private static final ThreadFactory THREADS =
            Thread.ofPlatform().name("host-events").daemon().factory();

    private static final AtomicReference<@Nullable Thread> THREAD = new AtomicReference<>();

    private static final ExecutorService EVENTS = Executors.newSingleThreadExecutor(task -> {
        Thread made = THREADS.newThread(task);
        THREAD.set(made);
        return made;
    });

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();

    // Guarded by lock; both are ready to be read.
    private final ByteBuffer toNear = ByteBuffer.allocate(CAPACITY).limit(0);
    private final ByteBuffer toFar = ByteBuffer.allocate(CAPACITY).limit(0);
    private boolean nearShut;
    private boolean farShut;
    private boolean farClosed;
    private boolean closed;
    private @Nullable Runnable readable;
    private @Nullable Runnable writable;

    /** What happens between a read and what is done with its bytes. */
    private @Nullable Runnable afterRead;

    private final Far far = new Far();

    /** {@return a loop of that engine on the host's event thread} */
    static EventLoop loop(LoopEngine engine) {
        return new HostedLoop(engine, "host", EVENTS, () -> Thread.currentThread() == THREAD.get());
    }

    /** {@return how many bytes of the peer wait to be read} */
    int unread() {
        lock.lock();
        try {
            return toNear.remaining();
        } finally {
            lock.unlock();
        }
    }

    /** Has something happen once, as a read has bytes and has not returned. */
    void afterNextRead(Runnable happening) {
        lock.lock();
        try {
            afterRead = happening;
        } finally {
            lock.unlock();
        }
    }

    Transport far() {
        return far;
    }

    private static int move(ByteBuffer from, ByteBuffer to) {
        int n = Math.min(from.remaining(), to.remaining());
        to.put(from.slice(from.position(), n));
        from.position(from.position() + n);
        return n;
    }

    private static int add(ByteBuffer src, ByteBuffer queue) {
        queue.compact();
        int n = move(src, queue);
        queue.flip();
        return n;
    }

    /** Tells the connection, on the host's thread, what it has asked for and can have; and wakes the peer. */
    private void changedLocked() {
        changed.signalAll();
        Runnable told = readable;
        if (told != null && (toNear.hasRemaining() || farShut || closed)) {
            readable = null;
            EVENTS.execute(told);
        }
        told = writable;
        if (told != null && (toFar.remaining() < CAPACITY || closed)) {
            writable = null;
            EVENTS.execute(told);
        }
    }

    private void requireOpenLocked() throws IOException {
        if (closed) {
            throw new ClosedChannelException();
        }
    }

    @Override
    public int read(ByteBuffer dst) throws IOException {
        lock.lock();
        try {
            requireOpenLocked();
            int n = move(toNear, dst);
            changedLocked();
            if (n > 0 && afterRead != null) {
                Runnable happening = afterRead;
                afterRead = null;
                happening.run();
            }
            return n == 0 && farShut ? -1 : n;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public long write(ByteBuffer[] srcs, int offset, int length) throws IOException {
        lock.lock();
        try {
            requireOpenLocked();
            if (farClosed) {
                throw new IOException("Broken pipe");
            }
            long taken = 0;
            for (int i = offset; i < offset + length; i++) {
                taken += add(srcs[i], toFar);
            }
            changedLocked();
            return taken;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public boolean flushed() throws IOException {
        lock.lock();
        try {
            requireOpenLocked();
            return true; // What the queue has, the system has.
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void whenReadable(Runnable task) {
        lock.lock();
        try {
            readable = task;
            changedLocked();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void whenWritable(Runnable task) {
        lock.lock();
        try {
            writable = task;
            changedLocked();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void shutdownOutput() throws IOException {
        lock.lock();
        try {
            requireOpenLocked();
            nearShut = true;
            changedLocked();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            nearShut = true;
            changedLocked();
        } finally {
            lock.unlock();
        }
    }

    /** The peer's end. */
    private final class Far implements Transport {
        @Override
        public int read(ByteBuffer dst) throws IOException {
            return read(dst, Duration.ofDays(1));
        }

        @Override
        public int read(ByteBuffer dst, Duration timeout) throws IOException {
            lock.lock();
            try {
                long left = timeout.toNanos();
                while (!toFar.hasRemaining() && !nearShut && !farClosed && left > 0) {
                    left = changed.awaitNanos(left);
                }
                int n = move(toFar, dst);
                changedLocked();
                return n == 0 && (nearShut || farClosed) ? -1 : n;
            } catch (InterruptedException e) {
                throw new IOException(e);
            } finally {
                lock.unlock();
            }
        }

        @Override
        public long write(ByteBuffer[] srcs, int offset, int length) throws IOException {
            lock.lock();
            try {
                while (toNear.remaining() == CAPACITY && !closed && !farClosed) {
                    changed.await();
                }
                requireOpenLocked();
                if (farClosed) {
                    throw new ClosedChannelException();
                }
                long taken = 0;
                for (int i = offset; i < offset + length; i++) {
                    taken += add(srcs[i], toNear);
                }
                changedLocked();
                return taken;
            } catch (InterruptedException e) {
                throw new IOException(e);
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void shutdownOutput() {
            lock.lock();
            try {
                farShut = true;
                changedLocked();
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void close() {
            lock.lock();
            try {
                farClosed = true;
                changedLocked();
            } finally {
                lock.unlock();
            }
            shutdownOutput();
        }
    }
}

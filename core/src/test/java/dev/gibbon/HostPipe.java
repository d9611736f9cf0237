// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One direction of a {@link HostStream}: so many bytes fit, and the ends are told of changes by tasks or by
 * waiting. Any thread.
 */
final class HostPipe {
    private static final int CAPACITY = 64 * 1024;

    private final Executor events;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();

    // Guarded by lock.
    private final ByteBuffer bytes = ByteBuffer.allocate(CAPACITY);
    private boolean ended;
    private boolean broken;
    private @Nullable Runnable readable;
    private @Nullable Runnable writable;

    HostPipe(Executor events) {
        this.events = events;
    }

    /** Reads what is there, waiting for something at most so long. */
    int read(ByteBuffer dst, long nanos) throws IOException {
        lock.lock();
        try {
            long left = nanos;
            while (bytes.position() == 0 && !ended && !broken && left > 0) {
                left = await(left);
            }
            if (broken) {
                throw new IOException("the stream is closed");
            }
            if (bytes.position() == 0) {
                return ended ? -1 : 0;
            }
            bytes.flip();
            int n = Math.min(dst.remaining(), bytes.remaining());
            dst.put(bytes.slice(bytes.position(), n));
            bytes.position(bytes.position() + n).compact();
            tellLocked();
            return n;
        } finally {
            lock.unlock();
        }
    }

    /** Takes what fits, waiting for some room at most so long. */
    int write(ByteBuffer src, long nanos) throws IOException {
        lock.lock();
        try {
            long left = nanos;
            while (!bytes.hasRemaining() && !broken && left > 0) {
                left = await(left);
            }
            if (broken || ended) {
                throw new IOException("the stream is closed");
            }
            int n = Math.min(src.remaining(), bytes.remaining());
            bytes.put(src.slice(src.position(), n));
            src.position(src.position() + n);
            tellLocked();
            return n;
        } finally {
            lock.unlock();
        }
    }

    @SuppressWarnings("WaitNotInLoop") // Its callers loop.
    private long await(long nanos) throws IOException {
        try {
            return changed.awaitNanos(nanos);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    void whenReadable(Runnable task) {
        lock.lock();
        try {
            readable = task;
            tellLocked();
        } finally {
            lock.unlock();
        }
    }

    void whenWritable(Runnable task) {
        lock.lock();
        try {
            writable = task;
            tellLocked();
        } finally {
            lock.unlock();
        }
    }

    void end() {
        lock.lock();
        try {
            ended = true;
            tellLocked();
        } finally {
            lock.unlock();
        }
    }

    void breakDown() {
        lock.lock();
        try {
            broken = true;
            tellLocked();
        } finally {
            lock.unlock();
        }
    }

    private void tellLocked() {
        changed.signalAll();
        if (readable != null && (bytes.position() > 0 || ended || broken)) {
            tell(readable);
            readable = null;
        }
        if (writable != null && (bytes.hasRemaining() || broken)) {
            tell(writable);
            writable = null;
        }
    }

    /** A host that has stopped tells nobody. */
    private void tell(Runnable task) {
        try {
            events.execute(task);
        } catch (RejectedExecutionException _) {
            // Whoever closes the stream knows.
        }
    }

    /** {@return how long to wait for something to happen in a test} */
    static long patience() {
        return TimeUnit.SECONDS.toNanos(60);
    }
}

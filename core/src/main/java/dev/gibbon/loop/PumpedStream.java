// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.loop;

import dev.gibbon.connection.Engine;
import dev.gibbon.spi.AsyncStream;
import dev.gibbon.spi.Transport;
import dev.gibbon.support.BufferPool;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/**
 * Makes a stream that never blocks of a transport that can only block: a virtual thread reads into a small buffer
 * and tells when it has something, and another, while there is something to write, writes it.
 */
public final class PumpedStream implements AsyncStream {
    /** What the reading thread holds while it waits. */
    private static final int IN_BYTES = 2 * 1024;

    /** What one write takes at most. */
    private static final int MAX_OUT_BYTES = 4 * 1024 * 1024;

    private final Transport transport;
    private final Engine engine;

    private final ReentrantLock lock = new ReentrantLock();

    // Guarded by lock. The buffers' bytes are the thread's while it is in the transport, else the
    // connection's.
    private @Nullable Thread reader;
    private @Nullable ByteBuffer in;
    private boolean wantsRead;

    /** Reading thread only. */
    private boolean cameFull;

    private boolean readDone;
    private boolean inputEnded;
    private @Nullable IOException readFailure;
    private @Nullable Runnable readable;

    private @Nullable ByteBuffer out;
    private boolean writing;

    /** Written by the writing thread. */
    private volatile long unsent;

    private boolean shut;
    private boolean shutSent;
    private @Nullable IOException writeFailure;
    private @Nullable Runnable writable;
    private boolean closed;

    public PumpedStream(Transport transport, Engine engine) {
        this.transport = transport;
        this.engine = engine;
    }

    // ---- Reading

    @Override
    public int read(ByteBuffer dst) throws IOException {
        lock.lock();
        try {
            ByteBuffer ready = in;
            if (readDone && ready != null && ready.hasRemaining()) {
                int n = Math.min(dst.remaining(), ready.remaining());
                dst.put(dst.position(), ready, ready.position(), n);
                dst.position(dst.position() + n);
                ready.position(ready.position() + n);
                return n;
            }
            if (readFailure != null) {
                throw new IOException("the transport broke", readFailure);
            }
            return inputEnded ? -1 : 0;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void whenReadable(Runnable task) {
        lock.lock();
        try {
            readable = task;
            ByteBuffer ready = in;
            if (readDone && (ready == null || !ready.hasRemaining()) && !inputEnded && readFailure == null) {
                readDone = false;
            }
            if (reader == null) {
                wantsRead = true;
                Thread started = engine.unstarted("gibbon-pump", this::pump);
                reader = started;
                started.start();
            } else {
                wantsRead = true;
                LockSupport.unpark(reader);
            }
        } finally {
            lock.unlock();
        }
    }

    private void pump() {
        while (awaitWish()) {
            if (!readDone) {
                readOnce();
            }
            Runnable task = takeReadable();
            if (task != null) {
                task.run();
            }
        }
    }

    /** Waits until somebody wants to be told of bytes; {@return false once it is closed} */
    private boolean awaitWish() {
        while (true) {
            lock.lock();
            try {
                if (closed) {
                    reader = null;
                    return false;
                }
                if (wantsRead) {
                    wantsRead = false;
                    return true;
                }
            } finally {
                lock.unlock();
            }
            LockSupport.park(this);
            boolean _ = Thread.interrupted(); // Nobody's business here.
        }
    }

    private void readOnce() {
        assert !lock.isHeldByCurrentThread() : "a transport blocks under the lock";
        ByteBuffer buffer = place();
        int n = 0;
        IOException failure = null;
        try {
            n = transport.read(buffer);
        } catch (IOException e) {
            failure = e;
        } catch (RuntimeException | Error e) {
            failure = new IOException("the transport failed", e);
        }
        cameFull = n >= IN_BYTES;
        lock.lock();
        try {
            buffer.flip();
            readDone = true;
            inputEnded |= n < 0;
            readFailure = failure;
        } finally {
            lock.unlock();
        }
    }

    /** {@return where to read to: a large buffer while reads come back full} */
    private ByteBuffer place() {
        int bytes = cameFull ? BufferPool.BUFFER_BYTES : IN_BYTES;
        ByteBuffer buffer = in;
        if (buffer == null || buffer.capacity() != bytes) {
            buffer = ByteBuffer.allocate(bytes);
            in = buffer;
        }
        return buffer.clear();
    }

    private @Nullable Runnable takeReadable() {
        lock.lock();
        try {
            Runnable task = readable;
            readable = null;
            return task;
        } finally {
            lock.unlock();
        }
    }

    // ---- Writing

    @Override
    public long write(ByteBuffer[] srcs, int offset, int length) throws IOException {
        lock.lock();
        try {
            requireWritableLocked();
            if (writing || shut) {
                if (shut) {
                    throw new EOFException("the output was ended");
                }
                return 0;
            }
            ByteBuffer buffer = roomLocked(srcs, offset, length);
            long taken = 0;
            for (int i = offset; i < offset + length && buffer.hasRemaining(); i++) {
                int n = Math.min(srcs[i].remaining(), buffer.remaining());
                buffer.put(srcs[i].slice(srcs[i].position(), n));
                srcs[i].position(srcs[i].position() + n);
                taken += n;
            }
            unsent = taken;
            startWriterLocked();
            return taken;
        } finally {
            lock.unlock();
        }
    }

    /** A message is to leave in one write, as far as that can be. */
    private ByteBuffer roomLocked(ByteBuffer[] srcs, int offset, int length) {
        long wanted = 0;
        for (int i = offset; i < offset + length; i++) {
            wanted += srcs[i].remaining();
        }
        ByteBuffer buffer = wanted <= BufferPool.BUFFER_BYTES
                ? engine.buffers().lease()
                : ByteBuffer.allocate((int) Math.min(wanted, MAX_OUT_BYTES));
        out = buffer;
        return buffer;
    }

    private void startWriterLocked() {
        assert lock.isHeldByCurrentThread();
        writing = true;
        engine.start("gibbon-pump-out", this::writeOut);
    }

    private boolean mustEnd() {
        lock.lock();
        try {
            return shut && !shutSent;
        } finally {
            lock.unlock();
        }
    }

    private void writeOut() {
        ByteBuffer[] one = new ByteBuffer[1];
        ByteBuffer buffer = out;
        IOException failure = null;
        boolean ends = mustEnd();
        try {
            if (buffer != null) {
                one[0] = buffer.flip();
                while (buffer.hasRemaining()) {
                    unsent = buffer.remaining();
                    if (transport.write(one, 0, 1) == 0) {
                        throw new IOException("a blocking transport took no byte");
                    }
                }
                unsent = 0;
            }
            if (ends) {
                transport.shutdownOutput();
            }
        } catch (IOException e) {
            failure = e;
        } catch (RuntimeException | Error e) {
            failure = new IOException("the transport failed", e);
        }
        Runnable task;
        boolean more;
        lock.lock();
        try {
            writing = false;
            writeFailure = failure;
            shutSent |= ends;
            releaseLocked();
            task = writable;
            writable = null;
            more = shut && !shutSent && failure == null;
            if (more) {
                startWriterLocked();
            }
        } finally {
            lock.unlock();
        }
        if (task != null) {
            task.run();
        }
    }

    private void releaseLocked() {
        assert lock.isHeldByCurrentThread();
        ByteBuffer buffer = out;
        if (buffer != null && !writing) {
            out = null;
            if (buffer.isDirect()) { // Else it is our own.
                engine.buffers().release(buffer);
            }
        }
    }

    private void requireWritableLocked() throws IOException {
        if (writeFailure != null) {
            throw new IOException("the transport broke", writeFailure);
        }
        if (closed) {
            throw new IOException("the transport is closed");
        }
    }

    @Override
    public boolean flushed() throws IOException {
        lock.lock();
        try {
            requireWritableLocked();
            return !writing;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public long unsent() {
        return unsent;
    }

    @Override
    public void whenWritable(Runnable task) {
        boolean now;
        lock.lock();
        try {
            now = !writing;
            if (!now) {
                writable = task;
            }
        } finally {
            lock.unlock();
        }
        if (now) {
            engine.start("gibbon-pump-out", task);
        }
    }

    // ---- The end

    @Override
    public void shutdownOutput() throws IOException {
        lock.lock();
        try {
            requireWritableLocked();
            if (!shut) {
                shut = true;
                if (!writing) {
                    startWriterLocked();
                }
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public boolean halfCloses() {
        return transport.halfCloses();
    }

    @Override
    public void close() throws IOException {
        end(transport::close);
    }

    @Override
    public void abort() throws IOException {
        end(transport::abort);
    }

    private interface End {
        void run() throws IOException;
    }

    private void end(End how) throws IOException {
        Runnable task;
        lock.lock();
        try {
            closed = true;
            task = readable;
            readable = null;
            LockSupport.unpark(reader);
            releaseLocked();
        } finally {
            lock.unlock();
        }
        assert !lock.isHeldByCurrentThread();
        how.run();
        if (task != null) {
            engine.start("gibbon-pump", task);
        }
    }

    @Override
    public Optional<SocketAddress> localAddress() {
        return transport.localAddress();
    }

    @Override
    public Optional<SocketAddress> peerAddress() {
        return transport.peerAddress();
    }

    @Override
    public Optional<SSLSession> tlsSession() {
        return transport.tlsSession();
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * One direction of a {@link TransportPair}: a ring of bytes with one reader and one writer. It allocates nothing per
 * call.
 */
final class Pipe {
    /** What became of the end that writes here, or of the end that reads here. */
    enum Side {
        OPEN,
        SHUT, // the writing end only: shutdownOutput
        CLOSED,
        RESET;

        boolean isGone() {
            return this == CLOSED || this == RESET;
        }
    }

    private final Splitter reads;
    private final Splitter writes;
    private final boolean logWrites;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition readable = lock.newCondition();
    private final Condition writable = lock.newCondition();
    private final Condition blocked = lock.newCondition();

    // Guarded by lock.
    private final byte[] ring;
    private int head;
    private int count;
    private Side writer = Side.OPEN;
    private Side reader = Side.OPEN;
    private boolean reading;
    private boolean writing;
    private boolean readerWaits;
    private boolean writerWaits;
    private long readCalls;
    private long bytesRead;
    private long writeCalls;
    private long bytesWritten;
    private long buffersWritten;
    private final List<WriteCall> writeLog = new ArrayList<>();

    Pipe(int capacity, Splitter reads, Splitter writes, boolean logWrites) {
        this.ring = new byte[capacity];
        this.reads = reads;
        this.writes = writes;
        this.logWrites = logWrites;
    }

    int read(ByteBuffer dst, Expiry expiry) throws IOException, InterruptedException {
        lock.lock();
        try {
            if (reading) {
                throw new IllegalStateException("two threads read from one transport at once");
            }
            if (reader.isGone()) {
                throw new ClosedChannelException();
            }
            reading = true;
            try {
                if (awaitReadableLocked(expiry)) {
                    return takeLocked(dst);
                }
                return writer == Side.OPEN ? 0 : -1;
            } finally {
                reading = false;
            }
        } finally {
            lock.unlock();
        }
    }

    /** Waits until there are bytes; answers false at the end of the stream, or once the time has passed. */
    private boolean awaitReadableLocked(Expiry expiry) throws IOException, InterruptedException {
        while (count == 0 && writer == Side.OPEN) {
            long nanos = expiry.nanosLeft();
            if (nanos <= 0) {
                return false;
            }
            readerWaits = true;
            blocked.signalAll();
            try {
                if (nanos == Long.MAX_VALUE) {
                    readable.await();
                } else {
                    long _ = readable.awaitNanos(nanos);
                }
            } finally {
                readerWaits = false;
            }
            if (reader.isGone()) {
                throw new AsynchronousCloseException();
            }
        }
        if (writer == Side.RESET) {
            throw new IOException("Connection reset");
        }
        return count > 0;
    }

    private int takeLocked(ByteBuffer dst) {
        int taken = split(reads, bytesRead, Math.min(count, dst.remaining()));
        int first = Math.min(taken, ring.length - head);
        dst.put(ring, head, first);
        dst.put(ring, 0, taken - first);
        head = (head + taken) % ring.length;
        count -= taken;
        readCalls++;
        bytesRead += taken;
        writable.signal();
        return taken;
    }

    long write(ByteBuffer[] srcs, int offset, int length) throws IOException, InterruptedException {
        long offered = 0;
        int buffers = 0;
        for (int i = offset; i < offset + length; i++) {
            offered += srcs[i].remaining();
            buffers += srcs[i].hasRemaining() ? 1 : 0;
        }
        lock.lock();
        try {
            if (writing) {
                throw new IllegalStateException("two threads write to one transport at once");
            }
            if (writer != Side.OPEN) {
                throw new ClosedChannelException();
            }
            writing = true;
            try {
                awaitWritableLocked(offered);
            } finally {
                writing = false;
            }
            long taken = offered == 0 ? 0 : putLocked(srcs, offset, offered);
            writeCalls++;
            bytesWritten += taken;
            buffersWritten += buffers;
            if (logWrites) {
                writeLog.add(new WriteCall(buffers, offered, taken));
            }
            return taken;
        } finally {
            lock.unlock();
        }
    }

    private void awaitWritableLocked(long offered) throws IOException, InterruptedException {
        while (offered > 0 && count == ring.length && !reader.isGone()) {
            writerWaits = true;
            blocked.signalAll();
            try {
                writable.await();
            } finally {
                writerWaits = false;
            }
            if (writer != Side.OPEN) {
                throw new AsynchronousCloseException();
            }
        }
        if (reader.isGone()) {
            throw new IOException(reader == Side.RESET ? "Connection reset" : "Broken pipe");
        }
    }

    private int putLocked(ByteBuffer[] srcs, int offset, long offered) {
        int taken = split(writes, bytesWritten, (int) Math.min(offered, ring.length - count));
        int left = taken;
        for (int i = offset; left > 0; i++) {
            ByteBuffer src = srcs[i];
            int chunk = Math.min(left, src.remaining());
            int tail = (head + count) % ring.length;
            int first = Math.min(chunk, ring.length - tail);
            src.get(ring, tail, first);
            src.get(ring, 0, chunk - first);
            count += chunk;
            left -= chunk;
        }
        readable.signal();
        return taken;
    }

    private static int split(Splitter splitter, long position, int available) {
        int answer = splitter.split(position, available);
        if (answer < 1 || answer > available) {
            throw new IllegalStateException("splitter " + splitter + " answered " + answer + ", not 1 to " + available);
        }
        return answer;
    }

    /** Ends the writing side: later bytes are refused, the reader gets what is there and then the end, or a reset. */
    void endWriter(Side to) {
        lock.lock();
        try {
            if (writer.isGone() || writer == to) {
                return;
            }
            writer = to;
            if (to == Side.RESET) {
                count = 0;
            }
            readable.signalAll();
            writable.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Ends the reading side: bytes not yet read are lost, later writes fail. */
    void endReader(Side to) {
        lock.lock();
        try {
            if (reader.isGone()) {
                return;
            }
            reader = to;
            count = 0;
            readable.signalAll();
            writable.signalAll();
        } finally {
            lock.unlock();
        }
    }

    boolean isReaderOpen() {
        lock.lock();
        try {
            return !reader.isGone();
        } finally {
            lock.unlock();
        }
    }

    /** {@return how many bytes wait for the reader} */
    int available() {
        lock.lock();
        try {
            return count;
        } finally {
            lock.unlock();
        }
    }

    void awaitBlockedReader(Duration deadline) {
        lock.lock();
        try {
            Waits.until(
                    blocked,
                    deadline,
                    () -> readerWaits && count == 0 && writer == Side.OPEN && reader == Side.OPEN,
                    () -> "no thread waits in read");
        } finally {
            lock.unlock();
        }
    }

    void awaitBlockedWriter(Duration deadline) {
        lock.lock();
        try {
            Waits.until(
                    blocked,
                    deadline,
                    () -> writerWaits && count == ring.length && writer == Side.OPEN && reader == Side.OPEN,
                    () -> "no thread waits in write");
        } finally {
            lock.unlock();
        }
    }

    /** {@return the counters, for the end that reads here} */
    TransportCounters readerCounters() {
        lock.lock();
        try {
            return new TransportCounters(readCalls, bytesRead, 0, 0, 0);
        } finally {
            lock.unlock();
        }
    }

    /** {@return the counters, for the end that writes here} */
    TransportCounters writerCounters() {
        lock.lock();
        try {
            return new TransportCounters(0, 0, writeCalls, bytesWritten, buffersWritten);
        } finally {
            lock.unlock();
        }
    }

    List<WriteCall> writeLog() {
        lock.lock();
        try {
            return List.copyOf(writeLog);
        } finally {
            lock.unlock();
        }
    }

    /** A time that comes when somebody rings. */
    final class Bell implements Expiry {
        // Guarded by lock.
        private boolean rung;

        @Override
        public long nanosLeft() {
            return rung ? 0 : Long.MAX_VALUE;
        }

        void ring() {
            lock.lock();
            try {
                rung = true;
                readable.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit;

import dev.gibbon.TimeSource;
import dev.gibbon.spi.Transport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * One end of a {@link TransportPair}. It behaves as a socket does, and is stricter where a socket is lenient:
 *
 * <ul>
 *   <li>A write takes what fits, and blocks while nothing does.
 *   <li>After the peer's {@code close} or {@code shutdownOutput} a read brings what was written before, then -1. A
 *       write to a peer that closed fails at once with "Broken pipe".
 *   <li>After the peer's {@link #reset()} reads and writes fail at once with "Connection reset", and bytes under way
 *       are lost.
 *   <li>A read or write that blocks while this end is closed ends with {@link
 *       java.nio.channels.AsynchronousCloseException}; a later one with {@link ClosedChannelException}.
 *   <li>A thread that is interrupted before or while it reads or writes closes this end, gets
 *       {@link ClosedByInterruptException} and keeps its interrupt status.
 *   <li>Two threads that read at once, or write at once, get an {@link IllegalStateException}.
 * </ul>
 */
public final class MemoryTransport implements Transport {
    private final Pipe in;
    private final Pipe out;
    private final Optional<TimeSource> timeSource;

    MemoryTransport(Pipe in, Pipe out, Optional<TimeSource> timeSource) {
        this.in = in;
        this.out = out;
        this.timeSource = timeSource;
    }

    @Override
    public int read(ByteBuffer dst) throws IOException {
        return read(dst, Expiry.NEVER);
    }

    /**
     * {@inheritDoc}
     *
     * <p>The time is that of {@link TransportPair.Builder#timeSource}, the system's where none was given.
     */
    @Override
    public int read(ByteBuffer dst, Duration timeout) throws IOException {
        Waits.positive(timeout, "timeout");
        if (timeSource.isEmpty()) {
            return read(dst, Expiry.after(timeout));
        }
        Pipe.Bell bell = in.new Bell();
        TimeSource.Timer timer = timeSource.get().schedule(timeout, bell::ring);
        try {
            return read(dst, bell);
        } finally {
            timer.cancel();
        }
    }

    /**
     * Reads within a time by the system's clock, whatever the time source: for a test that waits for the code under
     * test.
     */
    int readInRealTime(ByteBuffer dst, Duration timeout) throws IOException {
        return read(dst, Expiry.after(timeout));
    }

    private int read(ByteBuffer dst, Expiry expiry) throws IOException {
        if (!dst.hasRemaining()) {
            throw new IllegalArgumentException("dst has no room");
        }
        closeIfInterrupted();
        try {
            return in.read(dst, expiry);
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    @Override
    public long write(ByteBuffer[] srcs, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, srcs.length);
        closeIfInterrupted();
        try {
            return out.write(srcs, offset, length);
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    private void closeIfInterrupted() throws IOException {
        if (Thread.currentThread().isInterrupted() && isOpen()) {
            close();
            throw new ClosedByInterruptException();
        }
    }

    private IOException interrupted(InterruptedException cause) {
        close();
        Thread.currentThread().interrupt();
        IOException failure = new ClosedByInterruptException();
        failure.initCause(cause);
        return failure;
    }

    @Override
    public void shutdownOutput() throws IOException {
        if (!isOpen()) {
            throw new ClosedChannelException();
        }
        out.endWriter(Pipe.Side.SHUT);
    }

    @Override
    public void close() {
        in.endReader(Pipe.Side.CLOSED);
        out.endWriter(Pipe.Side.CLOSED);
    }

    /**
     * Closes this end rudely, as a TCP reset does: the peer loses what it had not read, and its reads and writes fail.
     */
    public void reset() {
        in.endReader(Pipe.Side.RESET);
        out.endWriter(Pipe.Side.RESET);
    }

    /** {@return whether this end was not closed yet; what the peer does to its own end changes nothing here} */
    public boolean isOpen() {
        return in.isReaderOpen();
    }

    /** {@return how many bytes the peer wrote that were not read here} */
    public int available() {
        return in.available();
    }

    /** {@return what this end did so far} */
    public TransportCounters counters() {
        TransportCounters read = in.readerCounters();
        TransportCounters written = out.writerCounters();
        return new TransportCounters(
                read.reads(), read.bytesRead(), written.writes(), written.bytesWritten(), written.buffersWritten());
    }

    /**
     * {@return every write so far, oldest first; empty unless {@link TransportPair.Builder#logWrites()} asked for it}
     */
    public List<WriteCall> writeLog() {
        return out.writeLog();
    }

    /**
     * Returns once a thread is blocked in a read of this end, so that a test can act on it without sleeping.
     *
     * @throws AssertionError if none is within a minute
     */
    public void awaitBlockedReader() {
        in.awaitBlockedReader(Waits.DEFAULT_DEADLINE);
    }

    /**
     * Returns once a thread is blocked in a write of this end, because the peer does not read.
     *
     * @throws AssertionError if none is within a minute
     */
    public void awaitBlockedWriter() {
        out.awaitBlockedWriter(Waits.DEFAULT_DEADLINE);
    }

    /** {@return "memory" and whether this end is open} */
    @Override
    public String toString() {
        return "memory transport, " + (isOpen() ? "open" : "closed");
    }
}

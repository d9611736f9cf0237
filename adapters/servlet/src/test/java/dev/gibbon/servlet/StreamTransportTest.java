// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.servlet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.servlet.ReadListener;
import jakarta.servlet.ServletInputStream;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import jakarta.servlet.http.WebConnection;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The end of streams in a container that wakes nobody: what it is told, in order. */
@Timeout(300)
class StreamTransportTest {
    /** What the container was told, and saw. */
    private final BlockingQueue<String> events = new LinkedBlockingQueue<>();

    private final CountDownLatch peerEnds = new CountDownLatch(1);
    private StreamTransport streams;

    private void open(Duration linger) throws IOException {
        InetSocketAddress nobody = InetSocketAddress.createUnresolved("nobody", 0);
        streams = new StreamTransport(new Container(), nobody, nobody, linger);
    }

    /** Blocks readers until the peer ends its direction, and writers for ever. */
    private final class Container implements WebConnection {
        @Override
        public ServletInputStream getInputStream() {
            return new In();
        }

        @Override
        public ServletOutputStream getOutputStream() {
            return new Out();
        }

        @Override
        public void close() {
            events.add("closed");
        }
    }

    private void block(String what, CountDownLatch until) throws InterruptedIOException {
        events.add(what);
        try {
            until.await();
            events.add(what + " ends");
        } catch (InterruptedException e) {
            events.add(what + " is interrupted");
            throw (InterruptedIOException) new InterruptedIOException("interrupted").initCause(e);
        }
    }

    private final class In extends ServletInputStream {
        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            block("read", peerEnds);
            return -1;
        }

        @Override
        public int read() {
            throw new AssertionError("one byte at a time");
        }

        @Override
        public boolean isFinished() {
            return false;
        }

        @Override
        public boolean isReady() {
            return false;
        }

        @Override
        public void setReadListener(ReadListener listener) {
            throw new AssertionError("not by events");
        }
    }

    private final class Out extends ServletOutputStream {
        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            block("write", new CountDownLatch(1));
        }

        @Override
        public void write(int one) {
            throw new AssertionError("one byte at a time");
        }

        @Override
        public void close() {
            events.add("output closed");
        }

        @Override
        public boolean isReady() {
            return false;
        }

        @Override
        public void setWriteListener(WriteListener listener) {
            throw new AssertionError("not by events");
        }
    }

    private void expect(String... expected) throws InterruptedException {
        for (String event : expected) {
            assertEquals(event, events.poll(60, TimeUnit.SECONDS));
        }
    }

    private FutureTask<Boolean> reading() {
        FutureTask<Boolean> task = new FutureTask<>(() -> {
            int count = streams.read(ByteBuffer.allocate(10));
            return count < 0 && !Thread.currentThread().isInterrupted();
        });
        Thread _ = Thread.ofVirtual().start(task);
        return task;
    }

    private FutureTask<Boolean> writing() {
        FutureTask<Boolean> task = new FutureTask<>(() -> {
            assertThrows(
                    InterruptedIOException.class,
                    () -> streams.write(new ByteBuffer[] {ByteBuffer.allocate(10)}, 0, 1));
            return !Thread.currentThread().isInterrupted();
        });
        Thread _ = Thread.ofVirtual().start(task);
        return task;
    }

    @Test
    void theConnectionIsClosedOnceTheReaderHasSeenTheEnd() throws Exception {
        open(Duration.ofMinutes(5));
        FutureTask<Boolean> reader = reading();
        expect("read");
        streams.close();
        expect("output closed");
        peerEnds.countDown();
        expect("read ends", "closed");
        assertTrue(reader.get());
    }

    @Test
    void aReaderWhosePeerStaysIsInterrupted() throws Exception {
        open(Duration.ofMillis(1));
        FutureTask<Boolean> reader = reading();
        expect("read");
        streams.close();
        expect("output closed", "read is interrupted", "closed");
        assertThrows(ExecutionException.class, reader::get);
    }

    @Test
    void aWriterIsInterruptedAtOnce() throws Exception {
        open(Duration.ofMinutes(5));
        FutureTask<Boolean> writer = writing();
        expect("write");
        streams.close();
        expect("write is interrupted", "output closed", "closed");
        assertTrue(writer.get());
    }

    @Test
    void nobodyEntersBehindTheEndAndItComesOnce() throws Exception {
        open(Duration.ofMinutes(5));
        streams.close();
        streams.close();
        expect("output closed", "closed");
        assertThrows(ClosedChannelException.class, () -> streams.read(ByteBuffer.allocate(1)));
        assertThrows(
                ClosedChannelException.class, () -> streams.write(new ByteBuffer[] {ByteBuffer.allocate(1)}, 0, 1));
        assertEquals(List.of(), List.copyOf(events));
    }

    @Test
    void aContainerThatHasEndedTheStreamsIsNotToldToCloseThem() throws Exception {
        open(Duration.ofMinutes(5));
        FutureTask<Boolean> reader = reading();
        expect("read");
        streams.ended();
        expect("read is interrupted");
        assertThrows(ExecutionException.class, reader::get);
        streams.close();
        assertFalse(streams.halfCloses());
        assertEquals(List.of(), List.copyOf(events));
    }
}

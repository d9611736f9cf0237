// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.transport;

import static dev.gibbon.transport.TransportPair.readExactly;
import static dev.gibbon.transport.TransportPair.start;
import static dev.gibbon.transport.TransportPair.writeAll;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.spi.Transport;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(300)
class ChannelTransportTest {
    enum Kind {
        TCP,
        UNIX;

        TransportPair open() throws IOException {
            return this == TCP ? TransportPair.tcp() : TransportPair.unix();
        }
    }

    static void echoBothWaysAtOnce(TransportPair pair, int length) throws Exception {
        byte[] there = new byte[length];
        byte[] back = new byte[length];
        new Random(length).nextBytes(there);
        new Random(length + 1L).nextBytes(back);
        FutureTask<byte[]> atServer = start(() -> readExactly(pair.server(), length));
        FutureTask<byte[]> atClient = start(() -> readExactly(pair.client(), length));
        FutureTask<Void> serverWrites = start(() -> {
            writeAll(pair.server(), back);
            return null;
        });
        writeAll(pair.client(), there);
        serverWrites.get();
        assertArrayEquals(there, atServer.get());
        assertArrayEquals(back, atClient.get());
    }

    @ParameterizedTest
    @EnumSource
    void bytesOfAnyNumberArriveBothWaysAtOnce(Kind kind) throws Exception {
        for (int length : new int[] {0, 1, 512, 65_536, 300_000, 8 << 20}) {
            try (TransportPair pair = kind.open()) {
                echoBothWaysAtOnce(pair, length);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void manyBuffersArriveInOrderHeapAndDirectAlike(Kind kind) throws Exception {
        byte[] expected = new byte[1_000 * 700];
        new Random(1).nextBytes(expected);
        ByteBuffer[] buffers = new ByteBuffer[1_000];
        for (int i = 0; i < buffers.length; i++) {
            ByteBuffer slice = ByteBuffer.wrap(expected, i * 700, 700);
            buffers[i] = i % 3 == 0 ? ByteBuffer.allocateDirect(700).put(slice).flip() : slice;
        }
        try (TransportPair pair = kind.open()) {
            FutureTask<byte[]> got = start(() -> readExactly(pair.server(), expected.length));
            ByteBuffer[] left = buffers;
            int offset = 0;
            while (offset < left.length) {
                long _ = pair.client().write(left, offset, left.length - offset);
                while (offset < left.length && !left[offset].hasRemaining()) {
                    offset++;
                }
            }
            assertArrayEquals(expected, got.get());
        }
    }

    @Test
    void writeOfAHeapBufferLeavesItsLimitAndTakesItInTheEndHoweverSlowlyThePeerReads() throws Exception {
        byte[] payload = new byte[24 << 20];
        new Random(7).nextBytes(payload);
        try (TransportPair pair = TransportPair.tcp()) {
            ByteBuffer big = ByteBuffer.wrap(payload);
            Thread writer = Thread.ofVirtual().start(() -> {
                try {
                    while (big.hasRemaining()) {
                        long taken = pair.client().write(new ByteBuffer[] {big}, 0, 1);
                        assertTrue(taken > 0 && taken <= 4 << 20, "taken " + taken);
                        assertEquals(payload.length, big.limit());
                    }
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            ByteBuffer received = ByteBuffer.allocate(payload.length);
            ByteBuffer piece = ByteBuffer.allocate(50_000);
            while (received.hasRemaining()) {
                assertTrue(pair.server().read(piece.clear()) > 0);
                received.put(piece.flip());
            }
            writer.join();
            assertArrayEquals(payload, received.array());
        }
    }

    @ParameterizedTest
    @EnumSource
    void aReadThatTimesOutLosesNothing(Kind kind) throws Exception {
        try (TransportPair pair = kind.open()) {
            ByteBuffer heap = ByteBuffer.allocate(100);
            ByteBuffer direct = ByteBuffer.allocateDirect(100);
            assertEquals(0, pair.server().read(heap, Duration.ofMillis(20)));
            assertEquals(0, pair.server().read(direct, Duration.ofNanos(1)));
            writeAll(pair.client(), new byte[] {1, 2, 3});
            assertEquals(3, pair.server().read(heap, Duration.ofSeconds(30)));
            assertArrayEquals(new byte[] {1, 2, 3, 0}, Arrays.copyOf(heap.array(), 4));
            assertEquals(0, pair.server().read(direct, Duration.ofMillis(20)));
            writeAll(pair.client(), new byte[] {4, 5, 6});
            ByteBuffer one = ByteBuffer.allocate(1);
            assertEquals(1, pair.server().read(one));
            assertEquals(4, one.get(0));
            assertArrayEquals(new byte[] {5, 6}, readExactly(pair.server(), 2));
            writeAll(pair.client(), new byte[] {7});
            assertEquals(1, pair.server().read(direct, Duration.ofSeconds(30)));
            assertEquals(7, direct.get(0));
            pair.client().shutdownOutput();
            assertEquals(-1, pair.server().read(direct, Duration.ofSeconds(30)));
            assertEquals(-1, pair.server().read(direct));
        }
    }

    @ParameterizedTest
    @EnumSource
    void aReadTimesOutWhileAWriterIsBlocked(Kind kind) throws Exception {
        try (TransportPair pair = kind.open()) {
            FutureTask<Void> writer = blockedWriter(pair.client());
            assertEquals(0, pair.client().read(ByteBuffer.allocate(10), Duration.ofMillis(50)));
            assertFalse(writer.isDone());
            pair.client().close();
            assertThrows(ExecutionException.class, () -> writer.get(60, TimeUnit.SECONDS));
        }
    }

    /** {@return a writer that is blocked, or soon will be, since nobody reads} */
    static FutureTask<Void> blockedWriter(Transport transport) throws InterruptedException {
        CountDownLatch begun = new CountDownLatch(1);
        FutureTask<Void> writer = start(() -> {
            ByteBuffer[] bytes = {ByteBuffer.allocateDirect(64 << 20)};
            begun.countDown();
            while (bytes[0].hasRemaining()) {
                long _ = transport.write(bytes, 0, 1);
            }
            return null;
        });
        begun.await();
        assertThrows(TimeoutException.class, () -> writer.get(200, TimeUnit.MILLISECONDS));
        return writer;
    }

    @ParameterizedTest
    @EnumSource
    void closingWakesABlockedReaderAndABlockedWriter(Kind kind) throws Exception {
        try (TransportPair pair = kind.open()) {
            FutureTask<Void> writer = blockedWriter(pair.client());
            FutureTask<Integer> reader = start(() -> pair.client().read(ByteBuffer.allocate(10)));
            assertThrows(TimeoutException.class, () -> reader.get(50, TimeUnit.MILLISECONDS));
            pair.client().close();
            assertInstanceOf(
                    IOException.class,
                    assertThrows(ExecutionException.class, () -> reader.get(60, TimeUnit.SECONDS))
                            .getCause());
            assertInstanceOf(
                    IOException.class,
                    assertThrows(ExecutionException.class, () -> writer.get(60, TimeUnit.SECONDS))
                            .getCause());
            pair.client().close();
        }
    }

    static void interruptClosesAndKeepsTheFlag(Transport transport, boolean timed) throws Exception {
        AtomicReference<Throwable> thrown = new AtomicReference<>();
        AtomicReference<Boolean> flag = new AtomicReference<>();
        Thread reader = Thread.startVirtualThread(() -> {
            try {
                ByteBuffer dst = ByteBuffer.allocate(10);
                int _ = timed ? transport.read(dst, Duration.ofSeconds(50)) : transport.read(dst);
            } catch (IOException e) {
                thrown.set(e);
            }
            flag.set(Thread.currentThread().isInterrupted());
        });
        Thread.sleep(50);
        reader.interrupt();
        assertTrue(reader.join(Duration.ofSeconds(60)));
        assertInstanceOf(IOException.class, thrown.get());
        assertEquals(true, flag.get());
        assertThrows(IOException.class, () -> transport.read(ByteBuffer.allocate(10)));
    }

    @ParameterizedTest
    @EnumSource
    void interruptingABlockedReaderClosesTheChannelAndKeepsTheFlag(Kind kind) throws Exception {
        for (boolean timed : new boolean[] {false, true}) {
            try (TransportPair pair = kind.open()) {
                interruptClosesAndKeepsTheFlag(pair.client(), timed);
                assertEquals(-1, pair.server().read(ByteBuffer.allocate(1)));
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void endingTheOutputTwiceLeavesTheInputOpen(Kind kind) throws Exception {
        try (TransportPair pair = kind.open()) {
            pair.client().shutdownOutput();
            pair.client().shutdownOutput();
            assertEquals(-1, pair.server().read(ByteBuffer.allocate(1)));
            writeAll(pair.server(), new byte[] {9});
            assertArrayEquals(new byte[] {9}, readExactly(pair.client(), 1));
        }
    }

    @ParameterizedTest
    @EnumSource
    void aNonBlockingChannelAnswersZero(Kind kind) throws Exception {
        try (TransportPair pair = kind.open()) {
            ChannelTransport client = (ChannelTransport) pair.client();
            assertTrue(client.enterLoop().isPresent());
            assertEquals(0, client.read(ByteBuffer.allocate(1)));
            assertEquals(0, client.read(ByteBuffer.allocate(1), Duration.ofSeconds(50)));
            ByteBuffer[] bytes = {ByteBuffer.allocateDirect(64 << 20)};
            long last = 1;
            while (last > 0) {
                last = client.write(bytes, 0, 1);
            }
            assertTrue(bytes[0].hasRemaining());
        }
    }

    @Test
    void abortResetsATcpConnection() throws Exception {
        try (TransportPair pair = TransportPair.tcp()) {
            ((ChannelTransport) pair.client()).abort();
            assertThrows(IOException.class, () -> pair.server().read(ByteBuffer.allocate(1)));
        }
    }

    @Test
    void tcpSendsWithoutDelayAndKnowsItsAddresses() throws Exception {
        try (TransportPair pair = TransportPair.tcp()) {
            assertEquals(pair.client().localAddress(), pair.server().peerAddress());
            assertTrue(pair.client().localAddress().isPresent());
            assertTrue(pair.client().tlsSession().isEmpty());
            SocketChannel channel =
                    ((ChannelTransport) pair.server()).enterLoop().orElseThrow();
            assertTrue(channel.getOption(StandardSocketOptions.TCP_NODELAY));
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.Role;
import dev.gibbon.spi.Transport;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class TransportPairTest {
    private static final Duration MINUTE = Duration.ofMinutes(1);

    private static long write(Transport transport, byte[]... buffers) throws IOException {
        ByteBuffer[] srcs = new ByteBuffer[buffers.length];
        for (int i = 0; i < srcs.length; i++) {
            srcs[i] = ByteBuffer.wrap(buffers[i]);
        }
        return transport.write(srcs, 0, srcs.length);
    }

    private static void writeAll(Transport transport, byte[] bytes) throws IOException {
        ByteBuffer[] srcs = {ByteBuffer.wrap(bytes)};
        while (srcs[0].hasRemaining()) {
            assertTrue(transport.write(srcs, 0, 1) > 0);
        }
    }

    private static byte[] readToEnd(Transport transport) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        ByteBuffer dst = ByteBuffer.allocate(1000);
        while (transport.read(dst) >= 0) {
            all.write(dst.array(), 0, dst.position());
            dst.clear();
        }
        return all.toByteArray();
    }

    @Nested
    class Bytes {
        static List<Splitter> feeds() {
            return Splitter.feeds(42);
        }

        @ParameterizedTest
        @MethodSource("feeds")
        void arriveInOrderAtAnySplitThroughAPipeThatIsOftenFull(Splitter splitter) throws Exception {
            byte[] sent = new byte[5_000];
            new SplittableRandom(7).nextBytes(sent);
            TransportPair pair = TransportPair.builder()
                    .capacity(97)
                    .reads(splitter)
                    .writes(splitter)
                    .build();
            Background<Boolean> writer = Background.start(() -> {
                writeAll(pair.client(), sent);
                pair.client().close();
                return true;
            });
            assertArrayEquals(sent, readToEnd(pair.server()));
            assertTrue(writer.result());
        }

        @Test
        void aGatherWriteIsOneWriteAndComesInOneRead() throws Exception {
            TransportPair pair = TransportPair.builder().logWrites().build();
            TransportCounters before = pair.server().counters();
            assertEquals(5, write(pair.server(), new byte[2], new byte[0], new byte[3]));
            assertEquals(5, pair.client().read(ByteBuffer.allocate(10)));
            assertEquals(
                    new TransportCounters(0, 0, 1, 5, 2),
                    pair.server().counters().since(before));
            assertEquals(new TransportCounters(1, 5, 0, 0, 0), pair.client().counters());
            assertEquals(List.of(new WriteCall(2, 5, 5)), pair.server().writeLog());
        }

        @Test
        void aPartialWriteTakesOnlyItsPart() throws Exception {
            TransportPair pair = TransportPair.builder()
                    .writes(Role.CLIENT, Splitter.at(3))
                    .logWrites()
                    .build();
            ByteBuffer[] srcs = {ByteBuffer.wrap(new byte[] {1, 2}), ByteBuffer.wrap(new byte[] {3, 4})};
            assertEquals(3, pair.client().write(srcs, 0, 2));
            assertEquals(1, srcs[1].remaining());
            assertEquals(1, pair.client().write(srcs, 1, 1));
            assertEquals(
                    List.of(new WriteCall(2, 4, 3), new WriteCall(1, 1, 1)),
                    pair.client().writeLog());
        }

        @Test
        void aSplitterThatAnswersTooMuchIsCalledOut() {
            TransportPair pair = TransportPair.builder()
                    .writes((_, available) -> available + 1)
                    .build();
            assertThrows(IllegalStateException.class, () -> write(pair.client(), new byte[1]));
        }
    }

    @Nested
    class Blocking {
        @Test
        void aFullPipeBlocksItsWriterUntilTheReaderMakesRoom() throws Exception {
            TransportPair pair = TransportPair.builder().capacity(4).build();
            assertEquals(4, write(pair.client(), new byte[6]));
            Background<Long> writer = Background.start(() -> write(pair.client(), new byte[2]));
            pair.client().awaitBlockedWriter();
            assertEquals(4, pair.server().available());
            assertEquals(3, pair.server().read(ByteBuffer.allocate(3)));
            assertEquals(2, writer.result());
        }

        @Test
        void twoReadersAtOnceAreCalledOut() throws Exception {
            TransportPair pair = TransportPair.create();
            Background<Integer> reader = Background.start(() -> pair.client().read(ByteBuffer.allocate(1)));
            pair.client().awaitBlockedReader();
            assertThrows(IllegalStateException.class, () -> pair.client().read(ByteBuffer.allocate(1)));
            assertEquals(1, write(pair.server(), new byte[1]));
            assertEquals(1, reader.result());
        }

        @Test
        void aTimedReadThatExpiresLeavesTheTransportUsable() throws Exception {
            TransportPair pair = TransportPair.create();
            assertEquals(0, pair.client().read(ByteBuffer.allocate(1), Duration.ofNanos(1)));
            assertEquals(1, write(pair.server(), new byte[1]));
            assertEquals(1, pair.client().read(ByteBuffer.allocate(1), MINUTE));
        }

        @Test
        void aTimedReadGoesByTheGivenClock() throws Exception {
            ManualClock clock = new ManualClock();
            TransportPair pair = TransportPair.builder().timeSource(clock).build();
            Background<Integer> reader = Background.start(() -> pair.client().read(ByteBuffer.allocate(1), MINUTE));
            pair.client().awaitBlockedReader();
            clock.advance(MINUTE.minusNanos(1));
            assertFalse(reader.task().isDone());
            clock.advance(Duration.ofNanos(1));
            assertEquals(0, reader.result());
            assertEquals(0, clock.pending());
        }
    }

    @Nested
    class Ends {
        private final TransportPair pair = TransportPair.builder().capacity(4).build();
        private final ByteBuffer dst = ByteBuffer.allocate(8);

        @Test
        void closeEndsABlockedRead() throws Exception {
            Background<Integer> reader = Background.start(() -> pair.client().read(dst));
            pair.client().awaitBlockedReader();
            pair.client().close();
            assertInstanceOf(AsynchronousCloseException.class, reader.failure());
            assertThrows(ClosedChannelException.class, () -> pair.client().read(dst));
            assertThrows(ClosedChannelException.class, () -> write(pair.client(), new byte[1]));
        }

        @Test
        void closeEndsABlockedWrite() throws Exception {
            assertEquals(4, write(pair.client(), new byte[4]));
            Background<Long> writer = Background.start(() -> write(pair.client(), new byte[1]));
            pair.client().awaitBlockedWriter();
            pair.client().close();
            assertInstanceOf(AsynchronousCloseException.class, writer.failure());
        }

        @Test
        void afterCloseThePeerReadsWhatIsThereAndThenTheEnd() throws Exception {
            assertEquals(3, write(pair.client(), new byte[3]));
            pair.client().close();
            assertEquals(3, pair.server().read(dst));
            assertEquals(-1, pair.server().read(dst));
            assertEquals(-1, pair.server().read(dst, MINUTE));
            IOException broken = assertThrows(IOException.class, () -> write(pair.server(), new byte[1]));
            assertEquals("Broken pipe", broken.getMessage());
        }

        @Test
        void closeWakesAPeerThatIsBlocked() throws Exception {
            Background<Integer> reader = Background.start(() -> pair.server().read(dst));
            assertEquals(4, write(pair.server(), new byte[4]));
            Background<Long> writer = Background.start(() -> write(pair.server(), new byte[1]));
            pair.server().awaitBlockedReader();
            pair.server().awaitBlockedWriter();
            pair.client().close();
            assertEquals(-1, reader.result());
            assertEquals("Broken pipe", writer.failure().getMessage());
        }

        @Test
        void halfCloseEndsOneDirectionOnly() throws Exception {
            pair.client().shutdownOutput();
            pair.client().shutdownOutput();
            assertEquals(-1, pair.server().read(dst));
            assertThrows(ClosedChannelException.class, () -> write(pair.client(), new byte[1]));
            assertEquals(2, write(pair.server(), new byte[2]));
            assertEquals(2, pair.client().read(dst));
        }

        @Test
        void resetLosesWhatIsUnderWay() throws Exception {
            assertEquals(3, write(pair.client(), new byte[3]));
            pair.client().reset();
            IOException read =
                    assertThrows(IOException.class, () -> pair.server().read(dst));
            IOException written = assertThrows(IOException.class, () -> write(pair.server(), new byte[1]));
            assertEquals("Connection reset", read.getMessage());
            assertEquals("Connection reset", written.getMessage());
            assertThrows(ClosedChannelException.class, () -> pair.client().read(dst));
        }

        @Test
        void interruptClosesAndKeepsTheFlag() throws Exception {
            Background<Boolean> reader = Background.start(() -> {
                assertThrows(
                        ClosedByInterruptException.class, () -> pair.client().read(dst));
                return Thread.currentThread().isInterrupted();
            });
            pair.client().awaitBlockedReader();
            reader.thread().interrupt();
            assertTrue(reader.result());
            assertFalse(pair.client().isOpen());
            assertEquals(-1, pair.server().read(dst));
        }

        @Test
        void anInterruptThatCameBeforeClosesToo() throws Exception {
            Background<Boolean> writer = Background.start(() -> {
                Thread.currentThread().interrupt();
                assertThrows(ClosedByInterruptException.class, () -> write(pair.client(), new byte[1]));
                return Thread.currentThread().isInterrupted();
            });
            assertTrue(writer.result());
            assertEquals(-1, pair.server().read(dst));
        }
    }
}

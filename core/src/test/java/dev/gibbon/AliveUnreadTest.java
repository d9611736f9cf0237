// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.testkit.Frame;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A connection is alive whether or not anybody reads it: the same in both roles, whatever carries it. */
@Timeout(120)
class AliveUnreadTest {
    private static AliveScene.Shared shared;

    @BeforeAll
    static void open(@TempDir Path directory) throws Exception {
        shared = new AliveScene.Shared(directory);
    }

    @AfterAll
    static void end() throws Exception {
        shared.close();
    }

    private static byte[] noise(int bytes) {
        byte[] noise = new byte[bytes];
        new Random(bytes).nextBytes(noise); // Not to be compressed.
        return noise;
    }

    @Nested
    class NobodyReads {
        @ParameterizedTest
        @MethodSource("dev.gibbon.Across#all")
        void pingsAreAnswered(Across across) throws Exception {
            try (AliveScene scene = new AliveScene(shared, across)) {
                for (byte i = 0; i < 5; i++) {
                    scene.sendText("unread " + i);
                    scene.peer.sendPing(new byte[] {i});
                    scene.peer.expectPong(new byte[] {i});
                }
                for (byte i = 0; i < 5; i++) {
                    scene.read("unread " + i);
                }
                scene.expectAlive();
                scene.connection.abort();
                scene.expectAllGivenBack();
            }
        }

        @ParameterizedTest
        @MethodSource("dev.gibbon.Across#all")
        void thePeersCloseIsAnsweredAndSeen(Across across) throws Exception {
            try (AliveScene scene = new AliveScene(shared, across)) {
                scene.sendText("unread");
                scene.peer.sendClose(1001, "bye");
                scene.advanceOnceTheEndWaits(); // For a reader of the message before it, which does not come.
                scene.peer.expectClose(1001);
                Optional<CloseStatus> bye = Optional.of(new CloseStatus(CloseCode.GOING_AWAY, "bye"));
                Rig.await(() -> scene.connection.closeStatus().equals(bye), () -> "nothing is seen of the Close frame");
                assertFalse(scene.connection.state() == ConnectionState.OPEN);
                CompletableFuture<CloseStatus> closed = scene.connection.closed();
                assertThrows(ConnectionClosedException.class, () -> scene.connection.writeText("late"));
                scene.expectAllGivenBack();
                assertEquals(ConnectionState.CLOSED, scene.connection.state());
                assertEquals(bye, scene.connection.closeStatus());
                assertEquals(bye.get(), closed.get(Rig.SECONDS, TimeUnit.SECONDS));
                scene.read("unread"); // What came before is there for a late reader.
                assertNull(scene.connection.readMessage());
            }
        }

        @ParameterizedTest
        @MethodSource("dev.gibbon.Across#all")
        void aPingOfOursCompletesWithItsRoundTripTime(Across across) throws Exception {
            try (AliveScene scene = new AliveScene(shared, across)) {
                CompletableFuture<Duration> roundTrip = scene.connection.ping();
                byte[] payload = scene.peer.expectPing();
                scene.clock.advance(Duration.ofMillis(123));
                scene.sendText("unread");
                assertFalse(roundTrip.isDone());
                scene.peer.sendPong(payload);
                assertEquals(Duration.ofMillis(123), roundTrip.get(Rig.SECONDS, TimeUnit.SECONDS));
                scene.read("unread");
                scene.expectAlive();
            }
        }

        @ParameterizedTest
        @MethodSource("dev.gibbon.Across#all")
        void aPeerThatLeavesIsSeen(Across across) throws Exception {
            try (AliveScene scene = new AliveScene(shared, across)) {
                CompletableFuture<CloseStatus> closed = scene.connection.closed();
                CompletableFuture<Duration> roundTrip = scene.connection.ping();
                byte[] _ = scene.peer.expectPing();
                scene.sendText("unread");
                scene.peer.sendPing(new byte[0]);
                scene.peer.expectPong(new byte[0]);
                scene.peer.close();
                assertEquals(CloseStatus.LOST, closed.get(Rig.SECONDS, TimeUnit.SECONDS));
                assertEquals(ConnectionState.CLOSED, scene.connection.state());
                assertEquals(Optional.of(CloseStatus.LOST), scene.connection.closeStatus());
                assertTrue(roundTrip.isCompletedExceptionally());
                scene.expectAllGivenBack();
                scene.read("unread");
                assertThrows(ConnectionClosedException.class, scene.connection::readMessage);
            }
        }

        @ParameterizedTest
        @MethodSource("dev.gibbon.Across#all")
        void aPeerThatLeavesInTheMiddleOfAMessageIsSeen(Across across) throws Exception {
            try (AliveScene scene = new AliveScene(shared, across)) {
                byte[] wire = scene.wire(Frame.BINARY, noise(1000));
                scene.peer.sendRaw(Arrays.copyOf(wire, 500));
                scene.peer.close();
                scene.expectState(ConnectionState.CLOSED);
                scene.expectAllGivenBack();
                assertThrows(ConnectionClosedException.class, scene.connection::readMessage);
            }
        }
    }

    @Nested
    class AReaderIsInterrupted {
        /** Has a call made on a thread that is interrupted while it waits, and sees it end as it must. */
        private void interrupt(Rig.Work call) throws Exception {
            Rig.Task<Boolean> reading = Rig.start(() -> {
                assertThrows(InterruptedCallException.class, call::run);
                return Thread.currentThread().isInterrupted();
            });
            reading.awaitParked();
            reading.thread.interrupt();
            assertTrue(reading.get(), "the interrupt flag is kept");
        }

        @ParameterizedTest
        @MethodSource("dev.gibbon.Across#all")
        void readMessageEndsAndTheConnectionGoesOn(Across across) throws Exception {
            try (AliveScene scene = new AliveScene(shared, across)) {
                interrupt(scene.connection::readMessage);
                scene.expectAlive();
                interrupt(scene.connection::nextReader);
                scene.expectAlive();
            }
        }

        @ParameterizedTest
        @MethodSource("dev.gibbon.Across#all")
        void readMessageInTheMiddleOfAMessageLosesNothing(Across across) throws Exception {
            for (int size : List.of(500, 100_000)) { // Below what is read ahead, and beyond.
                try (AliveScene scene = new AliveScene(shared, across)) {
                    byte[] payload = noise(size);
                    byte[] wire = scene.wire(Frame.BINARY, payload);
                    int half = wire.length / 2;
                    Rig.Task<Boolean> sending = Rig.go(() -> scene.peer.sendRaw(Arrays.copyOf(wire, half)));
                    interrupt(scene.connection::readMessage);
                    interrupt(scene.connection::readMessage);
                    assertTrue(sending.get());
                    Rig.Task<Boolean> rest =
                            Rig.go(() -> scene.peer.sendRaw(Arrays.copyOfRange(wire, half, wire.length)));
                    assertArrayEquals(
                            payload,
                            Objects.requireNonNull(scene.connection.readMessage())
                                    .bytes());
                    assertTrue(rest.get());
                    scene.expectAlive();
                }
            }
        }

        @ParameterizedTest
        @MethodSource("dev.gibbon.Across#all")
        void aStreamedReadEndsAndItsReaderGoesOn(Across across) throws Exception {
            try (AliveScene scene = new AliveScene(shared, across)) {
                byte[] payload = noise(100_000);
                byte[] wire = scene.wire(Frame.BINARY, payload);
                int half = wire.length / 2;
                Rig.Task<Boolean> sending = Rig.go(() -> scene.peer.sendRaw(Arrays.copyOf(wire, half)));
                MessageReader reader = Objects.requireNonNull(scene.connection.nextReader());
                ByteArrayOutputStream got = new ByteArrayOutputStream();
                interrupt(() -> readTo(reader, got));
                assertTrue(sending.get());
                interrupt(() -> readTo(reader, got));
                Rig.Task<Boolean> rest = Rig.go(() -> scene.peer.sendRaw(Arrays.copyOfRange(wire, half, wire.length)));
                readTo(reader, got);
                assertTrue(rest.get());
                assertArrayEquals(payload, got.toByteArray());
                scene.expectAlive();
            }
        }

        @ParameterizedTest
        @MethodSource("dev.gibbon.Across#all")
        void anInterruptThatCameBeforeTakesNothingAway(Across across) throws Exception {
            try (AliveScene scene = new AliveScene(shared, across)) {
                scene.sendText("is there");
                scene.peer.sendPing(new byte[0]);
                scene.peer.expectPong(new byte[0]);
                Rig.Task<Boolean> reading = Rig.start(() -> {
                    Thread.currentThread().interrupt();
                    scene.read("is there"); // It need not wait.
                    assertThrows(InterruptedCallException.class, scene.connection::readMessage);
                    return Thread.currentThread().isInterrupted();
                });
                assertTrue(reading.get());
                scene.expectAlive();
            }
        }
    }

    @Nested
    class AReadsTimeIsUp {
        private static final Duration TIME = Duration.ofMillis(700);

        /** Lets the time of a call pass whenever it waits. */
        private void runOut(AliveScene scene, Rig.Work call) throws Exception {
            Rig.Task<Boolean> reading = Rig.go(() -> assertThrows(ReadTimeoutException.class, call::run));
            while (!reading.done()) {
                reading.awaitParkedOrDone();
                scene.clock.advance(TIME);
            }
            assertTrue(reading.get());
        }

        @ParameterizedTest
        @MethodSource("dev.gibbon.Across#all")
        void readMessageAndNextReaderEndAndTheConnectionGoesOn(Across across) throws Exception {
            try (AliveScene scene = new AliveScene(shared, across)) {
                runOut(scene, () -> scene.connection.readMessage(TIME));
                scene.expectAlive();
                runOut(scene, () -> scene.connection.nextReader(TIME));
                scene.expectAlive();
                assertThrows(ReadTimeoutException.class, () -> scene.connection.readMessage(Duration.ZERO));
                scene.expectAlive();
            }
        }

        @ParameterizedTest
        @MethodSource("dev.gibbon.Across#all")
        void whatHasComeOfAMessageIsKept(Across across) throws Exception {
            for (int size : List.of(500, 100_000)) { // Below what is read ahead, and beyond.
                try (AliveScene scene = new AliveScene(shared, across)) {
                    byte[] payload = noise(size);
                    byte[] wire = scene.wire(Frame.BINARY, payload);
                    int half = wire.length / 2;
                    Rig.Task<Boolean> sending = Rig.go(() -> scene.peer.sendRaw(Arrays.copyOf(wire, half)));
                    runOut(scene, () -> scene.connection.readMessage(TIME));
                    assertTrue(sending.get());
                    runOut(scene, () -> scene.connection.readMessage(TIME));
                    Rig.Task<Boolean> rest =
                            Rig.go(() -> scene.peer.sendRaw(Arrays.copyOfRange(wire, half, wire.length)));
                    assertArrayEquals(
                            payload,
                            Objects.requireNonNull(scene.connection.readMessage(TIME))
                                    .bytes());
                    assertTrue(rest.get());
                    scene.expectAlive();
                }
            }
        }

        @ParameterizedTest
        @MethodSource("dev.gibbon.Across#all")
        void aStreamedReadEndsAndItsReaderGoesOn(Across across) throws Exception {
            try (AliveScene scene = new AliveScene(shared, across)) {
                byte[] payload = noise(100_000);
                byte[] wire = scene.wire(Frame.BINARY, payload);
                int half = wire.length / 2;
                Rig.Task<Boolean> sending = Rig.go(() -> scene.peer.sendRaw(Arrays.copyOf(wire, half)));
                MessageReader reader = Objects.requireNonNull(scene.connection.nextReader(TIME))
                        .timeout(TIME);
                ByteArrayOutputStream got = new ByteArrayOutputStream();
                runOut(scene, () -> readTo(reader, got));
                assertTrue(sending.get());
                runOut(scene, () -> readTo(reader, got));
                Rig.Task<Boolean> rest = Rig.go(() -> scene.peer.sendRaw(Arrays.copyOfRange(wire, half, wire.length)));
                readTo(reader, got);
                assertTrue(rest.get());
                assertArrayEquals(payload, got.toByteArray());
                scene.expectAlive();
            }
        }
    }

    private static void readTo(MessageReader reader, ByteArrayOutputStream got) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(3000);
        while (reader.read(buffer.clear()) >= 0) {
            got.write(buffer.array(), 0, buffer.position());
        }
    }

    @Nested
    class AWriterIsInterrupted {
        /** Longer than what all buffers on the way hold. */
        private static final int LARGE = 2 << 20;

        private Rig.Task<Boolean> writing(Rig.Work call) {
            return Rig.start(() -> {
                assertThrows(InterruptedCallException.class, call::run);
                return Thread.currentThread().isInterrupted();
            });
        }

        private void interrupt(Rig.Task<Boolean> writing) throws Exception {
            writing.awaitParked();
            writing.thread.interrupt();
            assertTrue(writing.get(), "the interrupt flag is kept");
        }

        @ParameterizedTest
        @MethodSource("dev.gibbon.Across#all")
        void itsMessageIsSentWholeAndTheOthersToo(Across across) throws Exception {
            try (AliveScene scene = new AliveScene(shared, across)) {
                byte[] payload = noise(LARGE);
                byte[] callers = payload.clone();
                Rig.Task<Boolean> writing = writing(() -> scene.connection.writeBinary(callers));
                Rig.await(() -> scene.connection.sender().output().bytesWritten() > 0, () -> "nothing is written");
                writing.awaitParked();
                Rig.Task<Boolean> other = Rig.go(() -> scene.connection.writeText("other"));
                other.awaitParked();
                interrupt(writing);
                Arrays.fill(callers, (byte) 9); // They are the caller's again.
                assertArrayEquals(payload, scene.expectMessage());
                scene.expectText("other");
                assertTrue(other.get());
                scene.expectAlive();
            }
        }

        @ParameterizedTest
        @MethodSource("dev.gibbon.Across#all")
        void aMessageThatHadNotBegunIsNotSent(Across across) throws Exception {
            try (AliveScene scene = new AliveScene(shared, across)) {
                MessageWriter open = scene.connection.nextWriter(MessageType.TEXT);
                open.write("of the thread that has a message open");
                Rig.Task<Boolean> waiting = writing(() -> scene.connection.writeText("never sent"));
                interrupt(waiting);
                open.close();
                scene.expectText("of the thread that has a message open");
                scene.expectAlive();
            }
        }

        @ParameterizedTest
        @MethodSource("dev.gibbon.Across#all")
        void aMessageInPiecesGoesOn(Across across) throws Exception {
            try (AliveScene scene = new AliveScene(shared, across)) {
                byte[] payload = noise(LARGE);
                byte[] callers = payload.clone();
                CountDownLatch gone = new CountDownLatch(1);
                Rig.Task<Boolean> writing = Rig.start(() -> {
                    MessageWriter writer = scene.connection.nextWriter(MessageType.BINARY);
                    writer.write(ByteBuffer.wrap(new byte[] {1, 2, 3}));
                    assertThrows(InterruptedCallException.class, () -> writer.write(ByteBuffer.wrap(callers)));
                    boolean kept = Thread.interrupted();
                    Arrays.fill(callers, (byte) 9);
                    gone.countDown();
                    writer.write(ByteBuffer.wrap(new byte[] {4, 5, 6}));
                    writer.close();
                    return kept;
                });
                Rig.await(() -> scene.connection.sender().output().bytesWritten() > 0, () -> "nothing is written");
                writing.awaitParked();
                writing.thread.interrupt();
                assertTrue(gone.await(Rig.SECONDS, TimeUnit.SECONDS));
                byte[] got = scene.expectMessage();
                assertTrue(writing.get(), "the interrupt flag is kept");
                assertEquals(LARGE + 6, got.length);
                assertArrayEquals(new byte[] {1, 2, 3}, Arrays.copyOf(got, 3));
                assertArrayEquals(payload, Arrays.copyOfRange(got, 3, LARGE + 3));
                assertArrayEquals(new byte[] {4, 5, 6}, Arrays.copyOfRange(got, LARGE + 3, LARGE + 6));
                scene.expectAlive();
            }
        }

        @ParameterizedTest
        @MethodSource("dev.gibbon.Across#all")
        void anInterruptThatCameBeforeDoesNotKeepMessagesFromLeaving(Across across) throws Exception {
            try (AliveScene scene = new AliveScene(shared, across)) {
                Rig.Task<Boolean> writing = Rig.start(() -> {
                    for (int i = 0; i < 10; i++) {
                        Thread.currentThread().interrupt();
                        try {
                            scene.connection.writeText("message " + i);
                        } catch (InterruptedCallException _) {
                            // It would have had to wait; it is sent all the same.
                        }
                    }
                    return Thread.currentThread().isInterrupted();
                });
                assertTrue(writing.get());
                for (int i = 0; i < 10; i++) {
                    scene.expectText("message " + i);
                }
                scene.expectAlive();
            }
        }
    }
}

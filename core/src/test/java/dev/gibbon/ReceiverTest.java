// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.connection.WebSocketConnection;
import dev.gibbon.testkit.Frame;
import dev.gibbon.testkit.TransportPair;
import java.io.Reader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(300)
class ReceiverTest {
    private static final Duration SECOND = Duration.ofSeconds(1);

    private static byte[] wire(Role role, Frame frame) {
        return (role == Role.SERVER ? frame.withMaskingKey(0x37fa213d) : frame).encode();
    }

    private static void finish(Rig rig) throws Exception {
        rig.connection.abort();
        rig.expectAllGivenBack();
    }

    private static MessageReader next(Rig rig) throws Exception {
        return Objects.requireNonNull(rig.connection.nextReader());
    }

    private static Message read(Rig rig) throws Exception {
        return Objects.requireNonNull(rig.connection.readMessage());
    }

    @Nested
    class ReadTimeout {
        private void readInVain(Rig rig, byte[] part) throws Exception {
            long before = rig.transport().counters().bytesRead();
            Rig.Task<Boolean> reading = Rig.go(() -> {
                Message _ = rig.connection.readMessage(SECOND);
            });
            rig.peer.sendRaw(part);
            Rig.await(
                    () -> rig.transport().counters().bytesRead() == before + part.length,
                    () -> "the part was not read");
            rig.transport().awaitBlockedReader();
            expectTimeout(rig, reading);
        }

        private void expectTimeout(Rig rig, Rig.Task<?> reading) throws Exception {
            reading.awaitParked();
            rig.clock.advance(Duration.ofMillis(999));
            assertFalse(reading.done());
            rig.clock.advance(Duration.ofMillis(1));
            ReadTimeoutException _ = reading.failure(ReadTimeoutException.class);
            assertEquals(ConnectionState.OPEN, rig.connection.state());
        }

        @ParameterizedTest(name = "CC-10 read timeout inside a frame at every byte, then the rest, {0}")
        @EnumSource
        void nothingIsLostByATimeoutInsideAFrame(Role role) throws Exception {
            byte[] payload = "timeout".getBytes(StandardCharsets.US_ASCII);
            byte[] wire = wire(role, Frame.binary(payload));
            try (Rig rig = new Rig(role)) {
                for (int cut = 1; cut < wire.length; cut++) {
                    readInVain(rig, Arrays.copyOf(wire, cut));
                    rig.peer.sendRaw(Arrays.copyOfRange(wire, cut, wire.length));
                    assertArrayEquals(payload, read(rig).bytes());
                }
                finish(rig);
            }
        }

        @ParameterizedTest
        @EnumSource
        void timeMayBeUpManyTimesInOneMessageAndWhatCameIsStreamedThen(Role role) throws Exception {
            try (Rig rig = new Rig(role)) {
                readInVain(rig, wire(role, Frame.text("one ").withFin(false)));
                readInVain(
                        rig,
                        wire(
                                role,
                                Frame.continuation(new byte[] {'t', 'w', 'o'}).withFin(false)));
                MessageReader message = next(rig);
                assertEquals(MessageType.TEXT, message.type());
                rig.peer.send(Frame.continuation(new byte[] {'!'}), Frame.text("next"));
                assertEquals("one two!", new String(message.inputStream().readAllBytes(), StandardCharsets.US_ASCII));
                assertEquals("next", read(rig).text());
                finish(rig);
            }
        }

        @ParameterizedTest
        @EnumSource
        void nextReaderWaitsForTheBeginningOfAMessageOnlySoLong(Role role) throws Exception {
            try (Rig rig = new Rig(role)) {
                expectTimeout(rig, Rig.start(() -> Optional.ofNullable(rig.connection.nextReader(SECOND))));
                rig.peer.send(Frame.binary(new byte[] {1}).withFin(false));
                MessageReader message = Objects.requireNonNull(rig.connection.nextReader(SECOND));
                assertEquals(1, message.read(ByteBuffer.allocate(10)));
                // What is left of it is skipped, and that does not wait longer either.
                expectTimeout(rig, Rig.start(() -> Optional.ofNullable(rig.connection.nextReader(SECOND))));
                rig.peer.send(Frame.continuation(new byte[] {2}), Frame.text("next"));
                assertEquals("next", read(rig).text());
                finish(rig);
            }
        }

        @ParameterizedTest
        @EnumSource
        void streamGoesOnAfterATimeout(Role role) throws Exception {
            try (Rig rig = new Rig(role)) {
                rig.peer.send(Frame.binary(new byte[] {1}).withFin(false));
                MessageReader message = next(rig);
                ByteBuffer dst = ByteBuffer.allocate(10);
                assertEquals(1, message.read(dst));
                assertSame(message, message.timeout(SECOND));
                expectTimeout(rig, Rig.start(() -> message.read(dst)));
                expectTimeout(rig, Rig.start(() -> message.inputStream().read()));
                rig.peer.send(Frame.continuation(new byte[] {2}));
                assertEquals(1, message.read(dst));
                assertEquals(-1, message.read(dst));
                finish(rig);
            }
        }

        @ParameterizedTest
        @EnumSource
        void charactersGoOnAfterATimeoutInTheMiddleOfALetter(Role role) throws Exception {
            byte[] text = "h\u00e9".getBytes(StandardCharsets.UTF_8);
            try (Rig rig = new Rig(role)) {
                rig.peer.send(Frame.of(1, Arrays.copyOf(text, 2)).withFin(false));
                Reader letters = next(rig).timeout(SECOND).reader();
                assertEquals('h', letters.read());
                expectTimeout(rig, Rig.start(letters::read));
                rig.peer.send(Frame.continuation(new byte[] {text[2]}));
                assertEquals('\u00e9', letters.read());
                assertEquals(-1, letters.read());
                finish(rig);
            }
        }

        @ParameterizedTest
        @EnumSource
        void noTimeAtAllStillGivesWhatWasReceived(Role role) throws Exception {
            try (Rig rig = new Rig(role)) {
                rig.peer.send(List.of(Frame.text("a"), Frame.text("b")));
                assertEquals("a", read(rig).text());
                assertEquals(
                        "b",
                        Objects.requireNonNull(rig.connection.readMessage(Duration.ZERO))
                                .text());
                assertThrows(ReadTimeoutException.class, () -> rig.connection.readMessage(Duration.ZERO));
                assertThrows(ReadTimeoutException.class, () -> rig.connection.nextReader(Duration.ofSeconds(-1)));
                assertEquals(ConnectionState.OPEN, rig.connection.state());
                finish(rig);
            }
        }

        @ParameterizedTest
        @EnumSource
        void longestTimeThereIsNeverEnds(Role role) throws Exception {
            try (Rig rig = new Rig(role)) {
                Rig.Task<Message> reading = Rig.start(
                        () -> Objects.requireNonNull(rig.connection.readMessage(ChronoUnit.FOREVER.getDuration())));
                reading.awaitParked();
                rig.peer.sendText("at last");
                assertEquals("at last", reading.get().text());
                finish(rig);
            }
        }
    }

    @Nested
    class OneReader {
        @ParameterizedTest(name = "CC-27 two concurrent reads, {0}")
        @EnumSource
        void secondReaderIsRefusedAndTheFirstUndisturbed(Role role) throws Exception {
            try (Rig rig = new Rig(role)) {
                Rig.Task<Message> reading = Rig.start(() -> read(rig));
                reading.awaitParked();
                assertThrows(IllegalStateException.class, rig.connection::readMessage);
                assertThrows(IllegalStateException.class, rig.connection::nextReader);
                rig.neighbours.echo();
                rig.peer.sendText("for the first");
                assertEquals("for the first", reading.get().text());
                rig.peer.sendText("for the second");
                assertEquals("for the second", read(rig).text());
                finish(rig);
            }
        }

        @ParameterizedTest
        @EnumSource
        void staleReaderFailsLoudlyAndTheRestOfItsMessageIsSkipped(Role role) throws Exception {
            try (Rig rig = new Rig(role)) {
                rig.peer.send(Frame.binary(new byte[2000]).fragment(1, 700, 1500));
                rig.peer.send(Frame.text("next"), Frame.text("and next"));
                MessageReader stale = next(rig);
                assertEquals(1, stale.read(ByteBuffer.allocate(1)));
                MessageReader fresh = next(rig);
                assertThrows(IllegalStateException.class, () -> stale.read(ByteBuffer.allocate(1)));
                assertEquals(2, fresh.read(ByteBuffer.allocate(2)));
                assertEquals("and next", read(rig).text());
                assertThrows(IllegalStateException.class, () -> fresh.read(ByteBuffer.allocate(1)));
                assertThrows(IllegalStateException.class, () -> stale.read(ByteBuffer.allocate(1)));
                finish(rig);
            }
        }

        @ParameterizedTest
        @EnumSource
        void endedReaderSaysSoAgainAndAgain(Role role) throws Exception {
            try (Rig rig = new Rig(role)) {
                rig.peer.sendBinary(new byte[] {1});
                MessageReader message = next(rig);
                ByteBuffer dst = ByteBuffer.allocate(4);
                assertEquals(1, message.read(dst));
                for (int i = 0; i < 3; i++) {
                    assertEquals(-1, message.read(dst));
                }
                assertEquals(0, message.read(ByteBuffer.allocate(0)));
                finish(rig);
            }
        }
    }

    @Nested
    class TheEnd {
        @ParameterizedTest(name = "FR-17 Close between fragments, {0}")
        @EnumSource
        void messageThatWasCutByACloseIsNeverDelivered(Role role) throws Exception {
            try (Rig rig = new Rig(role)) {
                Rig.Task<Rig.End> reading = rig.read();
                rig.peer.send(Frame.text("Hel").withFin(false), Frame.close(1000, ""));
                rig.peer.expectClose(1000);
                Rig.End end = reading.get();
                assertTrue(end.messages().isEmpty());
                ConnectionClosedException cut = end.failure(ConnectionClosedException.class);
                assertEquals(CloseStatus.EMPTY.reason(), cut.closeStatus().reason());
                assertEquals(CloseCode.NORMAL, cut.closeStatus().code());
                rig.expectSame(end);
                rig.expectAllGivenBack();
            }
        }

        @ParameterizedTest(name = "FR-17 Close inside a streamed message, {0}")
        @EnumSource
        void streamThatWasCutByACloseTellsThatItIsNotWhole(Role role) throws Exception {
            try (Rig rig = new Rig(role)) {
                rig.peer.send(Frame.binary(new byte[] {1}).withFin(false), Frame.close(1000, "bye"));
                MessageReader message = next(rig);
                ByteBuffer dst = ByteBuffer.allocate(4);
                assertEquals(1, message.read(dst));
                for (int i = 0; i < 3; i++) {
                    ConnectionClosedException e =
                            assertThrows(ConnectionClosedException.class, () -> message.read(dst));
                    assertEquals(new CloseStatus(CloseCode.NORMAL, "bye"), e.closeStatus());
                }
                rig.peer.expectClose(1000);
                rig.expectSame(rig.readToTheEnd());
                rig.expectAllGivenBack();
            }
        }

        @ParameterizedTest(name = "FR-27 frames after a received Close, {0}")
        @EnumSource
        void framesBehindTheClosesAreDiscarded(Role role) throws Exception {
            try (Rig rig = new Rig(role)) {
                Rig.Task<Rig.End> reading = rig.read();
                rig.peer.send(Frame.close(1000, ""), Frame.text("late"), Frame.of(3, new byte[0]));
                rig.peer.expectClose(1000);
                Rig.End end = reading.get();
                assertTrue(end.messages().isEmpty());
                assertTrue(end.failure().isEmpty());
                rig.expectSame(end);
                rig.expectAllGivenBack();
            }
        }

        @ParameterizedTest
        @EnumSource
        void whatCameBeforeTheEndIsDelivered(Role role) throws Exception {
            try (Rig rig = new Rig(role)) {
                rig.peer.send(Frame.text("one"), Frame.text("two"));
                rig.peer.shutdownOutput();
                Rig.End end = rig.readToTheEnd();
                assertEquals(2, end.messages().size());
                ConnectionClosedException _ = end.failure(ConnectionClosedException.class);
                rig.expectSame(end);
                rig.expectAllGivenBack();
            }
        }
    }

    @Nested
    class Buffers {
        @ParameterizedTest
        @EnumSource
        void readerThatWaitsForAMessageHoldsNoBuffer(Role role) throws Exception {
            try (Rig rig = new Rig(role)) {
                Rig.Task<Rig.End> reading = rig.read();
                byte[] payload = new byte[300_000];
                new SplittableRandom(1).nextBytes(payload);
                rig.peer.sendBinary(payload);
                Rig.await(() -> rig.engine.buffers().leased() == 0, () -> "a buffer is held");
                rig.transport().awaitBlockedReader();
                rig.peer.sendClose();
                rig.peer.expectCloseWithoutCode();
                assertArrayEquals(payload, reading.get().messages().getFirst().bytes());
                rig.expectAllGivenBack();
            }
        }

        @ParameterizedTest
        @EnumSource
        void bytesThatCameWithTheHandshakeAreReadFirst(Role role) throws Exception {
            TransportPair pair = TransportPair.create();
            try (Rig rig = new Rig(role)) {
                ByteBuffer leftover = ByteBuffer.wrap(wire(role, Frame.text("early")));
                WebSocketConnection connection = rig.engine.open(
                        pair.end(role),
                        role,
                        ConnectionOptions.defaults(),
                        java.util.Optional.empty(),
                        leftover.asReadOnlyBuffer());
                assertEquals(
                        "early",
                        Objects.requireNonNull(connection.readMessage()).text());
                connection.abort();
                finish(rig);
            }
        }
    }
}

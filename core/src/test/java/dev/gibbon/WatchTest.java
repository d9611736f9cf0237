// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.connection.Input;
import dev.gibbon.connection.WebSocketConnection;
import dev.gibbon.testkit.Frame;
import dev.gibbon.testkit.TransportPair;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Objects;
import java.util.Random;
import java.util.zip.Deflater;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;

@Timeout(300)
class WatchTest {
    private static final Duration SECOND = Duration.ofSeconds(1);

    /** A tick is up to a second late, and what it finds for the first time counts from there. */
    private static final Duration SLACK = Duration.ofSeconds(2);

    private static void advance(Rig rig, Duration time) {
        for (Duration left = time; left.isPositive(); left = left.minus(SECOND)) {
            rig.clock.advance(left.compareTo(SECOND) < 0 ? left : SECOND);
        }
    }

    /** Sends one byte of a message and waits until the reader has it and waits again. */
    private static void drip(Rig rig, byte[] bytes) throws Exception {
        long before = rig.bytesRead();
        rig.peer.sendRaw(bytes);
        Rig.await(() -> rig.bytesRead() == before + bytes.length, () -> "the byte is not read");
        rig.awaitRead();
    }

    private static final int READ_AHEAD = ConnectionOptions.defaults().maxReadAheadBytes();

    /** Has the connection pause: nobody takes what the peer sends. */
    private static void sendMoreThanIsReadAhead(Rig rig) throws Exception {
        rig.peer.sendBinary(new byte[2 * READ_AHEAD]);
        Rig.await(
                () -> rig.bytesRead() >= READ_AHEAD && rig.connection.input().waiting() == Input.Waiting.NO,
                () -> "reading does not pause");
    }

    @Nested
    class Idle {
        private final ConnectionOptions options =
                Rig.quiet().idleTimeout(Duration.ofSeconds(30)).build();

        @ParameterizedTest
        @Sides
        void cl25silenceInWhichAReaderWaitsClosesWith1001(Side side) throws Exception {
            try (Rig rig = new Rig(side, options)) {
                Rig.Task<Rig.End> reading = rig.read();
                rig.awaitRead();
                advance(rig, Duration.ofSeconds(29));
                assertEquals(ConnectionState.OPEN, rig.connection.state());
                advance(rig, SLACK);
                rig.peer.expectClose(1001, "");
                rig.neighbours.echo();
                rig.peer.sendClose(1001, "");
                Rig.End end = rig.end(reading);
                ConnectionClosedException e = end.failure(ConnectionClosedException.class);
                assertEquals(CloseCode.GOING_AWAY, e.closeSent().orElseThrow().code());
                rig.expectSame(end);
                rig.expectAllGivenBack();
            }
        }

        @ParameterizedTest
        @Sides
        void whateverComesEndsTheSilence(Side side) throws Exception {
            try (Rig rig = new Rig(side, options)) {
                Rig.Task<Rig.End> reading = rig.read();
                rig.awaitRead();
                for (int i = 0; i < 10; i++) {
                    advance(rig, Duration.ofSeconds(20));
                    rig.peer.sendPing(new byte[0]);
                    rig.peer.expectPong(new byte[0]);
                    rig.awaitRead();
                    rig.awaitWritten();
                }
                rig.peer.sendClose();
                rig.peer.expectCloseWithoutCode();
                assertTrue(rig.end(reading).failure().isEmpty());
                rig.expectAllGivenBack();
            }
        }

        @ParameterizedTest
        @Sides(of = Face.PULL, because = "a listener always reads")
        void timeInWhichReadingPausesDoesNotCount(Side side) throws Exception {
            try (Rig rig = new Rig(side, options)) {
                sendMoreThanIsReadAhead(rig);
                advance(rig, Duration.ofMinutes(10));
                assertEquals(ConnectionState.OPEN, rig.connection.state());
                assertEquals(
                        2 * READ_AHEAD,
                        Objects.requireNonNull(rig.connection.readMessage()).length());
                Rig.Task<Rig.End> reading = rig.read();
                rig.awaitRead();
                advance(rig, Duration.ofSeconds(29));
                assertEquals(ConnectionState.OPEN, rig.connection.state());
                advance(rig, SLACK);
                rig.peer.expectClose(1001, "");
                rig.connection.abort();
                assertTrue(rig.end(reading).failure().isPresent());
                rig.expectAllGivenBack();
            }
        }
    }

    @Nested
    class MessageTime {
        @ParameterizedTest
        @Sides
        void rx12messageThatDripsClosesWith1008(Side side) throws Exception {
            Role role = side.role();
            try (Rig rig = new Rig(side)) {
                Rig.Task<Rig.End> reading = rig.read();
                Frame frame = Frame.binary(new byte[100]);
                byte[] wire = (role == Role.SERVER ? frame.withMaskingKey(7) : frame).encode();
                drip(rig, Arrays.copyOf(wire, 10));
                for (int i = 10; i < 15; i++) {
                    advance(rig, Duration.ofSeconds(11));
                    assertEquals(ConnectionState.OPEN, rig.connection.state());
                    drip(rig, new byte[] {wire[i]});
                }
                advance(rig, Duration.ofSeconds(5).plus(SLACK));
                rig.peer.expectClose(1008, "");
                rig.neighbours.echo();
                rig.connection.abort();
                Rig.End end = rig.end(reading);
                ConnectionClosedException e = end.failure(ConnectionClosedException.class);
                assertEquals(
                        CloseCode.POLICY_VIOLATION, e.closeSent().orElseThrow().code());
                rig.expectSame(end);
                rig.expectAllGivenBack();
            }
        }

        @ParameterizedTest
        @Sides
        void messageThatComesSlowlyButSteadilyIsWaitedFor(Side side) throws Exception {
            try (Rig rig = new Rig(side)) {
                Rig.Task<Rig.End> reading = rig.read();
                byte[] wire = wire(side, Frame.binary(new byte[100_000]));
                int pieces = 50; // 34 bytes a second
                for (int i = 0; i < pieces; i++) {
                    drip(rig, Arrays.copyOfRange(wire, i * wire.length / pieces, (i + 1) * wire.length / pieces));
                    advance(rig, Duration.ofSeconds(58));
                    assertEquals(ConnectionState.OPEN, rig.connection.state());
                }
                expectCleanEnd(rig, reading, 100_000);
            }
        }

        @ParameterizedTest
        @Sides(of = Face.PULL, because = "a listener counts the bytes where they are put together")
        void compressedMessageMakesProgressAsItIsInflated(Side side) throws Exception {
            Role role = side.role();
            byte[] content = new byte[50_000];
            new Random(1).nextBytes(content);
            TransportPair pair = TransportPair.create();
            try (Rig rig = new Rig(side)) {
                WebSocketConnection connection = CompressionScene.open(
                        rig.engine,
                        pair.end(role),
                        role,
                        CompressionScene.NO_TAKEOVER,
                        CompressionScene.OPTIONS,
                        Rig.quiet().build());
                Rig.Task<@Nullable Message> reading = Rig.start(connection::readMessage);
                byte[] wire = wire(side, Frame.binary(deflated(content)).withRsv(true, false, false));
                ByteBuffer[] piece = {ByteBuffer.wrap(wire)};
                for (int to = 1500; to < wire.length; to += 1500) {
                    piece[0].limit(to);
                    pair.end(role.peer()).write(piece, 0, 1);
                    pair.end(role).awaitBlockedReader();
                    advance(rig, Duration.ofSeconds(50));
                    assertEquals(ConnectionState.OPEN, connection.state(), "after " + to);
                }
                piece[0].limit(wire.length);
                pair.end(role.peer()).write(piece, 0, 1);
                assertArrayEquals(content, Objects.requireNonNull(reading.get()).bytes());
                connection.abort();
                rig.connection.abort();
                rig.expectAllGivenBack();
            }
        }

        /** Compresses a whole message as RFC 7692 §7.2.1 has it. */
        private static byte[] deflated(byte[] content) {
            byte[] out = new byte[content.length + 1000];
            try (Deflater deflater = new Deflater(6, true)) {
                deflater.setInput(content);
                int length = deflater.deflate(out, 0, out.length, Deflater.SYNC_FLUSH);
                return Arrays.copyOf(out, length - 4);
            }
        }

        @ParameterizedTest
        @Sides
        void steadyFragmentsAreProgressToo(Side side) throws Exception {
            try (Rig rig = new Rig(side)) {
                Rig.Task<Rig.End> reading = rig.read();
                drip(rig, wire(side, Frame.binary(new byte[300]).withFin(false)));
                for (int i = 0; i < 100; i++) {
                    advance(rig, Duration.ofSeconds(12));
                    assertEquals(ConnectionState.OPEN, rig.connection.state());
                    drip(rig, wire(side, Frame.continuation(new byte[300]).withFin(false)));
                }
                drip(rig, wire(side, Frame.continuation(new byte[0])));
                expectCleanEnd(rig, reading, 300 * 101);
            }
        }

        @ParameterizedTest
        @Sides
        void rx12lessThanAKibibyteInAMinuteIsAStall(Side side) throws Exception {
            try (Rig rig = new Rig(side)) {
                Rig.Task<Rig.End> reading = rig.read();
                drip(rig, wire(side, Frame.binary(new byte[5000]).withFin(false)));
                int fragments = 0;
                while (rig.connection.state() == ConnectionState.OPEN && fragments < 20) {
                    advance(rig, Duration.ofSeconds(10));
                    if (rig.connection.state() == ConnectionState.OPEN) {
                        drip(rig, wire(side, Frame.continuation(new byte[150]).withFin(false)));
                        fragments++;
                    }
                }
                assertTrue(fragments >= 5 && fragments <= 7, () -> "it ended after several: " + rig.connection);
                expectStopped(rig, reading);
            }
        }

        @ParameterizedTest
        @Sides
        void rx12controlFramesAreNoProgressOfTheMessage(Side side) throws Exception {
            try (Rig rig = new Rig(side)) {
                Rig.Task<Rig.End> reading = rig.read();
                drip(rig, wire(side, Frame.binary(new byte[10]).withFin(false)));
                for (int i = 0; i < 5; i++) {
                    advance(rig, Duration.ofSeconds(11));
                    for (int n = 0; n < 10; n++) {
                        drip(rig, wire(side, Frame.pong(new byte[125])));
                    }
                }
                advance(rig, Duration.ofSeconds(5).plus(SLACK));
                expectStopped(rig, reading);
            }
        }

        @ParameterizedTest
        @Sides
        void rx12wholeMessageIsBoundHoweverSteadilyItComes(Side side) throws Exception {
            ConnectionOptions options = Rig.quiet()
                    .messageTimeout(Duration.ofMinutes(10))
                    .messageStall(100, Duration.ofSeconds(5))
                    .build();
            try (Rig rig = new Rig(side, options)) {
                Rig.Task<Rig.End> reading = rig.read();
                drip(rig, wire(side, Frame.binary(new byte[100]).withFin(false)));
                for (int i = 0; i < 599 / 4; i++) {
                    advance(rig, Duration.ofSeconds(4));
                    assertEquals(ConnectionState.OPEN, rig.connection.state());
                    drip(rig, wire(side, Frame.continuation(new byte[100]).withFin(false)));
                }
                advance(rig, Duration.ofSeconds(4).plus(SLACK));
                expectStopped(rig, reading);
            }
        }

        @ParameterizedTest
        @Sides
        void stallIsWhatTheOptionsSay(Side side) throws Exception {
            ConnectionOptions options =
                    Rig.quiet().messageStall(100, Duration.ofSeconds(5)).build();
            try (Rig rig = new Rig(side, options)) {
                Rig.Task<Rig.End> reading = rig.read();
                drip(rig, wire(side, Frame.binary(new byte[100]).withFin(false)));
                advance(rig, Duration.ofSeconds(4));
                assertEquals(ConnectionState.OPEN, rig.connection.state());
                drip(rig, wire(side, Frame.continuation(new byte[99]).withFin(false)));
                advance(rig, SLACK);
                expectStopped(rig, reading);
            }
        }

        @ParameterizedTest
        @Sides
        void nextMessageStartsAnew(Side side) throws Exception {
            try (Rig rig = new Rig(side)) {
                Rig.Task<Rig.End> reading = rig.read();
                for (int i = 0; i < 5; i++) {
                    drip(rig, wire(side, Frame.binary(new byte[10]).withFin(false)));
                    advance(rig, Duration.ofSeconds(55));
                    assertEquals(ConnectionState.OPEN, rig.connection.state());
                    // Its rest and the beginning of the next in one read: the tick sees no end in
                    // between.
                    byte[] rest = wire(side, Frame.continuation(new byte[10]));
                    byte[] next = wire(side, Frame.binary(new byte[10]).withFin(false));
                    byte[] both = Arrays.copyOf(rest, rest.length + next.length);
                    System.arraycopy(next, 0, both, rest.length, next.length);
                    drip(rig, both);
                    advance(rig, Duration.ofSeconds(55));
                    assertEquals(ConnectionState.OPEN, rig.connection.state());
                    drip(rig, wire(side, Frame.continuation(new byte[10])));
                }
                rig.connection.abort();
                assertTrue(rig.end(reading).failure().isPresent());
                rig.expectAllGivenBack();
            }
        }

        private static byte[] wire(Side side, Frame frame) {
            return (side.role() == Role.SERVER ? frame.withMaskingKey(7) : frame).encode();
        }

        private static void expectStopped(Rig rig, Rig.Task<Rig.End> reading) throws Exception {
            rig.peer.expectClose(1008, "");
            rig.neighbours.echo();
            rig.connection.abort();
            Rig.End end = rig.end(reading);
            ConnectionClosedException e = end.failure(ConnectionClosedException.class);
            assertEquals(CloseCode.POLICY_VIOLATION, e.closeSent().orElseThrow().code());
            rig.expectAllGivenBack();
        }

        private static void expectCleanEnd(Rig rig, Rig.Task<Rig.End> reading, int length) throws Exception {
            rig.peer.sendClose();
            rig.peer.expectCloseWithoutCode();
            Rig.End end = rig.end(reading);
            assertTrue(end.failure().isEmpty(), () -> "" + end.failure());
            assertEquals(length, end.messages().getFirst().bytes().length);
            rig.expectAllGivenBack();
        }

        @ParameterizedTest
        @Sides(of = Face.PULL, because = "only a thread reads a message piece by piece")
        void streamedMessageIsNotBound(Side side) throws Exception {
            try (Rig rig = new Rig(side)) {
                rig.peer.send(Frame.binary(new byte[] {1}).withFin(false));
                MessageReader message = Objects.requireNonNull(rig.connection.nextReader());
                Rig.Task<Integer> reading = Rig.start(() -> {
                    ByteBuffer dst = ByteBuffer.allocate(2);
                    while (message.read(dst) > 0) {}
                    return dst.position();
                });
                rig.awaitRead();
                advance(rig, Duration.ofMinutes(2));
                assertEquals(ConnectionState.OPEN, rig.connection.state());
                rig.peer.send(Frame.continuation(new byte[] {2}));
                assertEquals(2, reading.get());
                rig.connection.abort();
                rig.expectAllGivenBack();
            }
        }
    }

    @Nested
    class Keepalive {
        private final ConnectionOptions options = ConnectionOptions.builder()
                .keepalive(Duration.ofSeconds(25), Duration.ofSeconds(20))
                .build();

        @ParameterizedTest
        @Sides
        void peerThatAnswersIsKeptAndPingedAgain(Side side) throws Exception {
            try (Rig rig = new Rig(side, options)) {
                Rig.Task<Rig.End> reading = rig.read();
                rig.awaitRead();
                for (int i = 0; i < 10; i++) {
                    advance(rig, Duration.ofSeconds(26));
                    byte[] ping = rig.peer.expectPing();
                    rig.peer.sendPong(ping);
                    rig.awaitRead();
                    rig.awaitWritten();
                }
                rig.peer.expectNothingMore();
                rig.neighbours.echo();
                rig.connection.abort();
                assertTrue(rig.end(reading).failure().isPresent());
                rig.expectAllGivenBack();
            }
        }

        @ParameterizedTest
        @Sides
        void cl25silentPeerIsDroppedAfterATriedClose1011(Side side) throws Exception {
            try (Rig rig = new Rig(side, options)) {
                Rig.Task<Rig.End> reading = rig.read();
                rig.awaitRead();
                advance(rig, Duration.ofSeconds(26));
                byte[] _ = rig.peer.expectPing();
                rig.awaitWritten();
                advance(rig, Duration.ofSeconds(18));
                assertEquals(ConnectionState.OPEN, rig.connection.state());
                advance(rig, SLACK); // not as far as the end of the moment that the Close frame is given
                rig.peer.expectClose(1011, "");
                rig.neighbours.echo();
                advance(rig, Duration.ofSeconds(3));
                rig.expectClosed();
                Rig.End end = rig.end(reading);
                ConnectionClosedException e = end.failure(ConnectionClosedException.class);
                assertEquals(
                        CloseCode.INTERNAL_ERROR, e.closeSent().orElseThrow().code());
                assertEquals(CloseStatus.LOST, e.closeStatus());
                rig.expectSame(end);
                rig.expectAllGivenBack();
            }
        }

        @ParameterizedTest
        @Sides(of = Face.PULL, because = "a listener always reads")
        void peerThatAnswersIsNotBlamedWhileNobodyReads(Side side) throws Exception {
            try (Rig rig = new Rig(side, options)) {
                for (int i = 0; i < 4; i++) { // 28 s each: one Ping
                    advance(rig, Duration.ofSeconds(26));
                    rig.peer.sendPong(rig.peer.expectPing());
                    rig.awaitRead();
                    rig.awaitWritten();
                    assertEquals(ConnectionState.OPEN, rig.connection.state());
                }
                rig.connection.abort();
                rig.expectAllGivenBack();
            }
        }

        @ParameterizedTest
        @Sides(of = Face.PULL, because = "a listener always reads")
        void peerIsNotBlamedForPongsBehindMessagesThatNobodyTakes(Side side) throws Exception {
            try (Rig rig = new Rig(side, options)) {
                sendMoreThanIsReadAhead(rig);
                advance(rig, Duration.ofSeconds(26));
                for (int pings = 1; pings <= 20; pings++) { // Each leaves before the clock goes on, or it would stall.
                    byte[] _ = rig.peer.expectPing();
                    rig.awaitWritten();
                    advance(rig, Duration.ofSeconds(25));
                }
                assertEquals(ConnectionState.OPEN, rig.connection.state());
                rig.connection.abort();
                rig.expectAllGivenBack();
            }
        }

        @ParameterizedTest
        @Sides(of = Face.PULL, because = "a listener always reads")
        void peerThatFallsSilentEndsWhereNobodyReads(Side side) throws Exception {
            try (Rig rig = new Rig(side, options)) {
                while (rig.connection.state() != ConnectionState.CLOSED) {
                    advance(rig, Duration.ofSeconds(30));
                    rig.awaitLoop();
                }
                rig.expectClosed();
                rig.expectAllGivenBack();
            }
        }
    }

    @Nested
    class StalledWrite {
        @ParameterizedTest
        @Sides(
                of = Face.PULL,
                because = "a write to a listener's connection does not block; BackpressureTest has its peers")
        void rx21writeThatStandsStillDropsTheConnection(Side side) throws Exception {
            TransportPair pair = TransportPair.builder().capacity(2000).build();
            try (Rig rig = new Rig(side, Rig.quiet().build(), pair)) {
                Rig.Task<Rig.End> reading = rig.read();
                Rig.Task<Boolean> writing = Rig.go(() -> rig.connection.writeBinary(new byte[1 << 20]));
                rig.awaitStuckWrite();
                Rig.Task<Boolean> waiting = Rig.go(() -> rig.connection.writeText("after it"));
                waiting.awaitParked();
                advance(rig, Duration.ofSeconds(9));
                assertEquals(ConnectionState.OPEN, rig.connection.state());
                rig.neighbours.echo();
                advance(rig, SLACK.plus(SECOND));
                WriteTimeoutException _ = writing.failure(WriteTimeoutException.class);
                WriteTimeoutException _ = waiting.failure(WriteTimeoutException.class);
                Rig.End end = rig.end(reading);
                WriteTimeoutException _ = end.failure(WriteTimeoutException.class);
                rig.expectSame(end);
                rig.expectAllGivenBack();
            }
        }

        @ParameterizedTest
        @Sides(
                of = Face.PULL,
                because = "a write to a listener's connection does not block; BackpressureTest has its peers")
        void rx22peerThatTakesLessThanAKibibyteIsDropped(Side side) throws Exception {
            TransportPair pair = TransportPair.builder().capacity(2000).build();
            try (Rig rig = new Rig(side, Rig.quiet().build(), pair)) {
                Rig.Task<Boolean> writing = Rig.go(() -> rig.connection.writeBinary(new byte[1 << 20]));
                Rig.await(() -> rig.connection.sender().output().bytesWritten() > 0, () -> "no write has begun");
                for (int i = 0; i < 13; i++) {
                    rig.awaitStuckWrite();
                    advance(rig, SECOND);
                    if (!rig.transport().isOpen()) {
                        break;
                    }
                    assertEquals(50, rig.peerTransport().read(ByteBuffer.allocate(50)));
                }
                WriteTimeoutException _ = writing.failure(WriteTimeoutException.class);
                rig.expectAllGivenBack();
            }
        }

        @ParameterizedTest
        @Sides(
                of = Face.PULL,
                because = "a write to a listener's connection does not block; BackpressureTest has its peers")
        void peerThatTakesAKibibyteInTimeIsWaitedFor(Side side) throws Exception {
            TransportPair pair = TransportPair.builder().capacity(2000).build();
            try (Rig rig = new Rig(side, Rig.quiet().build(), pair)) {
                Rig.Task<Boolean> writing = Rig.go(() -> rig.connection.writeBinary(new byte[20_000]));
                int taken = 0;
                while (!writing.done() && taken < 18_000) {
                    rig.awaitStuckWrite();
                    advance(rig, Duration.ofSeconds(8));
                    taken += rig.peerTransport().read(ByteBuffer.allocate(1500));
                }
                while (taken < 20_000) {
                    taken += rig.peerTransport().read(ByteBuffer.allocate(1500));
                }
                assertTrue(writing.get());
                assertEquals(ConnectionState.OPEN, rig.connection.state());
                assertFalse(rig.connection.sender().output().writing());
                rig.connection.abort();
                rig.expectAllGivenBack();
            }
        }
    }
}

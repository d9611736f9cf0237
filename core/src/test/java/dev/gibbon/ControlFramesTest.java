// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.testkit.Frame;
import dev.gibbon.testkit.Recorder;
import dev.gibbon.testkit.TransportPair;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(300)
class ControlFramesTest {
    private static final byte[] NOTHING = {};

    private static void expectCleanEnd(Rig rig, Rig.Task<Rig.End> reading) throws Exception {
        rig.peer.sendClose();
        rig.peer.expectCloseWithoutCode();
        Rig.End end = rig.end(reading);
        assertTrue(end.failure().isEmpty(), () -> "" + end.failure());
        rig.expectSame(end);
        rig.expectAllGivenBack();
    }

    @ParameterizedTest
    @Sides
    void fr20pingIsAnsweredWithItsPayload(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            Rig.Task<Rig.End> reading = rig.read();
            for (int length = 0; length <= 125; length += 5) {
                byte[] payload = new byte[length];
                rig.peer.sendPing(payload);
                rig.peer.expectPong(payload);
            }
            expectCleanEnd(rig, reading);
        }
    }

    @ParameterizedTest
    @Sides
    void fr16controlFramesPassBetweenFragmentsBothWays(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            Rig.Task<Rig.End> reading = rig.read();
            MessageWriter writer = rig.connection.nextWriter(MessageType.TEXT);
            writer.write("Hel");
            writer.flush();
            rig.peer.expectFrame(Frame.text("Hel").withFin(false));
            rig.peer.send(Frame.text("Wor").withFin(false), Frame.ping(NOTHING));
            rig.peer.expectPong(NOTHING);
            rig.connection.ping(ByteBuffer.wrap(new byte[] {1}));
            assertEquals(1, rig.peer.expectPing().length);
            rig.connection.pong(ByteBuffer.wrap(new byte[] {2}));
            rig.peer.expectPong(new byte[] {2});
            writer.write("lo");
            writer.close();
            rig.peer.expectFrame(Frame.continuation(new byte[] {'l', 'o'}));
            rig.peer.send(Frame.continuation(new byte[] {'l', 'd'}));
            expectCleanEnd(rig, reading);
            assertEquals("World", rig.end(reading).messages().getFirst().text());
        }
    }

    @ParameterizedTest
    @Sides
    void closePassesBetweenFragmentsAndEndsTheMessageUnfinished(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            MessageWriter writer = rig.connection.nextWriter(MessageType.BINARY);
            writer.write(ByteBuffer.wrap(new byte[10]));
            writer.flush();
            Rig.Task<Boolean> closing = Rig.go(() -> rig.connection.close());
            rig.peer.expectFrame(Frame.binary(new byte[10]).withFin(false));
            rig.peer.expectClose(1000, "");
            ConnectionClosedException e = assertThrows(ConnectionClosedException.class, writer::close);
            assertEquals(Optional.of(new CloseStatus(CloseCode.NORMAL, "")), e.closeSent());
            rig.peer.sendClose(1000, "");
            rig.peer.close();
            assertTrue(closing.get());
            rig.expectAllGivenBack();
        }
    }

    @ParameterizedTest
    @Sides
    void pingTellsTheRoundTripTime(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            Rig.Task<Rig.End> reading = rig.read();
            CompletableFuture<Duration> roundTrip = rig.connection.ping();
            byte[] payload = rig.peer.expectPing();
            rig.clock.advance(Duration.ofMillis(30));
            assertFalse(roundTrip.isDone());
            rig.peer.sendPong(payload);
            assertEquals(Duration.ofMillis(30), Rig.start(roundTrip::get).get());
            expectCleanEnd(rig, reading);
        }
    }

    @ParameterizedTest
    @Sides
    void pongsThatWereAskedForAreNoFlood(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            Rig.Task<Rig.End> reading = rig.read();
            for (int i = 0; i < 400; i++) {
                CompletableFuture<Duration> roundTrip = rig.connection.ping();
                rig.peer.sendPong(rig.peer.expectPing());
                assertEquals(Duration.ZERO, Rig.start(roundTrip::get).get());
            }
            expectCleanEnd(rig, reading);
        }
    }

    @ParameterizedTest
    @Sides
    void pongsForPingsThatWentOutTogetherAreNoFlood(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            Rig.Task<Rig.End> reading = rig.read();
            for (int i = 0; i < 400; i++) {
                rig.connection.ping(ByteBuffer.wrap(new byte[] {(byte) i}));
            }
            for (int i = 0; i < 400; i++) {
                rig.peer.sendPong(rig.peer.expectPing());
            }
            expectCleanEnd(rig, reading);
        }
    }

    @ParameterizedTest
    @Sides
    void pongsOfAFastKeepaliveAreNoFlood(Side side) throws Exception {
        ConnectionOptions options = ConnectionOptions.builder()
                .keepalive(Duration.ofMillis(100), Duration.ofSeconds(20))
                .build();
        try (Rig rig = new Rig(side, options)) {
            Rig.Task<Rig.End> reading = rig.read();
            rig.awaitRead();
            for (int i = 0; i < 560; i++) { // for 70 s
                rig.clock.advance(Duration.ofMillis(125)); // The tick that finds a Ping due may be a quarter late.
                rig.peer.sendPong(rig.peer.expectPing());
                rig.awaitRead();
                rig.awaitWritten();
            }
            expectCleanEnd(rig, reading);
        }
    }

    @ParameterizedTest
    @Sides
    void pingSentEarnsOnePongAndNoMore(Side side) throws Exception {
        ConnectionOptions options =
                ConnectionOptions.builder().maxControlFramesPerMinute(5).build();
        try (Rig rig = new Rig(side, options)) {
            Rig.Task<Rig.End> reading = rig.read();
            for (int i = 0; i < 10; i++) {
                rig.connection.ping(ByteBuffer.allocate(0));
                byte[] _ = rig.peer.expectPing();
            }
            for (int i = 0; i < 15; i++) {
                rig.peer.sendPong(NOTHING);
            }
            rig.awaitRead();
            assertEquals(ConnectionState.OPEN, rig.connection.state());
            rig.peer.sendPong(NOTHING);
            ProtocolException _ = rig.expectRefused(1008, reading);
        }
    }

    @ParameterizedTest
    @Sides
    void pingSentEarnsThePeerNoPingOfItsOwn(Side side) throws Exception {
        ConnectionOptions options =
                ConnectionOptions.builder().maxControlFramesPerMinute(5).build();
        try (Rig rig = new Rig(side, options)) {
            Rig.Task<Rig.End> reading = rig.read();
            for (int i = 0; i < 10; i++) {
                rig.connection.ping(ByteBuffer.allocate(0));
                byte[] _ = rig.peer.expectPing();
            }
            for (int i = 0; i < 5; i++) {
                rig.peer.sendPing(NOTHING);
                rig.peer.expectPong(NOTHING);
            }
            rig.peer.sendPing(NOTHING);
            ProtocolException _ = rig.expectRefused(1008, reading);
        }
    }

    @ParameterizedTest
    @Sides
    void section5_5_3PongForTheNewestPingAnswersTheEarlierOnes(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            Rig.Task<Rig.End> reading = rig.read();
            CompletableFuture<Duration> first = rig.connection.ping();
            rig.clock.advance(Duration.ofMillis(10));
            CompletableFuture<Duration> second = rig.connection.ping();
            CompletableFuture<Duration> third = rig.connection.ping();
            byte[] _ = rig.peer.expectPing();
            byte[] newest = rig.peer.expectPing();
            byte[] last = rig.peer.expectPing();
            rig.clock.advance(Duration.ofMillis(5));
            rig.peer.sendPong(newest);
            assertEquals(Duration.ofMillis(5), Rig.start(second::get).get());
            assertEquals(Duration.ofMillis(15), Rig.start(first::get).get());
            assertFalse(third.isDone());
            rig.peer.sendPong(last);
            assertEquals(Duration.ofMillis(5), Rig.start(third::get).get());
            expectCleanEnd(rig, reading);
        }
    }

    @ParameterizedTest
    @Sides
    void fr21unsolicitedPongMeansNothing(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            Rig.Task<Rig.End> reading = rig.read();
            CompletableFuture<Duration> roundTrip = rig.connection.ping();
            byte[] payload = rig.peer.expectPing();
            rig.peer.sendPong(NOTHING);
            rig.peer.sendPong(new byte[] {0, 0, 0, 0, 0, 0, 0, 99});
            rig.peer.sendPong(new byte[125]);
            rig.peer.sendPing(NOTHING);
            rig.peer.expectPong(NOTHING); // so all that came before was seen
            assertFalse(roundTrip.isDone());
            rig.peer.sendPong(payload);
            assertEquals(Duration.ZERO, Rig.start(roundTrip::get).get());
            rig.peer.sendPong(payload);
            expectCleanEnd(rig, reading);
        }
    }

    @ParameterizedTest
    @Sides
    void pingThatWaitsFailsWithTheConnection(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            CompletableFuture<Duration> roundTrip = rig.connection.ping();
            rig.connection.abort();
            ExecutionException e = assertThrows(
                    ExecutionException.class,
                    () -> Rig.start(() -> {
                                try {
                                    return roundTrip.get();
                                } catch (ExecutionException x) {
                                    throw new ExecutionException(x.getCause());
                                }
                            })
                            .get());
            assertInstanceOf(ConnectionClosedException.class, e.getCause());
            rig.expectAllGivenBack();
        }
    }

    @ParameterizedTest
    @Sides(
            of = Face.PULL,
            because = "a write on a loop does not block, and a listener's thread reads on once its answers have left")
    void rx14pongsThatPeerDoesNotReadAreBoundedAndTheNewestIsKept(Side side) throws Exception {
        TransportPair pair = TransportPair.builder().capacity(100).build();
        try (Rig rig = new Rig(side, ConnectionOptions.defaults(), pair)) {
            Rig.Task<Rig.End> reading = rig.read();
            byte[] large = new byte[1000];
            Rig.Task<Boolean> writing = Rig.go(() -> rig.connection.writeBinary(large));
            rig.transport().awaitBlockedWriter();
            for (int i = 0; i < 100; i++) {
                rig.peer.sendPing(new byte[] {(byte) i});
            }
            long sent = rig.peerTransport().counters().bytesWritten();
            Rig.await(() -> rig.bytesRead() == sent, () -> "not all Pings were read");
            rig.transport().awaitBlockedReader();
            rig.neighbours.echo();
            rig.peer.expectBinary(large);
            for (int i = 0; i < 16; i++) {
                rig.peer.expectPong(new byte[] {(byte) i});
            }
            rig.peer.expectPong(new byte[] {99});
            assertTrue(writing.get());
            expectCleanEnd(rig, reading); // its Close frame is the next that comes
        }
    }

    @ParameterizedTest
    @Sides
    void controlListenerTakesTheFramesInOrder(Side side) throws Exception {
        Recorder recorder = new Recorder();
        try (Rig rig = new Rig(side)) {
            rig.connection.setControlListener(new ControlListener() {
                @Override
                public boolean onPing(Connection connection, ByteBuffer payload) {
                    recorder.record("ping", payload.remaining());
                    return false;
                }

                @Override
                public void onPong(Connection connection, ByteBuffer payload) {
                    recorder.record("pong", payload.remaining());
                }

                @Override
                public void onCloseFrame(Connection connection, CloseStatus status) {
                    recorder.record("close", status);
                }
            });
            Rig.Task<Rig.End> reading = rig.read();
            rig.peer.send(Frame.ping(new byte[3]), Frame.pong(new byte[4]), Frame.close(1000, "bye"));
            rig.peer.expectClose(1000); // and no Pong before it
            recorder.expect("ping", 3);
            recorder.expect("pong", 4);
            recorder.expect("close", new CloseStatus(CloseCode.NORMAL, "bye"));
            assertTrue(rig.end(reading).failure().isEmpty());
            rig.expectAllGivenBack();
            recorder.expectNothingElse();
        }
    }

    @ParameterizedTest(name = "CC-17, CL-24 {0} handler throws {1}")
    @CsvSource({"ping, io", "pong, io", "close, io", "ping, runtime", "pong, runtime", "close, runtime"})
    void handlerThatThrowsFailsWith1011AndTheReadTellsWhy(String kind, String what) throws Exception {
        for (Side side : Side.all()) {
            try (Rig rig = new Rig(side)) {
                Exception problem = what.equals("io") ? new IOException("inside") : new IllegalStateException("inside");
                set(rig, kind, () -> {
                    throw problem;
                });
                Rig.Task<Rig.End> reading = rig.read();
                rig.peer.send(frame(kind));
                ConnectionClosedException e = rig.expectRefusedOrClosed(1011, reading, ConnectionClosedException.class);
                assertSame(problem, e.getCause());
            }
        }
    }

    @ParameterizedTest(name = "CC-20 close from a {0} handler")
    @CsvSource({"ping", "pong", "close"})
    void handlerMayClose(String kind) throws Exception {
        for (Side side : Side.all()) {
            try (Rig rig = new Rig(side)) {
                set(rig, kind, () -> rig.connection.close(CloseCode.NORMAL, "mine"));
                Rig.Task<Rig.End> reading = rig.read();
                rig.peer.send(frame(kind));
                rig.peer.expectClose(1000, "mine");
                if (!kind.equals("close")) {
                    rig.peer.sendClose(1000, "");
                }
                Rig.End end = rig.end(reading);
                assertTrue(end.failure().isEmpty(), () -> "" + end.failure());
                rig.expectSame(end);
                rig.expectAllGivenBack();
            }
        }
    }

    @ParameterizedTest(name = "CC-20 abort from a {0} handler")
    @CsvSource({"ping", "pong", "close"})
    void handlerMayAbort(String kind) throws Exception {
        for (Side side : Side.all()) {
            try (Rig rig = new Rig(side)) {
                set(rig, kind, rig.connection::abort);
                Rig.Task<Rig.End> reading = rig.read();
                rig.peer.send(frame(kind));
                Rig.End end = rig.end(reading);
                if (kind.equals("close")) { // The peer had closed cleanly, and that is how it ended.
                    assertTrue(end.failure().isEmpty(), () -> "" + end.failure());
                } else {
                    ConnectionClosedException _ = end.failure(ConnectionClosedException.class);
                }
                rig.expectSame(end);
                rig.expectAllGivenBack();
            }
        }
    }

    @ParameterizedTest(name = "CC-20 a {0} handler may write and must not read")
    @CsvSource({"ping", "pong"})
    void handlerMayWriteAndMustNotRead(String kind) throws Exception {
        for (Side side : Side.all()) {
            try (Rig rig = new Rig(side)) {
                set(rig, kind, () -> {
                    assertThrows(IllegalStateException.class, rig.connection::readMessage);
                    assertThrows(IllegalStateException.class, rig.connection::nextReader);
                    rig.connection.writeText("from the handler");
                });
                Rig.Task<Rig.End> reading = rig.read();
                rig.peer.send(frame(kind));
                rig.peer.expectText("from the handler");
                expectCleanEnd(rig, reading);
            }
        }
    }

    private static Frame frame(String kind) {
        return switch (kind) {
            case "ping" -> Frame.ping(NOTHING);
            case "pong" -> Frame.pong(NOTHING);
            default -> Frame.close(1000, "");
        };
    }

    private interface Handling {
        void run() throws Exception;
    }

    private static void set(Rig rig, String kind, Handling handling) {
        rig.connection.setControlListener(new ControlListener() {
            @Override
            public boolean onPing(Connection connection, ByteBuffer payload) throws IOException {
                handle("ping");
                return false;
            }

            @Override
            public void onPong(Connection connection, ByteBuffer payload) throws IOException {
                handle("pong");
            }

            @Override
            public void onCloseFrame(Connection connection, CloseStatus status) throws IOException {
                handle("close");
            }

            private void handle(String which) throws IOException {
                if (which.equals(kind)) {
                    ControlFramesTest.run(handling);
                }
            }
        });
    }

    private static void run(Handling handling) throws IOException {
        try {
            handling.run();
        } catch (IOException | RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }
}

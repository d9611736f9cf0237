// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.connection.WebSocketConnection;
import dev.gibbon.testkit.Frame;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What an observer is told of one connection, in both roles by every face. */
@Timeout(300)
class ConnectionObserverTest {
    private final ObservedEvents observed = new ObservedEvents();

    private Rig rig(Side side) {
        return rig(side, new Probe());
    }

    private Rig rig(Side side, Probe probe) {
        return new Rig(side, Rig.quiet().build(), probe, observed);
    }

    private static Probe probe(Probe.Script script) {
        return new Probe(script);
    }

    @ParameterizedTest
    @Sides
    void messagesAreToldWithTheirTypeAndTheirBytesInTheOrderInWhichTheyCome(Side side) throws Exception {
        try (Rig rig = rig(side)) {
            assertEquals("opened", observed.of(rig.connection).getFirst());
            Rig.Task<Rig.End> reading = rig.read();
            rig.peer.sendText("hëllo");
            rig.peer.send(
                    Frame.binary(new byte[300]).withFin(false),
                    Frame.ping(new byte[] {1}),
                    Frame.continuation(new byte[70_000]).withFin(false),
                    Frame.continuation(new byte[0]));
            rig.peer.sendText("");
            rig.peer.sendBinary(new byte[200_000]);
            rig.peer.expectPong(new byte[] {1});
            rig.peer.sendClose(1000, "bye");
            rig.peer.expectClose(1000);
            Rig.End end = rig.end(reading);
            rig.peer.close();
            assertEquals(4, end.messages().size());
            assertEquals(
                    List.of(
                            "opened",
                            "in TEXT 6",
                            "in BINARY 70300",
                            "in TEXT 0",
                            "in BINARY 200000",
                            "closed by PEER 1000 (normal): bye, clean"),
                    observed.awaitEnd(rig.connection));
            ConnectionObserver.End told = observed.ends.element();
            assertEquals(4, told.messagesReceived());
            assertEquals(270_306, told.bytesReceived());
            assertEquals(0, told.messagesSent());
            rig.expectAllGivenBack();
        }
    }

    @ParameterizedTest
    @Sides
    void whatIsSentIsToldWhicheverWayItIsWritten(Side side) throws Exception {
        try (Rig rig = rig(side)) {
            rig.connection.writeText("a");
            rig.peer.expectText("a");
            rig.connection.writeBinary(ByteBuffer.wrap(new byte[2]));
            rig.peer.expectBinary(new byte[2]);
            rig.connection.writeBinary(new byte[3]);
            rig.peer.expectBinary(new byte[3]);
            rig.connection.writePrepared(PreparedMessage.text("four"));
            rig.peer.expectText("four");
            rig.connection.writeMessage(MessageType.BINARY, writer -> {
                writer.write(ByteBuffer.wrap(new byte[5]));
                writer.flush();
                writer.write(ByteBuffer.wrap(new byte[60_000]));
            });
            rig.peer.expectFrame(Frame.binary(new byte[5]).withFin(false));
            int more = 60_000;
            while (more > 0) {
                more -= rig.peer.expectFrame().payload().length;
            }
            rig.connection.writeText("");
            Rig.Task<Rig.End> reading = rig.read();
            rig.connection.lifecycle().closeLater(new CloseStatus(CloseCode.GOING_AWAY, "so long"));
            expectAny(rig);
            rig.peer.sendClose(1001, "");
            Rig.End _ = rig.end(reading);
            rig.peer.close();
            assertEquals(
                    List.of(
                            "opened",
                            "out TEXT 1",
                            "out BINARY 2",
                            "out BINARY 3",
                            "out TEXT 4",
                            "out BINARY 60005",
                            "out TEXT 0",
                            "closed by THIS_SIDE 1001 (going away): so long, clean"),
                    observed.awaitEnd(rig.connection));
            ConnectionObserver.End told = observed.ends.element();
            assertEquals(6, told.messagesSent());
            assertEquals(60_015, told.bytesSent());
            assertEquals(0, told.messagesReceived());
            rig.expectAllGivenBack();
        }
    }

    /** The last fragment may be empty, and the empty message and the Close frame follow. */
    private static void expectAny(Rig rig) {
        for (Frame frame = rig.peer.expectFrame(); frame.opcode() != Frame.CLOSE; frame = rig.peer.expectFrame()) {
            assertEquals(0, frame.payload().length);
        }
    }

    @ParameterizedTest
    @Sides
    void aPeerThatLeavesWithoutAWordIsNobodysEnd(Side side) throws Exception {
        try (Rig rig = rig(side)) {
            Rig.Task<Rig.End> reading = rig.read();
            rig.clock.advance(Duration.ofSeconds(7));
            rig.peer.close();
            assertTrue(rig.end(reading).failure().isPresent());
            assertEquals(
                    "closed by NOBODY 1006 (abnormal closure), ConnectionClosedException",
                    observed.awaitEnd(rig.connection).getLast());
            assertEquals(Duration.ofSeconds(7), observed.ends.element().duration());
        }
    }

    @ParameterizedTest
    @Sides
    void anAbortIsOurs(Side side) throws Exception {
        try (Rig rig = rig(side)) {
            rig.connection.abort();
            assertEquals(
                    List.of("opened", "closed by THIS_SIDE 1006 (abnormal closure), ConnectionClosedException"),
                    observed.awaitEnd(rig.connection));
        }
    }

    @ParameterizedTest
    @Sides
    void aBrokenRuleEndsItByThisSideWithItsCode(Side side) throws Exception {
        try (Rig rig = rig(side)) {
            Rig.Task<Rig.End> reading = rig.read();
            rig.peer.sendAsIs(Frame.text("a").withRsv(false, true, false));
            ProtocolException _ = rig.expectRefused(1002, reading);
            assertEquals(
                    List.of("opened", "closed by THIS_SIDE 1002 (protocol error), ProtocolException"),
                    observed.awaitEnd(rig.connection));
        }
    }

    @ParameterizedTest
    @Sides
    void thePeersAnswerToOurCloseFrameDoesNotMakeItTheOneThatCloses(Side side) throws Exception {
        try (Rig rig = rig(side)) {
            Rig.Task<Rig.End> reading = rig.read();
            rig.connection.lifecycle().closeLater(new CloseStatus(new CloseCode(4001), ""));
            rig.peer.expectClose(4001);
            rig.peer.sendClose(1000, "");
            Rig.End _ = rig.end(reading);
            rig.peer.close();
            assertEquals(
                    "closed by THIS_SIDE 4001, clean",
                    observed.awaitEnd(rig.connection).getLast());
        }
    }

    @ParameterizedTest
    @Sides
    void thePongTellsTheTimeOfAPingAndOfTheKeepalives(Side side) throws Exception {
        ConnectionOptions options = ConnectionOptions.builder()
                .keepalive(Duration.ofSeconds(20), Duration.ofSeconds(20))
                .build();
        try (Rig rig = new Rig(side, options, new Probe(), observed)) {
            var roundTrip = rig.connection.ping();
            byte[] ping = rig.peer.expectPing();
            rig.awaitWritten();
            rig.clock.advance(Duration.ofMillis(40));
            rig.peer.sendPong(new byte[8]); // Unsolicited.
            rig.peer.sendPong(ping);
            assertEquals(Duration.ofMillis(40), roundTrip.get(Rig.SECONDS, TimeUnit.SECONDS));
            assertEquals(List.of("opened", "pinged 40"), observed.await(rig.connection, 2));
            rig.awaitRead();
            for (int i = 0; i < 22; i++) {
                rig.clock.advance(Duration.ofSeconds(1));
            }
            byte[] keepalive = rig.peer.expectPing();
            rig.awaitWritten();
            rig.clock.advance(Duration.ofMillis(30));
            rig.peer.sendPong(keepalive);
            String told = observed.await(rig.connection, 3).getLast();
            assertTrue(told.startsWith("pinged "), told);
            assertTrue(Integer.parseInt(told.substring(7)) >= 30, told);
        }
    }

    @ParameterizedTest
    @Sides(
            of = {Face.THREAD, Face.LOOP},
            because = "they have a listener, which throws")
    void whatAListenerThrowsIsToldBeforeTheEndThatItBrings(Side side) throws Exception {
        Probe throwing = probe(new Probe.Script() {
            @Override
            void message(Connection connection, MessageView message) {
                throw new IllegalStateException("a bug of this test");
            }
        });
        try (LogLines _ = LogLines.record();
                Rig rig = rig(side, throwing)) {
            rig.peer.sendText("x");
            rig.peer.expectClose(1011, "");
            rig.peer.expectEnd();
            rig.peer.close();
            assertEquals(
                    List.of(
                            "opened",
                            "in TEXT 1",
                            "threw a bug of this test",
                            "closed by THIS_SIDE 1011 (internal error), ConnectionClosedException"),
                    observed.awaitEnd(rig.connection));
        }
    }

    @ParameterizedTest
    @EnumSource
    void aListenerThatHoldsItsLoopUpIsTold(Role role) throws Exception {
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch gate = new CountDownLatch(1);
        Probe holding = probe(new Probe.Script() {
            @Override
            void message(Connection connection, MessageView message) throws IOException {
                inside.countDown();
                try {
                    assertTrue(gate.await(Rig.SECONDS, TimeUnit.SECONDS));
                } catch (InterruptedException e) {
                    throw new IOException(e);
                }
            }
        });
        try (LogLines log = LogLines.record();
                Rig rig = rig(new Side(Face.LOOP, role), holding)) {
            rig.peer.sendText("x");
            assertTrue(inside.await(Rig.SECONDS, TimeUnit.SECONDS));
            rig.clock.advance(Duration.ofMillis(600));
            String told = observed.await(rig.connection, 3).getLast();
            assertTrue(told.startsWith("slow Probe 5") || told.startsWith("slow Probe 6"), told);
            String line = log.messages().getFirst();
            assertTrue(line.contains("must not block; WebSocket " + rig.connection.id() + " " + role), line);
            gate.countDown();
        }
    }

    @ParameterizedTest
    @EnumSource
    void aQueueThatGrowsIsToldOnceAndAgainWhenItHasDoubledAndBroadcastsThatItMisses(Role role) throws Exception {
        ConnectionOptions options =
                Rig.quiet().maxQueuedBytes(100_000, QueuePolicy.REFUSE).build();
        try (Rig rig = Rig.congested(role, options, new Probe(), List.of(observed));
                Group group = new Group()) {
            group.join(rig.connection);
            int queued = 0;
            while (rig.connection.queuedBytes() <= 100_000) {
                rig.connection.writeBinary(new byte[10_000]);
                queued++;
            }
            assertEquals(1, group.broadcast(PreparedMessage.text("x")));
            rig.awaitLoop();
            List<String> high = highWater(rig.connection);
            assertFalse(high.isEmpty());
            assertTrue(high.size() <= 2, high::toString);
            assertTrue(high.getFirst().compareTo("high water 50000") > 0, high::toString);
            assertEquals(
                    1,
                    observed.of(rig.connection).stream()
                            .filter("missed"::equals)
                            .count());
            for (int i = 0; i < queued; i++) {
                rig.peer.expectBinary(new byte[10_000]);
            }
            Rig.await(() -> rig.probe.writable.get() == 1, () -> "nobody is told that there is room");
            rig.connection.writeBinary(new byte[10_000]);
            rig.peer.expectBinary(new byte[10_000]);
            rig.awaitLoop();
            assertEquals(high, highWater(rig.connection));
            rig.connection.abort();
            List<String> all = observed.awaitEnd(rig.connection);
            assertEquals(
                    queued + 1L, all.stream().filter("out BINARY 10000"::equals).count());
            assertEquals(
                    0,
                    all.stream().filter(words -> words.startsWith("out TEXT")).count());
        }
    }

    private List<String> highWater(WebSocketConnection connection) {
        return observed.of(connection).stream()
                .filter(words -> words.startsWith("high water"))
                .toList();
    }

    @ParameterizedTest
    @Sides
    void whatIsBroadcastIsSent(Side side) throws Exception {
        try (Rig rig = rig(side);
                Group group = new Group()) {
            group.join(rig.connection);
            assertEquals(0, group.broadcast(PreparedMessage.text("to all")));
            rig.peer.expectText("to all");
            assertEquals(List.of("opened", "out TEXT 6"), observed.await(rig.connection, 2));
            rig.connection.abort();
            List<String> _ = observed.awaitEnd(rig.connection);
        }
    }

    @ParameterizedTest
    @Sides
    void anObserverThatThrowsIsLoggedAndHarmsNobody(Side side) throws Exception {
        Throwing throwing = new Throwing();
        try (LogLines log = LogLines.record();
                Rig rig = new Rig(side, Rig.quiet().build(), new Probe(), throwing)) {
            Rig.Task<Rig.End> reading = rig.read();
            for (int i = 0; i < 50; i++) {
                rig.peer.sendText("in " + i);
                rig.connection.writeText("out " + i);
                rig.peer.expectText("out " + i);
            }
            var roundTrip = rig.connection.ping();
            rig.peer.sendPong(rig.peer.expectPing());
            assertEquals(Duration.ZERO, roundTrip.get(Rig.SECONDS, TimeUnit.SECONDS));
            rig.peer.sendClose(1000, "");
            rig.peer.expectClose(1000);
            Rig.End end = rig.end(reading);
            assertEquals(50, end.messages().size());
            assertTrue(end.failure().isEmpty());
            rig.expectAllGivenBack();
            assertTrue(throwing.calls.get() > 100);
            assertTrue(
                    log.messages().stream()
                            .allMatch(line -> line.startsWith("code of the application threw: the observer "
                                    + Throwing.class.getName() + "; WebSocket ")),
                    () -> log.messages().toString());
            assertTrue(!log.messages().isEmpty() && log.messages().size() < 60);
        }
    }

    /** Throws all it can. */
    private static final class Throwing implements ConnectionObserver {
        final AtomicInteger calls = new AtomicInteger();

        private void fail() {
            if (calls.incrementAndGet() % 2 == 0) {
                throw new AssertionError("an observer's error");
            }
            throw new IllegalStateException("an observer's exception");
        }

        @Override
        public void opened(Connection connection) {
            fail();
        }

        @Override
        public void refused(Refusal refusal) {
            fail();
        }

        @Override
        public void messageReceived(Connection connection, MessageType type, long bytes) {
            fail();
        }

        @Override
        public void messageSent(Connection connection, MessageType type, long bytes) {
            fail();
        }

        @Override
        public void pinged(Connection connection, Duration roundTrip) {
            fail();
        }

        @Override
        public void queueHighWater(Connection connection, long bytes) {
            fail();
        }

        @Override
        public void broadcastMissed(Connection connection) {
            fail();
        }

        @Override
        public void slowListener(@Nullable Connection connection, Object code, Duration soFar) {
            fail();
        }

        @Override
        public void applicationThrew(@Nullable Connection connection, Throwable thrown) {
            fail();
        }

        @Override
        public void closed(Connection connection, End end) {
            fail();
        }
    }

    @ParameterizedTest
    @Sides
    void eachOfSeveralIsToldAlsoBehindOneThatThrows(Side side) throws Exception {
        try (LogLines _ = LogLines.record();
                ServerPair pair = new ServerPair(side, List.of(new Throwing(), observed))) {
            pair.exchange();
            assertTrue(observed.all().stream().anyMatch(event -> event.words().equals("in TEXT 5")));
            assertTrue(observed.all().stream().anyMatch(event -> event.words().equals("out TEXT 5")));
        }
    }

    /** A dialer and a server, one of which is observed. */
    private static final class ServerPair implements AutoCloseable {
        private final WebSocketServer server;
        private final Connection client;

        ServerPair(Side side, List<ConnectionObserver> observers) throws IOException {
            WebSocketServer.Builder serving = WebSocketServer.builder().bind("127.0.0.1", 0);
            if (side.face() == Face.PULL) {
                serving.serve("/echo", ServerUnderTest::echo);
            } else {
                serving.listen("/echo", Upgrader.create(), new Listener() {
                    @Override
                    public void onText(Connection connection, MessageView message) throws IOException {
                        connection.writeMessage(message);
                    }
                });
            }
            Dialer.Builder dialling = Dialer.builder();
            for (ConnectionObserver observer : observers) {
                switch (side.role()) {
                    case SERVER -> serving.observe(observer);
                    case CLIENT -> dialling.observe(observer);
                }
            }
            server = serving.start();
            client = dialling.build().dial(URI.create("ws://127.0.0.1:" + server.port() + "/echo"));
        }

        void exchange() throws IOException {
            client.writeText("hello");
            assertEquals("hello", Objects.requireNonNull(client.readMessage()).text());
        }

        @Override
        public void close() {
            client.close();
            server.close();
        }
    }
}

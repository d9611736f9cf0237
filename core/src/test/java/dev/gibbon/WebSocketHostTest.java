// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.RawHost.Opened;
import dev.gibbon.RawHost.Way;
import dev.gibbon.loop.SelectorLoop;
import dev.gibbon.testkit.Frame;
import dev.gibbon.testkit.ScriptedPeer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Connections whose requests another server has received, in each way that an adapter has, with both faces. */
@Timeout(300)
class WebSocketHostTest {
    static final List<Integer> SIZES = List.of(0, 1, 125, 126, 65_535, 65_536, 1 << 20, 16 << 20);

    private static final byte[] NOTHING = {};

    private static Upgrader.Builder upgrader() {
        return Upgrader.builder()
                .options(ConnectionOptions.builder().maxMessageBytes(64 << 20).build());
    }

    private static WebSocketHost host() {
        return WebSocketHost.builder()
                .loops(1)
                .shutdownTimeout(Duration.ofSeconds(5))
                .build();
    }

    private static void echo(WebSocketHost host, Connection connection) {
        Thread _ = host.serve(connection, ws -> {
            for (Message m = ws.readMessage(); m != null; m = ws.readMessage()) {
                ws.writeMessage(m);
            }
        });
    }

    private static final Listener ECHO = new Listener() {
        @Override
        public long wholeMessageBytes() {
            return 64 << 20;
        }

        @Override
        public void onText(Connection connection, MessageView message) throws IOException {
            connection.writeMessage(message);
        }

        @Override
        public void onBinary(Connection connection, MessageView message) throws IOException {
            connection.writeMessage(message);
        }
    };

    private static Opened echo(boolean listener) {
        return listener ? (_, connection) -> connection.listen(ECHO) : WebSocketHostTest::echo;
    }

    static Stream<Arguments> waysAndFaces() {
        return Arrays.stream(Way.values()).flatMap(way -> Stream.of(Arguments.of(way, false), Arguments.of(way, true)));
    }

    private static void awaitNone(WebSocketHost host) throws InterruptedException {
        ServerUnderTest.await("a connection stays", () -> host.connectionCount() == 0);
    }

    @Test
    void aConnectionIsNamedByItsPathWhichIsEscaped() throws Exception {
        try (RawHost raw = new RawHost(Way.CHANNEL, host(), upgrader().build(), echo(true));
                ScriptedPeer peer = raw.connectTo("/a\"\u00e9")) {
            String name = raw.connection().toString();
            assertTrue(name.contains(", path \"/a\\\"\\u00e9\", peer /127.0.0.1:"), name);
            peer.sendClose(1000, "");
        }
    }

    @ParameterizedTest
    @MethodSource("waysAndFaces")
    void messagesOfEverySizeComeBack(Way way, boolean listener) throws Exception {
        try (RawHost raw = new RawHost(way, host(), upgrader().build(), echo(listener));
                ScriptedPeer peer = raw.connect()) {
            assertEquals("raw", peer.response().header("X-Host").orElseThrow());
            for (int size : SIZES) {
                byte[] payload = new byte[size];
                Arrays.fill(payload, (byte) 'x');
                peer.sendBinary(payload);
                peer.expectBinary(payload);
                if (size <= 1 << 20) {
                    peer.sendText("y".repeat(size));
                    peer.expectText("y".repeat(size));
                }
            }
            peer.sendPing(new byte[] {1, 2});
            peer.expectPong(new byte[] {1, 2});
            peer.sendClose(1000, "");
            peer.expectClose(1000);
            peer.expectEnd();
            awaitNone(raw.host);
            if (way == Way.CHANNEL) {
                ServerUnderTest.await("the host is not told", () -> raw.ended.get() == 1);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("waysAndFaces")
    void framesThatCameWithTheHeadComeFirst(Way way, boolean listener) throws Exception {
        ByteArrayOutputStream frames = new ByteArrayOutputStream();
        for (int i = 0; i < 3; i++) {
            frames.write(Frame.text("early " + i).withMaskingKey(0x01020304).encode());
        }
        try (RawHost raw = new RawHost(way, host(), upgrader().build(), echo(listener));
                ScriptedPeer peer = raw.connect(frames.toByteArray()).expectUpgraded()) {
            for (int i = 0; i < 3; i++) {
                peer.expectText("early " + i);
            }
            peer.sendText("late");
            peer.expectText("late");
        }
    }

    @ParameterizedTest
    @MethodSource("waysAndFaces")
    void theServerCloses(Way way, boolean listener) throws Exception {
        try (RawHost raw = new RawHost(way, host(), upgrader().build(), echo(listener));
                ScriptedPeer peer = raw.connect()) {
            Thread closing = Thread.startVirtualThread(closing(raw.connection()));
            assertEquals("enough", peer.expectClose(1001));
            peer.sendClose(1001, "");
            peer.expectEnd();
            closing.join();
            awaitNone(raw.host);
        }
    }

    private static Runnable closing(Connection connection) {
        return () -> connection.close(CloseCode.GOING_AWAY, "enough");
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void aHandlerThatThrowsIsToldAndCloses1011(Way way) throws Exception {
        try (LogLines lines = LogLines.record();
                RawHost raw = new RawHost(way, host(), upgrader().build(), (host, connection) -> {
                    Thread _ = host.serve(connection, ws -> {
                        Message _ = ws.readMessage();
                        throw new IllegalStateException("by the handler");
                    });
                });
                ScriptedPeer peer = raw.connect()) {
            peer.sendText("go");
            String _ = peer.expectClose(1011);
            peer.sendClose(1011, "");
            peer.expectEnd();
            awaitNone(raw.host);
            assertEquals(1, lines.warnings(line -> line.contains("a handler")).size());
        }
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void aListenerThatThrowsIsToldAndCloses1011(Way way) throws Exception {
        Listener throwing = new Listener() {
            @Override
            public void onText(Connection connection, MessageView message) {
                throw new IllegalStateException("by the listener");
            }
        };
        try (LogLines lines = LogLines.record();
                RawHost raw = new RawHost(way, host(), upgrader().build(), (_, ws) -> ws.listen(throwing));
                ScriptedPeer peer = raw.connect()) {
            peer.sendText("go");
            String _ = peer.expectClose(1011);
            peer.sendClose(1011, "");
            peer.expectEnd();
            awaitNone(raw.host);
            assertEquals(1, lines.warnings(line -> line.contains("onText")).size());
        }
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void aHandlerThatReturnsCloses1000AndItsThreadEnds(Way way) throws Exception {
        List<Thread> threads = new ArrayList<>();
        CountDownLatch served = new CountDownLatch(1);
        try (RawHost raw = new RawHost(way, host(), upgrader().build(), (host, connection) -> {
                    threads.add(host.serve(connection, ws -> ws.writeText("bye")));
                    served.countDown();
                });
                ScriptedPeer peer = raw.connect()) {
            peer.expectText("bye");
            String _ = peer.expectClose(1000);
            peer.sendClose(1000, "");
            peer.expectEnd();
            assertTrue(served.await(60, TimeUnit.SECONDS));
            assertTrue(threads.getFirst().join(Duration.ofSeconds(60)));
        }
    }

    @ParameterizedTest
    @MethodSource("waysAndFaces")
    void aPeerThatVanishesIsNotCountedAnyMore(Way way, boolean listener) throws Exception {
        try (RawHost raw = new RawHost(way, host(), upgrader().build(), echo(listener))) {
            try (ScriptedPeer peer = raw.connect()) {
                peer.sendText("here");
                peer.expectText("here");
                assertEquals(1, raw.host.connectionCount());
            }
            awaitNone(raw.host);
        }
    }

    @ParameterizedTest
    @MethodSource("waysAndFaces")
    void aClosedHostTellsEveryPeer1001AndLeavesNothing(Way way, boolean listener) throws Exception {
        RawHost raw = new RawHost(way, host(), upgrader().build(), echo(listener));
        List<ScriptedPeer> peers = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            peers.add(raw.connect());
            Connection _ = raw.connection();
        }
        Thread closing = Thread.ofPlatform().start(raw.host::close);
        for (ScriptedPeer peer : peers) {
            String _ = peer.expectClose(1001);
            peer.sendClose(1001, "");
            peer.expectEnd();
            peer.close();
        }
        assertTrue(closing.join(Duration.ofSeconds(60)));
        assertEquals(0, raw.host.connectionCount());
        SelectorLoop loop = raw.host.engine().loops().next();
        ServerUnderTest.await("the loop's thread lives on", () -> loop.thread() == null);
        ScriptedPeer late = raw.connect(NOTHING);
        assertEquals(503, late.response().status());
        late.close();
        raw.close();
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void aPeerThatDoesNotAnswerTheCloseHoldsTheHostNoLongerThanItsTimeout(Way way) throws Exception {
        WebSocketHost host = WebSocketHost.builder()
                .loops(1)
                .shutdownTimeout(Duration.ofMillis(300))
                .build();
        try (RawHost raw = new RawHost(way, host, upgrader().build(), echo(true));
                ScriptedPeer peer = raw.connect()) {
            Connection connection = raw.connection();
            host.close();
            assertEquals(0, host.connectionCount());
            assertEquals(ConnectionState.CLOSED, connection.state());
            String _ = peer.expectClose(1001);
            peer.expectEndOrReset();
        }
    }

    /** What a slow reader makes wait is bounded, in the stream and before it; the others go on. */
    @ParameterizedTest
    @EnumSource(Way.class)
    void aSlowReaderIsBounded(Way way) throws Exception {
        Upgrader bounded = upgrader()
                .options(ConnectionOptions.builder()
                        .maxQueuedBytes(256 * 1024, QueuePolicy.BLOCK)
                        .writeTimeout(Duration.ofMinutes(5))
                        .build())
                .build();
        PreparedMessage page = PreparedMessage.binary(new byte[64 * 1024]);
        try (RawHost raw = new RawHost(way, host(), bounded, echo(true));
                ScriptedPeer slow = raw.connect()) {
            Connection first = raw.connection();
            ScriptedPeer healthy = raw.connect();
            int missed = 0;
            for (int i = 0; i < 2000; i++) {
                missed += raw.host.broadcast(page, connection -> connection.equals(first));
            }
            assertTrue(missed > 0, "32 MB were queued for a peer that reads nothing");
            assertTrue(first.queuedBytes() < 1 << 20, "queued: " + first.queuedBytes());
            healthy.sendText("goes on");
            healthy.expectText("goes on");
            healthy.close();
            slow.expectBinary(new byte[64 * 1024]);
        }
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void aWriterThatMayWaitGoesOnAsItsPeerReads(Way way) throws Exception {
        int messages = 100;
        byte[] page = new byte[100_000];
        try (RawHost raw = new RawHost(way, host(), upgrader().build(), (host, connection) -> {
                    Thread _ = host.serve(connection, ws -> {
                        for (int i = 0; i < messages; i++) {
                            ws.writeBinary(page);
                        }
                    });
                });
                ScriptedPeer peer = raw.connect()) {
            for (int i = 0; i < messages; i++) {
                peer.expectBinary(page);
            }
            String _ = peer.expectClose(1000);
            HostStream stream = raw.lastStream.get();
            if (stream != null) {
                assertTrue(stream.mostQueued() <= 256 * 1024, "queued: " + stream.mostQueued());
            }
        }
    }

    @Test
    void compressionAndSubprotocolHoldForTheConnection() throws Exception {
        Upgrader both = upgrader()
                .subprotocols("a", "b")
                .permessageDeflate(PermessageDeflate.builder().build())
                .build();
        try (RawHost raw = new RawHost(Way.EVENTS, host(), both, echo(true));
                ScriptedPeer peer = raw.connect(
                                NOTHING,
                                "Sec-WebSocket-Protocol: b, a",
                                "Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover")
                        .expectUpgraded()) {
            Connection connection = raw.connection();
            assertEquals(Optional.of("b"), connection.subprotocol());
            assertEquals("b", peer.response().header("Sec-WebSocket-Protocol").orElseThrow());
            assertEquals(1, connection.extensions().size());
            peer.allowRsv1();
            peer.sendText("plain is fine");
            assertTrue(peer.expectFrame().fin());
        }
    }

    @Test
    void beyondTheLimitThereIs503() throws Exception {
        WebSocketHost small = WebSocketHost.builder().loops(1).maxConnections(1).build();
        try (RawHost raw = new RawHost(Way.CHANNEL, small, upgrader().build(), echo(true));
                ScriptedPeer peer = raw.connect()) {
            Connection _ = raw.connection(); // It counts once it is open, a moment after the answer.
            try (ScriptedPeer beyond = raw.connect(NOTHING)) {
                assertEquals(503, beyond.response().status());
                assertEquals("5", beyond.response().header("Retry-After").orElseThrow());
            }
            peer.sendText("inside");
            peer.expectText("inside");
        }
    }

    @Test
    void aRefusalIsLoggedAndExplainedIfItIsToBe() throws Exception {
        WebSocketHost explaining =
                WebSocketHost.builder().loops(1).explainRefusals(true).build();
        try (RawHost raw = new RawHost(Way.CHANNEL, explaining, upgrader().build(), echo(true));
                ScriptedPeer foreign = raw.connect(NOTHING, "Origin: http://elsewhere.example")) {
            assertEquals(403, foreign.response().status());
            String body = ServerUnderTest.body(foreign, foreign.response());
            assertTrue(body.contains("elsewhere.example"), body);
            assertEquals(0, explaining.connectionCount());
        }
    }

    @Test
    void settingsThatMakeNoSenseAreRefused() {
        WebSocketHost.Builder builder = WebSocketHost.builder();
        assertThrows(IllegalArgumentException.class, () -> builder.loops(0));
        assertThrows(IllegalArgumentException.class, () -> builder.maxConnections(0));
        assertThrows(IllegalArgumentException.class, () -> builder.shutdownTimeout(Duration.ZERO));
    }

    @Test
    void aReplyIsOpenedOnce() throws Exception {
        assertArrayEquals(new byte[0], NOTHING);
        try (WebSocketHost host = host()) {
            var accepted = UpgradeReplyTest.accepted(upgrader().build());
            HostStream stream = new HostStream(Runnable::run, null, true);
            Connection connection = host.open(accepted, stream, ByteBuffer.allocate(0));
            assertThrows(IllegalStateException.class, () -> host.open(accepted, stream, ByteBuffer.allocate(0)));
            assertFalse(stream.isClosed());
            connection.abort();
            assertTrue(stream.isClosed());
        }
    }
}

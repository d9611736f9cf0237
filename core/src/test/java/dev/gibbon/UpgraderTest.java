// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static dev.gibbon.ServerUnderTest.body;
import static dev.gibbon.ServerUnderTest.latin1;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.connection.Carrier;
import dev.gibbon.loop.Carriers;
import dev.gibbon.loop.LoopEngine;
import dev.gibbon.server.Entry;
import dev.gibbon.server.HttpConnection;
import dev.gibbon.testkit.Frame;
import dev.gibbon.testkit.HttpHead;
import dev.gibbon.testkit.MemoryTransport;
import dev.gibbon.testkit.Recorder;
import dev.gibbon.testkit.ScriptedPeer;
import dev.gibbon.testkit.Splitter;
import dev.gibbon.testkit.TransportCounters;
import dev.gibbon.testkit.TransportPair;
import dev.gibbon.transport.ChannelTransport;
import java.io.ByteArrayOutputStream;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(300)
class UpgraderTest {
    /** One request and one handler. */
    private static HttpHead answer(ExchangeHandler handler, String... fields) throws Exception {
        try (ServerUnderTest tested = ServerUnderTest.start(builder -> builder.handle("/ws", handler));
                ScriptedPeer peer = tested.send(tested.upgradeRequest("/ws", fields))) {
            return peer.response();
        }
    }

    @Test
    void the101HasEachOfItsFieldsOnceAndNoBody() throws Exception {
        HttpHead head =
                answer(exchange -> ServerUnderTest.echo(Upgrader.create().upgrade(exchange)));
        assertEquals("HTTP/1.1 101 Switching Protocols", head.startLine());
        assertEquals(
                List.of(
                        "Upgrade: websocket",
                        "Connection: Upgrade",
                        "Sec-WebSocket-Accept: " + HttpHead.acceptKey(HttpHead.SAMPLE_KEY)),
                head.fields());
    }

    @Test
    void theApplicationsFieldsAreAdded() throws Exception {
        HttpHead head = answer(exchange -> ServerUnderTest.echo(
                Upgrader.create().upgrade(exchange, Headers.of("Set-Cookie", "a=1", "Set-Cookie", "b=2"))));
        assertEquals(101, head.status());
        assertEquals(List.of("a=1", "b=2"), head.headers("Set-Cookie"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"Upgrade", "connection", "Sec-WebSocket-Accept", "sec-websocket-protocol", "Content-Length"})
    void fieldsOfTheHandshakeItselfAreRefusedWith500(String name) throws Exception {
        Recorder recorder = new Recorder();
        HttpHead head = answer(exchange -> {
            assertThrows(
                    IllegalArgumentException.class, () -> Upgrader.create().upgrade(exchange, Headers.of(name, "x")));
            recorder.record("refused");
            throw new IllegalStateException("as if it had gone through");
        });
        recorder.expect("refused");
        assertEquals(500, head.status());
    }

    @ParameterizedTest
    @CsvSource(
            nullValues = "none",
            value = {
                "'chat, superchat', 'superchat, chat', chat", // The client's order decides.
                "'chat , superchat', 'superchat', superchat",
                "'unknown', 'chat', none",
                "none, 'chat', none",
                "'CHAT', 'chat', none"
            })
    void theFirstOfTheClientsSubprotocolsThatTheServerSpeaksIsChosen(String offered, String spoken, String chosen)
            throws Exception {
        Upgrader upgrader = Upgrader.builder().subprotocols(spoken.split(", ")).build();
        Recorder recorder = new Recorder();
        ExchangeHandler handler = exchange -> {
            try (Connection ws = upgrader.upgrade(exchange)) {
                recorder.record("subprotocol", ws.subprotocol());
            }
        };
        HttpHead head = offered == null ? answer(handler) : answer(handler, "Sec-WebSocket-Protocol: " + offered);
        assertEquals(Optional.ofNullable(chosen), head.header("Sec-WebSocket-Protocol"));
        recorder.expect("subprotocol", Optional.ofNullable(chosen));
    }

    @Test
    void subprotocolsOnSeveralLinesAreOneList() throws Exception {
        Upgrader upgrader = Upgrader.builder().subprotocols("b").build();
        HttpHead head = answer(
                exchange -> ServerUnderTest.echo(upgrader.upgrade(exchange)),
                "Sec-WebSocket-Protocol: a",
                "Sec-WebSocket-Protocol: b");
        assertEquals("b", head.header("Sec-WebSocket-Protocol").orElseThrow());
    }

    @Test
    void aRequiredSubprotocolThatIsMissingIs400() throws Exception {
        Upgrader upgrader =
                Upgrader.builder().subprotocols("a").requireSubprotocol(true).build();
        assertEquals(
                400,
                answer(exchange -> ServerUnderTest.echo(upgrader.upgrade(exchange)))
                        .status());
    }

    @Test
    void subprotocolsThatAreNoTokensAreRefusedWhenBuilt() {
        assertThrows(
                IllegalArgumentException.class,
                () -> Upgrader.builder().subprotocols("a b").build());
        assertThrows(
                IllegalArgumentException.class,
                () -> Upgrader.builder().subprotocols("a", "a").build());
    }

    @Test
    void theRequestsFieldsAreLetGoByTheUpgradeUnlessTheyAreToBeKept() throws Exception {
        Recorder recorder = new Recorder();
        Upgrader keeping = Upgrader.builder().keepRequestHeaders(true).build();
        try (ServerUnderTest tested = ServerUnderTest.start(builder -> builder.handle("/go", exchange -> {
                            String before = exchange.headers().first("X-Who").orElseThrow();
                            try (Connection _ = Upgrader.create().upgrade(exchange)) {
                                assertThrows(IllegalStateException.class, exchange::headers);
                                assertTrue(exchange.isWebSocketUpgrade());
                                recorder.record("let go", before, exchange.path());
                            }
                        })
                        .handle("/keep", exchange -> {
                            try (Connection _ = keeping.upgrade(exchange)) {
                                recorder.record("kept", exchange.headers().first("X-Who"));
                            }
                        }));
                ScriptedPeer _ = tested.upgrade("/go", "X-Who: ada")) {
            recorder.expect("let go", "ada", "/go");
            try (ScriptedPeer _ = tested.upgrade("/keep", "X-Who: bob")) {
                recorder.expect("kept", Optional.of("bob"));
            }
        }
    }

    @Test
    void addressesAndAttributesOfTheConnectionAreThoseOfTheSocketAndEmpty() throws Exception {
        Recorder recorder = new Recorder();
        HttpHead _ = answer(exchange -> {
            try (Connection ws = Upgrader.create().upgrade(exchange)) {
                assertEquals(exchange.localAddress(), ws.localAddress());
                assertEquals(exchange.peerAddress(), ws.peerAddress());
                InetSocketAddress peer = (InetSocketAddress) ws.peerAddress().orElseThrow();
                assertTrue(ws.attributes().isEmpty());
                ws.attributes().put("a", 1);
                recorder.record(
                        "connection",
                        ws.role(),
                        peer.getAddress().isLoopbackAddress(),
                        ws.attributes().get("a"),
                        ws.tlsSession());
            }
        });
        recorder.expect("connection", Role.SERVER, true, 1, Optional.empty());
    }

    @Test
    void overTlsTheConnectionHasTheSession(@TempDir Path directory) throws Exception {
        SSLContext context = TestTls.context(directory);
        Recorder recorder = new Recorder();
        try (WebSocketServer server = WebSocketServer.builder()
                        .bind("localhost", 0)
                        .tls(context)
                        .handle("/", exchange -> {
                            try (Connection ws = Upgrader.create().upgrade(exchange)) {
                                recorder.record(
                                        "protocol",
                                        ws.tlsSession().orElseThrow().getProtocol());
                            }
                        })
                        .start();
                ScriptedPeer peer = ScriptedPeer.overHttp(
                        TestTls.connect(context, server.port()), HttpHead.upgradeRequest("localhost", "/"))) {
            peer.expectUpgraded().expectClose(1000);
            recorder.expect("protocol", "TLSv1.3");
            peer.sendClose(1000, "");
        }
    }

    @Test
    void isWebSocketUpgradeNeedsBothFieldsWhateverTheirCase() throws Exception {
        try (ServerUnderTest tested = ServerUnderTest.start(builder -> builder.handle(
                "/", exchange -> exchange.respond(200, "text/plain", "" + Upgrader.isWebSocketUpgrade(exchange))))) {
            assertEquals("true", isUpgrade(tested, "upgrade: WebSocket", "CONNECTION: keep-alive, UPGRADE"));
            assertEquals("false", isUpgrade(tested, "Upgrade: websocket"));
            assertEquals("false", isUpgrade(tested, "Connection: Upgrade"));
            assertEquals("false", isUpgrade(tested, "Connection: Upgrade", "Upgrade: websockets"));
        }
    }

    private static String isUpgrade(ServerUnderTest tested, String... fields) throws Exception {
        try (ScriptedPeer peer = tested.send(tested.getRequest("/", fields))) {
            return body(peer, peer.response());
        }
    }

    @Test
    void aRefusedRequestThrowsAndCannotBeAnsweredAgain() throws Exception {
        Recorder recorder = new Recorder();
        try (ServerUnderTest tested = ServerUnderTest.start(builder -> builder.handle("/", exchange -> {
                    HandshakeException e = assertThrows(
                            HandshakeException.class, () -> Upgrader.create().upgrade(exchange));
                    assertThrows(IllegalStateException.class, () -> exchange.respond(200, "text/plain", "again"));
                    recorder.record("refused", e.status());
                }));
                ScriptedPeer peer = tested.send(tested.upgradeRequest("/", "Origin: http://evil.example"))) {
            assertEquals(403, peer.response().status());
            String _ = body(peer, peer.response());
            peer.expectEnd();
            recorder.expect("refused", 403);
        }
    }

    @Test
    void upgradingTwiceIsRefusedAndTheFirstConnectionLives() throws Exception {
        try (ServerUnderTest tested = ServerUnderTest.start(builder -> builder.handle("/", exchange -> {
                    Upgrader upgrader =
                            Upgrader.builder().keepRequestHeaders(true).build();
                    Connection ws = upgrader.upgrade(exchange);
                    assertThrows(IllegalStateException.class, () -> upgrader.upgrade(exchange));
                    ServerUnderTest.echo(ws);
                }));
                ScriptedPeer peer = tested.upgrade("/")) {
            peer.sendText("first");
            peer.expectText("first");
        }
    }

    /** What a reader meets that sees request and frames cut anywhere; in memory, so that each cut is really there. */
    @Nested
    class AtEverySplit {
        private final byte[] request = latin1(HttpHead.upgradeRequest("a.example", "/echo"));

        private byte[] requestAndFrames() {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            bytes.writeBytes(request);
            bytes.writeBytes(Frame.text("glued").withMaskingKey(0x01020304).encode());
            bytes.writeBytes(
                    Frame.binary(new byte[300]).withMaskingKey(0x05060708).encode());
            return bytes.toByteArray();
        }

        private String echoed(WebSocketServer server, Splitter splitter, byte[] sent, boolean frames) throws Exception {
            try (TransportPair pair =
                    TransportPair.builder().reads(Role.SERVER, splitter).build()) {
                startOver(pair.server(), server);
                ScriptedPeer peer = ScriptedPeer.over(pair.client(), Role.CLIENT);
                peer.sendRaw(sent);
                String head = peer.expectHead().toString();
                if (frames) {
                    peer.expectText("glued");
                    peer.expectBinary(new byte[300]);
                }
                peer.sendClose(1000, "");
                peer.expectClose(1000);
                peer.expectEnd();
                peer.close();
                ServerUnderTest.await("the connection stays", () -> server.connectionCount() == 1);
                return head;
            }
        }

        private static void startOver(MemoryTransport transport, WebSocketServer server) {
            LoopEngine engine = server.side().engine();
            Carrier carrier = Carriers.of(engine, transport, engine.loops().next());
            new HttpConnection(server.side(), carrier, false, Entry.SERVED).start();
        }

        @Test
        @DisplayName("HS-38 frames that came with the request are delivered, whatever the cut")
        void framesGluedToTheRequestAreDeliveredAtEveryCut() throws Exception {
            byte[] sent = requestAndFrames();
            try (ServerUnderTest tested = ServerUnderTest.start(_ -> {})) {
                String whole = echoed(tested.server(), Splitter.whole(), sent, true);
                for (int cut = 1; cut < sent.length; cut++) {
                    assertEquals(whole, echoed(tested.server(), Splitter.at(cut), sent, true), "cut at " + cut);
                }
                tested.controlEchoes();
            }
        }

        @Test
        @DisplayName("HS-48 the request cut at every position gets the same 101")
        void theRequestCutAnywhereGetsTheSame101() throws Exception {
            try (ServerUnderTest tested = ServerUnderTest.start(_ -> {})) {
                String whole = echoed(tested.server(), Splitter.whole(), request, false);
                assertTrue(whole.contains("101 Switching Protocols"), whole);
                for (int cut = 1; cut < request.length; cut++) {
                    assertEquals(whole, echoed(tested.server(), Splitter.at(cut), request, false), "cut at " + cut);
                }
                tested.controlEchoes();
            }
        }

        @Test
        @DisplayName("HS-47 the request and frames byte by byte")
        void oneByteAtATime() throws Exception {
            try (ServerUnderTest tested = ServerUnderTest.start(_ -> {})) {
                String _ = echoed(tested.server(), Splitter.bytewise(), requestAndFrames(), true);
            }
        }

        @Test
        @DisplayName("HS-38 frames behind a refused request are thrown away")
        void framesBehindARefusedRequestAreThrownAway() throws Exception {
            try (ServerUnderTest tested = ServerUnderTest.start(_ -> {});
                    ScriptedPeer peer = tested.send(tested.upgradeRequest("/echo", "Origin: http://evil.example")
                            + "\u0081\u0085\0\0\0\0hello")) {
                assertEquals(403, peer.response().status());
                String _ = body(peer, peer.response());
                peer.expectEnd();
            }
        }

        @Test
        void the101IsOneWrite() throws Exception {
            try (ServerUnderTest tested = ServerUnderTest.start(_ -> {});
                    TransportPair pair = TransportPair.create()) {
                MemoryTransport server = pair.server();
                startOver(server, tested.server());
                ScriptedPeer peer = ScriptedPeer.overHttp(pair.client(), HttpHead.upgradeRequest("a.example", "/echo"));
                TransportCounters counters = server.counters();
                assertEquals(1, counters.writes());
                peer.expectUpgraded().close();
                tested.awaitNoOthers();
            }
        }
    }

    @Test
    @DisplayName("HS-47 over TCP, one byte per segment")
    void oneBytePerSegmentOverTcp() throws Exception {
        try (ServerUnderTest tested = ServerUnderTest.start(_ -> {});
                ScriptedPeer peer = slowly(tested, tested.upgradeRequest("/echo"))) {
            assertEquals(101, peer.expectHead().status());
            peer.sendText("at last");
            peer.expectText("at last");
        }
    }

    private static ScriptedPeer slowly(ServerUnderTest tested, String request) throws Exception {
        SocketChannel channel = SocketChannel.open(new InetSocketAddress(ServerUnderTest.HOST, tested.port()));
        ScriptedPeer peer = ScriptedPeer.over(new ChannelTransport(channel), Role.CLIENT);
        for (byte b : latin1(request)) {
            peer.sendRaw(new byte[] {b});
        }
        return peer;
    }

    /** Failures of the application: its peer gets a status, its neighbours get nothing. */
    @Nested
    class HandlerThatThrows {
        private static final String SECRET = "secret of the application";

        @Test
        @DisplayName("HS-41 an exception before the upgrade is a bare 500")
        void anExceptionBeforeTheUpgradeIsABare500() throws Exception {
            refusedWith500(_ -> {
                throw new IllegalStateException(SECRET);
            });
        }

        @Test
        @DisplayName("HS-41 an Error before the upgrade is a bare 500")
        void anErrorBeforeTheUpgradeIsABare500() throws Exception {
            refusedWith500(_ -> {
                throw new StackOverflowError(SECRET);
            });
        }

        private void refusedWith500(ExchangeHandler handler) throws Exception {
            try (ServerUnderTest tested = ServerUnderTest.start(builder -> builder.handle("/bad", handler))) {
                try (ScriptedPeer peer = tested.send(tested.upgradeRequest("/bad"))) {
                    assertEquals(500, peer.response().status());
                    String body = body(peer, peer.response());
                    assertEquals("500 Internal Server Error\n", body);
                    assertFalse(peer.response().toString().contains("secret"));
                    tested.controlEchoes();
                }
                tested.awaitNoOthers();
            }
        }

        @Test
        @DisplayName("CC-17 an exception after the upgrade closes with 1011")
        void anExceptionAfterTheUpgradeClosesWith1011() throws Exception {
            closedWith1011(exchange -> {
                Connection ws = Upgrader.create().upgrade(exchange);
                Message _ = ws.readMessage();
                throw new IllegalStateException(SECRET);
            });
        }

        @Test
        @DisplayName("CC-18 an Error after the upgrade closes that connection alone, with 1011")
        void anErrorAfterTheUpgradeClosesThatConnectionAloneWith1011() throws Exception {
            closedWith1011(exchange -> {
                Connection ws = Upgrader.create().upgrade(exchange);
                Message _ = ws.readMessage();
                throw new NoClassDefFoundError(SECRET);
            });
        }

        private void closedWith1011(ExchangeHandler handler) throws Exception {
            try (ServerUnderTest tested = ServerUnderTest.start(builder -> builder.handle("/bad", handler))) {
                try (ScriptedPeer peer = tested.upgrade("/bad");
                        ScriptedPeer neighbour = tested.upgrade("/echo")) {
                    peer.sendText("go");
                    peer.expectClose(1011, "");
                    peer.sendClose(1011, "");
                    peer.expectEnd();
                    neighbour.sendText("unharmed");
                    neighbour.expectText("unharmed");
                    tested.controlEchoes();
                }
                tested.awaitNoOthers();
            }
        }

        @Test
        void aHandlerThatLetsThePeersLossOutIsNoFailure() throws Exception {
            Recorder recorder = new Recorder();
            try (ServerUnderTest tested = ServerUnderTest.start(builder -> builder.handle("/", exchange -> {
                try (Connection ws = Upgrader.create().upgrade(exchange)) {
                    Message _ = ws.readMessage();
                } catch (ConnectionClosedException e) {
                    recorder.record("lost", e.closeStatus());
                    throw e;
                }
            }))) {
                try (ScriptedPeer peer = tested.upgrade("/")) {
                    peer.reset();
                }
                recorder.expect("lost", CloseStatus.LOST);
                tested.awaitNoOthers();
            }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.ConnectionObserver.Refusal;
import dev.gibbon.RawHost.Way;
import dev.gibbon.testkit.ScriptedPeer;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What observers are told of servers, hosts and dialers, their refusals included; and the log of accesses. */
@Timeout(300)
class ObservedServersTest {
    private static final Listener ECHO = new Listener() {
        @Override
        public void onText(Connection connection, MessageView message) throws IOException {
            connection.writeMessage(message);
        }
    };

    private final ObservedEvents observed = new ObservedEvents();

    private ServerUnderTest server(ConnectionObserver observer) throws IOException {
        return ServerUnderTest.start(builder -> builder.observe(observer)
                .listen("/events", Upgrader.create(), ECHO)
                .listen(
                        "/strict",
                        Upgrader.builder()
                                .subprotocols("chat")
                                .requireSubprotocol(true)
                                .build(),
                        ECHO)
                .handle("/login", exchange -> exchange.respond(401, "text/plain", "no\n"))
                .handle("/page", exchange -> exchange.respond(200, "text/plain", "yes\n"))
                .serve("/throws", _ -> {
                    throw new IllegalStateException("a bug of this test");
                })
                .handle("/throws/early", _ -> {
                    throw new IllegalStateException("an early bug");
                }));
    }

    private static int status(ServerUnderTest tested, String request) throws IOException {
        try (ScriptedPeer peer = ScriptedPeer.overHttp(ServerUnderTest.HOST, tested.port(), request)) {
            return peer.response().status();
        }
    }

    private Refusal refusal() {
        Rig.await(() -> !observed.refusals.isEmpty(), () -> "no refusal is told");
        assertEquals(1, observed.refusals.size());
        return observed.refusals.element();
    }

    @ParameterizedTest
    @CsvSource({
        "/echo, Origin: https://evil.example, 403, ORIGIN",
        "/events, Origin: https://evil.example, 403, ORIGIN",
        "/echo, Sec-WebSocket-Version: 8, 400, HANDSHAKE",
        "/events, Transfer-Encoding: chunked, 400, HANDSHAKE",
        "/strict, X: y, 400, HANDSHAKE",
        "/nowhere, X: y, 404, ANSWERED",
        "/login, X: y, 401, ANSWERED",
        "/throws/early, X: y, 500, ANSWERED",
    })
    void refusalsAreToldOfEachKind(String path, String field, int status, Refusal.Kind kind) throws Exception {
        try (LogLines _ = LogLines.record();
                ServerUnderTest tested = server(observed)) {
            assertEquals(status, status(tested, tested.upgradeRequest(path + "?secret", field)));
            Refusal refusal = refusal();
            assertEquals(status, refusal.status());
            assertEquals(kind, refusal.kind());
            assertEquals(path, refusal.path());
            assertTrue(refusal.peerAddress().orElseThrow().toString().startsWith("/127.0.0.1:"));
            assertTrue(refusal.reason().length() > 5, refusal.reason());
        }
    }

    @Test
    void aMalformedHeadIsARefusal() throws Exception {
        try (ServerUnderTest tested = server(observed)) {
            assertEquals(400, status(tested, "GET /echo HTTP/1.1\r\nA b\r\n\r\n"));
            assertEquals(Refusal.Kind.HANDSHAKE, refusal().kind());
            assertEquals("", refusal().path());
        }
    }

    @Test
    void whatWantsNoWebSocketIsNone() throws Exception {
        try (ServerUnderTest tested = server(observed)) {
            for (String path : List.of("/page", "/login", "/nowhere")) {
                ScriptedPeer peer = ScriptedPeer.overHttp(
                        ServerUnderTest.HOST,
                        tested.port(),
                        "GET " + path + " HTTP/1.1\r\nHost: " + tested.authority() + "\r\n\r\n");
                peer.close();
            }
            try (ScriptedPeer peer = tested.upgrade("/events")) {
                peer.sendText("x");
                peer.expectText("x");
            }
            assertTrue(observed.refusals.isEmpty());
        }
    }

    @Test
    void beyondTheLimitARefusalIsTold() throws Exception {
        try (WebSocketServer full = WebSocketServer.builder()
                        .bind("127.0.0.1", 0)
                        .observe(observed)
                        .maxConnections(1)
                        .listen("/", Upgrader.create(), ECHO)
                        .start();
                ScriptedPeer _ = ScriptedPeer.overHttp("127.0.0.1", full.port()).expectUpgraded();
                ScriptedPeer beyond = ScriptedPeer.overHttp("127.0.0.1", full.port())) {
            assertEquals(503, beyond.response().status());
            assertEquals(Refusal.Kind.LIMIT, refusal().kind());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/echo", "/events"})
    void aServersConnectionIsToldFromItsOpeningToItsEnd(String path) throws Exception {
        try (ServerUnderTest tested = server(observed);
                ScriptedPeer peer = tested.upgrade(path)) {
            peer.sendText("hello");
            peer.expectText("hello");
            peer.sendClose(1001, "gone");
            peer.expectClose(1001);
            peer.expectEnd();
            Connection connection = connection(path);
            assertEquals(
                    List.of("opened", "in TEXT 5", "out TEXT 5", "closed by PEER 1001 (going away): gone, clean"),
                    observed.awaitEnd(connection));
        }
    }

    /** {@return the connection of a path; the server under test has others} */
    private Connection connection(String path) {
        return observed.all().stream()
                .map(ObservedEvents.Event::connection)
                .filter(known -> known != null && known.path().equals(path))
                .findFirst()
                .orElseThrow(() -> new AssertionError("none was opened"));
    }

    @Test
    void whatAHandlerThrowsIsToldWithItsConnectionIfThereIsOne() throws Exception {
        try (LogLines _ = LogLines.record();
                ServerUnderTest tested = server(observed)) {
            try (ScriptedPeer peer = tested.upgrade("/throws")) {
                peer.expectClose(1011, "");
                peer.sendClose(1011, "");
                peer.expectEnd();
            }
            List<String> told = observed.awaitEnd(connection("/throws"));
            assertEquals(List.of("opened", "threw a bug of this test"), told.subList(0, 2));
            assertTrue(told.getLast().startsWith("closed by THIS_SIDE 1011"), told::toString);
            assertEquals(500, status(tested, tested.upgradeRequest("/throws/early")));
            assertEquals("threw an early bug", observed.ofNone().getFirst());
        }
    }

    @ParameterizedTest
    @EnumSource
    void aHostsConnectionsAreToldByEveryWay(Way way) throws Exception {
        WebSocketHost host = WebSocketHost.builder().loops(1).observe(observed).build();
        try (RawHost raw = new RawHost(way, host, Upgrader.create(), (_, ws) -> ws.listen(ECHO))) {
            try (ScriptedPeer peer = raw.connectTo("/chat?secret")) {
                peer.sendText("hello");
                peer.expectText("hello");
                peer.sendClose(1000, "");
                peer.expectClose(1000);
                Connection connection = raw.connection();
                assertEquals("/chat?secret", connection.path(), "as the host has told it");
                assertEquals(
                        List.of("opened", "in TEXT 5", "out TEXT 5", "closed by PEER 1000 (normal), clean"),
                        observed.awaitEnd(connection));
            }
            try (ScriptedPeer refused = raw.connect(new byte[0], "Origin: https://evil.example")) {
                assertEquals(403, refused.response().status());
                assertEquals(Refusal.Kind.ORIGIN, refusal().kind());
            }
        }
    }

    @Test
    void aClosedHostRefusesAndEndsItsConnectionsByThisSide() throws Exception {
        WebSocketHost host = WebSocketHost.builder().loops(1).observe(observed).build();
        try (RawHost raw = new RawHost(Way.CHANNEL, host, Upgrader.create(), (_, ws) -> ws.listen(ECHO));
                ScriptedPeer peer = raw.connect()) {
            Connection connection = raw.connection();
            Rig.Task<Boolean> closing = Rig.go(host::close);
            peer.expectClose(1001, "");
            peer.sendClose(1001, "");
            peer.expectEnd();
            assertTrue(closing.get());
            assertEquals(
                    "closed by THIS_SIDE 1001 (going away), clean",
                    observed.awaitEnd(connection).getLast());
            try (ScriptedPeer late = raw.connect(new byte[0])) {
                assertEquals(503, late.response().status());
                assertEquals(Refusal.Kind.LIMIT, refusal().kind());
            }
        }
    }

    @Test
    void compressedMessagesAreToldAsTheApplicationHasThem() throws Exception {
        ObservedEvents theirs = new ObservedEvents();
        PermessageDeflate deflate = PermessageDeflate.builder().build();
        String large = "0123456789".repeat(50_000);
        try (WebSocketServer server = WebSocketServer.builder()
                        .bind("127.0.0.1", 0)
                        .observe(observed)
                        .handle(
                                "/",
                                exchange -> ServerUnderTest.echo(Upgrader.builder()
                                        .permessageDeflate(deflate)
                                        .build()
                                        .upgrade(exchange)))
                        .start();
                Connection ws = Dialer.builder()
                        .permessageDeflate(deflate)
                        .observe(theirs)
                        .build()
                        .dial(URI.create("ws://127.0.0.1:" + server.port() + "/?secret"))) {
            assertEquals(1, ws.extensions().size());
            ws.writeText(large);
            assertEquals(large, Objects.requireNonNull(ws.readMessage()).text());
            ws.writePrepared(PreparedMessage.text("0123456789".repeat(100)));
            assertEquals(1000, Objects.requireNonNull(ws.readMessage()).length());
            ws.writeMessage(MessageType.TEXT, writer -> writer.write("0123456789".repeat(200)));
            assertEquals(2000, Objects.requireNonNull(ws.readMessage()).length());
            ws.close();
            List<String> dialled = List.of(
                    "opened",
                    "out TEXT 500000",
                    "in TEXT 500000",
                    "out TEXT 1000",
                    "in TEXT 1000",
                    "out TEXT 2000",
                    "in TEXT 2000",
                    "closed by THIS_SIDE 1000 (normal), clean");
            assertEquals(sorted(dialled), sorted(theirs.awaitEnd(ws)));
            assertEquals("/", ws.path());
            List<String> served = observed.awaitEnd(connection("/"));
            assertEquals(
                    6, served.stream().filter(words -> words.contains(" TEXT ")).count());
            assertEquals("closed by PEER 1000 (normal), clean", served.getLast());
        }
    }

    /** An answer may be told before the message whose writer has yet to go on. */
    private static List<String> sorted(List<String> words) {
        return words.stream().sorted().toList();
    }

    @Test
    void theLogOfAccessesHasALineForEachOpeningRefusalAndEnd() throws Exception {
        Logger logger = Logger.getLogger("dev.gibbon.access");
        List<String> lines = new CopyOnWriteArrayList<>();
        Handler collecting = new Handler() {
            @Override
            public void publish(LogRecord entry) {
                assertEquals(Level.INFO, entry.getLevel());
                lines.add(entry.getMessage());
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        logger.addHandler(collecting);
        logger.setUseParentHandlers(false);
        try (ServerUnderTest tested = server(ConnectionObserver.accessLog())) {
            ScriptedPeer refused = ScriptedPeer.overHttp(
                    ServerUnderTest.HOST, tested.port(), tested.upgradeRequest("/nowh%0Aere?secret"));
            refused.close();
            try (ScriptedPeer peer = tested.upgrade("/strict", "Sec-WebSocket-Protocol: chat")) {
                peer.sendText("hello");
                peer.expectText("hello");
                peer.sendBinary("héllo".getBytes(StandardCharsets.UTF_8));
                peer.sendClose(4000, "\u0007 not shown");
                peer.expectClose(4000);
            }
            Rig.await(() -> lines.stream().anyMatch(line -> line.startsWith("closed ")), lines::toString);
            String opened = line(lines, "opened .* path=\"/strict\".*");
            String refusal = line(lines, "refused .*");
            String closed = line(lines, "closed .*");
            assertTrue(opened.matches("opened \\d+ peer=/127.0.0.1:\\d+ path=\"/strict\" subprotocol=chat"), opened);
            assertTrue(
                    refusal.matches("refused peer=/127.0.0.1:\\d+ path=\"/nowh%0Aere\" status=404 reason=no route .*"),
                    refusal);
            assertTrue(
                    closed.matches(
                            "closed \\d+ peer=/127.0.0.1:\\d+ path=\"/strict\" subprotocol=chat code=4000 by=peer"
                                    + " duration=\\d+\\.\\d{3}s received=2/11 sent=1/5"),
                    closed);
            assertEquals(number(opened), number(closed));
        } finally {
            logger.removeHandler(collecting);
            logger.setUseParentHandlers(true);
        }
    }

    /** {@return the second word} */
    private static String number(String line) {
        int from = line.indexOf(' ') + 1;
        return line.substring(from, line.indexOf(' ', from));
    }

    private static String line(List<String> lines, String pattern) {
        return lines.stream()
                .filter(line -> line.matches(pattern))
                .findFirst()
                .orElseThrow(() -> new AssertionError(lines.toString()));
    }
}

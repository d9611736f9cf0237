// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.testkit.Frame;
import dev.gibbon.testkit.HttpHead;
import dev.gibbon.testkit.ScriptedPeer;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Why a server refused a request or failed a connection: what its log says, and what the peer is told. */
class RefusalsTest {
    private final Logger logger = Logger.getLogger("dev.gibbon.refused");
    private final List<LogRecord> logged = new CopyOnWriteArrayList<>();
    private final Handler collecting = new Handler() {
        @Override
        public void publish(LogRecord entry) {
            logged.add(entry);
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    };

    private WebSocketServer server;

    @BeforeEach
    void collect() {
        collecting.setLevel(Level.ALL);
        logger.setLevel(Level.ALL);
        logger.addHandler(collecting);
        logger.setUseParentHandlers(false);
    }

    @AfterEach
    void stop() {
        server.close();
        logger.removeHandler(collecting);
        logger.setUseParentHandlers(true);
        logger.setLevel(null);
    }

    @Test
    void aRefusedHandshakeIsInTheLogAndItsBodySaysNoMoreUnlessToldTo() throws Exception {
        serve(false);
        Refused refused = refused("/echo", "Origin: https://evil.example");
        assertEquals("403 Forbidden\n", refused.body());
        assertEquals(1, logged.size());
        assertEquals(Level.INFO, logged.getFirst().getLevel());
        String line = logged.getFirst().getMessage();
        assertTrue(line.startsWith("/127.0.0.1:"), line);
        assertTrue(line.contains(": request refused with 403: origin \"https://evil.example\" may not"), line);
    }

    @Test
    void aReasonIsOneLineAMinuteWhateverNamesAreInItAndEachIsForDebugging() throws Exception {
        serve(false);
        for (int i = 0; i < 5; i++) {
            Refused _ = refused("/echo", "Origin: https://evil" + i + ".example");
            Refused _ = refused("/echo", "Origin: https://a.example", "Origin: https://b.example");
        }
        assertEquals(10, logged.size());
        assertEquals(
                2,
                logged.stream()
                        .filter(entry -> Level.INFO.equals(entry.getLevel()))
                        .count());
    }

    @ParameterizedTest
    @ValueSource(strings = {"/echo", "/events"})
    void aBodyTellsTheReasonWhereThatIsWanted(String path) throws Exception {
        serve(true);
        Refused refused = refused(path, "Origin: https://<b>\".example");
        assertEquals(
                "403 Forbidden: origin \"https://<b>\\\".example\" may not connect to \"localhost:" + server.port()
                        + "\" (§4.2.2)\n",
                refused.body());
        assertEquals("nosniff", refused.head().header("X-Content-Type-Options").orElse(""));
        assertEquals(
                "text/plain; charset=utf-8",
                refused.head().header("Content-Type").orElse(""));
    }

    @Test
    void aMalformedHeadIsToldToo() throws Exception {
        serve(true);
        String body = refused("GET /echo HTTP/1.1\r\nA b\r\n\r\n").body();
        assertTrue(body.startsWith("400 Bad Request: ") && body.length() > 30, body);
        assertTrue(logged.getFirst().getMessage().contains("request refused with 400: "));
    }

    @ParameterizedTest
    @ValueSource(strings = {"/echo", "/events"})
    void aCloseFrameTellsTheReasonWhereThatIsWanted(String path) throws Exception {
        serve(true);
        try (ScriptedPeer peer = peer(path)) {
            peer.sendBinary(new byte[1001]);
            assertClose(peer, 1009, "1001");
        }
        try (ScriptedPeer peer = peer(path)) {
            peer.send(List.of(Frame.text("a").withRsv(false, true, false)));
            assertClose(peer, 1002, "RSV2");
        }
        try (ScriptedPeer peer = peer(path)) {
            peer.send(List.of(Frame.of(Frame.TEXT, new byte[] {(byte) 0xFF})));
            assertClose(peer, 1007, "UTF-8");
        }
        try (ScriptedPeer peer = peer(path)) {
            for (int i = 0; i < 4; i++) {
                peer.send(List.of(Frame.pong(new byte[0])));
            }
            assertClose(peer, 1008, "3");
        }
        assertEquals(4, logged.size());
        assertTrue(logged.stream().allMatch(entry -> entry.getMessage().contains("connection closed with 10")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"/echo", "/events"})
    void otherwiseACloseFrameTellsTheCodeAndTheLogWhy(String path) throws Exception {
        serve(false);
        try (ScriptedPeer peer = peer(path)) {
            peer.sendBinary(new byte[1001]);
            assertEquals("", peer.expectClose(1009));
        }
        assertTrue(
                logged.getFirst().getMessage().contains("1001"),
                logged.getFirst().getMessage());
    }

    @Test
    void aLogThatThrowsChangesNothingForThePeer() throws Exception {
        serve(true);
        logger.setFilter(_ -> {
            throw new IllegalStateException("a log that is broken");
        });
        try {
            assertTrue(refused("/echo", "Origin: https://evil.example").body().startsWith("403 Forbidden: "));
            try (ScriptedPeer peer = peer("/events")) {
                peer.sendBinary(new byte[1001]);
                assertClose(peer, 1009, "1001");
            }
        } finally {
            logger.setFilter(null);
        }
    }

    /** Through TLS, too, a refusal and a Close frame leave whole before the connection ends. */
    @ParameterizedTest
    @ValueSource(strings = {"/echo", "/events"})
    void bothAreToldOverTls(String path, @TempDir Path directory) throws Exception {
        SSLContext context = TestTls.context(directory);
        server = builder(true).tls(context).start();
        Dialer dialer = Dialer.builder().tls(context).build();
        URI uri = URI.create("wss://localhost:" + server.port() + path);
        HandshakeException refused = assertThrows(
                HandshakeException.class, () -> dialer.dial(uri, Headers.of("Origin", "https://evil.example")));
        assertEquals(403, refused.status());
        String body = new String(refused.body(), StandardCharsets.UTF_8);
        assertTrue(body.startsWith("403 Forbidden: origin \"https://evil.example\" may not"), body);
        Connection client = dialer.dial(uri);
        client.writeBinary(new byte[1001]);
        ConnectionClosedException closed = assertThrows(ConnectionClosedException.class, client::readMessage);
        assertEquals(1009, closed.closeReceived().orElseThrow().code().value());
        assertTrue(closed.closeReceived().orElseThrow().reason().contains("1001"));
    }

    private static void assertClose(ScriptedPeer peer, int code, String part) throws IOException {
        String reason = peer.expectClose(code);
        assertTrue(reason.contains(part), reason);
    }

    private void serve(boolean explain) throws IOException {
        server = builder(explain).start();
    }

    private static WebSocketServer.Builder builder(boolean explain) {
        Upgrader upgrader = Upgrader.builder()
                .options(ConnectionOptions.builder()
                        .maxMessageBytes(1000)
                        .maxControlFramesPerMinute(3)
                        .build())
                .build();
        return WebSocketServer.builder()
                .bind("localhost", 0)
                .explainRefusals(explain)
                .handle("/echo", exchange -> {
                    try (Connection ws = upgrader.upgrade(exchange)) {
                        while (ws.readMessage() != null) {}
                    }
                })
                .listen("/events", upgrader, new Listener() {});
    }

    private ScriptedPeer peer(String path) throws IOException {
        return ScriptedPeer.overHttp(
                        "localhost", server.port(), HttpHead.upgradeRequest("localhost:" + server.port(), path))
                .expectUpgraded();
    }

    private record Refused(HttpHead head, String body) {}

    private Refused refused(String path, String... fields) throws IOException {
        return refused(HttpHead.upgradeRequest("localhost:" + server.port(), path, fields));
    }

    private Refused refused(String request) throws IOException {
        try (ScriptedPeer peer = ScriptedPeer.overHttp("localhost", server.port(), request)) {
            HttpHead head = peer.response();
            int length = Integer.parseInt(head.header("Content-Length").orElseThrow());
            String body = new String(peer.expectBytes(length), StandardCharsets.UTF_8);
            peer.expectEnd();
            return new Refused(head, body);
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.ConnectionObserver.Refusal;
import dev.gibbon.spi.UpgradeReply;
import dev.gibbon.spi.UpgradeRequest;
import dev.gibbon.testkit.HttpHead;
import dev.gibbon.testkit.ScriptedPeer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How many connections and opening handshakes an address and a user may have, and what those beyond it hear. */
@Timeout(300)
class AllowanceTest {
    private static final String OTHER = "127.0.0.3";

    private static void assertTooMany(ScriptedPeer peer, String retryAfter) throws IOException {
        try (peer) {
            HttpHead answer = peer.response();
            assertEquals(429, answer.status());
            assertEquals(retryAfter, answer.header("Retry-After").orElseThrow());
            assertEquals("429 Too Many Requests\n", ServerUnderTest.body(peer, answer));
            peer.expectEnd();
        }
    }

    private static void close(ScriptedPeer peer) throws IOException {
        try (peer) {
            peer.sendClose(1000, "");
            peer.expectClose(1000);
        }
    }

    private static void assertRefused(LimitedServer tested, String reason) {
        Rig.await(() -> !tested.observed.refusals.isEmpty(), () -> "no refusal is told");
        Refusal refusal = tested.observed.refusals.remove();
        assertEquals(Refusal.Kind.LIMIT, refusal.kind());
        assertEquals(429, refusal.status());
        assertEquals(reason, refusal.reason());
        assertTrue(tested.observed.refusals.isEmpty());
    }

    @ParameterizedTest
    @ValueSource(strings = {"/ws", "/ws/event"})
    void soManyConnectionsOfAnAddressMayBeOpen(String path) throws Exception {
        try (LogLines log = LogLines.record();
                LimitedServer tested =
                        new LimitedServer(Allowance.builder().connections(2).build(), null, null)) {
            ScriptedPeer first = tested.open(ServerUnderTest.HOST, path);
            try (ScriptedPeer second = tested.open(ServerUnderTest.HOST, path);
                    ScriptedPeer _ = tested.open(OTHER, path)) {
                assertTooMany(tested.from(ServerUnderTest.HOST, path), "5");
                assertRefused(tested, "2 connections of one address are open");
                assertTrue(
                        log.messages().stream()
                                .anyMatch(line -> line.endsWith(
                                        ": request refused with 429: 2 connections of one address are open")),
                        log.messages().toString());
                tested.controlEchoes();
                ClockedServer.echo(second);
                close(first);
                tested.awaitOthers(2);
                close(tested.open(ServerUnderTest.HOST, path));
            }
        }
    }

    @Test
    void pagesAndWhatSaysNothingCountToo() throws Exception {
        try (LimitedServer tested =
                new LimitedServer(Allowance.builder().connections(1).build(), null, null)) {
            try (SocketChannel _ = tested.connect(ServerUnderTest.HOST)) {
                tested.awaitOthers(1);
                for (String method : List.of("GET", "HEAD")) {
                    try (ScriptedPeer peer = tested.send(
                            ServerUnderTest.HOST, method + " /health HTTP/1.1\r\nHost: localhost\r\n\r\n")) {
                        assertEquals(429, peer.response().status());
                        if (method.equals("HEAD")) {
                            peer.expectEnd();
                        }
                    }
                }
            }
            assertTrue(tested.observed.refusals.isEmpty(), "nobody asked for a WebSocket");
            tested.awaitOthers(0);
            assertEquals(200, tested.clocked.get("/health").status());
        }
    }

    @Test
    void floodOfOneAddressTakesNoPlaceFromOthers() throws Exception {
        try (LimitedServer tested =
                new LimitedServer(Allowance.builder().connections(3).build(), null, null)) {
            List<SocketChannel> flood = new ArrayList<>();
            for (int i = 0; i < 1000; i++) {
                flood.add(tested.connect(ServerUnderTest.HOST));
            }
            tested.controlEchoes();
            close(tested.open(OTHER, "/ws")); // Accepted behind all of the flood.
            tested.awaitOthers(3 + 64);
            for (SocketChannel channel : flood) {
                channel.close();
            }
            tested.awaitOthers(0);
            close(tested.open(ServerUnderTest.HOST, "/ws"));
        }
    }

    @Test
    void withTlsTheAnswerIsTheSame(@TempDir Path directory) throws Exception {
        SSLContext context = TestTls.context(directory);
        WebSocketServer.Builder settings = WebSocketServer.builder()
                .bind(ServerUnderTest.HOST, 0)
                .tls(context)
                .limitPerAddress(Allowance.builder().connections(1).build())
                .serve("/ws", ServerUnderTest::echo);
        try (WebSocketServer server = settings.start()) {
            String request = HttpHead.upgradeRequest("localhost:" + server.port(), "/ws");
            try (ScriptedPeer first = ScriptedPeer.overHttp(TestTls.connect(context, server.port()), request)
                    .expectUpgraded()) {
                assertTooMany(ScriptedPeer.overHttp(TestTls.connect(context, server.port()), request), "5");
                ClockedServer.echo(first);
                close(first);
            }
            Rig.await(() -> server.connectionCount() == 0, () -> "a connection stays");
            close(ScriptedPeer.overHttp(TestTls.connect(context, server.port()), request)
                    .expectUpgraded());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/ws", "/ws/event"})
    void soManyOpeningHandshakesOfAnAddressMayBeDoneInASecond(String path) throws Exception {
        Allowance allowance = Allowance.builder().handshakesPerSecond(2).build();
        try (LogLines log = LogLines.record();
                LimitedServer tested = new LimitedServer(allowance, null, null)) {
            close(tested.open(ServerUnderTest.HOST, path));
            try (ScriptedPeer evil = tested.from(ServerUnderTest.HOST, path, "Origin: https://evil.example")) {
                assertEquals(403, evil.response().status(), "a refused one counts");
            }
            tested.observed.refusals.clear();
            int asked = tested.asked.get();
            assertTooMany(tested.from(ServerUnderTest.HOST, path, "Origin: https://example.org"), "1");
            assertEquals(asked, tested.asked.get(), "code of the application was asked");
            assertRefused(tested, "more than 2 opening handshakes a second of one address");
            assertTrue(
                    log.messages().stream()
                            .anyMatch(line -> line.endsWith("more than 2 opening handshakes a second of one address")),
                    log.messages().toString());
            assertEquals(200, tested.clocked.get("/health").status());
            close(tested.open(OTHER, path));
            tested.advance(Duration.ofMillis(499));
            assertTooMany(tested.from(ServerUnderTest.HOST, path), "1");
            tested.advance(Duration.ofMillis(1));
            close(tested.open(ServerUnderTest.HOST, path));
            assertTooMany(tested.from(ServerUnderTest.HOST, path), "1");
        }
    }

    @Test
    void refusedHandshakeGivesItsPlacesBack() throws Exception {
        Allowance one = Allowance.builder().connections(1).build();
        try (LimitedServer tested = new LimitedServer(one, one, null)) {
            for (int i = 0; i < 5; i++) {
                try (ScriptedPeer evil = tested.from(
                        ServerUnderTest.HOST, "/ws", LimitedServer.USER + "a", "Origin: https://evil.example")) {
                    assertEquals(403, evil.response().status());
                }
                tested.awaitOthers(0);
            }
            close(tested.open(ServerUnderTest.HOST, "/ws", LimitedServer.USER + "a"));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "192.0.2.1, 192.0.2.1, true",
        "192.0.2.1, 192.0.2.2, false",
        "[2001:db8::1], [2001:db8::2], true",
        "[2001:db8::1], [2001:db8:0:1::1], false",
    })
    void clientBehindATrustedProxyCountsByItsOwnAddress(String first, String second, boolean same) throws Exception {
        Allowance allowance =
                Allowance.builder().connections(1).handshakesPerSecond(1).build();
        try (LimitedServer tested = new LimitedServer(allowance, null, null);
                ScriptedPeer one = tested.open(ClockedServer.PROXY, "/ws", "X-Forwarded-For: " + first)) {
            ClockedServer.echo(one);
            if (same) {
                assertTooMany(tested.from(ClockedServer.PROXY, "/ws/event", "X-Forwarded-For: " + second), "1");
                tested.advance(Duration.ofSeconds(1));
                assertTooMany(tested.from(ClockedServer.PROXY, "/ws/event", "X-Forwarded-For: " + second), "5");
            } else {
                close(tested.open(ClockedServer.PROXY, "/ws/event", "X-Forwarded-For: " + second));
            }
            // The proxy's own address counts for nobody, and others cannot say who they are.
            close(tested.open(ClockedServer.PROXY, "/ws"));
            close(tested.open(ClockedServer.PROXY, "/ws"));
            close(tested.open(OTHER, "/ws", "X-Forwarded-For: " + first));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/ws", "/ws/event"})
    void clientCountsByItsAddressOfTheProxyProtocol(String path) throws Exception {
        String header = "PROXY TCP4 192.0.2.%d 198.51.100.2 12345 443\r\n";
        WebSocketServer.Builder settings = WebSocketServer.builder()
                .bind(ServerUnderTest.HOST, 0)
                .trustedProxies(TrustedProxies.builder()
                        .ranges(ServerUnderTest.HOST)
                        .proxyProtocol(true)
                        .build())
                .limitPerAddress(Allowance.builder().connections(1).build())
                .serve("/ws", ServerUnderTest::echo)
                .listen("/ws/event", Upgrader.create(), new Listener() {
                    @Override
                    public void onMessage(Connection connection, MessageView message) throws IOException {
                        connection.writeMessage(message);
                    }
                });
        try (WebSocketServer server = settings.start()) {
            String request = HttpHead.upgradeRequest("localhost", path);
            try (ScriptedPeer one = ScriptedPeer.overHttp(
                            ServerUnderTest.HOST, server.port(), header.formatted(1) + request)
                    .expectUpgraded()) {
                assertTooMany(
                        ScriptedPeer.overHttp(ServerUnderTest.HOST, server.port(), header.formatted(1) + request), "5");
                close(ScriptedPeer.overHttp(ServerUnderTest.HOST, server.port(), header.formatted(2) + request)
                        .expectUpgraded());
                ClockedServer.echo(one);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/ws", "/ws/event"})
    void soMuchIsAUsersFromWhereverHeComes(String path) throws Exception {
        Allowance allowance =
                Allowance.builder().connections(1).handshakesPerSecond(1, 2).build();
        try (LimitedServer tested = new LimitedServer(null, allowance, null);
                ScriptedPeer anna = tested.open(ServerUnderTest.HOST, path, LimitedServer.USER + "anna")) {
            assertTooMany(tested.from(OTHER, path, LimitedServer.USER + "anna"), "5");
            assertRefused(tested, "1 connections of the user \"anna\" are open");
            assertTooMany(tested.from(OTHER, path, LimitedServer.USER + "anna"), "1");
            assertRefused(tested, "more than 1 opening handshakes a second of the user \"anna\"");
            close(tested.open(ServerUnderTest.HOST, path, LimitedServer.USER + "bert"));
            close(tested.open(ServerUnderTest.HOST, path)); // Nobody's.
            close(tested.open(ServerUnderTest.HOST, path));
            close(anna);
            tested.awaitOthers(0);
            tested.advance(Duration.ofSeconds(1));
            close(tested.open(OTHER, path, LimitedServer.USER + "anna"));
        }
    }

    @Test
    void userIsAskedForBehindTheFiltersAndMayThrow() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        WebSocketServer.Builder settings = WebSocketServer.builder()
                .bind(ServerUnderTest.HOST, 0)
                .filter("/*", exchange -> {
                    if (exchange.headers().first("X-Login").isEmpty()) {
                        exchange.respond(401, "text/plain", "log in\n");
                    }
                })
                .limitPerUser(
                        exchange -> {
                            int _ = asked.incrementAndGet();
                            throw new IllegalStateException("a bug of this test");
                        },
                        Allowance.builder().connections(1).build())
                .listen("/ws/event", Upgrader.create(), new Listener() {});
        try (LogLines log = LogLines.record();
                WebSocketServer server = settings.start()) {
            for (int status : List.of(401, 500)) {
                String[] fields = status == 401 ? new String[0] : new String[] {"X-Login: x"};
                String request = HttpHead.upgradeRequest("localhost", "/ws/event", fields);
                try (ScriptedPeer peer = ScriptedPeer.overHttp(ServerUnderTest.HOST, server.port(), request)) {
                    assertEquals(status, peer.response().status());
                }
                assertEquals(status == 401 ? 0 : 1, asked.get());
            }
            assertEquals(
                    1, log.warnings(line -> line.contains("route /ws/event")).size());
        }
    }

    @Test
    void hostCountsByTheAddressAndUserThatItIsTold() {
        try (WebSocketHost host = WebSocketHost.builder()
                .limitPerAddress(Allowance.builder().connections(2).build())
                .limitPerUser(Allowance.builder().connections(1).build())
                .build()) {
            UpgradeReply.Accepted first = accepted(host, request("192.0.2.1"));
            UpgradeReply.Accepted second = accepted(host, request("192.0.2.1").by("anna"));
            assertEquals(429, refused(host, request("192.0.2.1")).status());
            assertEquals(
                    "2 connections of one address are open",
                    refused(host, request("192.0.2.1").by("bert")).reason());
            assertEquals(
                    "1 connections of the user \"anna\" are open",
                    refused(host, request("192.0.2.2").by("anna")).reason());
            for (int i = 0; i < 5; i++) {
                UpgradeReply.Accepted _ = accepted(host, request()); // Its address was not told.
            }
            first.close();
            accepted(host, request("192.0.2.1")).close();
            second.close();
            accepted(host, request("192.0.2.2").by("anna")).close();
        }
    }

    @Test
    void hostCountsOpeningHandshakes() {
        try (WebSocketHost host = WebSocketHost.builder()
                .limitPerAddress(
                        Allowance.builder().handshakesPerSecond(1, 1_000_000).build())
                .limitPerUser(Allowance.builder().handshakesPerSecond(1, 1).build())
                .build()) {
            // However slow the machine is, two of these come within a second.
            UpgradeReply.Refused refusal = null;
            for (int i = 0; i < 1000 && refusal == null; i++) {
                refusal = host.reply(Upgrader.create(), request("192.0.2.1").by("anna"), Headers.of())
                                instanceof UpgradeReply.Refused refused
                        ? refused
                        : null;
            }
            assertEquals(429, refusal == null ? 0 : refusal.status());
            accepted(host, request("192.0.2.1").by("bert")).close();
        }
    }

    private static UpgradeRequest request() {
        return UpgradeRequest.http(
                "GET",
                "HTTP/1.1",
                "localhost",
                false,
                Headers.of(
                        "Connection", "Upgrade",
                        "Upgrade", "websocket",
                        "Sec-WebSocket-Version", "13",
                        "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="));
    }

    private static UpgradeRequest request(String address) {
        return request().from(new InetSocketAddress(address, 4711));
    }

    private static UpgradeReply.Accepted accepted(WebSocketHost host, UpgradeRequest request) {
        return assertInstanceOf(UpgradeReply.Accepted.class, host.reply(Upgrader.create(), request, Headers.of()));
    }

    private static UpgradeReply.Refused refused(WebSocketHost host, UpgradeRequest request) {
        return assertInstanceOf(UpgradeReply.Refused.class, host.reply(Upgrader.create(), request, Headers.of()));
    }

    @Test
    void whatIsOutOfItsRangeIsRefused() {
        Allowance.Builder builder = Allowance.builder();
        assertThrows(IllegalArgumentException.class, () -> builder.connections(0));
        assertThrows(IllegalArgumentException.class, () -> builder.handshakesPerSecond(0));
        assertThrows(IllegalArgumentException.class, () -> builder.handshakesPerSecond(1, 0));
        assertThrows(IllegalArgumentException.class, () -> builder.handshakesPerSecond(1_000_001));
        assertThrows(NullPointerException.class, () -> builder.messageRate(null));
        assertThrows(NullPointerException.class, () -> WebSocketServer.builder().limitPerAddress(null));
        assertThrows(NullPointerException.class, () -> WebSocketHost.builder().limitPerUser(null));
    }
}

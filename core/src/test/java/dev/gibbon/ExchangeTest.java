// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.testkit.HttpHead;
import dev.gibbon.testkit.ScriptedPeer;
import dev.gibbon.transport.ChannelTransport;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(300)
class ExchangeTest {
    private static final Headers NO_HEADERS = Headers.of();

    /** Sends one request to one route whose handler may assert: what it throws comes back as a 500. */
    private static HttpHead answer(String pattern, String request, ExchangeHandler handler) throws Exception {
        try (ServerUnderTest tested = ServerUnderTest.start(builder -> builder.handle(pattern, exchange -> {
                    handler.handle(exchange);
                    exchange.respond(204, NO_HEADERS, new byte[0]);
                }));
                ScriptedPeer peer = tested.send(request.replace("AUTHORITY", tested.authority()))) {
            return peer.response();
        }
    }

    private static void assertAll(String pattern, String request, ExchangeHandler handler) throws Exception {
        assertEquals(204, answer(pattern, request, handler).status(), "an assertion in the handler failed");
    }

    @Test
    void partsOfTheRequestAreAsSent() throws Exception {
        String request = "PURGE /room/a%20b+c?x=%31&y HTTP/1.1\r\nHost: AUTHORITY\r\nX-One: 1\r\nX-One: 2\r\n\r\n";
        assertAll("/room/{name}", request, exchange -> {
            assertEquals("PURGE", exchange.method());
            assertEquals("/room/a%20b+c?x=%31&y", exchange.target());
            assertEquals("/room/a%20b+c", exchange.path());
            assertEquals(Optional.of("x=%31&y"), exchange.query());
            assertEquals("a b+c", exchange.pathParameter("name"), "decoded; a plus is a plus in a path");
            assertTrue(exchange.host().startsWith(ServerUnderTest.HOST + ":"));
            assertEquals(2, exchange.headers().all("x-one").size());
            assertFalse(exchange.isWebSocketUpgrade());
            assertThrows(IllegalArgumentException.class, () -> exchange.pathParameter("other"));
        });
    }

    @ParameterizedTest(name = "/room/{0} is handed on, and is [{2}]")
    @CsvSource(
            delimiter = ' ',
            value = {
                "[1] q=50% [1]",
                "a|b q=%zz a|b",
                "a^b q=%00 a^b",
                "50% {q}=[1] 50%",
                "50%zz%2 q=%00%zz% 50%zz%2",
                "%F0%9F%92%9A%zz q=1 \uD83D\uDC9A%zz",
                "%FF+%2500 q=1 \uFFFD+%00",
                "{a}` `\\^{}|[] {a}`"
            })
    void targetsThatBrowsersAndNodeSendAreHandedOnAsSent(String name, String query, String parameter) throws Exception {
        String target = "/room/" + name + "?" + query;
        assertAll("/room/{name}", "GET " + target + " HTTP/1.1\r\nHost: AUTHORITY\r\n\r\n", exchange -> {
            assertEquals(target, exchange.target());
            assertEquals("/room/" + name, exchange.path());
            assertEquals(Optional.of(query), exchange.query());
            assertEquals(parameter, exchange.pathParameter("name"));
        });
    }

    @Test
    void whatAStarMatchedIsAsSent() throws Exception {
        assertAll("/static/*", "GET /static/a%2Fb/c HTTP/1.1\r\nHost: AUTHORITY\r\n\r\n", exchange -> {
            assertEquals("a%2Fb/c", exchange.pathParameter("*"));
            assertEquals(Optional.empty(), exchange.query());
        });
    }

    @Test
    void attributesAreEmptyAtFirstAndKeepWhatIsPut() throws Exception {
        assertAll("/a", "GET /a HTTP/1.1\r\nHost: AUTHORITY\r\n\r\n", exchange -> {
            assertEquals(Map.of(), exchange.attributes());
            Object before = exchange.attributes().put("user", "ada");
            assertNull(before);
            assertEquals("ada", exchange.attributes().get("user"));
        });
    }

    @Test
    void addressesAreThoseOfTheSocketAndThereIsNoTlsSession() throws Exception {
        assertAll("/a", "GET /a HTTP/1.1\r\nHost: AUTHORITY\r\n\r\n", exchange -> {
            InetSocketAddress local =
                    (InetSocketAddress) exchange.localAddress().orElseThrow();
            InetSocketAddress peer = (InetSocketAddress) exchange.peerAddress().orElseThrow();
            assertEquals(exchange.host(), ServerUnderTest.HOST + ":" + local.getPort());
            assertTrue(peer.getAddress().isLoopbackAddress());
            assertTrue(peer.getPort() != local.getPort());
            assertEquals(Optional.empty(), exchange.tlsSession());
        });
    }

    @Test
    void overTlsTheSessionIsThere(@TempDir Path directory) throws Exception {
        SSLContext context = TestTls.context(directory);
        try (WebSocketServer server = WebSocketServer.builder()
                        .bind("localhost", 0)
                        .tls(context)
                        .handle("/a", exchange -> {
                            SSLSession session = exchange.tlsSession().orElseThrow();
                            exchange.respond(200, "text/plain", session.getProtocol());
                        })
                        .start();
                ScriptedPeer peer = ScriptedPeer.overHttp(
                        TestTls.connect(context, server.port()), "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n")) {
            assertEquals("TLSv1.3", ServerUnderTest.body(peer, peer.response()));
        }
    }

    @Test
    void aTextAnswerHasItsTypeCharsetAndLengthInBytes() throws Exception {
        try (ServerUnderTest tested = ServerUnderTest.start(
                        builder -> builder.handle("/", exchange -> exchange.respond(418, "text/html", "Grüße")));
                ScriptedPeer peer = tested.send(tested.getRequest("/"))) {
            assertEquals(418, peer.response().status());
            assertEquals(
                    "text/html; charset=utf-8",
                    peer.response().header("Content-Type").orElseThrow());
            assertEquals("7", peer.response().header("Content-Length").orElseThrow());
            assertEquals("Grüße", ServerUnderTest.body(peer, peer.response()));
        }
    }

    @Test
    void theFieldsOfAnAnswerAreSentAndThoseThatDelimitItAreOurs() throws Exception {
        Headers cookies = Headers.of("Set-Cookie", "a=1", "Set-Cookie", "b=2");
        HttpHead head;
        try (ServerUnderTest tested = ServerUnderTest.start(builder -> builder.handle("/", exchange -> {
                    for (String name : new String[] {"Content-Length", "transfer-encoding", "CONNECTION"}) {
                        assertThrows(
                                IllegalArgumentException.class,
                                () -> exchange.respond(200, Headers.of(name, "1"), new byte[0]));
                    }
                    exchange.respond(200, cookies, "ok".getBytes(StandardCharsets.US_ASCII));
                }));
                ScriptedPeer peer = tested.send(tested.getRequest("/"))) {
            head = peer.response();
            assertEquals("ok", ServerUnderTest.body(peer, head));
        }
        assertEquals(List.of("a=1", "b=2"), head.headers("Set-Cookie"));
    }

    @Test
    void statusesWithoutABodyHaveNoneAndNoLength() throws Exception {
        try (ServerUnderTest tested = ServerUnderTest.start(builder -> builder.handle(
                        "/{status}",
                        exchange -> exchange.respond(
                                Integer.parseInt(exchange.pathParameter("status")), NO_HEADERS, new byte[] {1})));
                ScriptedPeer peer = tested.send(
                        tested.getRequest("/204") + tested.getRequest("/304") + tested.getRequest("/200"))) {
            assertEquals(204, peer.response().status());
            assertEquals(Optional.empty(), peer.response().header("Content-Length"));
            HttpHead second = peer.expectHead();
            assertEquals(304, second.status());
            assertEquals(Optional.empty(), second.header("Content-Length"));
            assertEquals("\1", ServerUnderTest.body(peer, peer.expectHead()));
        }
    }

    @Test
    void aRequestIsAnsweredOnceAndWithAFinalStatus() throws Exception {
        try (ServerUnderTest tested = ServerUnderTest.start(builder -> builder.handle("/", exchange -> {
                    assertThrows(IllegalArgumentException.class, () -> exchange.respond(101, NO_HEADERS, new byte[0]));
                    exchange.respond(200, "text/plain", "first");
                    assertThrows(IllegalStateException.class, () -> exchange.respond(200, "text/plain", "second"));
                }));
                ScriptedPeer peer = tested.send(tested.getRequest("/"))) {
            assertEquals("first", ServerUnderTest.body(peer, peer.response()));
            peer.sendRaw(ServerUnderTest.latin1(tested.getRequest("/none")));
            assertEquals(404, peer.expectHead().status(), "nothing of a second answer was sent");
        }
    }

    @Test
    void aResourceIsSentWholeAndAMissingOneIs404() throws Exception {
        byte[] expected;
        try (var in = ExchangeTest.class.getResourceAsStream("ExchangeTest.class")) {
            expected = in.readAllBytes();
        }
        try (ServerUnderTest tested = ServerUnderTest.start(builder -> builder.handle(
                                "/there",
                                exchange -> exchange.respondResource(
                                        ExchangeTest.class, "ExchangeTest.class", "application/java-vm"))
                        .handle(
                                "/missing",
                                exchange -> exchange.respondResource(ExchangeTest.class, "no.such", "text/plain")));
                ScriptedPeer peer = tested.send(tested.getRequest("/there"));
                ScriptedPeer other = tested.send(tested.getRequest("/missing"))) {
            assertEquals(
                    "application/java-vm",
                    peer.response().header("Content-Type").orElseThrow());
            assertArrayEquals(expected, peer.expectBytes(expected.length));
            assertEquals(404, other.response().status());
        }
    }

    @Test
    void anAnswerAfterAnUpgradeIsRefusedForThatReason() throws Exception {
        CompletableFuture<List<String>> refusals = new CompletableFuture<>();
        try (ServerUnderTest tested = ServerUnderTest.start(builder -> builder.handle("/", exchange -> {
                    Connection ws = Upgrader.create().upgrade(exchange);
                    refusals.complete(List.of(
                            refusal(() -> exchange.respond(200, "text/plain", "late")),
                            refusal(() -> Upgrader.create().upgrade(exchange))));
                    ServerUnderTest.echo(ws);
                }));
                ScriptedPeer _ = tested.upgrade("/")) {
            String why = "this request was answered already, by an upgrade";
            assertEquals(List.of(why, why), refusals.get());
        }
    }

    private static String refusal(Executable late) {
        return String.valueOf(assertThrows(IllegalStateException.class, late).getMessage());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aHandlerThatAnswersTooLateIsToldSoAndLogged(boolean upgrades) throws Exception {
        CountDownLatch dropped = new CountDownLatch(1);
        CompletableFuture<Throwable> late = new CompletableFuture<>();
        try (LogLines log = LogLines.record();
                ServerUnderTest tested =
                        ServerUnderTest.start(builder -> builder.handshakeTimeout(Duration.ofSeconds(1))
                                .handle("/slow", exchange -> {
                                    dropped.await();
                                    try {
                                        if (upgrades) {
                                            Connection _ = Upgrader.create().upgrade(exchange);
                                        } else {
                                            exchange.respond(200, "text/plain", "late");
                                        }
                                    } catch (IOException e) {
                                        late.complete(e);
                                        throw e;
                                    }
                                }));
                ScriptedPeer peer = ScriptedPeer.over(
                        new ChannelTransport(
                                SocketChannel.open(new InetSocketAddress(ServerUnderTest.HOST, tested.port()))),
                        Role.CLIENT)) {
            peer.sendRaw(ServerUnderTest.latin1(tested.upgradeRequest("/slow")));
            peer.expectEndOrReset();
            dropped.countDown();
            String why = String.valueOf(late.get().getMessage());
            assertTrue(why.contains("handshake timeout of PT1S"), why);
            ServerUnderTest.await(
                    "not logged",
                    () -> !log.warnings(line -> line.contains("/slow")).isEmpty());
        }
    }

    @Test
    void aRequestWithABodyIsAnsweredAndThenTheConnectionEnds() throws Exception {
        try (ServerUnderTest tested = ServerUnderTest.start(
                        builder -> builder.handle("/form", exchange -> exchange.respond(200, "text/plain", "thanks")));
                ScriptedPeer peer = tested.send(tested.request("POST /form HTTP/1.1", "Content-Length: 5") + "GET /")) {
            assertEquals("close", peer.response().header("Connection").orElseThrow());
            assertEquals("thanks", ServerUnderTest.body(peer, peer.response()));
            peer.expectEnd();
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static dev.gibbon.ServerUnderTest.body;
import static dev.gibbon.ServerUnderTest.latin1;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.server.HttpRoutes;
import dev.gibbon.testkit.HttpHead;
import dev.gibbon.testkit.ScriptedPeer;
import dev.gibbon.transport.ChannelTransport;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Bodies of requests, as they should be and as hostile clients send them, with a healthy connection beside them. */
@Timeout(300)
class ExchangeBodyTest {
    private static final int MAX = 1000;
    private static final int PIECE_BYTES = 64 * 1024;
    private static final String EXPECT = "Expect: 100-continue";

    private final AtomicInteger handled = new AtomicInteger();

    /** {@code /echo-body} tells what it got, {@code /hit} counts, {@code /unread} does not look. */
    private void routes(WebSocketServer.Builder builder) {
        builder.handle("/echo-body", exchange -> {
                    byte[] content = exchange.body(MAX);
                    handled.incrementAndGet();
                    exchange.respond(200, Headers.of(), content);
                })
                .handle("/hit", exchange -> {
                    handled.incrementAndGet();
                    exchange.respond(200, "text/plain", "hit");
                })
                .handle("/unread", exchange -> exchange.respond(200, "text/plain", "unread"));
    }

    private ServerUnderTest start() throws IOException {
        return ServerUnderTest.start(this::routes);
    }

    private static String post(ServerUnderTest tested, String path, String... fields) {
        return tested.request("POST " + path + " HTTP/1.1", fields);
    }

    private static String ofLength(ServerUnderTest tested, String content) {
        return post(tested, "/echo-body", "Content-Length: " + content.length()) + content;
    }

    private static String chunked(ServerUnderTest tested, String chunks) {
        return post(tested, "/echo-body", "Transfer-Encoding: chunked") + chunks;
    }

    /** A channel copies all that it is given, however little of it the socket takes. */
    private static void sendInPieces(ScriptedPeer peer, byte[] content) throws IOException {
        for (int at = 0; at < content.length; at += PIECE_BYTES) {
            peer.sendRaw(Arrays.copyOfRange(content, at, Math.min(content.length, at + PIECE_BYTES)));
        }
    }

    @Nested
    class Whole {
        @Test
        void ofEitherFramingAndTheNextRequestsFollow() throws Exception {
            try (ServerUnderTest tested = start();
                    ScriptedPeer peer = tested.send(ofLength(tested, "one")
                            + chunked(tested, "2\r\ntw\r\n1;x\r\no\r\n0\r\nX-Trailer: 1\r\n\r\n")
                            + ofLength(tested, "")
                            + tested.getRequest("/echo-body")
                            + ofLength(tested, "GET /hit HTTP/1.1\r\n\r\n")
                            + tested.upgradeRequest("/echo"))) {
                assertEquals("one", body(peer, peer.response()));
                assertEquals("two", body(peer, peer.expectHead()));
                assertEquals("", body(peer, peer.expectHead()));
                assertEquals("", body(peer, peer.expectHead()));
                assertEquals("GET /hit HTTP/1.1\r\n\r\n", body(peer, peer.expectHead()));
                assertEquals(101, peer.expectHead().status());
                peer.sendText("hello");
                peer.expectText("hello");
            }
        }

        @Test
        void byteByByte() throws Exception {
            try (ServerUnderTest tested = start();
                    Socket client = new Socket(ServerUnderTest.HOST, tested.port())) {
                client.setTcpNoDelay(true);
                for (byte next : latin1(chunked(tested, "5\r\nhello\r\n0\r\n\r\n") + tested.getRequest("/hit"))) {
                    client.getOutputStream().write(next);
                }
                String answers = new String(client.getInputStream().readNBytes(100), StandardCharsets.ISO_8859_1);
                assertTrue(answers.contains("\r\n\r\nhelloHTTP/1.1 200"), answers);
            }
        }

        @ParameterizedTest
        @ValueSource(booleans = {false, true})
        void ofManyMebibytes(boolean secure, @TempDir Path directory) throws Exception {
            byte[] content = new byte[(4 << 20) + 1];
            new Random(7).nextBytes(content);
            SSLContext context = TestTls.context(directory);
            WebSocketServer.Builder builder = WebSocketServer.builder()
                    .bind("localhost", 0)
                    .bodyTimeout(Duration.ofMinutes(5))
                    .handshakeTimeout(Duration.ofMinutes(5))
                    .handle("/", exchange -> exchange.respond(200, Headers.of(), exchange.body(content.length)));
            String head = "POST / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: "
                    + content.length + "\r\n\r\n";
            try (WebSocketServer server = (secure ? builder.tls(context) : builder).start();
                    ScriptedPeer peer = secure
                            ? ScriptedPeer.overHttp(TestTls.connect(context, server.port()), head)
                            : ScriptedPeer.overHttp("localhost", server.port(), head)) {
                assertEquals(100, peer.response().status());
                sendInPieces(peer, content);
                assertEquals(200, peer.expectHead().status());
                assertArrayEquals(content, peer.expectBytes(content.length));
            }
        }

        @Test
        void isTheSameArrayForFilterAndHandler() throws Exception {
            CompletableFuture<byte[]> seen = new CompletableFuture<>();
            try (ServerUnderTest tested = ServerUnderTest.start(builder -> builder.filter("/form", exchange -> {
                                boolean _ = seen.complete(exchange.body(MAX));
                            })
                            .handle("/form", exchange -> {
                                assertSame(seen.get(), exchange.body(5));
                                assertEquals(
                                        413,
                                        assertThrows(RequestException.class, () -> exchange.body(4))
                                                .status());
                                exchange.respond(200, Headers.of(), exchange.body(5));
                                assertSame(seen.get(), exchange.body(5), "behind the answer, too");
                            }));
                    ScriptedPeer peer = tested.send(post(tested, "/form", "Content-Length: 5") + "hello"
                            + post(tested, "/form", "Content-Length: 0"))) {
                assertEquals("hello", body(peer, peer.response()));
            }
        }

        @Test
        void isNotReadOnceTheRequestIsAnswered() throws Exception {
            CompletableFuture<Throwable> late = new CompletableFuture<>();
            try (ServerUnderTest tested = ServerUnderTest.start(builder -> builder.handle("/late", exchange -> {
                        exchange.respond(200, "text/plain", "early");
                        late.complete(assertThrows(IllegalStateException.class, () -> exchange.body(MAX)));
                    }));
                    ScriptedPeer peer = tested.send(post(tested, "/late", "Content-Length: 5"))) {
                assertEquals("close", peer.response().header("Connection").orElseThrow());
                assertTrue(late.get().getMessage().contains("answered already"));
            }
        }

        @Test
        void ofAnOpeningHandshakeIsRefusedWithItAsEver() throws Exception {
            try (ServerUnderTest tested = ServerUnderTest.start(builder -> builder.handle("/ws", exchange -> {
                        assertEquals(5, exchange.body(MAX).length);
                        ServerUnderTest.echo(Upgrader.create().upgrade(exchange));
                    }));
                    ScriptedPeer peer = tested.send(tested.upgradeRequest("/ws", "Content-Length: 5") + "hello")) {
                assertEquals(400, peer.response().status());
            }
        }

        @ParameterizedTest
        @ValueSource(ints = {-1, Integer.MIN_VALUE})
        void theBoundIsNotNegative(int bound) throws Exception {
            try (ServerUnderTest tested = ServerUnderTest.start(builder -> builder.handle("/", exchange -> {
                        assertThrows(IllegalArgumentException.class, () -> exchange.body(bound));
                        exchange.respond(204, Headers.of(), exchange.body(0));
                    }));
                    ScriptedPeer peer = tested.send(tested.getRequest("/"))) {
                assertEquals(204, peer.response().status());
            }
        }
    }

    @Nested
    class TooLong {
        @Test
        void theBoundItselfPasses() throws Exception {
            String content = "x".repeat(MAX);
            try (ServerUnderTest tested = start();
                    ScriptedPeer peer = tested.send(ofLength(tested, content)
                            + chunked(tested, "1\r\nx\r\n3E7\r\n" + "x".repeat(MAX - 1) + "\r\n0\r\n\r\n"))) {
                assertEquals(content, body(peer, peer.response()));
                assertEquals(content, body(peer, peer.expectHead()));
            }
        }

        @Test
        void anAnnouncedOneIs413BeforeAnyOfItComes() throws Exception {
            try (ServerUnderTest tested = start();
                    ScriptedPeer peer = tested.send(post(tested, "/echo-body", "Content-Length: " + (MAX + 1)))) {
                assertRefusedAndClosed(413, peer);
                tested.controlEchoes();
                assertEquals(0, handled.get());
            }
        }

        @Test
        void aChunkedOneIs413WithTheChunkThatIsTooMuch() throws Exception {
            try (ServerUnderTest tested = start();
                    ScriptedPeer peer = tested.send(chunked(tested, "1\r\nx\r\n3E8\r\n"))) {
                assertRefusedAndClosed(413, peer);
                tested.controlEchoes();
            }
        }

        @Test
        void whatIsBesideTheContentIsBoundedToo() throws Exception {
            try (ServerUnderTest tested = ServerUnderTest.start(builder -> {
                        builder.maxHeadBytes(500);
                        routes(builder);
                    });
                    ScriptedPeer peer = tested.send(chunked(
                            tested, ("1;" + "e".repeat(100) + "\r\nx\r\n").repeat(4) + "1;" + "e".repeat(101)));
                    ScriptedPeer other = tested.send(chunked(tested, "0\r\nX: " + "e".repeat(500)))) {
                assertRefusedAndClosed(431, peer);
                assertRefusedAndClosed(431, other);
                tested.controlEchoes();
            }
        }

        @Test
        void aClientThatGoesOnSendingIsHungUpOn() throws Exception {
            try (ServerUnderTest tested = start();
                    Socket client = new Socket(ServerUnderTest.HOST, tested.port())) {
                client.getOutputStream().write(latin1(post(tested, "/echo-body", "Content-Length: 999999999")));
                byte[] more = new byte[64 * 1024];
                assertThrows(IOException.class, () -> {
                    while (true) {
                        client.getOutputStream().write(more);
                    }
                });
                tested.controlEchoes();
                tested.awaitNoOthers();
            }
        }
    }

    private static void assertRefusedAndClosed(int status, ScriptedPeer peer) {
        HttpHead head = peer.response();
        assertEquals(status, head.status());
        assertEquals("close", head.header("Connection").orElseThrow());
        String text = body(peer, head);
        assertTrue(text.startsWith(status + " "), text);
        peer.expectEnd();
    }

    @Nested
    class Malformed {
        @ParameterizedTest
        @ValueSource(
                strings = {
                    "5 \r\nhello\r\n0\r\n\r\n",
                    "5\nhello\r\n0\r\n\r\n",
                    "5\r\nhelloX\r\n0\r\n\r\n",
                    "+5\r\nhello\r\n0\r\n\r\n",
                    "-5\r\nhello\r\n0\r\n\r\n",
                    "0x5\r\nhello\r\n0\r\n\r\n",
                    "5;a\nb\r\nhello\r\n0\r\n\r\n",
                    "0\r\nGET : /hit\r\n\r\n"
                })
        void nothingBehindIsTakenForARequest(String chunks) throws Exception {
            try (ServerUnderTest tested = start();
                    ScriptedPeer peer = tested.send(
                            chunked(tested, chunks) + tested.getRequest("/hit") + tested.getRequest("/hit"))) {
                assertRefusedAndClosed(400, peer);
                assertEquals(0, handled.get(), "neither the body nor what is behind it");
                tested.controlEchoes();
            }
        }

        @Test
        void nothingBehindAnUnreadBodyIsTakenForARequest() throws Exception {
            try (ServerUnderTest tested = start();
                    ScriptedPeer peer = tested.send(post(tested, "/unread", "Content-Length: 40")
                            + tested.getRequest("/hit")
                            + tested.getRequest("/hit"))) {
                assertEquals("unread", body(peer, peer.response()));
                peer.expectEnd();
                assertEquals(0, handled.get());
            }
        }
    }

    @Nested
    class Slow {
        private ServerUnderTest impatient() throws IOException {
            return ServerUnderTest.start(builder -> {
                builder.bodyTimeout(Duration.ofMillis(500));
                routes(builder);
            });
        }

        @ParameterizedTest
        @ValueSource(strings = {"Content-Length: 999", "Transfer-Encoding: chunked"})
        void oneThatStopsIs408(String framing) throws Exception {
            try (ServerUnderTest tested = impatient();
                    ScriptedPeer peer = tested.send(post(tested, "/echo-body", framing) + "3\r\n")) {
                assertRefusedAndClosed(408, peer);
                assertEquals(0, handled.get());
                tested.awaitNoOthers();
            }
        }

        @Test
        void oneThatDripsIs408() throws Exception {
            try (ServerUnderTest tested = impatient();
                    Socket client = new Socket(ServerUnderTest.HOST, tested.port())) {
                client.getOutputStream().write(latin1(post(tested, "/echo-body", "Content-Length: 999")));
                while (client.getInputStream().available() == 0) {
                    client.getOutputStream().write('x');
                    Thread.sleep(5);
                }
                byte[] start = client.getInputStream().readNBytes("HTTP/1.1 408".length());
                assertEquals("HTTP/1.1 408", new String(start, StandardCharsets.ISO_8859_1));
                tested.controlEchoes();
                assertEquals(0, handled.get());
            }
        }

        /** So much does not fit between two that do not read: once it is sent, the server reads the body. */
        private static final int READ_FOR_SURE = 16 << 20;

        @ParameterizedTest
        @ValueSource(ints = {29, 31})
        void itsTimeIsNotThatOfTheAnswer(int seconds) throws Exception {
            HttpRoutes routes = new HttpRoutes();
            routes.handle(
                    "/large",
                    exchange ->
                            exchange.respond(200, "text/plain", exchange.body(READ_FOR_SURE + 1).length + " bytes"));
            try (ClockedServer server = new ClockedServer(routes, Duration.ofSeconds(10));
                    ScriptedPeer healthy = server.open("/echo");
                    ScriptedPeer peer = ScriptedPeer.over(
                            new ChannelTransport(
                                    SocketChannel.open(new InetSocketAddress(ServerUnderTest.HOST, server.port()))),
                            Role.CLIENT)) {
                peer.sendRaw(latin1("POST /large HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + (READ_FOR_SURE + 1)
                        + "\r\n\r\n"));
                sendInPieces(peer, new byte[READ_FOR_SURE]);
                server.clock.advance(Duration.ofSeconds(seconds));
                if (seconds < 30) {
                    peer.sendRaw(new byte[1]);
                    assertEquals(READ_FOR_SURE + 1 + " bytes", body(peer, peer.expectHead()));
                } else {
                    assertEquals(408, peer.expectHead().status());
                }
                ClockedServer.echo(healthy);
            }
        }

        @Test
        void manyOfThemHoldUpNobody() throws Exception {
            try (ServerUnderTest tested = ServerUnderTest.start(builder -> {
                builder.loops(1).bodyTimeout(Duration.ofMinutes(5));
                routes(builder);
            })) {
                Socket[] slow = new Socket[200];
                for (int i = 0; i < slow.length; i++) {
                    slow[i] = new Socket(ServerUnderTest.HOST, tested.port());
                    slow[i].getOutputStream().write(latin1(post(tested, "/echo-body", "Content-Length: 2") + "a"));
                }
                tested.controlEchoes();
                try (ScriptedPeer peer = tested.send(ofLength(tested, "quick"))) {
                    assertEquals("quick", body(peer, peer.response()));
                }
                for (Socket each : slow) {
                    each.close();
                }
                tested.awaitNoOthers();
            }
        }
    }

    @Nested
    class Continue {
        @Test
        void isSentOnceTheHandlerAsks() throws Exception {
            try (ServerUnderTest tested = start();
                    ScriptedPeer peer =
                            tested.send(post(tested, "/echo-body", "Content-Length: 5", "Expect: 100-Continue"))) {
                assertEquals("HTTP/1.1 100 Continue", peer.response().startLine());
                peer.sendRaw(latin1("hello"));
                assertEquals("hello", body(peer, peer.expectHead()));
                peer.sendRaw(latin1(tested.getRequest("/hit")));
                assertEquals("hit", body(peer, peer.expectHead()));
            }
        }

        @Test
        void isNotSentWhereNobodyAsksOrItIsTooLong() throws Exception {
            try (ServerUnderTest tested = start();
                    ScriptedPeer peer = tested.send(post(tested, "/unread", "Content-Length: 5", EXPECT));
                    ScriptedPeer other = tested.send(post(tested, "/echo-body", "Content-Length: 5000", EXPECT))) {
                assertEquals(200, peer.response().status());
                assertEquals("unread", body(peer, peer.response()));
                peer.expectEnd();
                assertRefusedAndClosed(413, other);
            }
        }

        @Test
        void isNotSentWhereTheBodyHasComeOrThereIsNone() throws Exception {
            try (ServerUnderTest tested = start();
                    ScriptedPeer peer = tested.send(post(tested, "/echo-body", "Content-Length: 1", EXPECT) + "x"
                            + tested.getRequest("/echo-body", EXPECT)
                            + tested.request("POST /echo-body HTTP/1.0", "Content-Length: 1", EXPECT)
                            + "y")) {
                assertEquals("x", body(peer, peer.response()));
                assertEquals("", body(peer, peer.expectHead()));
                assertEquals("y", body(peer, peer.expectHead()));
                peer.expectEnd();
            }
        }

        @Test
        void anotherExpectationIs417() throws Exception {
            try (ServerUnderTest tested = start();
                    ScriptedPeer peer =
                            tested.send(post(tested, "/echo-body", "Content-Length: 5", "Expect: wonders"))) {
                assertRefusedAndClosed(417, peer);
            }
        }
    }

    @Nested
    class Broken {
        @ParameterizedTest
        @ValueSource(booleans = {false, true})
        void byAClientThatLeavesItIsNoFaultOfTheApplication(boolean reset) throws Exception {
            CompletableFuture<Throwable> thrown = new CompletableFuture<>();
            try (LogLines log = LogLines.record();
                    ServerUnderTest tested = ServerUnderTest.start(builder -> builder.handle("/left", exchange -> {
                        try {
                            byte[] _ = exchange.body(MAX);
                        } catch (IOException e) {
                            thrown.complete(e);
                            throw e;
                        }
                    }))) {
                Socket client = new Socket(ServerUnderTest.HOST, tested.port());
                client.getOutputStream().write(latin1(post(tested, "/left", "Content-Length: 5") + "he"));
                ServerUnderTest.await("it is not open", () -> tested.othersOpen() == 1);
                if (reset) {
                    client.setSoLinger(true, 0);
                }
                client.close();
                assertInstanceOf(IOException.class, thrown.get(60, TimeUnit.SECONDS));
                tested.awaitNoOthers();
                assertEquals(List.of(), log.warnings(line -> line.contains("/left")));
            }
        }

        @Test
        void byAnInterruptTheNextCallGoesOnWithIt() throws Exception {
            CompletableFuture<Thread> waiting = new CompletableFuture<>();
            CompletableFuture<IOException> interrupted = new CompletableFuture<>();
            try (ServerUnderTest tested = ServerUnderTest.start(builder -> builder.handle("/twice", exchange -> {
                        boolean _ = waiting.complete(Thread.currentThread());
                        boolean _ = interrupted.complete(
                                assertThrows(InterruptedIOException.class, () -> exchange.body(MAX)));
                        assertTrue(Thread.interrupted());
                        exchange.respond(200, Headers.of(), exchange.body(MAX));
                    }));
                    Socket client = new Socket(ServerUnderTest.HOST, tested.port())) {
                client.getOutputStream().write(latin1(post(tested, "/twice", "Content-Length: 5") + "he"));
                Thread handler = waiting.get(60, TimeUnit.SECONDS);
                ServerUnderTest.await("it does not wait", () -> handler.getState() == Thread.State.WAITING);
                handler.interrupt();
                assertInstanceOf(InterruptedIOException.class, interrupted.get(60, TimeUnit.SECONDS));
                client.getOutputStream().write(latin1("llo"));
                String answer = new String(client.getInputStream().readNBytes(43), StandardCharsets.ISO_8859_1);
                assertTrue(answer.endsWith("\r\n\r\nhello"), answer);
            }
        }

        @Test
        void byTheEndOfTheServerItWaitsNoLongerThanTheShutdownTimeout() throws Exception {
            CompletableFuture<Thread> waiting = new CompletableFuture<>();
            CompletableFuture<Throwable> thrown = new CompletableFuture<>();
            WebSocketServer server = WebSocketServer.builder()
                    .bind(ServerUnderTest.HOST, 0)
                    .shutdownTimeout(Duration.ofMillis(200))
                    .bodyTimeout(Duration.ofHours(1))
                    .handle("/", exchange -> {
                        boolean _ = waiting.complete(Thread.currentThread());
                        try {
                            byte[] _ = exchange.body(MAX);
                        } catch (IOException e) {
                            thrown.complete(e);
                            throw e;
                        }
                    })
                    .start();
            try (Socket client = new Socket(ServerUnderTest.HOST, server.port())) {
                client.getOutputStream()
                        .write(latin1("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhe"));
                Thread handler = waiting.get(60, TimeUnit.SECONDS);
                ServerUnderTest.await("it does not wait", () -> handler.getState() == Thread.State.WAITING);
                server.close();
                assertInstanceOf(IOException.class, thrown.get(60, TimeUnit.SECONDS));
                assertEquals(0, server.connectionCount());
            }
        }
    }

    @Nested
    class Forms {
        private ServerUnderTest login() throws IOException {
            return ServerUnderTest.start(builder -> builder.handle("/login", exchange -> {
                Parameters form = exchange.form(MAX);
                exchange.respond(200, "text/plain", form.first("user") + " " + form.all("room"));
            }));
        }

        private String answer(String type, String content) throws IOException {
            try (ServerUnderTest tested = login();
                    ScriptedPeer peer = tested.send(
                            post(tested, "/login", "Content-Type: " + type, "Content-Length: " + content.length())
                                    + content)) {
                return peer.response().status() + " " + body(peer, peer.response());
            }
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "application/x-www-form-urlencoded",
                    "Application/X-WWW-form-urlencoded ; charset=utf-8",
                    "application/x-www-form-urlencoded;"
                })
        void areDecoded(String type) throws Exception {
            assertEquals(
                    "200 Optional[ada lovelace \u00e9] [1, 2]",
                    answer(type, "room=1&user=ada+lovelace%20%C3%A9&room=2"));
        }

        @ParameterizedTest
        @ValueSource(strings = {"", "text/plain", "multipart/form-data; boundary=x", "application/json"})
        void ofAnotherTypeAre415(String type) throws Exception {
            assertEquals("415 415 Unsupported Media Type\n", answer(type, "user=ada"));
        }

        @ParameterizedTest
        @ValueSource(strings = {"user=%", "user=%FF", "user=\u00ff"})
        void whatIsMalformedIs400(String content) throws Exception {
            assertEquals("400 400 Bad Request\n", answer("application/x-www-form-urlencoded", content));
        }
    }
}

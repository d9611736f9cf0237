// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.testkit.ScriptedPeer;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.logging.LogRecord;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Routes that are nothing but WebSockets: a thread for each ({@code serve}), or a listener that knows the request. */
@Timeout(300)
class ServeTest {
    private static final String NAME = "bug-of-this-test";

    private static ServerUnderTest serving(ConnectionHandler handler) throws IOException {
        return ServerUnderTest.start(builder -> builder.serve("/rooms/{name}", handler));
    }

    @Test
    void aNormalReturnClosesWith1000() throws Exception {
        try (ServerUnderTest tested = serving(ws -> ws.writeText("bye"));
                ScriptedPeer peer = tested.upgrade("/rooms/a")) {
            peer.expectText("bye");
            peer.expectClose(1000, "");
            peer.sendClose(1000, "");
            peer.expectEnd();
            tested.awaitNoOthers();
        }
    }

    @Test
    void anExceptionClosesWith1011AndIsLogged() throws Exception {
        try (LogLines log = LogLines.record();
                ServerUnderTest tested = serving(_ -> {
                    throw new IllegalStateException(NAME);
                });
                ScriptedPeer peer = tested.upgrade("/rooms/a")) {
            peer.expectClose(1011, "");
            peer.sendClose(1011, "");
            peer.expectEnd();
            tested.awaitNoOthers();
            List<LogRecord> lines = log.warnings(line -> line.contains("/rooms/{name}"));
            assertEquals(1, lines.size(), () -> log.messages().toString());
            assertEquals(NAME, lines.getFirst().getThrown().getMessage());
        }
    }

    @Test
    void aHandlerThatClosesFirstAndThenThrowsClosesWith1011() throws Exception {
        try (LogLines _ = LogLines.record();
                ServerUnderTest tested = serving(ws -> {
                    ws.close();
                    throw new IllegalStateException(NAME);
                });
                ScriptedPeer peer = tested.upgrade("/rooms/a")) {
            peer.expectClose(1011, "");
            peer.sendClose(1011, "");
            peer.expectEnd();
            tested.awaitNoOthers();
        }
    }

    @Test
    void theHandlersOwnCodeIsSent() throws Exception {
        try (ServerUnderTest tested = serving(ws -> ws.close(new CloseCode(4001), "enough"));
                ScriptedPeer peer = tested.upgrade("/rooms/a")) {
            peer.expectClose(4001, "enough");
            peer.sendClose(4001, "");
            peer.expectEnd();
            tested.awaitNoOthers();
        }
    }

    /** No handler leaves an open connection behind that nobody owns, whatever it has begun. */
    @Test
    void aConnectionWithAReaderInAnotherThreadIsClosedToo() throws Exception {
        CountDownLatch reading = new CountDownLatch(1);
        CompletableFuture<String> told = new CompletableFuture<>();
        try (ServerUnderTest tested = serving(ws -> {
                    Thread _ = Thread.startVirtualThread(() -> {
                        reading.countDown();
                        try {
                            told.complete(String.valueOf(ws.readMessage()));
                        } catch (IOException e) {
                            told.completeExceptionally(e);
                        }
                    });
                    reading.await();
                });
                ScriptedPeer peer = tested.upgrade("/rooms/a")) {
            peer.expectClose(1000, "");
            peer.sendClose(1000, "");
            peer.expectEnd();
            assertEquals("null", told.get());
            tested.awaitNoOthers();
        }
    }

    @Test
    void aConnectionGivenToAListenerStaysOpen() throws Exception {
        try (ServerUnderTest tested = serving(ws -> {
                    Message password = ws.readMessage();
                    ws.writeText("hello " + (password == null ? "" : password.text()));
                    ws.listen(new Listener() {
                        @Override
                        public void onMessage(Connection connection, MessageView message) throws IOException {
                            connection.writeMessage(message);
                        }
                    });
                });
                ScriptedPeer peer = tested.upgrade("/rooms/a")) {
            peer.sendText("ada");
            peer.expectText("hello ada");
            peer.sendText("still here");
            peer.expectText("still here");
            peer.sendBinary(new byte[] {1, 2});
            peer.expectBinary(new byte[] {1, 2});
            peer.sendClose(1000, "");
            peer.expectClose(1000);
            peer.expectEnd();
            tested.awaitNoOthers();
        }
    }

    @Test
    void aPageIsNoOpeningHandshake() throws Exception {
        try (LogLines log = LogLines.record();
                ServerUnderTest tested = serving(ws -> ws.writeText("never"));
                ScriptedPeer peer = tested.send(tested.getRequest("/rooms/a"))) {
            assertEquals(426, peer.response().status());
            assertEquals(List.of(), log.warnings(_ -> true));
        }
    }

    @Test
    void theUpgraderOfTheRouteChecks() throws Exception {
        Upgrader upgrader =
                Upgrader.builder().subprotocols("chat").requireSubprotocol(true).build();
        try (ServerUnderTest tested = ServerUnderTest.start(builder -> builder.serve(
                        "/s", upgrader, ws -> ws.writeText(ws.subprotocol().orElse("none"))));
                ScriptedPeer peer = tested.upgrade("/s", "Sec-WebSocket-Protocol: chat");
                ScriptedPeer refused = tested.send(tested.upgradeRequest("/s"))) {
            peer.expectText("chat");
            assertEquals(400, refused.response().status());
        }
    }

    @Test
    void overTlsTheSame(@TempDir Path directory) throws Exception {
        SSLContext context = TestTls.context(directory);
        try (LogLines log = LogLines.record();
                WebSocketServer server = WebSocketServer.builder()
                        .bind("localhost", 0)
                        .tls(context)
                        .serve("/fails", ws -> {
                            Message _ = ws.readMessage();
                            throw new IllegalStateException(NAME);
                        })
                        .serve("/ends", ws -> ws.writeText("bye"))
                        .start()) {
            Dialer dialer = Dialer.builder().tls(context).build();
            URI root = URI.create("wss://localhost:" + server.port() + "/");
            try (Connection ws = dialer.dial(root.resolve("ends"))) {
                assertEquals("bye", text(ws.readMessage()));
                assertNull(ws.readMessage());
                assertEquals(CloseCode.NORMAL, ws.closeStatus().orElseThrow().code());
            }
            try (Connection ws = dialer.dial(root.resolve("fails"))) {
                ws.writeText("go");
                ConnectionClosedException end = assertThrows(ConnectionClosedException.class, ws::readMessage);
                assertEquals(CloseCode.INTERNAL_ERROR, end.closeStatus().code());
            }
            assertEquals(1, log.warnings(line -> line.contains("/fails")).size());
        }
    }

    private static String text(@Nullable Message message) {
        return message == null ? "the end" : message.text();
    }

    @Nested
    class EachMessage {
        @Test
        void forEachMessageEchoesUntilThePeerCloses() throws Exception {
            try (ServerUnderTest tested = serving(ws -> {
                        MessageHandler<IOException> echo = ws::writeMessage;
                        ws.forEachMessage(echo);
                    });
                    ScriptedPeer peer = tested.upgrade("/rooms/a")) {
                peer.sendText("one");
                peer.sendBinary(new byte[] {2});
                peer.expectText("one");
                peer.expectBinary(new byte[] {2});
                peer.sendClose(1000, "");
                peer.expectClose(1000);
                peer.expectEnd();
                tested.awaitNoOthers();
            }
        }

        @Test
        void whatTheHandlerThrowsComesOut() throws Exception {
            CompletableFuture<InterruptedException> thrown = new CompletableFuture<>();
            try (ServerUnderTest tested = serving(ws -> {
                        try {
                            ws.forEachMessage(_ -> {
                                throw new InterruptedException(NAME);
                            });
                        } catch (InterruptedException e) {
                            thrown.complete(e);
                            ws.writeText("still open");
                        }
                    });
                    ScriptedPeer peer = tested.upgrade("/rooms/a")) {
                peer.sendText("go");
                peer.expectText("still open");
                assertEquals(NAME, thrown.get().getMessage());
            }
        }

        @Test
        void anEndThatIsNotCleanIsThrown() throws Exception {
            CompletableFuture<CloseStatus> thrown = new CompletableFuture<>();
            try (ServerUnderTest tested = serving(ws -> {
                        try {
                            ws.forEachMessage(_ -> {});
                        } catch (ConnectionClosedException e) {
                            thrown.complete(e.closeStatus());
                            throw e;
                        }
                    });
                    ScriptedPeer peer = tested.upgrade("/rooms/a")) {
                peer.sendClose(4000, "so there");
                peer.expectClose(4000);
                assertEquals(new CloseStatus(new CloseCode(4000), "so there"), thrown.get());
            }
        }

        @Test
        void aHandlerThatClosesEndsIt() throws Exception {
            CompletableFuture<String> ended = new CompletableFuture<>();
            try (ServerUnderTest tested = serving(ws -> {
                        ws.forEachMessage(_ -> ws.close());
                        ended.complete("returned");
                    });
                    ScriptedPeer peer = tested.upgrade("/rooms/a")) {
                peer.sendText("go");
                peer.expectClose(1000, "");
                peer.sendClose(1000, "");
                peer.expectEnd();
                assertEquals("returned", ended.get());
            }
        }
    }

    @Nested
    class ListenersByRequest {
        private record Room(String name) implements Listener {
            @Override
            public void onOpen(Connection ws) throws IOException {
                ws.writeText(name + " of " + ws.attributes().get("user"));
            }

            @Override
            public void onMessage(Connection ws, MessageView message) throws IOException {
                ws.writeText(name + ": " + message.text());
            }
        }

        private ServerUnderTest rooms(Consumer<WebSocketServer.Builder> more) throws IOException {
            return ServerUnderTest.start(builder -> {
                builder.listen("/rooms/{name}", Upgrader.create(), exchange -> {
                    String cookie = exchange.headers().first("Cookie").orElse("");
                    if (cookie.isEmpty()) {
                        exchange.respond(401, "text/plain", "log in first\n");
                        return null;
                    }
                    exchange.attributes().put("user", cookie + exchange.query().orElse(""));
                    return new Room(exchange.pathParameter("name"));
                });
                more.accept(builder);
            });
        }

        @Test
        void theListenerKnowsPathQueryAndCookies() throws Exception {
            try (ServerUnderTest tested = rooms(_ -> {});
                    ScriptedPeer peer = tested.upgrade("/rooms/blue?x=1", "Cookie: ada")) {
                peer.expectText("blue of adax=1");
                peer.sendText("hello");
                peer.expectText("blue: hello");
                peer.sendClose(1000, "");
                peer.expectClose(1000);
                peer.expectEnd();
                tested.awaitNoOthers();
            }
        }

        @Test
        void theFactoryMayRefuse() throws Exception {
            try (ServerUnderTest tested = rooms(_ -> {});
                    ScriptedPeer peer = tested.send(tested.upgradeRequest("/rooms/blue"))) {
                assertEquals(401, peer.response().status());
                assertEquals("log in first\n", ServerUnderTest.body(peer, peer.response()));
            }
        }

        @Test
        void besideARouteWhoseHandshakesRunOnLoops() throws Exception {
            try (ServerUnderTest tested =
                            rooms(builder -> builder.listen("/fixed", Upgrader.create(), new Room("fixed")));
                    ScriptedPeer fixed = tested.upgrade("/fixed");
                    ScriptedPeer peer = tested.upgrade("/rooms/blue", "Cookie: ada")) {
                fixed.expectText("fixed of null");
                peer.expectText("blue of ada");
            }
        }

        @Test
        void aRequestThatIsNoHandshakeDoesNotReachTheFactory() throws Exception {
            AtomicInteger asked = new AtomicInteger();
            ListenerFactory counting = _ -> {
                asked.incrementAndGet();
                return new Listener() {};
            };
            try (ServerUnderTest tested =
                            ServerUnderTest.start(builder -> builder.listen("/l", Upgrader.create(), counting));
                    ScriptedPeer page = tested.send(tested.getRequest("/l"));
                    ScriptedPeer foreign = tested.send(tested.upgradeRequest("/l", "Origin: http://evil.test"))) {
                assertEquals(426, page.response().status());
                assertEquals(403, foreign.response().status());
                assertEquals(0, asked.get());
            }
        }

        @Test
        void aFactoryThatThrowsOrFindsNothingIs500AndLogged() throws Exception {
            try (LogLines log = LogLines.record();
                    ServerUnderTest tested =
                            ServerUnderTest.start(builder -> builder.listen("/throws", Upgrader.create(), exchange -> {
                                        throw new IOException(NAME);
                                    })
                                    .listen("/nothing", Upgrader.create(), exchange -> null));
                    ScriptedPeer throwing = tested.send(tested.upgradeRequest("/throws"));
                    ScriptedPeer nothing = tested.send(tested.upgradeRequest("/nothing"))) {
                assertEquals(500, throwing.response().status());
                assertEquals(500, nothing.response().status());
                assertEquals(1, log.warnings(line -> line.contains("/throws")).size());
                assertEquals(1, log.warnings(line -> line.contains("/nothing")).size());
            }
        }

        @Test
        void overTlsTheSame(@TempDir Path directory) throws Exception {
            SSLContext context = TestTls.context(directory);
            try (WebSocketServer server = WebSocketServer.builder()
                    .bind("localhost", 0)
                    .tls(context)
                    .listen("/rooms/{name}", Upgrader.create(), exchange -> new Room(exchange.pathParameter("name")))
                    .start()) {
                Dialer dialer = Dialer.builder().tls(context).build();
                try (Connection ws = dialer.dial(URI.create("wss://localhost:" + server.port() + "/rooms/red"))) {
                    assertEquals("red of null", text(ws.readMessage()));
                }
            }
        }
    }

    @Nested
    class Attributes {
        @Test
        void ofTheRequestAreThoseOfTheConnection() throws Exception {
            CompletableFuture<Boolean> same = new CompletableFuture<>();
            try (ServerUnderTest tested = ServerUnderTest.start(builder -> builder.handle("/a", exchange -> {
                        exchange.attributes().put("user", "ada");
                        Connection ws = Upgrader.create().upgrade(exchange);
                        ws.attributes().put("late", "yes");
                        same.complete(exchange.attributes().containsKey("late"));
                        ws.writeText(String.valueOf(ws.attributes().get("user")));
                        ws.close(CloseCode.NORMAL, "");
                    }));
                    ScriptedPeer peer = tested.upgrade("/a")) {
                peer.expectText("ada");
                assertTrue(same.get(10, TimeUnit.SECONDS));
                peer.sendClose(1000, "");
            }
        }

        @Test
        void firstAskedForAfterTheUpgradeTheyAreTheConnectionsToo() throws Exception {
            CompletableFuture<Object> found = new CompletableFuture<>();
            try (ServerUnderTest tested = ServerUnderTest.start(builder -> builder.handle("/a", exchange -> {
                        Connection ws = Upgrader.create().upgrade(exchange);
                        exchange.attributes().put("user", "ada");
                        found.complete(ws.attributes().get("user"));
                        ws.close();
                    }));
                    ScriptedPeer _ = tested.upgrade("/a")) {
                assertEquals("ada", found.get(10, TimeUnit.SECONDS));
            }
        }

        @Test
        void ofAResponseGoNowhere() throws Exception {
            try (ServerUnderTest tested = ServerUnderTest.start(builder -> builder.handle("/r", exchange -> {
                        assertTrue(exchange.attributes().isEmpty());
                        exchange.attributes().put("seen", true);
                        exchange.respond(204, Headers.of(), new byte[0]);
                    }));
                    ScriptedPeer peer = tested.send(tested.getRequest("/r"))) {
                assertEquals(204, peer.response().status());
                peer.sendRaw(ServerUnderTest.latin1(tested.getRequest("/r")));
                assertEquals(204, peer.expectHead().status());
            }
        }
    }

    @Nested
    class WholeMessages {
        @Test
        void bothKindsGoToOnMessage() throws Exception {
            expectKinds(
                    new Listener() {
                        @Override
                        public void onMessage(Connection ws, MessageView message) throws IOException {
                            ws.writeText("onMessage " + message.type());
                        }
                    },
                    "onMessage TEXT",
                    "onMessage BINARY");
        }

        @Test
        void butAKindThatIsOverridden() throws Exception {
            expectKinds(
                    new Listener() {
                        @Override
                        public void onMessage(Connection ws, MessageView message) throws IOException {
                            ws.writeText("onMessage " + message.type());
                        }

                        @Override
                        public void onBinary(Connection ws, MessageView message) throws IOException {
                            ws.writeText("onBinary");
                        }
                    },
                    "onMessage TEXT",
                    "onBinary");
        }

        private static void expectKinds(Listener listener, String text, String binary) throws Exception {
            try (ServerUnderTest tested =
                            ServerUnderTest.start(builder -> builder.listen("/l", Upgrader.create(), listener));
                    ScriptedPeer peer = tested.upgrade("/l")) {
                peer.sendText("x");
                peer.expectText(text);
                peer.sendBinary(new byte[1]);
                peer.expectText(binary);
            }
        }
    }
}

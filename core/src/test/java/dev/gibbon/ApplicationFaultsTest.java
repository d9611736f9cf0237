// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.testkit.HttpHead;
import dev.gibbon.testkit.ScriptedPeer;
import dev.gibbon.testkit.TransportPair;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.logging.LogRecord;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Wherever code of the application throws: one warning with connection, route, peer
 * and stack; 1011, or 500 before the upgrade; and nobody else is harmed.
 */
@Timeout(300)
class ApplicationFaultsTest {
    private static final String NAME = "bug-of-this-test";
    private static final String PEER = "peer /127.0.0.1:";

    private final LogLines log = LogLines.record();

    @AfterEach
    void closeLog() {
        log.close();
    }

    private static IllegalStateException bug() {
        return new IllegalStateException(NAME);
    }

    /** The one line about the bug. */
    private LogRecord theLine(String... parts) throws InterruptedException {
        ServerUnderTest.await("no warning", () -> !aboutTheBug().isEmpty());
        List<LogRecord> lines = aboutTheBug();
        assertEquals(1, lines.size(), () -> log.messages().toString());
        LogRecord line = lines.getFirst();
        for (String part : parts) {
            assertTrue(line.getMessage().contains(part), line::getMessage);
        }
        return line;
    }

    private List<LogRecord> aboutTheBug() {
        return log.warnings(_ -> true).stream()
                .filter(line -> {
                    Throwable thrown = line.getThrown();
                    return thrown != null && NAME.equals(thrown.getMessage()) && thrown.getStackTrace().length > 0;
                })
                .toList();
    }

    private void noWarning() {
        assertEquals(
                List.of(),
                log.warnings(_ -> true).stream().map(LogRecord::getMessage).toList());
    }

    /** The README's handler of old: the try block closes the connection before anybody sees the exception. */
    @Nested
    class Handlers {
        private ServerUnderTest serving(ExchangeHandler handler) throws IOException {
            return ServerUnderTest.start(builder -> builder.handle("/rooms/{name}", handler));
        }

        private void failsWith1011(ExchangeHandler handler) throws Exception {
            try (ServerUnderTest tested = serving(handler)) {
                try (ScriptedPeer peer = tested.upgrade("/rooms/a")) {
                    peer.sendText("go");
                    peer.expectClose(1011, "");
                    peer.sendClose(1011, "");
                    peer.expectEnd();
                    theLine("SERVER", "/rooms/{name}", PEER);
                    tested.controlEchoes();
                }
                tested.awaitNoOthers();
            }
        }

        @Test
        void tryWithResourcesWhoseBodyThrowsFailsWith1011() throws Exception {
            failsWith1011(exchange -> {
                try (Connection ws = Upgrader.create().upgrade(exchange)) {
                    Message _ = ws.readMessage();
                    throw bug();
                }
            });
        }

        @Test
        void anErrorInTheTryBlockFailsWith1011() throws Exception {
            failsWith1011(exchange -> {
                try (Connection ws = Upgrader.create().upgrade(exchange)) {
                    Message _ = ws.readMessage();
                    throw new AssertionError(NAME);
                }
            });
        }

        @Test
        void aBatchThatWasHeldBackLeavesBeforeThe1011() throws Exception {
            Upgrader batching = Upgrader.builder()
                    .options(ConnectionOptions.builder().batchWrites(true).build())
                    .build();
            try (ServerUnderTest tested = serving(exchange -> {
                        try (Connection ws = batching.upgrade(exchange)) {
                            ws.writeText("said before");
                            throw bug();
                        }
                    });
                    ScriptedPeer peer = tested.upgrade("/rooms/a")) {
                peer.expectText("said before");
                peer.expectClose(1011, "");
                peer.sendClose(1011, "");
                peer.expectEnd();
            }
        }

        @Test
        void aFileThatIsMissingFailsWith1011() throws Exception {
            failsWith1011(exchange -> {
                try (Connection ws = Upgrader.create().upgrade(exchange)) {
                    Message _ = ws.readMessage();
                    throw new IOException(NAME);
                }
            });
        }

        /** An interrupt is for the handler, and must not end the closing handshake. */
        @Test
        void anInterruptedHandlerFailsWith1011() throws Exception {
            failsWith1011(exchange -> {
                try (Connection ws = Upgrader.create().upgrade(exchange)) {
                    Message _ = ws.readMessage();
                    Thread.currentThread().interrupt();
                    throw new InterruptedException(NAME);
                }
            });
        }

        @Test
        void aHandlerThatReturnsFromItsTryBlockClosesWith1000() throws Exception {
            try (ServerUnderTest tested = serving(exchange -> {
                        try (Connection ws = Upgrader.create().upgrade(exchange)) {
                            Message _ = ws.readMessage();
                        }
                    });
                    ScriptedPeer peer = tested.upgrade("/rooms/a")) {
                peer.sendText("go");
                peer.expectClose(1000, "");
                peer.sendClose(1000, "");
                peer.expectEnd();
                tested.awaitNoOthers();
                noWarning();
            }
        }

        /** Nobody has to wait for a handler that has more to do. */
        @Test
        void theCloseFrameOfAHandlerThatGoesOnLeavesAllTheSame() throws Exception {
            CountDownLatch seen = new CountDownLatch(1);
            try (ServerUnderTest tested = serving(exchange -> {
                        try (Connection _ = Upgrader.create().upgrade(exchange)) {}
                        seen.await();
                    });
                    ScriptedPeer peer = tested.upgrade("/rooms/a")) {
                peer.expectClose(1000, "");
                peer.sendClose(1000, "");
                peer.expectEnd();
                seen.countDown();
                tested.awaitNoOthers();
            }
        }

        @Test
        void whatTheHandlerAsksAfterItsCloseIsAnsweredAsAlways() throws Exception {
            CompletableFuture<String> told = new CompletableFuture<>();
            try (ServerUnderTest tested = serving(exchange -> {
                        Connection ws = Upgrader.create().upgrade(exchange);
                        ws.close();
                        told.complete(ws.state() + " "
                                + ws.closeStatus().orElseThrow().code() + " " + ws.readMessage());
                        assertThrows(ConnectionClosedException.class, () -> ws.writeText("late"));
                        ws.close();
                    });
                    ScriptedPeer peer = tested.upgrade("/rooms/a")) {
                peer.expectClose(1000, "");
                peer.sendClose(1000, "");
                peer.expectEnd();
                assertEquals("CLOSED 1000 (normal) null", told.get());
                tested.awaitNoOthers();
                noWarning();
            }
        }

        @ParameterizedTest
        @ValueSource(strings = {"write", "ping", "pong", "read", "stream", "flush", "writer", "listen", "close"})
        void everyCallAfterTheCloseFindsTheConnectionClosed(String call) throws Exception {
            CompletableFuture<ConnectionState> told = new CompletableFuture<>();
            try (ServerUnderTest tested = serving(exchange -> {
                        Connection ws = Upgrader.create().upgrade(exchange);
                        ws.close();
                        try {
                            callAfterClose(ws, call);
                        } catch (WebSocketException _) {
                            // Some report that it is closed.
                        }
                        told.complete(ws.state());
                    });
                    ScriptedPeer peer = tested.upgrade("/rooms/a")) {
                peer.expectClose(1000, "");
                peer.sendClose(1000, "");
                peer.expectEnd();
                assertEquals(ConnectionState.CLOSED, told.get());
            }
        }

        private static void callAfterClose(Connection ws, String call) throws IOException {
            switch (call) {
                case "write" -> ws.writeBinary(new byte[1]);
                case "ping" -> ws.ping(ByteBuffer.allocate(1));
                case "pong" -> ws.pong(ByteBuffer.allocate(1));
                case "read" -> assertNull(ws.readMessage());
                case "stream" -> assertNull(ws.nextReader());
                case "flush" -> ws.flush();
                case "writer" -> ws.nextWriter(MessageType.TEXT).close();
                case "listen" -> ws.listen(new Listener() {});
                default -> ws.close(CloseCode.GOING_AWAY, "too late");
            }
        }

        @Test
        void whatEndedTheConnectionItselfIsNoFault() throws Exception {
            CountDownLatch ended = new CountDownLatch(3);
            try (ServerUnderTest tested = serving(exchange -> {
                try (Connection ws = Upgrader.create().upgrade(exchange)) {
                    Message first = ws.readMessage();
                    if (first == null) {
                        ws.writeText("the peer has closed");
                    } else {
                        Message _ = ws.readMessage();
                    }
                } catch (WebSocketException e) {
                    throw new UncheckedIOException(e);
                } finally {
                    ended.countDown();
                }
            })) {
                try (ScriptedPeer lost = tested.upgrade("/rooms/a");
                        ScriptedPeer closing = tested.upgrade("/rooms/a");
                        ScriptedPeer wrong = tested.upgrade("/rooms/a")) {
                    lost.sendText("go");
                    lost.reset();
                    closing.sendClose(1000, "");
                    wrong.sendText("go");
                    wrong.sendClose(4000, "");
                    ended.await();
                }
                tested.awaitNoOthers();
                noWarning();
            }
        }

        @Test
        void anotherConnectionsEndIsThisHandlersFault() throws Exception {
            failsWith1011(exchange -> {
                try (Connection ws = Upgrader.create().upgrade(exchange)) {
                    Message _ = ws.readMessage();
                    throw new ConnectionClosedException(NAME, null, null, null);
                }
            });
        }

        @Test
        void aDialThatIsRefusedBeforeTheAnswerIs500() throws Exception {
            try (ServerUnderTest tested = ServerUnderTest.start(builder -> builder.handle("/relay", exchange -> {
                        throw new HandshakeException(404, NAME);
                    }));
                    ScriptedPeer peer = tested.send(tested.upgradeRequest("/relay"))) {
                assertEquals(500, peer.response().status());
                theLine("/relay", PEER);
            }
        }

        @Test
        void aHandlerThatThrowsBeforeTheUpgradeIsNamedByItsRoute() throws Exception {
            try (ServerUnderTest tested = serving(exchange -> {
                        throw bug();
                    });
                    ScriptedPeer peer = tested.send(tested.upgradeRequest("/rooms/secret"))) {
                assertEquals(500, peer.response().status());
                assertTrue(!theLine("/rooms/{name}", PEER).getMessage().contains("secret"));
            }
        }
    }

    @Nested
    class ControlListeners {
        private static final class Failing implements ControlListener {
            private final String which;

            private Failing(String which) {
                this.which = which;
            }

            @Override
            public boolean onPing(Connection connection, ByteBuffer payload) {
                handle("ping");
                return true;
            }

            @Override
            public void onPong(Connection connection, ByteBuffer payload) {
                handle("pong");
            }

            @Override
            public void onCloseFrame(Connection connection, CloseStatus status) {
                handle("close");
            }

            private void handle(String call) {
                if (call.equals(which)) {
                    fail();
                }
            }
        }

        @ParameterizedTest
        @CsvSource({"ping, false", "pong, false", "close, false", "ping, true", "pong, true", "close, true"})
        void anErrorFailsTheConnectionWith1011(String which, boolean onLoop) throws Exception {
            try (ServerUnderTest tested = ServerUnderTest.start(builder -> builder.handle("/h", exchange -> {
                        Connection ws = Upgrader.create().upgrade(exchange);
                        ws.setControlListener(new Failing(which));
                        ws.writeText("ready"); // What comes before a listener is set is not shown to it.
                        if (onLoop) {
                            ws.listen(new Listener() {});
                        } else {
                            try (ws) {
                                Message _ = ws.readMessage();
                            }
                        }
                    }));
                    ScriptedPeer peer = tested.upgrade("/h")) {
                peer.expectText("ready");
                switch (which) {
                    case "ping" -> peer.sendPing(new byte[1]);
                    case "pong" -> peer.sendPong(new byte[1]);
                    default -> peer.sendClose(1000, "");
                }
                peer.expectClose(1011, "");
                peer.expectEndOrReset();
                theLine("of " + Failing.class.getName(), "SERVER", "/h", PEER);
                tested.awaitNoOthers();
            }
        }

        private static void fail() {
            throw new AssertionError(NAME);
        }
    }

    @Nested
    class Listeners {
        private static final class Buggy implements Listener {
            private final String where;

            Buggy(String where) {
                this.where = where;
            }

            private void at(String call) {
                if (where.equals(call)) {
                    throw new AssertionError(NAME);
                }
            }

            @Override
            public void onOpen(Connection connection) {
                at("onOpen");
            }

            @Override
            public void onText(Connection connection, MessageView message) throws IOException {
                at("onText");
                if (where.equals("onFailure")) {
                    connection.abort();
                }
                if (where.equals("onWritable")) {
                    connection.writeBinary(new byte[40_000]);
                }
            }

            @Override
            public void onBinary(Connection connection, MessageView message) {
                at("onBinary");
            }

            @Override
            public void onPart(Connection connection, MessageView part) {
                at("onPart");
            }

            @Override
            public void onPing(Connection connection, ByteBuffer payload) {
                at("onPing");
            }

            @Override
            public void onPong(Connection connection, ByteBuffer payload) {
                at("onPong");
            }

            @Override
            public void onWritable(Connection connection) {
                at("onWritable");
            }

            @Override
            public void onClose(Connection connection, CloseStatus status) {
                at("onClose");
            }

            @Override
            public void onFailure(Connection connection, WebSocketException failure) {
                at("onFailure");
            }

            @Override
            public long wholeMessageBytes() {
                at("wholeMessageBytes");
                return where.equals("onPart") ? 1 : Long.MAX_VALUE;
            }
        }

        private static final Upgrader UPGRADER = Upgrader.builder()
                .options(ConnectionOptions.builder()
                        .maxQueuedBytes(64_000, QueuePolicy.BLOCK)
                        .build())
                .build();

        /** Where the connection is told of the bug: not where it has ended before. */
        private void failsWith1011(String where, WebSocketServer server, Dialer dialer, String scheme)
                throws Exception {
            URI uri = URI.create(scheme + "://localhost:" + server.port() + "/rooms/a");
            try (Connection neighbour = dialer.dial(URI.create(scheme + "://localhost:" + server.port() + "/fine"));
                    Connection ws = dialer.dial(uri)) {
                switch (where) {
                    case "onPing" -> ws.ping(ByteBuffer.allocate(1));
                    case "onPong" -> ws.pong(ByteBuffer.allocate(1));
                    case "onBinary" -> ws.writeBinary(new byte[] {1});
                    case "onOpen", "wholeMessageBytes" -> {}
                    case "onClose" -> ws.close(CloseCode.NORMAL, "");
                    default -> ws.writeText("go");
                }
                if (where.equals("onFailure")) {
                    assertThrows(ConnectionClosedException.class, ws::readMessage);
                } else if (!where.equals("onClose")) {
                    ConnectionClosedException end = assertThrows(ConnectionClosedException.class, () -> {
                        while (ws.readMessage() != null) {}
                    });
                    assertEquals(CloseCode.INTERNAL_ERROR, end.closeStatus().code());
                }
                theLine("SERVER", "/rooms/{name}", "peer ");
                neighbour.writeText("unharmed");
                assertEquals("unharmed", read(neighbour));
            }
        }

        private static String read(Connection ws) throws IOException {
            Message message = ws.readMessage();
            return message == null ? "the end" : message.text();
        }

        private static final Listener ECHO = new Listener() {
            @Override
            public void onText(Connection ws, MessageView message) throws IOException {
                ws.writeMessage(message);
            }
        };

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "onOpen",
                    "onText",
                    "onBinary",
                    "onPart",
                    "onPing",
                    "onPong",
                    "onWritable",
                    "onClose",
                    "onFailure",
                    "wholeMessageBytes"
                })
        void ofAListenRoute(String where) throws Exception {
            try (WebSocketServer server = WebSocketServer.builder()
                    .bind("localhost", 0)
                    .loops(1)
                    .listen("/rooms/{name}", UPGRADER, new Buggy(where))
                    .listen("/fine", UPGRADER, ECHO)
                    .start()) {
                failsWith1011(where, server, Dialer.create(), "ws");
            }
        }

        @ParameterizedTest
        @ValueSource(strings = {"onOpen", "onText", "onWritable", "onClose", "onFailure", "wholeMessageBytes"})
        void ofAListenRouteOverTls(String where, @TempDir Path directory) throws Exception {
            SSLContext context = TestTls.context(directory);
            try (WebSocketServer server = WebSocketServer.builder()
                    .bind("localhost", 0)
                    .loops(1)
                    .tls(context)
                    .listen("/rooms/{name}", UPGRADER, new Buggy(where))
                    .listen("/fine", UPGRADER, ECHO)
                    .start()) {
                failsWith1011(where, server, Dialer.builder().tls(context).build(), "wss");
            }
        }

        private static void pingWhileOpen(Connection ws) throws Exception {
            while (ws.state() == ConnectionState.OPEN) {
                Duration _ = ws.ping().get();
            }
        }

        @ParameterizedTest
        @ValueSource(strings = {"onOpen", "onText", "onPing", "onClose", "onFailure"})
        void ofAClientsListener(String where) throws Exception {
            CompletableFuture<Connection> accepted = new CompletableFuture<>();
            try (WebSocketServer server = WebSocketServer.builder()
                    .bind("localhost", 0)
                    .handle("/", exchange -> {
                        try (Connection ws = Upgrader.create().upgrade(exchange)) {
                            accepted.complete(ws);
                            switch (where) {
                                case "onPing" -> pingWhileOpen(ws); // The first may come before the listener.
                                case "onClose" -> ws.close(CloseCode.NORMAL, "");
                                default -> ws.writeText("go");
                            }
                            while (ws.readMessage() != null) {}
                        }
                    })
                    .start()) {
                Dialer.create()
                        .dial(URI.create("ws://localhost:" + server.port() + "/"))
                        .listen(new Buggy(where));
                theLine("CLIENT", "peer ");
                Connection ws = accepted.get();
                ServerUnderTest.await("still open", () -> ws.state() == ConnectionState.CLOSED);
                if (!where.equals("onClose") && !where.equals("onFailure")) {
                    assertEquals(
                            CloseCode.INTERNAL_ERROR,
                            ws.closeStatus().orElseThrow().code());
                }
            }
        }

        @ParameterizedTest
        @ValueSource(strings = {"onOpen", "onText", "onPart", "onPing", "onClose", "wholeMessageBytes"})
        void ofATransportWithoutALoop(String where) throws Exception {
            TransportPair pair = TransportPair.builder().build();
            Connection ws = Connection.over(pair.client(), Role.CLIENT, ConnectionOptions.defaults());
            ScriptedPeer peer = ScriptedPeer.over(pair.server(), Role.SERVER);
            if (where.equals("wholeMessageBytes")) {
                assertThrows(AssertionError.class, () -> ws.listen(new Buggy(where)));
                ws.abort();
                return;
            }
            ws.listen(new Buggy(where));
            switch (where) {
                case "onPing" -> peer.sendPing(new byte[1]);
                case "onClose" -> peer.sendClose(1000, "");
                case "onPart" -> peer.sendText("go on");
                default -> peer.sendText("go");
            }
            if (where.equals("onPing")) {
                peer.expectPong(new byte[1]); // A Ping is answered before the listener is told.
            }
            peer.expectClose(where.equals("onClose") ? 1000 : 1011);
            peer.close();
            theLine("CLIENT");
        }

        @Test
        void aWriteToAPeerThatHasGoneIsNoFault() throws Exception {
            CompletableFuture<WebSocketException> ended = new CompletableFuture<>();
            Listener writer = new Listener() {
                @Override
                public void onText(Connection ws, MessageView message) throws IOException {
                    ws.abort();
                    ws.writeMessage(message);
                }

                @Override
                public void onFailure(Connection ws, WebSocketException failure) {
                    ended.complete(failure);
                }
            };
            try (ServerUnderTest tested =
                            ServerUnderTest.start(builder -> builder.listen("/w", Upgrader.create(), writer));
                    ScriptedPeer peer = tested.upgrade("/w")) {
                peer.sendText("go");
                peer.expectEndOrReset();
                WebSocketException _ = ended.get(10, TimeUnit.SECONDS);
                noWarning();
            }
        }
    }

    /** The log is code of the application, too. */
    @Nested
    class LogHandlers {
        @ParameterizedTest
        @ValueSource(strings = {"listen", "handle", "serve", "refuse"})
        void oneThatThrowsHarmsNobody(String route) throws Exception {
            try (LogLines throwing = LogLines.handledBy(_ -> {
                        throw new AssertionError("the log's own trouble");
                    });
                    ServerUnderTest tested = ServerUnderTest.start(builder -> builder.listen(
                                    "/listen", Upgrader.create(), new Listeners.Buggy("onText"))
                            .serve("/serve", ws -> {
                                Message _ = ws.readMessage();
                                throw bug();
                            })
                            .handle("/handle", exchange -> {
                                try (Connection ws = Upgrader.create().upgrade(exchange)) {
                                    Message _ = ws.readMessage();
                                    throw bug();
                                }
                            })
                            .handle("/refuse", _ -> {
                                throw bug();
                            }))) {
                if (route.equals("refuse")) {
                    try (ScriptedPeer peer = tested.send(tested.upgradeRequest("/refuse"))) {
                        assertEquals(500, peer.response().status());
                    }
                } else {
                    try (ScriptedPeer peer = tested.upgrade("/" + route)) {
                        peer.sendText("go");
                        peer.expectClose(1011, "");
                        peer.sendClose(1011, "");
                        peer.expectEnd();
                    }
                }
                tested.controlEchoes();
                tested.awaitNoOthers();
                assertEquals(
                        1, throwing.warnings(line -> line.contains("/" + route)).size());
            }
        }
    }

    @Nested
    class Broadcasts {
        @ParameterizedTest
        @ValueSource(booleans = {false, true})
        void aPredicateThatThrowsCostsTheMemberThatItWasAskedFor(boolean onLoop) throws Exception {
            Group group = new Group();
            CountDownLatch joined = new CountDownLatch(3);
            try (ServerUnderTest tested = ServerUnderTest.start(builder -> builder.handle("/m/{name}", exchange -> {
                Connection ws = Upgrader.create().upgrade(exchange);
                ws.attributes().put("name", exchange.pathParameter("name"));
                group.join(ws);
                joined.countDown();
                if (onLoop) {
                    ws.listen(new Listener() {});
                } else {
                    try (ws) {
                        while (ws.readMessage() != null) {}
                    }
                }
            }))) {
                try (ScriptedPeer a = tested.upgrade("/m/a");
                        ScriptedPeer b = tested.upgrade("/m/b");
                        ScriptedPeer c = tested.upgrade("/m/c")) {
                    joined.await();
                    group.broadcast(PreparedMessage.text("hello"), member -> {
                        if ("b".equals(member.attributes().get("name"))) {
                            throw bug();
                        }
                        return true;
                    });
                    a.expectText("hello");
                    c.expectText("hello");
                    b.expectClose(1011, "");
                    theLine("predicate", "/m/{name}", PEER);
                    b.sendClose(1011, "");
                    b.expectEnd();
                    group.broadcast(PreparedMessage.text("on"));
                    a.expectText("on");
                    c.expectText("on");
                }
                tested.awaitNoOthers();
            }
        }
    }

    @Nested
    class OriginPolicies {
        @ParameterizedTest
        @ValueSource(booleans = {false, true})
        void oneThatThrowsIs500(boolean onLoop) throws Exception {
            Upgrader upgrader = Upgrader.builder()
                    .origins((_, _, _) -> {
                        throw bug();
                    })
                    .build();
            try (ServerUnderTest tested = ServerUnderTest.start(builder -> {
                        if (onLoop) {
                            builder.listen("/o", upgrader, new Listener() {});
                        } else {
                            builder.handle(
                                    "/o", exchange -> upgrader.upgrade(exchange).close());
                        }
                    });
                    ScriptedPeer peer = tested.send(tested.upgradeRequest("/o", "Origin: http://elsewhere.test"))) {
                HttpHead answer = peer.response();
                assertEquals(500, answer.status());
                theLine("/o", PEER);
            }
        }
    }

    @Nested
    class Dialling {
        @Test
        void credentialsThatThrowFailTheDialAndAreLogged() throws Exception {
            try (ServerUnderTest tested = ServerUnderTest.start(builder -> builder.handle(
                    "/login",
                    exchange ->
                            exchange.respond(401, Headers.of("WWW-Authenticate", "Basic realm=\"x\""), new byte[0])))) {
                IllegalStateException bug = bug();
                AuthenticationHandler handler = _ -> {
                    throw bug;
                };
                Dialer dialer = Dialer.builder().authentication(handler).build();
                IllegalStateException thrown = assertThrows(
                        IllegalStateException.class,
                        () -> dialer.dial(URI.create("ws://127.0.0.1:" + tested.port() + "/login?token=secret")));
                assertSame(bug, thrown);
                assertTrue(!theLine("credentials", "401").getMessage().contains("secret"));
                tested.awaitNoOthers();
            }
        }

        @Test
        void credentialsThatCannotBeGotAreTheDialsFailureAlone() throws Exception {
            try (ServerUnderTest tested = ServerUnderTest.start(builder ->
                    builder.handle("/login", exchange -> exchange.respond(401, Headers.of(), new byte[0])))) {
                AuthenticationHandler handler = _ -> {
                    throw new IOException(NAME);
                };
                Dialer dialer = Dialer.builder().authentication(handler).build();
                URI uri = URI.create("ws://127.0.0.1:" + tested.port() + "/login");
                assertEquals(
                        NAME,
                        assertThrows(IOException.class, () -> dialer.dial(uri)).getMessage());
                noWarning();
            }
        }
    }
}

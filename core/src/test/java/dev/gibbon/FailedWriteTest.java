// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.gibbon.testkit.Frame;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A peer that has sent its Close frame and is gone: whoever finds that by a write learns what the Close frame said. */
@Timeout(300)
class FailedWriteTest {
    private static final CloseStatus TOO_BIG = new CloseStatus(CloseCode.MESSAGE_TOO_BIG, "");

    private static void assertTooBig(WebSocketException failure) {
        ConnectionClosedException closed = assertInstanceOf(ConnectionClosedException.class, failure);
        assertEquals(Optional.of(TOO_BIG), closed.closeReceived());
        assertEquals(TOO_BIG, closed.closeStatus());
    }

    /** Every write, every read and the connection itself say the same from now on. */
    private static void expectTooBig(Connection connection) {
        assertEquals(Optional.of(TOO_BIG), connection.closeStatus());
        for (int i = 0; i < 2; i++) {
            assertTooBig(assertThrows(WebSocketException.class, () -> connection.writeText("more")));
            assertTooBig(assertThrows(WebSocketException.class, connection::readMessage));
            assertTooBig(assertThrows(WebSocketException.class, connection::nextReader));
        }
    }

    /** A peer that does as the test says: what it sent is there, and then it is gone. */
    @Nested
    class ScriptedPeers {
        private void sendAndGo(Rig rig, boolean withMessages) throws IOException {
            if (withMessages) {
                rig.peer.sendText("why:");
                rig.peer.sendPing(new byte[1]);
                rig.peer.sendText("too big");
            }
            rig.peer.sendClose(1009, "");
            rig.peer.close(); // What it has sent can be read, as behind a reset on Linux.
        }

        @ParameterizedTest
        @Sides(of = Face.PULL, because = "a listener is told of what comes as it comes")
        void writeLearnsOfTheCloseFrame(Side side) throws Exception {
            try (Rig rig = new Rig(side)) {
                sendAndGo(rig, false);
                assertTooBig(assertThrows(WebSocketException.class, () -> rig.connection.writeText("on")));
                expectTooBig(rig.connection);
                rig.expectAllGivenBack();
            }
        }

        @ParameterizedTest
        @Sides(of = Face.PULL, because = "a listener is told of what comes as it comes")
        void messagesThatCameBeforeItAreStillRead(Side side) throws Exception {
            try (Rig rig = new Rig(side)) {
                sendAndGo(rig, true);
                assertTooBig(assertThrows(WebSocketException.class, () -> rig.connection.writeText("on")));
                assertEquals("why:", text(rig.connection.readMessage()));
                MessageReader second = Objects.requireNonNull(rig.connection.nextReader());
                assertEquals("too big", new String(second.inputStream().readAllBytes(), StandardCharsets.UTF_8));
                expectTooBig(rig.connection);
                rig.expectAllGivenBack();
            }
        }

        @ParameterizedTest
        @Sides(of = Face.PULL, because = "a listener does not stream")
        void readerOfAMessageThatIsStreamedLearnsOfIt(Side side) throws Exception {
            try (Rig rig = new Rig(side)) {
                rig.peer.send(Frame.text("begun").withFin(false));
                MessageReader begun = Objects.requireNonNull(rig.connection.nextReader());
                sendAndGo(rig, false);
                assertTooBig(assertThrows(WebSocketException.class, () -> rig.connection.writeText("on")));
                assertTooBig(assertThrows(
                        WebSocketException.class, () -> begun.inputStream().readAllBytes()));
                expectTooBig(rig.connection);
                rig.expectAllGivenBack();
            }
        }

        @ParameterizedTest
        @Sides(of = Face.PULL, because = "a listener is told of what comes as it comes")
        void framesThatWereHeldBackAndCannotLeaveDoNotHideIt(Side side) throws Exception {
            ConnectionOptions options =
                    ConnectionOptions.builder().batchWrites(true).build();
            try (Rig rig = new Rig(side, options)) {
                rig.connection.writeText("held back");
                sendAndGo(rig, true);
                assertEquals("why:", text(rig.connection.readMessage()));
                assertEquals("too big", text(rig.connection.readMessage()));
                assertTooBig(assertThrows(WebSocketException.class, rig.connection::readMessage));
                expectTooBig(rig.connection);
                rig.expectAllGivenBack();
            }
        }

        @ParameterizedTest
        @Sides(of = Face.PULL, because = "a listener is told of what comes as it comes")
        void closeThatCannotBeSentLearnsOfIt(Side side) throws Exception {
            try (Rig rig = new Rig(side)) {
                sendAndGo(rig, false);
                rig.connection.close();
                assertEquals(Optional.of(TOO_BIG), rig.connection.closeStatus());
                rig.expectAllGivenBack();
            }
        }

        @ParameterizedTest
        @Sides(of = Face.PULL, because = "a listener is told of what comes as it comes")
        void cleanCloseIsAnEndAndNoFailure(Side side) throws Exception {
            try (Rig rig = new Rig(side)) {
                rig.peer.sendClose(1000, "bye");
                rig.peer.close();
                ConnectionClosedException late =
                        assertThrows(ConnectionClosedException.class, () -> rig.connection.writeText("on"));
                assertEquals(new CloseStatus(CloseCode.NORMAL, "bye"), late.closeStatus());
                assertNull(rig.connection.readMessage());
                rig.expectAllGivenBack();
            }
        }

        private static String text(@Nullable Message message) {
            return Objects.requireNonNull(message).text();
        }
    }

    /** A real server, or client, that lets no message beyond 1 MiB in, over real sockets. */
    @Nested
    class RealPeers {
        private static final int TIMES = 10;
        private static final byte[] LARGE = new byte[20 << 20];

        @TempDir
        Path directory;

        private SSLContext tls(boolean on) throws Exception {
            return on ? TestTls.context(directory) : SSLContext.getDefault();
        }

        private WebSocketServer server(boolean tls, boolean events, SSLContext context) throws Exception {
            WebSocketServer.Builder builder = WebSocketServer.builder().bind("localhost", 0);
            if (tls) {
                builder.tls(context);
            }
            if (events) {
                builder.listen("/", Upgrader.create(), new CompressionScene.Echo());
            } else {
                builder.handle(
                        "/", exchange -> ServerUnderTest.echo(Upgrader.create().upgrade(exchange)));
            }
            return builder.start();
        }

        private Connection dial(WebSocketServer server, boolean tls, SSLContext context) throws Exception {
            Dialer.Builder dialer = Dialer.builder();
            if (tls) {
                dialer.tls(context);
            }
            return dialer.build().dial(URI.create((tls ? "wss" : "ws") + "://localhost:" + server.port() + "/"));
        }

        @ParameterizedTest(name = "TLS {0}, server on a loop {1}")
        @CsvSource({"false, false", "false, true", "true, false", "true, true"})
        void clientThatWritesTooMuchIsTold(boolean tls, boolean events) throws Exception {
            SSLContext context = tls(tls);
            try (WebSocketServer server = server(tls, events, context)) {
                for (int i = 0; i < TIMES; i++) {
                    Connection connection = dial(server, tls, context);
                    assertTooBig(assertThrows(WebSocketException.class, () -> connection.writeBinary(LARGE)));
                    expectTooBig(connection);
                }
            }
        }

        @ParameterizedTest(name = "TLS {0}, server on a loop {1}")
        @CsvSource({"false, false", "false, true", "true, false", "true, true"})
        void clientThatReadsMeanwhileIsToldByBoth(boolean tls, boolean events) throws Exception {
            SSLContext context = tls(tls);
            try (WebSocketServer server = server(tls, events, context)) {
                for (int i = 0; i < TIMES; i++) {
                    Connection connection = dial(server, tls, context);
                    Rig.Task<Message> reading = Rig.start(connection::readMessage);
                    assertTooBig(assertThrows(WebSocketException.class, () -> connection.writeBinary(LARGE)));
                    assertTooBig(reading.failure(WebSocketException.class));
                    expectTooBig(connection);
                }
            }
        }

        @ParameterizedTest(name = "TLS {0}, server on a loop {1}")
        @CsvSource({"false, false", "false, true", "true, false", "true, true"})
        void clientWithAListenerIsTold(boolean tls, boolean events) throws Exception {
            SSLContext context = tls(tls);
            try (WebSocketServer server = server(tls, events, context)) {
                for (int i = 0; i < TIMES; i++) {
                    Connection connection = dial(server, tls, context);
                    CompletableFuture<WebSocketException> end = new CompletableFuture<>();
                    connection.listen(new Listener() {
                        @Override
                        public void onFailure(Connection ws, WebSocketException failure) {
                            end.complete(failure);
                        }
                    });
                    WebSocketException late = assertThrows(WebSocketException.class, () -> {
                        while (true) { // A write returns once it is queued, so another finds out.
                            connection.writeBinary(LARGE);
                        }
                    });
                    assertTooBig(late);
                    assertTooBig(end.get(Rig.SECONDS, TimeUnit.SECONDS));
                    assertTooBig(assertThrows(WebSocketException.class, () -> connection.writeText("more")));
                }
            }
        }

        @ParameterizedTest(name = "TLS {0}")
        @CsvSource({"false", "true"})
        void serverThatWritesTooMuchIsTold(boolean tls) throws Exception {
            SSLContext context = tls(tls);
            LinkedBlockingQueue<Connection> told = new LinkedBlockingQueue<>();
            WebSocketServer.Builder builder = WebSocketServer.builder()
                    .bind("localhost", 0)
                    .handle("/", exchange -> {
                        Connection connection = Upgrader.create().upgrade(exchange);
                        assertTooBig(assertThrows(WebSocketException.class, () -> connection.writeBinary(LARGE)));
                        expectTooBig(connection);
                        told.add(connection);
                    });
            try (WebSocketServer server = (tls ? builder.tls(context) : builder).start()) {
                for (int i = 0; i < TIMES; i++) {
                    Connection connection = dial(server, tls, context);
                    assertThrows(MessageTooBigException.class, connection::readMessage);
                    Connection ended = told.poll(Rig.SECONDS, TimeUnit.SECONDS);
                    assertEquals(
                            ConnectionState.CLOSED,
                            Objects.requireNonNull(ended).state());
                }
            }
        }

        @ParameterizedTest(name = "TLS {0}")
        @CsvSource({"false", "true"})
        void serverWithAListenerThatWritesTooMuchIsTold(boolean tls) throws Exception {
            SSLContext context = tls(tls);
            LinkedBlockingQueue<WebSocketException> told = new LinkedBlockingQueue<>();
            Listener writer = new Listener() {
                @Override
                public void onOpen(Connection ws) throws IOException {
                    ws.writeBinary(LARGE);
                }

                @Override
                public void onFailure(Connection ws, WebSocketException failure) {
                    told.add(failure);
                }
            };
            WebSocketServer.Builder builder =
                    WebSocketServer.builder().bind("localhost", 0).listen("/", Upgrader.create(), writer);
            try (WebSocketServer server = (tls ? builder.tls(context) : builder).start()) {
                for (int i = 0; i < TIMES; i++) {
                    Connection connection = dial(server, tls, context);
                    assertThrows(MessageTooBigException.class, connection::readMessage);
                    assertTooBig(Objects.requireNonNull(told.poll(Rig.SECONDS, TimeUnit.SECONDS)));
                }
            }
        }
    }

    /** Where the transport cannot be read either, nothing waits for it. */
    @ParameterizedTest
    @Sides(of = Face.PULL, because = "a loop never waits")
    void transportThatSaysNothingMoreIsLost(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            rig.resetPeer();
            ConnectionClosedException lost =
                    assertThrows(ConnectionClosedException.class, () -> rig.connection.writeText("on"));
            assertEquals(CloseStatus.LOST, lost.closeStatus());
            rig.expectAllGivenBack();
        }
    }
}

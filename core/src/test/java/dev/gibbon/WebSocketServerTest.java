// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static dev.gibbon.ServerUnderTest.body;
import static dev.gibbon.ServerUnderTest.latin1;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.testkit.HttpHead;
import dev.gibbon.testkit.Recorder;
import dev.gibbon.testkit.ScriptedPeer;
import dev.gibbon.transport.ChannelTransport;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(300)
class WebSocketServerTest {
    private static void page(WebSocketServer.Builder builder) {
        builder.handle("/", exchange -> exchange.respond(200, "text/plain", "page"))
                .handle("/n/{n}", exchange -> exchange.respond(200, "text/plain", "n=" + exchange.pathParameter("n")));
    }

    @Nested
    class PlainRequests {
        @Test
        void aPageBesideTheSocket() throws Exception {
            try (ServerUnderTest tested = ServerUnderTest.start(WebSocketServerTest::page);
                    ScriptedPeer peer = tested.send(tested.getRequest("/"))) {
                assertEquals(200, peer.response().status());
                assertEquals("page", body(peer, peer.response()));
            }
        }

        @Test
        void anUnknownPathIs404AndTheConnectionStays() throws Exception {
            try (ServerUnderTest tested = ServerUnderTest.start(WebSocketServerTest::page);
                    ScriptedPeer peer = tested.send(tested.getRequest("/none"))) {
                assertEquals(404, peer.response().status());
                String _ = body(peer, peer.response());
                peer.sendRaw(latin1(tested.getRequest("/")));
                assertEquals("page", body(peer, peer.expectHead()));
            }
        }

        @Test
        void headIsAnsweredLikeGetWithoutTheBody() throws Exception {
            try (ServerUnderTest tested = ServerUnderTest.start(WebSocketServerTest::page);
                    ScriptedPeer peer = tested.send(tested.request("HEAD / HTTP/1.1") + tested.getRequest("/n/2"))) {
                assertEquals("4", peer.response().header("Content-Length").orElseThrow());
                HttpHead next = peer.expectHead();
                assertEquals(200, next.status(), "the next head follows at once");
                assertEquals("n=2", body(peer, next));
            }
        }

        @Test
        void twoRequestsAndThenAnUpgradeOnOneSocket() throws Exception {
            try (ServerUnderTest tested = ServerUnderTest.start(WebSocketServerTest::page);
                    ScriptedPeer peer = tested.send(tested.getRequest("/"))) {
                assertEquals(Optional.empty(), peer.response().header("Connection"));
                assertEquals("page", body(peer, peer.response()));
                peer.sendRaw(latin1(tested.getRequest("/n/1")));
                assertEquals("n=1", body(peer, peer.expectHead()));
                peer.sendRaw(latin1(tested.upgradeRequest("/echo")));
                assertEquals(101, peer.expectHead().status());
                peer.sendText("still here");
                peer.expectText("still here");
            }
        }

        @Test
        void aHundredPipelinedRequestsAreAnsweredInOrder() throws Exception {
            try (ServerUnderTest tested = ServerUnderTest.start(WebSocketServerTest::page)) {
                StringBuilder all = new StringBuilder();
                for (int i = 0; i < 100; i++) {
                    all.append(tested.getRequest("/n/" + i));
                }
                try (ScriptedPeer peer = tested.send(all.toString())) {
                    assertEquals("n=0", body(peer, peer.response()));
                    for (int i = 1; i < 100; i++) {
                        assertEquals("n=" + i, body(peer, peer.expectHead()));
                    }
                    peer.expectNothingMore();
                }
            }
        }

        @Test
        void connectionCloseIsHonoured() throws Exception {
            try (ServerUnderTest tested = ServerUnderTest.start(WebSocketServerTest::page);
                    ScriptedPeer peer = tested.send(tested.getRequest("/", "Connection: close"))) {
                assertEquals("close", peer.response().header("Connection").orElseThrow());
                assertEquals("page", body(peer, peer.response()));
                peer.expectEnd();
            }
        }

        @Test
        void http10IsAnsweredAndClosed() throws Exception {
            try (ServerUnderTest tested = ServerUnderTest.start(WebSocketServerTest::page);
                    ScriptedPeer peer = tested.send(tested.request("GET / HTTP/1.0"))) {
                assertEquals("page", body(peer, peer.response()));
                peer.expectEnd();
            }
        }

        @Test
        void anIdleConnectionIsDroppedAtTheHandshakeTimeoutCountedFromTheLastAnswer() throws Exception {
            Duration timeout = Duration.ofSeconds(4);
            try (ServerUnderTest tested = ServerUnderTest.start(builder -> {
                        page(builder);
                        builder.handshakeTimeout(timeout);
                    });
                    ScriptedPeer peer = tested.send(tested.getRequest("/"))) {
                assertEquals("page", body(peer, peer.response()));
                Thread.sleep(timeout.dividedBy(4));
                long asked = System.nanoTime();
                peer.sendRaw(latin1(tested.getRequest("/")));
                assertEquals("page", body(peer, peer.expectHead()));
                peer.expectEnd();
                long waited = System.nanoTime() - asked;
                assertTrue(waited > timeout.toNanos() * 9 / 10, "dropped after " + waited / 1_000_000 + " ms");
            }
        }
    }

    @Nested
    class Handlers {
        @Test
        void oneThatReturnsWithoutAnAnswerIs500() throws Exception {
            try (ServerUnderTest tested = ServerUnderTest.start(builder -> builder.handle("/", _ -> {}));
                    ScriptedPeer peer = tested.send(tested.getRequest("/"))) {
                assertEquals(500, peer.response().status());
                String _ = body(peer, peer.response());
            }
        }

        @Test
        void oneThatUpgradesAndReturnsLeavesTheConnectionOpen() throws Exception {
            var connection = new CompletableFuture<Connection>();
            try (ServerUnderTest tested = ServerUnderTest.start(builder -> builder.handle("/", exchange -> {
                        boolean _ = connection.complete(Upgrader.create().upgrade(exchange));
                    }));
                    ScriptedPeer peer = tested.upgrade("/")) {
                Connection ws = connection.get(60, TimeUnit.SECONDS);
                ws.writeText("from another thread");
                peer.expectText("from another thread");
                peer.sendText("read there too");
                assertEquals("read there too", ws.readMessage().text());
                assertEquals(1, tested.othersOpen());
            }
        }
    }

    @Nested
    class ConnectionLimit {
        @Test
        @DisplayName("HS-44 the client beyond the limit gets 503 with Retry-After, and one that leaves makes room")
        void theClientBeyondTheLimitIsToldAndOneThatLeavesMakesRoom() throws Exception {
            try (ServerUnderTest tested = ServerUnderTest.start(builder -> builder.maxConnections(3))) {
                try (ScriptedPeer first = tested.upgrade("/echo");
                        ScriptedPeer second = tested.upgrade("/echo")) {
                    for (int i = 0; i < 3; i++) {
                        try (ScriptedPeer beyond = tested.send(tested.upgradeRequest("/echo"))) {
                            assertEquals(503, beyond.response().status());
                            assertEquals(
                                    "5", beyond.response().header("Retry-After").orElseThrow());
                            String _ = body(beyond, beyond.response());
                            beyond.expectEnd();
                        }
                    }
                    tested.controlEchoes();
                    second.sendText("inside");
                    second.expectText("inside");
                    first.sendClose(1000, "");
                    first.expectClose(1000);
                    first.expectEnd();
                }
                tested.awaitNoOthers();
                try (ScriptedPeer again = tested.upgrade("/echo")) {
                    again.sendText("room again");
                    again.expectText("room again");
                }
            }
        }

        @Test
        void farBeyondTheLimitClientsAreDroppedAndTheServerRecovers() throws Exception {
            try (ServerUnderTest tested = ServerUnderTest.start(builder -> builder.maxConnections(1))) {
                List<SocketChannel> crowd = new ArrayList<>();
                try {
                    for (int i = 0; i < 200; i++) {
                        crowd.add(SocketChannel.open(new InetSocketAddress(ServerUnderTest.HOST, tested.port())));
                    }
                    ServerUnderTest.await("more than 64 are told", () -> tested.othersOpen() <= 64);
                    tested.controlEchoes();
                } finally {
                    for (SocketChannel channel : crowd) {
                        channel.close();
                    }
                }
                tested.awaitNoOthers();
            }
        }
    }

    @Nested
    class Shutdown {
        private FutureTask<Boolean> closing(WebSocketServer server) {
            FutureTask<Boolean> closing = new FutureTask<>(server::close, true);
            Thread _ = Thread.ofPlatform().start(closing);
            return closing;
        }

        private static boolean acceptorRuns() {
            return Thread.getAllStackTraces().keySet().stream()
                    .anyMatch(thread -> thread.getName().equals("gibbon-accept"));
        }

        private WebSocketServer.Builder echoServer() {
            return WebSocketServer.builder()
                    .bind(ServerUnderTest.HOST, 0)
                    .handle(
                            "/",
                            exchange -> ServerUnderTest.echo(Upgrader.create().upgrade(exchange)));
        }

        @Test
        void everyConnectionGets1001AndThePortIsFreeAfterwards() throws Exception {
            WebSocketServer server = echoServer().start();
            int port = server.port();
            List<ScriptedPeer> peers = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                peers.add(ScriptedPeer.overHttp(ServerUnderTest.HOST, port).expectUpgraded());
            }
            FutureTask<Boolean> closing = closing(server);
            for (ScriptedPeer peer : peers) {
                String _ = peer.expectClose(1001);
            }
            assertFalse(closing.isDone(), "waits for the answers");
            for (ScriptedPeer peer : peers) {
                peer.sendClose(1001, "");
                peer.expectEnd();
                peer.close();
            }
            assertTrue(closing.get(60, TimeUnit.SECONDS));
            server.awaitShutdown();
            assertEquals(0, server.connectionCount());
            ServerUnderTest.await("the listening thread lives on", () -> !acceptorRuns());
            assertThrows(IOException.class, () -> ScriptedPeer.overHttp(ServerUnderTest.HOST, port));
            try (WebSocketServer next =
                    echoServer().bind(ServerUnderTest.HOST, port).start()) {
                assertEquals(2, next.addresses().size());
            }
        }

        @Test
        void theHandlersReadEndsCleanlyOrNotAtAll() throws Exception {
            Recorder recorder = new Recorder();
            WebSocketServer server = WebSocketServer.builder()
                    .bind(ServerUnderTest.HOST, 0)
                    .handle("/", exchange -> {
                        Connection ws = Upgrader.create().upgrade(exchange);
                        recorder.record("read", Optional.ofNullable(ws.readMessage()));
                    })
                    .start();
            try (ScriptedPeer peer =
                    ScriptedPeer.overHttp(ServerUnderTest.HOST, server.port()).expectUpgraded()) {
                FutureTask<Boolean> closing = closing(server);
                String _ = peer.expectClose(1001);
                peer.sendClose(1001, "");
                recorder.expect("read", Optional.empty());
                peer.expectEnd();
                peer.close();
                assertTrue(closing.get(60, TimeUnit.SECONDS));
            }
            recorder.expectNothingElse();
        }

        @Test
        void aRequestThatIsBeingAnsweredFinishes() throws Exception {
            CountDownLatch entered = new CountDownLatch(1);
            CountDownLatch goOn = new CountDownLatch(1);
            WebSocketServer server = WebSocketServer.builder()
                    .bind(ServerUnderTest.HOST, 0)
                    .handle("/slow", exchange -> {
                        entered.countDown();
                        goOn.await();
                        exchange.respond(200, "text/plain", "finished");
                    })
                    .start();
            String request = "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n";
            FutureTask<String> client = new FutureTask<>(() -> {
                try (ScriptedPeer peer = ScriptedPeer.overHttp(ServerUnderTest.HOST, server.port(), request)) {
                    String body = body(peer, peer.response());
                    peer.expectEnd();
                    return body;
                }
            });
            Thread _ = Thread.startVirtualThread(client);
            assertTrue(entered.await(60, TimeUnit.SECONDS));
            FutureTask<Boolean> closing = closing(server);
            ServerUnderTest.await("close() has not begun", () -> !acceptorRuns());
            assertFalse(closing.isDone());
            goOn.countDown();
            assertEquals("finished", client.get(60, TimeUnit.SECONDS));
            assertTrue(closing.get(60, TimeUnit.SECONDS));
        }

        @Test
        void whoeverDoesNotAnswerIsDroppedAtTheDeadline() throws Exception {
            WebSocketServer server =
                    echoServer().shutdownTimeout(Duration.ofMillis(300)).start();
            try (ScriptedPeer peer =
                    ScriptedPeer.overHttp(ServerUnderTest.HOST, server.port()).expectUpgraded()) {
                long before = System.nanoTime();
                server.close();
                long took = (System.nanoTime() - before) / 1_000_000;
                assertTrue(took >= 290, took + " ms");
                String _ = peer.expectClose(1001);
                peer.expectEndOrReset();
                assertEquals(0, server.connectionCount());
            }
        }

        @Test
        void aHandlerThatBlocksIsInterruptedAtTheDeadline() throws Exception {
            Recorder recorder = new Recorder();
            WebSocketServer server = WebSocketServer.builder()
                    .bind(ServerUnderTest.HOST, 0)
                    .shutdownTimeout(Duration.ofMillis(200))
                    .handle("/stuck", _ -> {
                        recorder.record("entered");
                        try {
                            new CountDownLatch(1).await();
                        } catch (InterruptedException e) {
                            recorder.record("interrupted");
                            throw e;
                        }
                    })
                    .start();
            try (SocketChannel channel =
                    SocketChannel.open(new InetSocketAddress(ServerUnderTest.HOST, server.port()))) {
                int _ = channel.write(ByteBuffer.wrap(latin1("GET /stuck HTTP/1.1\r\nHost: a\r\n\r\n")));
                recorder.expect("entered");
                server.close();
                recorder.expect("interrupted");
                recorder.expectNothingElse();
            }
        }

        @Test
        void clientsThatHaveNotFinishedTheirRequestAreDroppedAtOnce() throws Exception {
            WebSocketServer server =
                    echoServer().shutdownTimeout(Duration.ofHours(1)).start();
            List<ScriptedPeer> halfway = new ArrayList<>();
            String request = HttpHead.upgradeRequest("a", "/");
            for (int i = 0; i < request.length(); i += 20) {
                SocketChannel channel = SocketChannel.open(new InetSocketAddress(ServerUnderTest.HOST, server.port()));
                ScriptedPeer peer = ScriptedPeer.over(new ChannelTransport(channel), Role.CLIENT);
                if (i > 0) {
                    peer.sendRaw(latin1(request.substring(0, i)));
                }
                halfway.add(peer);
            }
            ServerUnderTest.await("not all were accepted", () -> server.connectionCount() == halfway.size());
            server.close(); // Does not wait an hour for them.
            for (ScriptedPeer peer : halfway) {
                peer.expectEndOrReset();
                peer.close();
            }
        }

        @Test
        void anUpgradeThatCrossesTheShutdownGets101And1001() throws Exception {
            CountDownLatch entered = new CountDownLatch(1);
            CountDownLatch goOn = new CountDownLatch(1);
            WebSocketServer server = WebSocketServer.builder()
                    .bind(ServerUnderTest.HOST, 0)
                    .handle("/", exchange -> {
                        entered.countDown();
                        goOn.await();
                        ServerUnderTest.echo(Upgrader.create().upgrade(exchange));
                    })
                    .start();
            FutureTask<ScriptedPeer> client =
                    new FutureTask<>(() -> ScriptedPeer.overHttp(ServerUnderTest.HOST, server.port()));
            Thread _ = Thread.startVirtualThread(client);
            assertTrue(entered.await(60, TimeUnit.SECONDS));
            FutureTask<Boolean> closing = closing(server);
            ServerUnderTest.await("close() has not begun", () -> !acceptorRuns());
            goOn.countDown();
            try (ScriptedPeer peer = client.get(60, TimeUnit.SECONDS)) {
                String _ = peer.expectUpgraded().expectClose(1001);
                peer.sendClose(1001, "");
                peer.expectEnd();
            }
            assertTrue(closing.get(60, TimeUnit.SECONDS));
        }

        @Test
        void shutdownWhileManyHandshakesRunEndsInTime() throws Exception {
            WebSocketServer server =
                    echoServer().shutdownTimeout(Duration.ofSeconds(2)).start();
            int port = server.port();
            CountDownLatch some = new CountDownLatch(20);
            List<Thread> clients = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                clients.add(Thread.startVirtualThread(() -> {
                    try {
                        while (true) {
                            try (ScriptedPeer peer = ScriptedPeer.overHttp(ServerUnderTest.HOST, port)) {
                                some.countDown();
                                peer.reset();
                            }
                        }
                    } catch (IOException | AssertionError _) {
                        // The server is gone: that is what this waits for.
                    }
                }));
            }
            assertTrue(some.await(60, TimeUnit.SECONDS));
            server.close();
            assertEquals(0, server.connectionCount());
            for (Thread client : clients) {
                assertTrue(client.join(Duration.ofSeconds(60)));
            }
        }

        @Test
        void closingTwiceAndFromTwoThreadsIsFine() throws Exception {
            WebSocketServer server = echoServer().start();
            FutureTask<Boolean> other = closing(server);
            server.close();
            assertTrue(other.get(60, TimeUnit.SECONDS));
            server.close();
            server.awaitShutdown();
        }
    }

    @Nested
    class Listeners {
        @Test
        void aUnixDomainSocketServesAndItsFileIsDeletedInTheEnd(@TempDir Path directory) throws Exception {
            Path path = directory.resolve("gibbon.sock");
            try (ServerUnderTest _ = ServerUnderTest.start(builder -> builder.bindUnix(path))) {
                assertTrue(Files.exists(path));
                SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(path));
                try (ScriptedPeer peer = ScriptedPeer.overHttp(
                        new ChannelTransport(channel), HttpHead.upgradeRequest("localhost", "/echo"))) {
                    peer.expectUpgraded().sendText("unix");
                    peer.expectText("unix");
                    peer.sendClose(1000, "");
                    peer.expectClose(1000);
                    peer.expectEnd();
                }
            }
            assertFalse(Files.exists(path));
        }

        @Test
        void aServerOnUnixSocketsAloneHasNoPort(@TempDir Path directory) throws Exception {
            try (WebSocketServer server =
                    WebSocketServer.builder().bindUnix(directory.resolve("s")).start()) {
                assertThrows(IllegalStateException.class, server::port);
                assertEquals(List.of(UnixDomainSocketAddress.of(directory.resolve("s"))), server.addresses());
            }
        }

        @Test
        void tlsServesBothPagesAndSockets(@TempDir Path directory) throws Exception {
            SSLContext context = TestTls.context(directory);
            try (WebSocketServer server = WebSocketServer.builder()
                    .bind("localhost", 0)
                    .tls(context)
                    .handle("/", exchange -> exchange.respond(200, "text/plain", "page"))
                    .handle(
                            "/echo",
                            exchange -> ServerUnderTest.echo(Upgrader.create().upgrade(exchange)))
                    .start()) {
                try (ScriptedPeer peer = ScriptedPeer.overHttp(
                        TestTls.connect(context, server.port()), "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")) {
                    assertEquals("page", body(peer, peer.response()));
                    peer.sendRaw(latin1(HttpHead.upgradeRequest("localhost", "/echo")));
                    assertEquals(101, peer.expectHead().status());
                    byte[] large = new byte[200_000];
                    peer.sendBinary(large);
                    peer.expectBinary(large);
                    peer.sendClose(1000, "");
                    peer.expectClose(1000);
                    peer.expectEnd();
                }
            }
        }

        @Test
        void plainTextToATlsPortIsDropped(@TempDir Path directory) throws Exception {
            try (WebSocketServer server = WebSocketServer.builder()
                    .bind("localhost", 0)
                    .tls(TestTls.context(directory))
                    .start()) {
                SocketChannel channel = SocketChannel.open(new InetSocketAddress("localhost", server.port()));
                channel.socket().setSoTimeout(5_000);
                try (channel) {
                    int _ = channel.write(ByteBuffer.wrap(latin1("GET / HTTP/1.1\r\n\r\n")));
                    byte[] answer = channel.socket().getInputStream().readAllBytes();
                    assertTrue(answer.length < 100, "at most an alert: " + answer.length);
                } catch (IOException e) {
                    assertTrue(e.getMessage().contains("reset"), e.toString());
                }
                ServerUnderTest.await("the connection stays", () -> server.connectionCount() == 0);
            }
        }

        @Test
        void aPortInUseIsReportedAndNothingStaysOpen() throws Exception {
            try (ServerUnderTest tested = ServerUnderTest.start(_ -> {})) {
                BindException inUse = assertThrows(
                        BindException.class,
                        () -> WebSocketServer.builder()
                                .bind(ServerUnderTest.HOST, 0)
                                .bind(ServerUnderTest.HOST, tested.port())
                                .start());
                String message = String.valueOf(inUse.getMessage());
                assertTrue(message.contains(ServerUnderTest.HOST + " port " + tested.port()), message);
                tested.controlEchoes();
            }
        }

        @Test
        void anAddressThatIsNotThisMachinesIsNamed() {
            WebSocketServer.Builder elsewhere = WebSocketServer.builder().bind("192.0.2.1", 0);
            IOException failure = assertThrows(IOException.class, elsewhere::start);
            assertTrue(String.valueOf(failure.getMessage()).contains("192.0.2.1"), failure.toString());
        }

        @Test
        void whatIsInTheWayOfAUnixSocketIsSaid(@TempDir Path directory) throws IOException {
            Path socket = directory.resolve("s");
            Path file = Files.createFile(directory.resolve("file"));
            try (ServerSocketChannel listening = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
                listening.bind(UnixDomainSocketAddress.of(socket));
                assertEquals(socket + " exists, and a server listens on it", refusal(socket));
            }
            assertEquals(socket + " exists, but no server listens on it any more; delete it", refusal(socket));
            assertEquals(file + " exists", refusal(file));
            Path nowhere = directory.resolve("none");
            assertEquals("there is no directory " + nowhere + " for the socket", refusal(nowhere.resolve("s")));
            assertTrue(Files.exists(socket), "it was not ours to delete");
        }

        private static String refusal(Path socket) {
            WebSocketServer.Builder server = WebSocketServer.builder().bindUnix(socket);
            return String.valueOf(assertThrows(IOException.class, server::start).getMessage());
        }

        @Test
        void settingsThatMakeNoSenseAreRefused() {
            WebSocketServer.Builder none = WebSocketServer.builder();
            assertThrows(IllegalStateException.class, none::start);
            WebSocketServer.Builder wrong = WebSocketServer.builder();
            assertThrows(IllegalArgumentException.class, () -> wrong.maxConnections(0));
            assertThrows(IllegalArgumentException.class, () -> wrong.maxHeadBytes(0));
            assertThrows(IllegalArgumentException.class, () -> wrong.maxHeaderCount(-1));
            assertThrows(IllegalArgumentException.class, () -> wrong.handshakeTimeout(Duration.ZERO));
            assertThrows(IllegalArgumentException.class, () -> wrong.shutdownTimeout(Duration.ofSeconds(-1)));
        }
    }
}

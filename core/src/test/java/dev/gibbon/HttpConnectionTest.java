// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static dev.gibbon.ServerUnderTest.body;
import static dev.gibbon.ServerUnderTest.latin1;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.HotSpotDiagnosticMXBean;
import dev.gibbon.spi.Transport;
import dev.gibbon.testkit.ScriptedPeer;
import dev.gibbon.transport.ChannelTransport;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.management.ManagementFactory;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests on a server with a route for listeners and others, read by a loop, and what a slow one costs. */
@Timeout(300)
class HttpConnectionTest {
    private static void listener(WebSocketServer.Builder builder) {
        builder.loops(1)
                .handshakeTimeout(Duration.ofSeconds(2))
                .handle("/page", exchange -> exchange.respond(200, "text/plain", "page"))
                .listen("/listener", Upgrader.create(), new Listener() {
                    @Override
                    public void onText(Connection connection, MessageView message) throws IOException {
                        connection.writeMessage(message);
                    }
                });
    }

    private static void echo(ScriptedPeer peer) throws IOException {
        peer.sendText("hello");
        peer.expectText("hello");
    }

    @Test
    void aRequestMayComeByteByByte() throws Exception {
        try (ServerUnderTest tested = ServerUnderTest.start(HttpConnectionTest::listener);
                Socket client = new Socket(ServerUnderTest.HOST, tested.port())) {
            client.setTcpNoDelay(true);
            for (byte next : latin1(tested.upgradeRequest("/listener"))) {
                client.getOutputStream().write(next);
            }
            byte[] start = client.getInputStream().readNBytes("HTTP/1.1 101".length());
            assertEquals("HTTP/1.1 101", new String(start, StandardCharsets.ISO_8859_1));
        }
    }

    @Test
    void aLongRequestFits() throws Exception {
        try (ServerUnderTest tested = ServerUnderTest.start(HttpConnectionTest::listener);
                ScriptedPeer peer = tested.upgrade("/listener", "X-Long: " + "x".repeat(5000))) {
            echo(peer);
        }
    }

    @Test
    void whatIsForAHandlerOrIsRefusedIsAnsweredAsEver() throws Exception {
        try (ServerUnderTest tested = ServerUnderTest.start(HttpConnectionTest::listener)) {
            try (ScriptedPeer peer = tested.send(tested.getRequest("/page"))) {
                assertEquals("page", body(peer, peer.response()));
            }
            try (ScriptedPeer peer = tested.send(tested.getRequest("/listener"))) {
                assertEquals(426, peer.response().status());
            }
            try (ScriptedPeer peer = tested.send("nonsense\r\n\r\n")) {
                assertEquals(400, peer.response().status());
            }
            try (ScriptedPeer peer = tested.upgrade("/echo")) {
                echo(peer);
            }
            tested.awaitNoOthers();
        }
    }

    @Test
    void aClientThatLeavesInTheMiddleOfItsRequestIsNotCountedAnyMore() throws Exception {
        try (ServerUnderTest tested = ServerUnderTest.start(HttpConnectionTest::listener)) {
            try (Socket client = new Socket(ServerUnderTest.HOST, tested.port())) {
                client.getOutputStream().write(latin1("GET /listener HTTP/1.1\r\nHost:"));
                ServerUnderTest.await("it is not counted", () -> tested.othersOpen() == 1);
            }
            tested.awaitNoOthers();
        }
    }

    @Test
    void aRequestThatDoesNotEndIsHungUpOnInTime() throws Exception {
        try (ServerUnderTest tested = ServerUnderTest.start(HttpConnectionTest::listener);
                Socket client = new Socket(ServerUnderTest.HOST, tested.port())) {
            client.getOutputStream().write(latin1("GET /listener HTTP/1.1\r\nHost:"));
            assertEquals(-1, client.getInputStream().read());
            tested.awaitNoOthers();
        }
    }

    private static final int SLOW = 2000;

    /** {@return the names of all threads, virtual ones included} */
    private static List<String> threads(Path directory) throws IOException {
        Path file = Files.createTempFile(directory, "threads", ".txt");
        Files.delete(file);
        ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class)
                .dumpThreads(file.toString(), HotSpotDiagnosticMXBean.ThreadDumpFormat.TEXT_PLAIN);
        return Files.readAllLines(file).stream()
                .filter(line -> line.startsWith("#"))
                .toList();
    }

    private static long own(List<String> threads) {
        return threads.stream().filter(line -> line.contains("gibbon-")).count();
    }

    private static List<SocketChannel> crowd(int port, byte[] start) throws IOException {
        List<SocketChannel> crowd = new ArrayList<>();
        for (int i = 0; i < SLOW; i++) {
            SocketChannel channel = SocketChannel.open(new InetSocketAddress("localhost", port));
            crowd.add(channel);
            int _ = channel.write(ByteBuffer.wrap(start));
        }
        return crowd;
    }

    /** The crowd has come, and the server has no thread for any of it; then it leaves, and nothing is left of it. */
    private static void costsNoThread(WebSocketServer server, byte[] start, Path directory) throws Exception {
        long before = own(threads(directory));
        List<SocketChannel> crowd = crowd(server.port(), start);
        ServerUnderTest.await("not all are there", () -> server.connectionCount() == SLOW);
        List<String> all = threads(directory);
        long http = all.stream().filter(line -> line.contains("gibbon-http")).count();
        assertEquals(0, http, "threads for heads that are not whole");
        assertTrue(own(all) < before + SLOW / 10, own(all) + " threads, before it " + before + ": " + all);
        for (SocketChannel channel : crowd) {
            channel.close();
        }
        ServerUnderTest.await("some stay", () -> server.connectionCount() == 0);
    }

    @Test
    void slowHeadsCostNoThread(@TempDir Path directory) throws Exception {
        try (WebSocketServer server = WebSocketServer.builder()
                .bind("localhost", 0)
                .loops(1)
                .handshakeTimeout(Duration.ofMinutes(5))
                .handle("/page", exchange -> exchange.respond(200, "text/plain", "page"))
                .start()) {
            costsNoThread(server, latin1("GET /page HTTP/1.1\r\nHost: loc"), directory);
            try (ScriptedPeer peer = ScriptedPeer.overHttp(
                    "localhost", server.port(), "GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n")) {
                assertEquals("page", body(peer, peer.response()));
            }
        }
    }

    @Test
    void slowTlsHandshakesCostNoThread(@TempDir Path directory) throws Exception {
        SSLContext context = TestTls.context(directory);
        try (WebSocketServer server = WebSocketServer.builder()
                .bind("localhost", 0)
                .loops(1)
                .handshakeTimeout(Duration.ofMinutes(5))
                .tls(context)
                .handle("/page", exchange -> exchange.respond(200, "text/plain", "page"))
                .start()) {
            costsNoThread(server, new byte[] {22, 3, 1, 2, 0, 1, 0, 1, -4, 3, 3}, directory);
            try (ScriptedPeer peer = ScriptedPeer.over(TestTls.connect(context, server.port()), Role.CLIENT)) {
                for (byte next : latin1("GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n")) {
                    peer.sendRaw(new byte[] {next});
                }
                assertEquals("page", body(peer, peer.expectHead()));
            }
        }
    }

    /** The answer is longer than any socket takes at once: the handler waits for turns, which write the rest. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aLargeAnswerIsSentWholeAndTheNextRequestFollows(boolean secure, @TempDir Path directory) throws Exception {
        byte[] page = new byte[32 << 20];
        Arrays.fill(page, (byte) 'p');
        SSLContext context = TestTls.context(directory);
        WebSocketServer.Builder builder = WebSocketServer.builder()
                .bind("localhost", 0)
                .handshakeTimeout(Duration.ofMinutes(1))
                .handle("/page", exchange -> exchange.respond(200, Headers.of(), page));
        try (WebSocketServer server = (secure ? builder.tls(context) : builder).start()) {
            String request = "GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n";
            Transport transport = secure
                    ? TestTls.connect(context, server.port())
                    : new ChannelTransport(SocketChannel.open(new InetSocketAddress("localhost", server.port())));
            try (ScriptedPeer peer = ScriptedPeer.overHttp(transport, request + request)) {
                assertArrayEquals(page, peer.expectBytes(page.length));
                assertEquals(200, peer.expectHead().status());
                assertArrayEquals(page, peer.expectBytes(page.length));
            }
        }
    }

    /** Interrupting a handler whose answer waits for its client ends its wait, not the answer. */
    @Test
    void anInterruptedAnswerIsStillSentWhole() throws Exception {
        byte[] page = new byte[32 << 20];
        CompletableFuture<Thread> handler = new CompletableFuture<>();
        CompletableFuture<IOException> thrown = new CompletableFuture<>();
        try (ServerUnderTest tested = ServerUnderTest.start(builder -> builder.handshakeTimeout(Duration.ofMinutes(5))
                .handle("/page", exchange -> {
                    boolean _ = handler.complete(Thread.currentThread());
                    try {
                        exchange.respond(200, Headers.of(), page.clone());
                    } catch (IOException e) {
                        boolean _ = thrown.complete(e);
                        throw e;
                    }
                }))) {
            try (ScriptedPeer peer = tested.send(tested.getRequest("/page"))) {
                Thread waiting = handler.get(60, TimeUnit.SECONDS);
                ServerUnderTest.await("the answer is not stuck", () -> waiting.getState() == Thread.State.WAITING);
                waiting.interrupt();
                assertInstanceOf(InterruptedIOException.class, thrown.get(60, TimeUnit.SECONDS));
                assertArrayEquals(page, peer.expectBytes(page.length));
                peer.sendRaw(latin1(tested.upgradeRequest("/echo")));
                assertEquals(101, peer.expectHead().status());
                echo(peer);
            }
        }
    }
}

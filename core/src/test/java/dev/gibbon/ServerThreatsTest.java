// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static dev.gibbon.ServerUnderTest.latin1;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.connection.Sender;
import dev.gibbon.connection.WebSocketConnection;
import dev.gibbon.testkit.HttpHead;
import dev.gibbon.testkit.ScriptedPeer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Clients that keep a server busy for nothing, named for the
 * entries of our threat catalogue, and a healthy one beside them.
 */
@Timeout(300)
class ServerThreatsTest {
    private static final int CROWD = 200;
    private static final Duration HANDSHAKE_TIMEOUT = Duration.ofSeconds(2);

    private static List<SocketChannel> crowd(ServerUnderTest tested) throws IOException {
        List<SocketChannel> crowd = new ArrayList<>();
        for (int i = 0; i < CROWD; i++) {
            SocketChannel channel = SocketChannel.open(new InetSocketAddress(ServerUnderTest.HOST, tested.port()));
            channel.configureBlocking(false);
            crowd.add(channel);
        }
        return crowd;
    }

    private static void newClientsAreServed(ServerUnderTest tested) throws IOException {
        tested.controlEchoes();
        try (ScriptedPeer peer = tested.upgrade("/echo")) {
            peer.sendText("new");
            peer.expectText("new");
        }
    }

    /** Lets each client of a crowd do something until the server has dropped them all. */
    private static void untilAllAreDropped(ServerUnderTest tested, byte[] trickle) throws Exception {
        long start = System.nanoTime();
        List<SocketChannel> crowd = crowd(tested);
        int sent = 0;
        while (!crowd.isEmpty()) {
            for (Iterator<SocketChannel> each = crowd.iterator(); each.hasNext(); ) {
                SocketChannel channel = each.next();
                if (isOver(channel, trickle, sent)) {
                    channel.close();
                    each.remove();
                }
            }
            sent++;
            newClientsAreServed(tested);
            Thread.sleep(20);
        }
        assertTrue(System.nanoTime() - start > HANDSHAKE_TIMEOUT.toNanos() * 9 / 10, "dropped too early");
        tested.awaitNoOthers();
    }

    private static boolean isOver(SocketChannel channel, byte[] trickle, int sent) {
        try {
            if (sent < trickle.length) {
                int _ = channel.write(ByteBuffer.wrap(trickle, sent, 1));
            }
            return channel.read(ByteBuffer.allocate(1)) < 0;
        } catch (IOException _) {
            return true;
        }
    }

    @Test
    @DisplayName("RX-01 slow loris: heads that trickle in are dropped at the handshake timeout,"
            + " new clients get in throughout")
    void headsThatTrickleInAreDropped() throws Exception {
        try (ServerUnderTest tested = ServerUnderTest.start(builder -> builder.handshakeTimeout(HANDSHAKE_TIMEOUT))) {
            byte[] trickle = latin1(tested.upgradeRequest("/echo", "X: " + "a".repeat(2_000)));
            untilAllAreDropped(tested, trickle);
        }
    }

    @Test
    @DisplayName("RX-04 clients that connect and say nothing are dropped at the handshake timeout")
    void clientsThatSayNothingAreDropped() throws Exception {
        try (ServerUnderTest tested = ServerUnderTest.start(builder -> builder.handshakeTimeout(HANDSHAKE_TIMEOUT))) {
            untilAllAreDropped(tested, new byte[0]);
        }
    }

    @Test
    @DisplayName("RX-05 TLS clients that say nothing, or half a ClientHello, are dropped at the handshake timeout")
    void tlsClientsThatDoNotShakeHandsAreDropped(@TempDir Path directory) throws Exception {
        try (WebSocketServer server = WebSocketServer.builder()
                .bind("localhost", 0)
                .tls(TestTls.context(directory))
                .handshakeTimeout(HANDSHAKE_TIMEOUT)
                .start()) {
            List<SocketChannel> crowd = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                SocketChannel channel = SocketChannel.open(new InetSocketAddress("localhost", server.port()));
                crowd.add(channel);
                if (i % 2 == 0) {
                    int _ = channel.write(ByteBuffer.wrap(new byte[] {22, 3, 1, 2, 0, 1, 0, 1, -4, 3, 3}));
                }
            }
            ServerUnderTest.await("not all are there", () -> server.connectionCount() > 0);
            ServerUnderTest.await("not all were dropped", () -> server.connectionCount() == 0);
            for (SocketChannel channel : crowd) {
                channel.close();
            }
        }
    }

    @Test
    @DisplayName("HS-37 pipelined requests whose answers nobody reads: one at a time,"
            + " the rest stays in the kernel, then dropped")
    void pipelinedRequestsWhoseAnswersNobodyReads() throws Exception {
        int requests = 100_000;
        AtomicInteger handled = new AtomicInteger();
        AtomicInteger inProgress = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        byte[] page = new byte[4_096];
        try (ServerUnderTest tested = ServerUnderTest.start(builder -> builder.handshakeTimeout(HANDSHAKE_TIMEOUT)
                .handle("/page", exchange -> {
                    int now = inProgress.incrementAndGet();
                    int _ = most.accumulateAndGet(now, Math::max);
                    int _ = handled.incrementAndGet();
                    try {
                        exchange.respond(200, Headers.of(), page);
                    } finally {
                        int _ = inProgress.decrementAndGet();
                    }
                }))) {
            byte[] all = latin1(tested.getRequest("/page").repeat(requests));
            try (SocketChannel channel =
                    SocketChannel.open(new InetSocketAddress(ServerUnderTest.HOST, tested.port()))) {
                FutureTask<Integer> writing = new FutureTask<>(() -> {
                    ByteBuffer bytes = ByteBuffer.wrap(all);
                    try {
                        while (bytes.hasRemaining()) {
                            int _ = channel.write(bytes);
                        }
                    } catch (IOException _) {
                        // Dropped, as it should be.
                    }
                    return bytes.position();
                });
                Thread _ = Thread.ofPlatform().start(writing);
                tested.controlEchoes();
                int taken = writing.get(60, TimeUnit.SECONDS);
                assertTrue(taken < all.length, "all " + taken + " bytes were taken");
                assertEquals(1, most.get(), "requests in progress at once");
                assertTrue(handled.get() > 0 && handled.get() < requests, handled + " handled");
            }
            tested.awaitNoOthers();
        }
    }

    @Test
    @DisplayName("CC-21 abort() returns at once while another thread is blocked in a TLS write")
    void abortReturnsAtOnceWhileAnotherThreadIsBlockedInATlsWrite(@TempDir Path directory) throws Exception {
        SSLContext context = TestTls.context(directory);
        CompletableFuture<Connection> opened = new CompletableFuture<>();
        CompletableFuture<IOException> writerSaw = new CompletableFuture<>();
        try (WebSocketServer server = WebSocketServer.builder()
                        .bind("localhost", 0)
                        .tls(context)
                        .handle("/", exchange -> {
                            Connection ws = Upgrader.create().upgrade(exchange);
                            boolean _ = opened.complete(ws);
                            try {
                                while (true) {
                                    ws.writeBinary(new byte[1 << 20]);
                                }
                            } catch (IOException e) {
                                boolean _ = writerSaw.complete(e);
                            }
                        })
                        .handle(
                                "/echo",
                                exchange ->
                                        ServerUnderTest.echo(Upgrader.create().upgrade(exchange)))
                        .start();
                ScriptedPeer healthy = tls(context, server, "/echo");
                ScriptedPeer peer = tls(context, server, "/")) {
            healthy.sendText("before");
            healthy.expectText("before");
            Connection ws = opened.get(60, TimeUnit.SECONDS);
            awaitStalledWrite(((WebSocketConnection) ws).sender());
            healthy.sendText("during");
            healthy.expectText("during");
            ws.abort(); // Returns although the peer never reads.
            assertTrue(writerSaw.get(60, TimeUnit.SECONDS) instanceof ConnectionClosedException);
            assertEquals(ConnectionState.CLOSED, ws.state());
            healthy.sendText("after");
            healthy.expectText("after");
            ServerUnderTest.await("the connection stays", () -> server.connectionCount() == 1);
            peer.close();
            healthy.sendClose(1000, "");
            healthy.expectClose(1000);
        }
    }

    private static ScriptedPeer tls(SSLContext context, WebSocketServer server, String path) throws IOException {
        return ScriptedPeer.overHttp(
                        TestTls.connect(context, server.port()), HttpHead.upgradeRequest("localhost", path))
                .expectUpgraded();
    }

    private static void awaitStalledWrite(Sender sender) throws InterruptedException {
        AtomicInteger calm = new AtomicInteger();
        long[] written = {-1};
        ServerUnderTest.await("the write does not stall", () -> {
            boolean still = sender.output().writing() && sender.output().bytesWritten() == written[0];
            written[0] = sender.output().bytesWritten();
            return (still ? calm.incrementAndGet() : calm.getAndSet(0)) > 100;
        });
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.reconnect.ReconnectingClient;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A loop's thread must not wait: calls that may are refused there, by name, and nobody is harmed. */
@Timeout(300)
class LoopGuardTest {
    /** Runs in a call of a listener on a loop. */
    private interface InListener {
        void run(Connection own) throws Exception;
    }

    private static Probe on(InListener calls) {
        return new Probe(new Probe.Script() {
            @Override
            void message(Connection connection, MessageView message) throws IOException {
                try {
                    calls.run(connection);
                    connection.writeText("done");
                } catch (Exception | AssertionError e) {
                    connection.writeText("" + e);
                }
            }
        });
    }

    private static void refused(String call, Executable executable) {
        IllegalStateException e = assertThrows(IllegalStateException.class, executable, call);
        assertTrue(e.getMessage().startsWith(call + " "), e.getMessage());
        assertTrue(e.getMessage().contains("on a thread of your own"), e.getMessage());
        assertTrue(e.getMessage().contains("gibbon-loop-"), e.getMessage());
    }

    @ParameterizedTest
    @EnumSource
    void readsOfABlockingConnectionAreRefusedAndItGoesOn(Role role) throws Exception {
        CompletableFuture<Rig.Other> blocking = new CompletableFuture<>();
        CompletableFuture<MessageReader> reader = new CompletableFuture<>();
        Probe probe = on(_ -> {
            Connection other = blocking.get().connection();
            refused("readMessage", other::readMessage);
            refused("nextReader", other::nextReader);
            refused("nextReader", () -> other.joinMessages("").read());
            refused("read", () -> reader.get().read(ByteBuffer.allocate(1)));
        });
        try (Rig rig = new Rig(new Side(Face.LOOP, role), ConnectionOptions.defaults(), probe)) {
            Rig.Other other = rig.other(ConnectionOptions.defaults());
            other.peer().sendText("streamed");
            reader.complete(other.connection().nextReader());
            blocking.complete(other);
            rig.peer.sendText("go");
            rig.peer.expectText("done");
            other.peer().sendText("hello");
            assertEquals("hello", other.connection().readMessage().text());
            other.connection().abort();
            rig.connection.abort();
            Rig.End _ = rig.end(rig.read());
        }
    }

    /** On a loop a write returns once it is queued, to whichever connection. */
    @ParameterizedTest
    @EnumSource
    void writesToABlockingConnectionWaitForNobody(Role role) throws Exception {
        CompletableFuture<Rig.Other> blocking = new CompletableFuture<>();
        CompletableFuture<MessageWriter> writer = new CompletableFuture<>();
        Probe probe = on(_ -> {
            Connection other = blocking.get().connection();
            other.writeText("text");
            other.writeBinary(new byte[1]);
            other.writeBinary(ByteBuffer.allocate(2));
            other.writeMessage(Message.text("message"));
            other.writePrepared(PreparedMessage.text("prepared"));
            assertThrows(QueueFullException.class, () -> other.nextWriter(MessageType.TEXT));
            other.ping(ByteBuffer.wrap(new byte[] {7}));
            other.pong(ByteBuffer.wrap(new byte[] {8}));
            other.flush();
            other.setBatchWrites(false);
        });
        try (Rig rig = new Rig(new Side(Face.LOOP, role), ConnectionOptions.defaults(), probe)) {
            Rig.Other other = rig.other(ConnectionOptions.defaults());
            writer.complete(other.connection().nextWriter(MessageType.TEXT));
            blocking.complete(other);
            rig.peer.sendText("go");
            rig.peer.expectText("done");
            assertArrayEquals(new byte[] {7}, other.peer().expectPing());
            other.peer().expectPong(new byte[] {8});
            writer.get().write("whole");
            writer.get().close();
            other.peer().expectText("whole");
            other.peer().expectText("text");
            other.peer().expectBinary(new byte[1]);
            other.peer().expectBinary(new byte[2]);
            other.peer().expectText("message");
            other.peer().expectText("prepared");
            other.connection().abort();
            rig.connection.abort();
            Rig.End _ = rig.end(rig.read());
        }
    }

    @ParameterizedTest
    @EnumSource
    void roundTripIsNotWaitedForOnALoopButMayBeUsed(Role role) throws Exception {
        CompletableFuture<String> then = new CompletableFuture<>();
        Probe probe = on(own -> {
            CompletableFuture<Duration> roundTrip = own.ping();
            refused("get", roundTrip::get);
            refused("get", () -> roundTrip.get(1, TimeUnit.DAYS));
            refused("join", roundTrip::join);
            refused("join", roundTrip.thenApply(Duration::toString)::join);
            CompletableFuture<Void> _ = roundTrip.thenAccept(_ -> then.complete("came"));
        });
        try (Rig rig = new Rig(new Side(Face.LOOP, role), ConnectionOptions.defaults(), probe)) {
            rig.peer.sendText("go");
            byte[] payload = rig.peer.expectPing();
            rig.peer.expectText("done");
            rig.peer.sendPong(payload);
            assertEquals("came", then.get(Rig.SECONDS, TimeUnit.SECONDS));
            rig.connection.abort();
            Rig.End _ = rig.end(rig.read());
        }
    }

    @Test
    void callsOfServerAndClientsAreRefusedAndCloseGoesOnElsewhere() throws Exception {
        CompletableFuture<WebSocketServer> started = new CompletableFuture<>();
        CompletableFuture<Connection> handled = new CompletableFuture<>();
        Probe probe = on(_ -> {
            WebSocketServer server = started.get();
            refused("dial", () -> Dialer.create().dial(URI.create("ws://127.0.0.1:" + server.port() + "/")));
            refused("awaitShutdown", server::awaitShutdown);
            try (ReconnectingClient client = ReconnectingClient.builder(
                            Dialer.create(), URI.create("ws://127.0.0.1:1/"))
                    .outbox(ReconnectingClient.OutboxPolicy.BLOCK, 1, 100)
                    .start()) {
                refused("readMessage", client::readMessage);
                CompletableFuture<Void> receipt = client.sendText("a");
                refused("join", receipt::join);
                refused("join", receipt.thenRun(() -> {})::join);
                refused("send with a full outbox", () -> client.sendText("b"));
            }
        });
        CompletableFuture<WebSocketServer> closed = new CompletableFuture<>();
        Probe closing = new Probe(new Probe.Script() {
            @Override
            void message(Connection connection, MessageView message) {
                WebSocketServer server = started.join();
                server.close();
                server.close();
                closed.complete(server);
            }
        });
        WebSocketServer server = WebSocketServer.builder()
                .bind("127.0.0.1", 0)
                .shutdownTimeout(Duration.ofSeconds(30))
                .listen("/", Upgrader.create(), probe)
                .listen("/close", Upgrader.create(), closing)
                .handle("/slow", exchange -> handled.complete(Upgrader.create().upgrade(exchange)))
                .start();
        started.complete(server);
        Connection slow = Dialer.create().dial(URI.create("ws://127.0.0.1:" + server.port() + "/slow"));
        Connection _ = handled.get(Rig.SECONDS, TimeUnit.SECONDS);
        Connection client = Dialer.create().dial(URI.create("ws://127.0.0.1:" + server.port() + "/"));
        client.writeText("go");
        assertEquals("done", client.readMessage().text());
        Connection last = Dialer.create().dial(URI.create("ws://127.0.0.1:" + server.port() + "/close"));
        last.writeText("go");
        assertEquals(server, closed.get(Rig.SECONDS, TimeUnit.SECONDS));
        assertTrue(server.connectionCount() > 0, "the slow one has not answered, and nobody waited for it");
        assertEquals(null, last.readMessage());
        assertEquals(null, client.readMessage());
        assertEquals(null, slow.readMessage());
        server.awaitShutdown();
        assertEquals(0, server.connectionCount());
    }

    @Test
    void answerOfAnHttpRequestIsRefusedAndCanStillBeGiven() throws Exception {
        CompletableFuture<Exchange> asked = new CompletableFuture<>();
        CompletableFuture<Void> tried = new CompletableFuture<>();
        Probe probe = on(_ -> {
            Exchange exchange = asked.get();
            IllegalStateException e =
                    assertThrows(IllegalStateException.class, () -> exchange.respond(200, "text/plain", "from a loop"));
            assertTrue(e.getMessage().startsWith("respond "), e.getMessage());
            assertTrue(e.getMessage().contains("gibbon-loop-"), e.getMessage());
        });
        try (WebSocketServer server = WebSocketServer.builder()
                .bind("127.0.0.1", 0)
                .listen("/", Upgrader.create(), probe)
                .handle("/page", exchange -> {
                    asked.complete(exchange);
                    tried.get(Rig.SECONDS, TimeUnit.SECONDS);
                    exchange.respond(200, "text/plain", "from the handler");
                })
                .start()) {
            try (Socket page = new Socket("127.0.0.1", server.port());
                    Connection client = Dialer.create().dial(URI.create("ws://127.0.0.1:" + server.port() + "/"))) {
                page.getOutputStream()
                        .write("GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                client.writeText("go");
                assertEquals("done", client.readMessage().text());
                tried.complete(null);
                byte[] status = page.getInputStream().readNBytes(12);
                assertEquals("HTTP/1.1 200", new String(status, StandardCharsets.US_ASCII));
            }
        }
    }
}

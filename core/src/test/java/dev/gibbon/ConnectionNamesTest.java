// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.spi.AsyncStream;
import dev.gibbon.spi.UpgradeReply;
import dev.gibbon.spi.UpgradeRequest;
import dev.gibbon.testkit.ScriptedPeer;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.logging.LogRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What tells one connection, and its thread, from all others in a log. */
@Timeout(300)
class ConnectionNamesTest {
    private record Served(Connection connection, String thread) {}

    private final LinkedBlockingQueue<Served> served = new LinkedBlockingQueue<>();

    private static final Headers HEAD = Headers.of(
            "Host", "localhost",
            "Connection", "Upgrade",
            "Upgrade", "websocket",
            "Sec-WebSocket-Version", "13",
            "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");

    private void note(Connection connection) {
        served.add(new Served(connection, Thread.currentThread().getName()));
    }

    private static final class Defective implements AsyncStream {
        @Override
        public int read(ByteBuffer dst) {
            return 0;
        }

        @Override
        public long write(ByteBuffer[] srcs, int offset, int length) {
            return 0;
        }

        @Override
        public boolean flushed() {
            return true;
        }

        @Override
        public void whenReadable(Runnable task) {
            throw new IllegalStateException("a bug of this test");
        }

        @Override
        public void whenWritable(Runnable task) {}

        @Override
        public void shutdownOutput() {}

        @Override
        public void close() {}
    }

    private Served next() throws InterruptedException {
        Served next = served.poll(60, TimeUnit.SECONDS);
        if (next == null) {
            throw new AssertionError("nothing was served");
        }
        return next;
    }

    private ServerUnderTest server() throws IOException {
        return ServerUnderTest.start(builder -> builder.serve("/rooms/{name}", ws -> {
                    note(ws);
                    Message _ = ws.readMessage();
                })
                .listen("/events", Upgrader.create(), new Listener() {
                    @Override
                    public void onOpen(Connection connection) {
                        note(connection);
                    }
                }));
    }

    @Test
    void aHandlersThreadHasTheNumberOfItsConnection() throws Exception {
        try (ServerUnderTest tested = server();
                ScriptedPeer _ = tested.upgrade("/rooms/a");
                ScriptedPeer _ = tested.upgrade("/rooms/b")) {
            Served one = next();
            Served other = next();
            assertNotEquals(one.connection().id(), other.connection().id());
            assertEquals("gibbon-http-" + one.connection().id(), one.thread());
            assertEquals("gibbon-http-" + other.connection().id(), other.thread());
        }
    }

    @Test
    void linesOfTheLogNameItsNumberItsRouteItsPathAndItsPeer() throws Exception {
        try (ServerUnderTest tested = server();
                ScriptedPeer _ = tested.upgrade("/rooms/a%20b?token=secret")) {
            Connection room = next().connection();
            assertEquals("/rooms/a%20b", room.path());
            String name = "WebSocket " + room.id() + " SERVER OPEN, route /rooms/{name}, path \"/rooms/a%20b\", peer /";
            assertTrue(room.toString().startsWith(name), room.toString());
            try (ScriptedPeer _ = tested.upgrade("/events")) {
                Connection events = next().connection();
                assertEquals("/events", events.path());
                name = "WebSocket " + events.id() + " SERVER OPEN, route /events, peer /";
                assertTrue(events.toString().startsWith(name), events.toString());
            }
        }
    }

    @Test
    void aClientsHasThePathThatItAskedFor() throws Exception {
        try (ServerUnderTest tested = server();
                Connection dialled =
                        Dialer.create().dial(URI.create("ws://" + tested.authority() + "/rooms/a?token=secret"))) {
            assertEquals("/rooms/a", dialled.path());
            String name = "WebSocket " + dialled.id() + " CLIENT OPEN, path \"/rooms/a\", peer ";
            assertTrue(dialled.toString().startsWith(name), dialled.toString());
        }
    }

    /** A stream of an adapter that has a bug. */
    @Test
    void aDefectIsLoggedWithTheNumberOfTheConnectionThatIsDroppedForIt() throws Exception {
        try (LogLines log = LogLines.record();
                WebSocketHost host = WebSocketHost.builder().loops(1).build()) {
            UpgradeReply.Accepted accepted = (UpgradeReply.Accepted) host.reply(
                    Upgrader.create(), UpgradeRequest.http("GET", "HTTP/1.1", "localhost", false, HEAD), Headers.of());
            Connection connection = host.open(accepted, new Defective(), ByteBuffer.allocate(0));
            assertEquals(
                    1006, connection.closed().get(60, TimeUnit.SECONDS).code().value());
            assertEquals(
                    List.of("WebSocket " + connection.id() + " is dropped for a defect"),
                    log.warnings(_ -> true).stream().map(LogRecord::getMessage).toList());
        }
    }

    @Test
    void anotherServersHandlersAreNumberedToo() throws Exception {
        try (RawHost raw = new RawHost(
                        RawHost.Way.CHANNEL,
                        WebSocketHost.builder().loops(1).build(),
                        Upgrader.create(),
                        (host, connection) -> host.serve(connection, this::note));
                ScriptedPeer _ = raw.connectTo("/chat")) {
            Served one = next();
            assertEquals("gibbon-serve-" + one.connection().id(), one.thread());
            assertEquals("/chat", one.connection().path());
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.testkit.ScriptedPeer;
import java.io.IOException;
import java.net.URI;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What tells one connection, and its thread, from all others in a log. */
@Timeout(300)
class ConnectionNamesTest {
    private record Served(Connection connection, String thread) {}

    private final LinkedBlockingQueue<Served> served = new LinkedBlockingQueue<>();

    private void note(Connection connection) {
        served.add(new Served(connection, Thread.currentThread().getName()));
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

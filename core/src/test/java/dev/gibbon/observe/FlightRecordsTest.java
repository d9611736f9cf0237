// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.observe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.CloseCode;
import dev.gibbon.Connection;
import dev.gibbon.ConnectionObserver;
import dev.gibbon.Dialer;
import dev.gibbon.HandshakeException;
import dev.gibbon.Headers;
import dev.gibbon.Listener;
import dev.gibbon.LogLines;
import dev.gibbon.Message;
import dev.gibbon.MessageView;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketServer;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import jdk.jfr.Event;
import jdk.jfr.EventSettings;
import jdk.jfr.EventType;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;

@Isolated
@Timeout(300)
class FlightRecordsTest {
    private static final List<Class<? extends Event>> ON = List.of(
            FlightEvents.ConnectionOpened.class,
            FlightEvents.ConnectionClosed.class,
            FlightEvents.ConnectionRefused.class,
            FlightEvents.QueueHighWater.class,
            FlightEvents.BroadcastMissed.class,
            FlightEvents.SlowListener.class,
            FlightEvents.ApplicationThrew.class);

    private static final List<Class<? extends Event>> OFF =
            List.of(FlightEvents.MessageReceived.class, FlightEvents.MessageSent.class, FlightEvents.Ping.class);

    @TempDir
    private Path scratch;

    private final CountDownLatch closed = new CountDownLatch(2);

    private WebSocketServer server() throws IOException {
        return WebSocketServer.builder()
                .bind("127.0.0.1", 0)
                .loops(1)
                .observe(new ConnectionObserver() {
                    @Override
                    public void closed(Connection connection, End end) {
                        closed.countDown();
                    }
                })
                .serve("/echo/{name}", ws -> {
                    for (Message m = ws.readMessage(); m != null; m = ws.readMessage()) {
                        ws.writeMessage(m);
                    }
                })
                .listen("/throws", Upgrader.create(), new Listener() {
                    @Override
                    public void onText(Connection connection, MessageView message) {
                        throw new IllegalStateException("a bug of this test");
                    }
                })
                .start();
    }

    private static Connection dial(WebSocketServer server, String path) throws IOException {
        return Dialer.create().dial(URI.create("ws://127.0.0.1:" + server.port() + path));
    }

    /** What is recorded of a server that has served an echo, failed once and refused once. */
    private List<RecordedEvent> record(boolean messages) throws Exception {
        Path file = scratch.resolve("events.jfr");
        try (LogLines _ = LogLines.record();
                Recording recording = new Recording();
                WebSocketServer server = server()) {
            recording.start();
            if (messages) {
                EventSettings _ = recording.enable("dev.gibbon.MessageReceived");
                EventSettings _ = recording.enable("dev.gibbon.MessageSent");
                EventSettings _ = recording.enable("dev.gibbon.Ping");
            }
            try (Connection ws = dial(server, "/echo/a?secret")) {
                ws.writeText("hello");
                assertEquals("hello", Objects.requireNonNull(ws.readMessage()).text());
                assertNotNull(ws.ping().get(60, TimeUnit.SECONDS));
                ws.close(new CloseCode(4001), "enough");
            }
            try (Connection ws = dial(server, "/throws")) {
                ws.writeText("x");
                assertEquals(1011, ws.closed().get(60, TimeUnit.SECONDS).code().value());
            }
            refuse(server);
            assertTrue(closed.await(60, TimeUnit.SECONDS));
            // Whatever the loop does now comes behind the events of those ends.
            try (Connection ws = dial(server, "/echo/last")) {
                ws.writeText("behind");
                assertEquals("behind", Objects.requireNonNull(ws.readMessage()).text());
            }
            recording.stop();
            recording.dump(file);
        }
        return RecordingFile.readAllEvents(file).stream()
                .filter(event -> event.getEventType().getName().startsWith("dev.gibbon."))
                .toList();
    }

    private static void refuse(WebSocketServer server) throws IOException {
        try (Connection _ = Dialer.create()
                .dial(
                        URI.create("ws://127.0.0.1:" + server.port() + "/echo/b"),
                        Headers.of("Origin", "https://evil.example"))) {
            throw new AssertionError("it was let in");
        } catch (HandshakeException e) {
            assertEquals(403, e.status());
        }
    }

    private static Stream<RecordedEvent> named(List<RecordedEvent> events, String name) {
        return events.stream().filter(event -> event.getEventType().getName().equals("dev.gibbon." + name));
    }

    private static RecordedEvent one(List<RecordedEvent> events, String name, String field, Object value) {
        List<RecordedEvent> found = named(events, name)
                .filter(event -> value.equals(event.getValue(field)))
                .toList();
        assertEquals(1, found.size(), events::toString);
        return found.getFirst();
    }

    @Test
    void openingsRefusalsExceptionsAndEndsAreRecordedAndMessagesAreNot() throws Exception {
        List<RecordedEvent> events = record(false);
        RecordedEvent opened = named(events, "ConnectionOpened")
                .filter(event -> event.getString("path").equals("/echo/a")
                        && event.getString("role").equals("SERVER"))
                .findFirst()
                .orElseThrow(() -> new AssertionError(events.toString()));
        RecordedEvent closed = named(events, "ConnectionClosed")
                .filter(event -> event.getString("path").equals("/echo/a")
                        && event.getString("by").equals("PEER"))
                .findFirst()
                .orElseThrow(() -> new AssertionError(events.toString()));
        assertEquals(opened.getLong("connection"), closed.getLong("connection"));
        assertTrue(closed.getString("peer").startsWith("/127.0.0.1:"));
        assertEquals(4001, closed.getInt("code"));
        assertTrue(closed.getBoolean("clean"));
        assertTrue(closed.getDuration("open").isPositive());
        assertEquals(1, closed.getLong("messagesReceived"));
        assertEquals(5, closed.getLong("bytesReceived"));
        assertEquals(1, closed.getLong("messagesSent"));
        assertEquals(5, closed.getLong("bytesSent"));
        RecordedEvent failed = named(events, "ConnectionClosed")
                .filter(event -> event.getString("by").equals("THIS_SIDE") && event.getInt("code") == 1011)
                .findFirst()
                .orElseThrow(() -> new AssertionError(events.toString()));
        RecordedEvent threw = one(events, "ApplicationException", "thrown", IllegalStateException.class.getName());
        assertEquals("a bug of this test", threw.getString("message"));
        assertEquals(failed.getLong("connection"), threw.getLong("connection"));
        RecordedEvent refused = one(events, "ConnectionRefused", "kind", "ORIGIN");
        assertEquals(403, refused.getInt("status"));
        assertEquals("/echo/b", refused.getString("path"));
        for (String off : List.of("MessageReceived", "MessageSent", "Ping")) {
            assertEquals(0, named(events, off).count(), off);
        }
    }

    @Test
    void messagesAreRecordedWhereThatIsAskedFor() throws Exception {
        List<RecordedEvent> events = record(true);
        assertEquals(
                2,
                named(events, "MessageReceived")
                        .filter(event -> event.getLong("bytes") == 5)
                        .count());
        assertEquals(
                2,
                named(events, "MessageSent")
                        .filter(event -> event.getLong("bytes") == 5)
                        .count());
        assertEquals(
                "TEXT", named(events, "MessageSent").findFirst().orElseThrow().getString("type"));
        assertEquals(1, named(events, "Ping").count());
        assertTrue(named(events, "Ping")
                .findFirst()
                .orElseThrow()
                .getDuration("roundTrip")
                .isPositive());
    }

    @Test
    void nothingIsObservedWhereNobodyRecords() throws Exception {
        FlightRecords records = (FlightRecords) Objects.requireNonNull(FlightRecords.ifThere());
        assertFalse(records.isOn());
        try (Recording recording = new Recording()) {
            recording.start();
            assertTrue(records.isOn());
        }
        assertFalse(records.isOn());
    }

    @Test
    void whatPeersCauseAtWillIsOffOrLimitedUnlessSaidOtherwise() {
        try (Recording recording = new Recording()) {
            recording.start();
            for (Class<? extends Event> event : ON) {
                assertTrue(EventType.getEventType(event).isEnabled(), event::getName);
            }
            for (Class<? extends Event> event : OFF) {
                assertFalse(EventType.getEventType(event).isEnabled(), event::getName);
            }
        }
    }
}

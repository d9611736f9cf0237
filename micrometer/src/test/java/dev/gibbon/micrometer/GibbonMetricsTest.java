// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.micrometer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.CloseCode;
import dev.gibbon.CloseStatus;
import dev.gibbon.Connection;
import dev.gibbon.ConnectionObserver.End;
import dev.gibbon.Dialer;
import dev.gibbon.HandshakeException;
import dev.gibbon.Headers;
import dev.gibbon.Message;
import dev.gibbon.WebSocketException;
import dev.gibbon.WebSocketServer;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.search.Search;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(300)
class GibbonMetricsTest {
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final GibbonMetrics metrics = GibbonMetrics.in(registry);

    private WebSocketServer server() throws IOException {
        return WebSocketServer.builder()
                .bind("127.0.0.1", 0)
                .observe(metrics)
                .serve("/echo/{name}", ws -> {
                    for (Message m = ws.readMessage(); m != null; m = ws.readMessage()) {
                        ws.writeMessage(m);
                    }
                })
                .serve("/throws", _ -> {
                    throw new IllegalStateException("a bug of this test");
                })
                .start();
    }

    private static URI uri(WebSocketServer server, String path) {
        return URI.create("ws://127.0.0.1:" + server.port() + path);
    }

    private double count(String name, String... tags) {
        Counter counter = registry.find(name).tags(tags).counter();
        return counter == null ? 0 : counter.count();
    }

    private double open(String role) {
        return registry.get("gibbon.connections").tag("role", role).gauge().value();
    }

    private long closed(String... tags) {
        return Search.in(registry).name("gibbon.connections.closed").tags(tags).timers().stream()
                .mapToLong(timer -> timer.count())
                .sum();
    }

    private static void await(BooleanSupplier done, String what) throws InterruptedException {
        long until = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
        while (!done.getAsBoolean()) {
            assertTrue(System.nanoTime() - until < 0, what);
            Thread.sleep(1);
        }
    }

    @Test
    void connectionsMessagesAndBytesOfBothRolesAreCounted() throws Exception {
        try (WebSocketServer server = server()) {
            Dialer dialer = Dialer.builder().observe(metrics).build();
            try (Connection ws = dialer.dial(uri(server, "/echo/a"))) {
                ws.writeText("hello");
                assertEquals("hello", Objects.requireNonNull(ws.readMessage()).text());
                ws.writeBinary(new byte[1000]);
                assertEquals(1000, Objects.requireNonNull(ws.readMessage()).length());
                assertNotNull(ws.ping().get(60, TimeUnit.SECONDS));
                await(
                        () -> registry.get("gibbon.ping")
                                        .tag("role", "client")
                                        .timer()
                                        .count()
                                == 1,
                        "no ping");
                assertEquals(1, open("server"));
                assertEquals(1, open("client"));
            }
            await(() -> closed() == 2, "no end is counted");
            for (String role : new String[] {"server", "client"}) {
                assertEquals(0, open(role));
                assertEquals(1, count("gibbon.connections.opened", "role", role));
                for (String direction : new String[] {"received", "sent"}) {
                    assertEquals(1, count("gibbon.messages." + direction, "role", role, "type", "text"));
                    assertEquals(5, count("gibbon.bytes." + direction, "role", role, "type", "text"));
                    assertEquals(1, count("gibbon.messages." + direction, "role", role, "type", "binary"));
                    assertEquals(1000, count("gibbon.bytes." + direction, "role", role, "type", "binary"));
                }
            }
            assertEquals(1, closed("role", "server", "by", "peer", "code", "1000"));
            assertEquals(1, closed("role", "client", "by", "this_side", "code", "1000"));
        }
    }

    @Test
    void refusalsAreCountedByKindAndStatus() throws Exception {
        try (WebSocketServer server = server()) {
            refuse(server, "/echo/a", "Origin", "https://evil.example");
            refuse(server, "/nowhere", "X", "y");
            refuse(server, "/nowhere", "X", "y");
            assertEquals(1, count("gibbon.connections.refused", "kind", "origin", "status", "403"));
            assertEquals(2, count("gibbon.connections.refused", "kind", "answered", "status", "404"));
            assertEquals(0, open("server"));
        }
    }

    private static void refuse(WebSocketServer server, String path, String... headers) throws IOException {
        try (Connection _ = Dialer.create().dial(uri(server, path), Headers.of(headers))) {
            throw new AssertionError("it was let in");
        } catch (HandshakeException e) {
            assertTrue(e.status() >= 400, e::toString);
        }
    }

    @Test
    void whatAHandlerThrowsIsCountedAndTheEndThatItBrings() throws Exception {
        try (WebSocketServer server = server();
                Connection ws = Dialer.create().dial(uri(server, "/throws"))) {
            assertEquals(1011, ws.closed().get(60, TimeUnit.SECONDS).code().value());
            await(() -> closed("by", "this_side", "code", "1011") == 1, "no end is counted");
            assertEquals(1, count("gibbon.application.exceptions", "exception", "IllegalStateException"));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "1000, PEER, 1000",
        "1001, PEER, 1001",
        "1015, PEER, 1015",
        "3000, PEER, 3xxx",
        "3999, PEER, 3xxx",
        "4000, PEER, 4xxx",
        "4999, PEER, 4xxx",
        "4999, THIS_SIDE, 4999",
        "1006, NOBODY, 1006",
    })
    void aPeerCannotMakeAMeterForEachCodeThereIs(int code, End.By by, String tag) throws Exception {
        try (WebSocketServer server = server();
                Connection ws = Dialer.create().dial(uri(server, "/echo/a"))) {
            metrics.closed(ws, new FakeEnd(code, by));
            assertEquals(1, closed("code", tag));
        }
    }

    @Test
    void whatIsSlowIsCounted() throws Exception {
        try (WebSocketServer server = server();
                Connection ws = Dialer.create().dial(uri(server, "/echo/a"))) {
            metrics.slowListener(ws, this, Duration.ofMillis(500));
            metrics.broadcastMissed(ws);
            metrics.queueHighWater(ws, 600_000);
            assertEquals(1, count("gibbon.listeners.slow"));
            assertEquals(1, count("gibbon.broadcasts.missed", "role", "client"));
            assertEquals(
                    600_000,
                    registry.get("gibbon.queue.high.water")
                            .tag("role", "client")
                            .summary()
                            .max());
        }
    }

    /** So that neither rates nor dashboards begin with a hole. */
    @Test
    void whatHasNoTagsOfItsOwnIsThereBeforeAnythingHappens() {
        Set<String> names = registry.getMeters().stream()
                .map(meter -> meter.getId().getName())
                .collect(Collectors.toCollection(TreeSet::new));
        assertEquals(
                Set.of(
                        "gibbon.broadcasts.missed",
                        "gibbon.bytes.received",
                        "gibbon.bytes.sent",
                        "gibbon.connections",
                        "gibbon.connections.opened",
                        "gibbon.listeners.slow",
                        "gibbon.messages.received",
                        "gibbon.messages.sent",
                        "gibbon.ping",
                        "gibbon.queue.high.water"),
                names);
    }

    @Test
    void tagsOfItsOwnTellServersApart() throws Exception {
        GibbonMetrics named = GibbonMetrics.in(registry, Tags.of("server", "public"));
        try (WebSocketServer server = WebSocketServer.builder()
                        .bind("127.0.0.1", 0)
                        .observe(named)
                        .serve("/", ws -> assertEquals(Optional.empty(), Optional.ofNullable(ws.readMessage())))
                        .start();
                Connection ws = Dialer.create().dial(uri(server, "/"))) {
            await(() -> count("gibbon.connections.opened", "server", "public", "role", "server") == 1, "not counted");
            ws.close(CloseCode.NORMAL, "");
            await(() -> closed("server", "public") == 1, "no end is counted");
            for (Meter meter : registry.find("gibbon.connections.closed").meters()) {
                assertEquals("public", meter.getId().getTag("server"));
            }
        }
    }

    private record FakeEnd(int code, By by) implements End {
        @Override
        public CloseStatus status() {
            return new CloseStatus(new CloseCode(code), "");
        }

        @Override
        public boolean isClean() {
            return true;
        }

        @Override
        public Optional<WebSocketException> failure() {
            return Optional.empty();
        }

        @Override
        public Duration duration() {
            return Duration.ofSeconds(1);
        }

        @Override
        public long messagesReceived() {
            return 0;
        }

        @Override
        public long bytesReceived() {
            return 0;
        }

        @Override
        public long messagesSent() {
            return 0;
        }

        @Override
        public long bytesSent() {
            return 0;
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.spring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.Connection;
import dev.gibbon.ConnectionClosedException;
import dev.gibbon.DialResult;
import dev.gibbon.Dialer;
import dev.gibbon.HandshakeException;
import dev.gibbon.Headers;
import dev.gibbon.Message;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.health.contributor.Status;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.web.socket.CloseStatus;
import org.springframework.web.socket.server.support.DefaultHandshakeHandler;
import org.springframework.web.socket.server.support.WebSocketHandlerMapping;
import org.springframework.web.socket.server.support.WebSocketHttpRequestHandler;

/** What an application with the starter does, whichever server is embedded. */
@SpringBootTest(
        webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
        properties = {"gibbon.max-message-size=100KB", "gibbon.allowed-origins=https://friend.example"})
@Timeout(300)
abstract class StarterTests {
    @LocalServerPort
    private int port;

    @Autowired
    private List<WebSocketHandlerMapping> mappings;

    @Autowired
    private Application.Sockets sockets;

    @Autowired
    private MeterRegistry registry;

    @Autowired
    private HealthIndicator gibbonHealthIndicator;

    private URI at(String path) {
        return URI.create("ws://localhost:" + port + path);
    }

    private Connection dial(String path) throws IOException {
        return Dialer.create().dial(at(path));
    }

    @Test
    void aControllerUpgrades() throws Exception {
        try (Connection ws = dial("/room/blue")) {
            ws.writeText("hello");
            assertEquals("blue: hello", ws.readMessage().text());
        }
    }

    @Test
    void whatAControllerReturnsAsWellDoesNoHarm() throws Exception {
        for (String path : List.of("entity", "status")) {
            try (Connection ws = dial("/" + path)) {
                ws.writeText("hello");
                assertEquals(path + ": hello", ws.readMessage().text());
            }
        }
    }

    @Test
    void aFunctionalRouteGivesItsConnectionsToAListener() throws Exception {
        try (Connection ws = dial("/fast/red")) {
            ws.writeText("hello");
            assertEquals("red: hello", ws.readMessage().text());
        }
    }

    @Test
    void pagesBesideThemAreServed() throws Exception {
        // Another version would ask for an upgrade to HTTP/2.
        HttpClient client =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://localhost:" + port + "/plain"))
                .build();
        assertEquals(
                "plain",
                client.send(request, HttpResponse.BodyHandlers.ofString()).body());
        HttpRequest noUpgrade = HttpRequest.newBuilder(URI.create("http://localhost:" + port + "/room/blue"))
                .build();
        assertEquals(
                426,
                client.send(noUpgrade, HttpResponse.BodyHandlers.ofString()).statusCode());
    }

    @Test
    void propertiesBoundWhatIsTaken() throws Exception {
        Connection ws = dial("/room/blue");
        ConnectionClosedException end = assertThrows(ConnectionClosedException.class, () -> {
            ws.writeBinary(new byte[100 * 1024 + 1]); // Which may learn of it already.
            Message _ = ws.readMessage();
        });
        assertEquals(1009, end.closeReceived().orElseThrow().code().value());
        Headers evil = Headers.of("Origin", "https://evil.example");
        HandshakeException refused =
                assertThrows(HandshakeException.class, () -> Dialer.create().dial(at("/room/blue"), evil));
        assertEquals(403, refused.status());
        try (Connection friend = Dialer.create().dial(at("/room/x"), Headers.of("Origin", "https://friend.example"))) {
            friend.writeText("a");
            assertEquals("x: a", friend.readMessage().text());
        }
    }

    @Test
    void everyEndpointOfSpringIsUpgradedByGibbon() {
        List<Object> handlers = mappings.stream()
                .flatMap(mapping -> mapping.getHandlerMap().values().stream())
                .collect(Collectors.toList());
        assertEquals(2, handlers.size(), handlers.toString());
        for (Object handler : handlers) {
            DefaultHandshakeHandler handshakes = assertInstanceOf(
                    DefaultHandshakeHandler.class,
                    assertInstanceOf(WebSocketHttpRequestHandler.class, handler).getHandshakeHandler());
            assertInstanceOf(GibbonUpgradeStrategy.class, handshakes.getRequestUpgradeStrategy());
        }
    }

    @Test
    void handlersOfSpringRunOnGibbon() throws Exception {
        DialResult dialled = Dialer.create().dialForResult(at("/spring"), Headers.of());
        try (Connection ws = dialled.connection()) {
            assertEquals("marked", dialled.headers().first("X-Mark").orElse(""));
            ws.writeText("hello");
            assertEquals("marked: hello", ws.readMessage().text());
        }
        assertEquals(CloseStatus.NORMAL, sockets.ends.poll(60, TimeUnit.SECONDS));
        Headers evil = Headers.of("Origin", "https://evil.example");
        HandshakeException refused =
                assertThrows(HandshakeException.class, () -> Dialer.create().dial(at("/spring"), evil));
        assertEquals(403, refused.status(), "Spring's own list of origins holds");
    }

    @Test
    void aHandlerOfSpringThatThrowsCostsItsSession() throws Exception {
        Connection ws = dial("/spring");
        ws.writeText("throw");
        ConnectionClosedException end = assertThrows(ConnectionClosedException.class, ws::readMessage);
        assertEquals(1011, end.closeReceived().orElseThrow().code().value());
        assertTrue(CloseStatus.SERVER_ERROR.equalsCode(sockets.ends.poll(60, TimeUnit.SECONDS)));
    }

    @Test
    void stompRunsOnGibbon() throws Exception {
        Dialer dialer = Dialer.builder().subprotocols("v12.stomp").build();
        try (Connection ws = dialer.dial(at("/stomp"))) {
            assertEquals("v12.stomp", ws.subprotocol().orElse(""));
            ws.writeText("CONNECT\naccept-version:1.2\nhost:localhost\n\n\0");
            assertTrue(ws.readMessage().text().startsWith("CONNECTED\n"));
            ws.writeText("SUBSCRIBE\nid:0\ndestination:/topic/said\nreceipt:r\n\n\0");
            String answer = "";
            while (!answer.startsWith("MESSAGE\n")) {
                // The broker subscribes on a thread of its own: what is sent sooner reaches nobody.
                ws.writeText("SEND\ndestination:/app/say\ncontent-type:text/plain\n\nhello\0");
                Message message = ws.readMessage(Duration.ofMillis(200));
                answer = message == null ? "" : message.text();
            }
            assertTrue(answer.endsWith("\n\nsaid hello\0"), answer);
        }
    }

    @Test
    void metersCountWhatHappens() throws Exception {
        Counter opened =
                registry.get("gibbon.connections.opened").tag("role", "server").counter();
        double before = opened.count();
        try (Connection ws = dial("/room/blue")) {
            ws.writeText("hello");
            assertEquals("blue: hello", ws.readMessage().text());
            assertTrue(opened.count() > before);
        }
    }

    @Test
    void healthTellsHowManyAreOpen() throws Exception {
        try (Connection ws = dial("/room/blue")) {
            ws.writeText("hello");
            assertEquals("blue: hello", ws.readMessage().text());
            var health = gibbonHealthIndicator.health();
            assertEquals(Status.UP, health.getStatus());
            assertInstanceOf(Integer.class, health.getDetails().get("connections"));
        }
    }
}

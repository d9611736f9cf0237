// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.spi.UpgradeReply;
import dev.gibbon.spi.UpgradeReply.Accepted;
import dev.gibbon.spi.UpgradeReply.Refused;
import dev.gibbon.spi.UpgradeRequest;
import dev.gibbon.testkit.HttpHead;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.logging.LogRecord;
import org.junit.jupiter.api.Test;

/** The opening handshake as a function, for requests that another server has received. */
class UpgradeReplyTest {
    private static final Headers VALID = Headers.of(
            "Host", "example.com",
            "Upgrade", "websocket",
            "Connection", "Upgrade",
            "Sec-WebSocket-Version", "13",
            "Sec-WebSocket-Key", HttpHead.SAMPLE_KEY);

    private static UpgradeRequest http(String... more) {
        return UpgradeRequest.http(
                "GET",
                "HTTP/1.1",
                "example.com",
                false,
                Headers.builder().addAll(VALID).addAll(Headers.of(more)).build());
    }

    static Accepted accepted(Upgrader upgrader) {
        return assertInstanceOf(Accepted.class, upgrader.reply(http(), Headers.of()));
    }

    private static Refused refused(int status, UpgradeReply reply) {
        Refused refused = assertInstanceOf(Refused.class, reply);
        assertEquals(status, refused.status());
        assertFalse(refused.headers().contains("Content-Length"), "the host frames the body");
        return refused;
    }

    @Test
    void anAcceptedRequestOfHttp11() {
        try (Accepted reply = assertInstanceOf(
                Accepted.class,
                Upgrader.create().reply(http(), Headers.of("Set-Cookie", "a=b", "Set-Cookie", "c=d")))) {
            assertEquals(101, reply.status());
            assertEquals("websocket", reply.headers().first("Upgrade").orElseThrow());
            assertEquals(
                    HttpHead.acceptKey(HttpHead.SAMPLE_KEY),
                    reply.headers().first("Sec-WebSocket-Accept").orElseThrow());
            assertEquals(List.of("a=b", "c=d"), reply.headers().all("Set-Cookie"));
            assertEquals(Optional.empty(), reply.subprotocol());
            assertEquals(List.of(), reply.extensions());
            assertArrayEquals(new byte[0], reply.body());
        }
    }

    @Test
    void aRefusedRequestSaysWhyToTheLogAlone() {
        Refused reply = refused(403, Upgrader.create().reply(http("Origin", "http://elsewhere"), Headers.of()));
        assertTrue(reply.reason().contains("elsewhere"), reply.reason());
        assertEquals("403 Forbidden\n", new String(reply.body(), StandardCharsets.UTF_8));
        assertEquals("close", reply.headers().first("Connection").orElseThrow());
    }

    @Test
    void aHostMayHaveChosenTheSubprotocol() {
        Upgrader upgrader =
                Upgrader.builder().subprotocols("mine").requireSubprotocol(true).build();
        UpgradeRequest offer = http("Sec-WebSocket-Protocol", "v10.stomp, v12.stomp");
        UpgradeReply _ = refused(400, upgrader.reply(offer, Headers.of()));
        try (Accepted reply = assertInstanceOf(
                Accepted.class, upgrader.withSubprotocol("v12.stomp").reply(offer, Headers.of()))) {
            assertEquals(Optional.of("v12.stomp"), reply.subprotocol());
            assertEquals(
                    "v12.stomp", reply.headers().first("Sec-WebSocket-Protocol").orElseThrow());
        }
        UpgradeReply _ = refused(400, upgrader.withSubprotocol("v11.stomp").reply(offer, Headers.of()));
        try (Accepted reply =
                assertInstanceOf(Accepted.class, upgrader.withoutSubprotocol().reply(offer, Headers.of()))) {
            assertEquals(Optional.empty(), reply.subprotocol());
            assertFalse(reply.headers().contains("Sec-WebSocket-Protocol"));
        }
        assertThrows(IllegalArgumentException.class, () -> upgrader.withSubprotocol("no token"));
    }

    /** What is set aside for a client's window is one store for an upgrader and all made of it, and is given back. */
    @Test
    void aReplyThatIsNotOpenedGivesItsMemoryBack() {
        Upgrader upgrader = Upgrader.builder()
                .permessageDeflate(PermessageDeflate.builder()
                        .unboundedWindowBytes(1 << 15)
                        .build())
                .build();
        UpgradeRequest offer = http("Sec-WebSocket-Extensions", "permessage-deflate");
        Accepted first = assertInstanceOf(Accepted.class, upgrader.reply(offer, Headers.of()));
        assertEquals(1, first.extensions().size());
        assertEquals(
                List.of(),
                assertInstanceOf(Accepted.class, upgrader.withoutSubprotocol().reply(offer, Headers.of()))
                        .extensions());
        first.close();
        first.close();
        assertEquals(
                1,
                assertInstanceOf(Accepted.class, upgrader.reply(offer, Headers.of()))
                        .extensions()
                        .size());
    }

    @Test
    void aRefusalOfTheHostsOwn() {
        Refused full = Refused.of(503, Headers.of("Retry-After", "1"), new byte[] {'n', 'o'}, "full");
        full.body()[0] = 'x';
        assertEquals("no", new String(full.body(), StandardCharsets.US_ASCII));
        assertThrows(IllegalArgumentException.class, () -> Refused.of(200, Headers.of(), new byte[0], ""));
    }

    @Test
    void whatTheApplicationThrowsIsLoggedAndRefusesTheRequest() {
        IllegalStateException thrown = new IllegalStateException("no such room");
        try (LogLines log = LogLines.record();
                WebSocketHost host = WebSocketHost.builder().loops(1).build()) {
            UpgradeRequest request = http().from(InetSocketAddress.createUnresolved("client.example", 4711))
                    .at("/room/7");
            Refused refused = refused(500, host.failed(request, thrown));
            assertFalse(new String(refused.body(), StandardCharsets.UTF_8).contains("room"), "our bugs are ours");
            List<LogRecord> lines = log.warnings(line -> line.contains("client.example") && line.contains("/room/7"));
            assertEquals(1, lines.size());
            assertSame(thrown, lines.getFirst().getThrown());
        }
    }

    @Test
    void aFaultOfTheRequestIsRefusedWithItsStatus() {
        try (WebSocketHost host =
                WebSocketHost.builder().loops(1).explainRefusals(true).build()) {
            Refused refused = refused(422, host.failed(http(), new RequestException(422, "no such room")));
            assertTrue(new String(refused.body(), StandardCharsets.UTF_8).contains("no such room"));
        }
    }
}

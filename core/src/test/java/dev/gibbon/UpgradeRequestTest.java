// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.spi.UpgradeReply;
import dev.gibbon.spi.UpgradeReply.Accepted;
import dev.gibbon.spi.UpgradeReply.Refused;
import dev.gibbon.spi.UpgradeRequest;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Requests of HTTP/2 and HTTP/3 (RFC 8441 §5, RFC 9220 §3). */
class UpgradeRequestTest {
    /** What HTTP/2 must not have (RFC 9113 §8.2.2), and what the handshake over it does without. */
    private static final List<String> NOT_IN_HTTP_2 =
            List.of("Connection", "Upgrade", "Sec-WebSocket-Accept", "Transfer-Encoding");

    private static UpgradeRequest connect(String protocol, String... fields) {
        return UpgradeRequest.extendedConnect(protocol, "example.com", true, Headers.of(fields));
    }

    private static UpgradeReply reply(UpgradeRequest request) {
        return Upgrader.builder().subprotocols("chat").build().reply(request, Headers.of());
    }

    @Test
    void anExtendedConnectHasNoKeyAndIsAnsweredWith200() {
        Accepted reply = assertInstanceOf(
                Accepted.class,
                reply(connect(
                        "websocket",
                        "Sec-WebSocket-Version",
                        "13",
                        "Sec-WebSocket-Protocol",
                        "x, chat",
                        "Origin",
                        "https://example.com")));
        assertEquals(200, reply.status());
        assertEquals(Optional.of("chat"), reply.subprotocol());
        assertEquals(Headers.of("Sec-WebSocket-Protocol", "chat"), reply.headers());
    }

    @ParameterizedTest
    @CsvSource({
        "501, connect-udp, Sec-WebSocket-Version, 13",
        "501, '', Sec-WebSocket-Version, 13",
        "400, websocket, Sec-WebSocket-Version, 8",
        "400, websocket, X-Version, 13",
        "403, websocket, Sec-WebSocket-Version: 13: Origin, http://example.com",
    })
    void itIsRefusedWithoutFieldsOfHttp11(int status, String protocol, String name, String value) {
        String[] fields = name.contains(":")
                ? new String[] {"Sec-WebSocket-Version", "13", "Origin", value}
                : new String[] {name, value};
        Refused refused = assertInstanceOf(Refused.class, reply(connect(protocol, fields)));
        assertEquals(status, refused.status());
        NOT_IN_HTTP_2.forEach(field -> assertFalse(refused.headers().contains(field), field));
        assertEquals("13", refused.headers().first("Sec-WebSocket-Version").orElseThrow());
        assertTrue(refused.body().length > 0);
    }

    @ParameterizedTest
    @CsvSource({
        "example.com, example.com, 443, true",
        "example.com:80, example.com, 80, true",
        "example.com, example.com, 80, false",
        "example.com:8080, example.com, 8080, false",
        "example.com, example.com, -1, false",
        "[::1]:8080, ::1, 8080, false",
        "[::1], [::1], 80, false",
        "'', '', 8080, false",
    })
    void hostAndPortMakeAnAuthority(String authority, String host, int port, boolean secure) {
        assertEquals(authority, UpgradeRequest.authorityOf(host, port, secure));
    }

    @Test
    void anAddressMayBeText() {
        UpgradeRequest request = connect("websocket");
        assertEquals(
                Optional.of(new InetSocketAddress("127.0.0.1", 5)),
                request.from("127.0.0.1", 5).peerAddress());
        assertEquals(
                Optional.of(InetSocketAddress.createUnresolved("unix", 0)),
                request.from("unix", 0).peerAddress());
        assertThrows(IllegalArgumentException.class, () -> request.from("::1", -1));
    }

    @Test
    void whatItHolds() {
        UpgradeRequest request = connect("websocket", "a", "b").at("/chat").from(new InetSocketAddress("127.0.0.1", 5));
        assertEquals(UpgradeRequest.Kind.EXTENDED_CONNECT, request.kind());
        assertEquals("CONNECT", request.method());
        assertEquals("websocket", request.protocol());
        assertEquals("", request.version());
        assertEquals("example.com", request.authority());
        assertTrue(request.secure());
        assertEquals(Headers.of("a", "b"), request.headers());
        assertEquals(Optional.of(new InetSocketAddress("127.0.0.1", 5)), request.peerAddress());
        assertEquals("/chat", request.path());
        assertEquals(
                "/chat", request.from(new InetSocketAddress("127.0.0.1", 6)).path());
        assertEquals(request.peerAddress(), request.at("/news").peerAddress());
        assertEquals("", connect("websocket").path());
        assertEquals(Optional.empty(), connect("websocket").peerAddress());
    }
}

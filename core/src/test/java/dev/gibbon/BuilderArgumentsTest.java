// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** Builders refuse what they cannot take in the setter that gets it, and name it. */
class BuilderArgumentsTest {
    private static void assertRefused(String message, Executable setter) {
        assertEquals(
                message,
                assertThrows(IllegalArgumentException.class, setter, message).getMessage());
    }

    private static void assertNullsRefused(List<Executable> setters) {
        for (int i = 0; i < setters.size(); i++) {
            assertThrows(NullPointerException.class, setters.get(i), "setter " + i);
        }
    }

    @Test
    void aServersNumbersAndTimesAreBounded() {
        WebSocketServer.Builder builder = WebSocketServer.builder();
        assertRefused("port must be from 0 to 65535: 65536", () -> builder.bind("localhost", 65_536));
        assertRefused("maxHeadBytes must be positive: 0", () -> builder.maxHeadBytes(0));
        assertRefused("maxHeaderCount must be positive: 0", () -> builder.maxHeaderCount(0));
        assertRefused("maxConnections must be positive: 0", () -> builder.maxConnections(0));
        assertRefused("loops must be positive: -1", () -> builder.loops(-1));
        assertRefused("handshakeTimeout must be positive: PT0S", () -> builder.handshakeTimeout(Duration.ZERO));
        assertRefused("shutdownTimeout must be positive: PT0S", () -> builder.shutdownTimeout(Duration.ZERO));
        assertRefused("bodyTimeout must be positive: PT0S", () -> builder.bodyTimeout(Duration.ZERO));
    }

    @Test
    void aServerTakesNoNull() {
        WebSocketServer.Builder builder = WebSocketServer.builder();
        Upgrader upgrader = Upgrader.create();
        assertNullsRefused(List.of(
                () -> builder.bind(null, 0),
                () -> builder.bindUnix(null),
                () -> builder.handle(null, _ -> {}),
                () -> builder.handle("/", null),
                () -> builder.handle(null, "/", _ -> {}),
                () -> builder.handle("GET", null, _ -> {}),
                () -> builder.handle("GET", "/", null),
                () -> builder.filter(null, _ -> {}),
                () -> builder.filter("/", null),
                () -> builder.serve("/", null),
                () -> builder.serve("/", null, _ -> {}),
                () -> builder.listen("/", upgrader, (Listener) null),
                () -> builder.listen("/", null, new Listener() {}),
                () -> builder.listen("/", upgrader, (ListenerFactory) null),
                () -> builder.handshakeTimeout(null),
                () -> builder.shutdownTimeout(null),
                () -> builder.bodyTimeout(null)));
    }

    @Test
    void aDialersNumbersAndTimesAreBounded() {
        Dialer.Builder builder = Dialer.builder();
        assertRefused(
                "handshakeTimeout must be positive: PT-1S", () -> builder.handshakeTimeout(Duration.ofSeconds(-1)));
        assertRefused("followRedirects must be from 0 to 20: 21", () -> builder.followRedirects(21));
        assertRefused("loops must be positive: 0", () -> builder.loops(0));
        assertRefused("maxHeadBytes must be positive: -5", () -> builder.maxHeadBytes(-5));
        assertRefused("maxHeaderCount must be positive: 0", () -> builder.maxHeaderCount(0));
        assertRefused("maxBodyBytes must not be negative: -1", () -> builder.maxBodyBytes(-1));
    }

    @Test
    void aDialerTakesNoNull() {
        Dialer.Builder builder = Dialer.builder();
        assertNullsRefused(List.of(
                () -> builder.handshakeTimeout(null),
                () -> builder.subprotocols((String) null),
                () -> builder.subprotocols((String[]) null),
                () -> builder.headers(null),
                () -> builder.origin(null),
                () -> builder.secretHeaders((String) null),
                () -> builder.options(null),
                () -> builder.permessageDeflate(null),
                () -> builder.tlsServerName(null),
                () -> builder.cookies(null),
                () -> builder.authentication(null),
                () -> builder.proxy(null),
                () -> builder.connector(null),
                () -> builder.unixSocket(null),
                () -> builder.localAddress(null),
                () -> builder.timeSource(null)));
    }

    @Test
    void anUpgraderTakesNoNull() {
        Upgrader.Builder builder = Upgrader.builder();
        assertNullsRefused(List.of(
                () -> builder.origins(null),
                () -> builder.subprotocols((String) null),
                () -> builder.options(null),
                () -> builder.permessageDeflate(null)));
    }

    @Test
    void aSubprotocolIsATokenAndNamedOnce() {
        assertThrows(IllegalArgumentException.class, () -> Upgrader.builder().subprotocols("no token"));
        assertThrows(IllegalArgumentException.class, () -> Upgrader.builder().subprotocols("chat", "chat"));
        assertThrows(IllegalArgumentException.class, () -> Dialer.builder().subprotocols("a,b"));
    }
}

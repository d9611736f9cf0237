// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.testkit.HttpHead;
import dev.gibbon.testkit.ScriptedPeer;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A server on localhost is found by clients that take it for {@code 127.0.0.1} and by those that take it for {@code
 * ::1}.
 */
@Timeout(300)
class LocalhostTest {
    private static List<InetAddress> loopbacks() throws IOException {
        List<InetAddress> here = new ArrayList<>();
        for (String address : List.of("127.0.0.1", "::1")) {
            if (NetworkInterface.getByInetAddress(InetAddress.ofLiteral(address)) != null) {
                here.add(InetAddress.ofLiteral(address));
            }
        }
        return here;
    }

    private static WebSocketServer.Builder echo(String host, int port) {
        Upgrader upgrader = Upgrader.create();
        return WebSocketServer.builder()
                .bind(host, port)
                .handle("/echo", exchange -> ServerUnderTest.echo(upgrader.upgrade(exchange)))
                .listen("/echo/event", upgrader, new CompressionScene.Echo());
    }

    @Test
    void listensOnEveryLoopbackAddressAndOnePort() throws Exception {
        for (String name : List.of("localhost", "LocalHost")) {
            try (WebSocketServer server = echo(name, 0).start()) {
                List<InetSocketAddress> expected = loopbacks().stream()
                        .map(address -> new InetSocketAddress(address, server.port()))
                        .toList();
                assertEquals(expected, server.addresses());
                assertTrue(server.port() > 0);
                for (InetSocketAddress address : expected) {
                    for (String path : List.of("/echo", "/echo/event")) {
                        String host = address.getAddress().getHostAddress();
                        String request = HttpHead.upgradeRequest("localhost:" + server.port(), path);
                        try (ScriptedPeer peer = ScriptedPeer.overHttp(host, server.port(), request)
                                .expectUpgraded()) {
                            peer.sendText(host);
                            peer.expectText(host);
                        }
                    }
                }
            }
        }
    }

    @Test
    void anAddressIsThatAddressAlone() throws Exception {
        try (WebSocketServer server = echo("127.0.0.1", 0).start()) {
            assertEquals(1, server.addresses().size());
        }
    }

    /** Or some clients would reach another server. */
    @Test
    void aPortInUseOnOneOfThemIsAFailureAndFreesTheOther() throws Exception {
        for (InetAddress taken : loopbacks()) {
            try (ServerSocket other = new ServerSocket(0, 1, taken)) {
                int port = other.getLocalPort();
                assertThrows(BindException.class, () -> echo("localhost", port).start());
                for (InetAddress free : loopbacks()) {
                    if (!free.equals(taken)) {
                        new ServerSocket(port, 1, free).close();
                    }
                }
            }
        }
    }
}

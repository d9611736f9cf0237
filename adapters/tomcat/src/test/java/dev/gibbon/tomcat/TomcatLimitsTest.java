// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.tomcat;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gibbon.Allowance;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketHost;
import dev.gibbon.testkit.HttpHead;
import dev.gibbon.testkit.ScriptedPeer;
import dev.gibbon.transport.ChannelTransport;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.security.Principal;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What an address and a user may have, as Tomcat and a login in front of the servlet know them. */
@Timeout(300)
class TomcatLimitsTest {
    private static final String FIRST = "127.0.0.1";
    private static final String SECOND = "127.0.0.2";

    /** A request as a filter with a login hands it on. */
    private static final class OfUser extends HttpServletRequestWrapper {
        OfUser(HttpServletRequest request) {
            super(request);
        }

        @Override
        public @Nullable Principal getUserPrincipal() {
            String name = getHeader("X-User");
            return name == null ? null : () -> name;
        }
    }

    private static ScriptedPeer from(String address, TomcatServer server, String... fields) throws IOException {
        SocketChannel channel = SocketChannel.open();
        channel.bind(new InetSocketAddress(address, 0));
        boolean _ = channel.connect(new InetSocketAddress(FIRST, server.port()));
        return ScriptedPeer.overHttp(
                new ChannelTransport(channel), HttpHead.upgradeRequest(FIRST + ":" + server.port(), "/echo", fields));
    }

    private static void assertTooMany(ScriptedPeer peer) throws IOException {
        try (peer) {
            assertEquals(429, peer.response().status());
            assertEquals("5", peer.response().header("Retry-After").orElseThrow());
        }
    }

    private static void echo(ScriptedPeer peer) throws IOException {
        peer.sendText("echo");
        peer.expectText("echo");
    }

    @Test
    void addressesAndUsersHaveWhatTheyMay(@TempDir Path directory) throws Exception {
        try (WebSocketHost host = WebSocketHost.builder()
                        .limitPerAddress(Allowance.builder().connections(2).build())
                        .limitPerUser(Allowance.builder().connections(1).build())
                        .build();
                TomcatServer server = new TomcatServer(TomcatServer.NIO, directory)) {
            GibbonTomcat gibbon = GibbonTomcat.of(host, Upgrader.create());
            server.on("/echo", (q, r) -> gibbon.upgrade(new OfUser(q), r, ws -> ws.forEachMessage(ws::writeMessage)));
            server.start();
            try (ScriptedPeer anna = from(FIRST, server, "X-User: anna").expectUpgraded();
                    ScriptedPeer other = from(FIRST, server).expectUpgraded()) {
                assertTooMany(from(FIRST, server));
                assertTooMany(from(SECOND, server, "X-User: anna"));
                try (ScriptedPeer bert = from(SECOND, server, "X-User: bert").expectUpgraded()) {
                    echo(bert);
                }
                echo(anna);
                echo(other);
            }
        }
    }
}

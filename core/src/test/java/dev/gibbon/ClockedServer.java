// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.connection.SecureMaskingKeys;
import dev.gibbon.http.HeadLimits;
import dev.gibbon.loop.LoopEngine;
import dev.gibbon.server.ClientLimits;
import dev.gibbon.server.HttpRoutes;
import dev.gibbon.server.HttpServer;
import dev.gibbon.server.ListenerRoute;
import dev.gibbon.server.ServeRoute;
import dev.gibbon.testkit.HttpHead;
import dev.gibbon.testkit.ManualClock;
import dev.gibbon.testkit.ScriptedPeer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;

/**
 * A server on loopback whose time stands still until a test moves it: {@code /echo} and {@code /event} send back what
 * comes, and {@code /health} is a plain page.
 */
final class ClockedServer implements AutoCloseable {
    static final Upgrader UPGRADER =
            Upgrader.builder().options(Rig.quiet().build()).build();

    /** The address of a proxy that is trusted. */
    static final String PROXY = "127.0.0.9";

    final ManualClock clock = new ManualClock();
    final HttpServer server;

    ClockedServer(HttpRoutes more) throws IOException {
        this(more, Duration.ofDays(1));
    }

    ClockedServer(HttpRoutes more, Duration handshakeTimeout) throws IOException {
        this(more, handshakeTimeout, ClientLimits.Settings.NONE, List.of());
    }

    /** Whose clients may have so much, and which tells observers; the word of 127.0.0.9 counts. */
    ClockedServer(
            HttpRoutes more,
            Duration handshakeTimeout,
            ClientLimits.Settings limits,
            List<ConnectionObserver> observers)
            throws IOException {
        clock.advance(Duration.ofNanos(1)); // A loop that has been idle since 0 is not idle.
        more.handle("/echo", new ServeRoute(UPGRADER, ServerUnderTest::echo));
        more.handle("/event", new ListenerRoute("/event", UPGRADER, new Echo()));
        more.handle("/health", exchange -> exchange.respond(200, "text/plain", "well"));
        server = new HttpServer(
                new LoopEngine(clock, new SecureMaskingKeys(), 1, false, observers),
                List.of(new InetSocketAddress(ServerUnderTest.HOST, 0)),
                new HttpServer.Settings(
                        more,
                        null,
                        TrustedProxies.of(PROXY).trust(),
                        limits,
                        HeadLimits.DEFAULT,
                        handshakeTimeout,
                        Duration.ofSeconds(30),
                        Duration.ofSeconds(10),
                        1000));
    }

    ClockedServer() throws IOException {
        this(new HttpRoutes());
    }

    int port() {
        return ((InetSocketAddress) server.addresses().getFirst()).getPort();
    }

    /** {@return a client that has asked for an upgrade and has the head of the answer} */
    ScriptedPeer connect(String path, String... fields) throws IOException {
        return ScriptedPeer.overHttp(
                ServerUnderTest.HOST,
                port(),
                HttpHead.upgradeRequest(ServerUnderTest.HOST + ":" + port(), path, fields));
    }

    /** {@return the head of the answer to a plain request, behind which nothing is kept} */
    HttpHead get(String path) throws IOException {
        String request = "GET " + path + " HTTP/1.1\r\nHost: " + ServerUnderTest.HOST + "\r\nConnection: close\r\n\r\n";
        try (ScriptedPeer peer = ScriptedPeer.overHttp(ServerUnderTest.HOST, port(), request)) {
            return peer.response();
        }
    }

    /** {@return a client that has been heard, so that the server knows its connection} */
    ScriptedPeer open(String path) throws IOException {
        ScriptedPeer peer = connect(path).expectUpgraded();
        echo(peer);
        return peer;
    }

    static void echo(ScriptedPeer peer) throws IOException {
        peer.sendText("hello");
        peer.expectText("hello");
    }

    @Override
    public void close() {
        server.close();
    }

    private static final class Echo implements Listener {
        @Override
        public void onMessage(Connection connection, MessageView message) throws IOException {
            connection.writeMessage(message);
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gibbon.testkit.HttpHead;
import dev.gibbon.testkit.ScriptedPeer;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Connections that a handler opens, writes to, and leaves to nobody. */
@Timeout(300)
class UnreadTest {
    private static final Duration SECOND = Duration.ofSeconds(1);
    private static final int CLIENTS = 50;

    private final LinkedBlockingQueue<Connection> opened = new LinkedBlockingQueue<>();

    private WebSocketServer.Builder server(ConnectionOptions options) {
        Upgrader upgrader = Upgrader.builder().options(options).build();
        return WebSocketServer.builder().bind(ServerUnderTest.HOST, 0).handle("/", exchange -> {
            Connection connection = upgrader.upgrade(exchange);
            connection.writeText("hello");
            opened.add(connection);
        });
    }

    private static ConnectionOptions impatient() {
        return ConnectionOptions.builder()
                .idleTimeout(SECOND)
                .keepalive(SECOND, SECOND)
                .writeTimeout(SECOND)
                .build();
    }

    private static ScriptedPeer connect(WebSocketServer server) throws IOException {
        ScriptedPeer peer = ScriptedPeer.overHttp(
                        ServerUnderTest.HOST,
                        server.port(),
                        HttpHead.upgradeRequest(ServerUnderTest.HOST + ":" + server.port(), "/"))
                .expectUpgraded();
        peer.expectText("hello");
        return peer;
    }

    private static void awaitNone(WebSocketServer server) throws InterruptedException {
        while (server.connectionCount() > 0) { // For as long as the test may take.
            Thread.sleep(5);
        }
    }

    @Test
    void clientsThatLeaveAreNotCountedAnyMore() throws Exception {
        try (WebSocketServer server = server(ConnectionOptions.defaults()).start()) {
            List<ScriptedPeer> peers = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                peers.add(connect(server));
            }
            assertEquals(CLIENTS, server.connectionCount());
            for (ScriptedPeer peer : peers) {
                peer.close();
            }
            awaitNone(server);
        }
    }

    @Test
    void aClientThatLeavesOverTlsIsNotCountedAnyMore(@TempDir Path directory) throws Exception {
        SSLContext context = TestTls.context(directory);
        try (WebSocketServer server =
                server(ConnectionOptions.defaults()).tls(context).start()) {
            Dialer dialer = Dialer.builder().tls(context).build();
            Connection client = dialer.dial(URI.create("wss://localhost:" + server.port() + "/"));
            client.abort();
            awaitNone(server);
        }
    }

    @Test
    void pingsAreAnsweredAndTheClosingHandshakeIsDone() throws Exception {
        try (WebSocketServer server = server(ConnectionOptions.defaults()).start();
                ScriptedPeer peer = connect(server)) {
            byte[] payload = "are you there?".getBytes(StandardCharsets.UTF_8);
            peer.sendPing(payload);
            peer.expectPong(payload);
            peer.sendClose(1000, "");
            peer.expectClose(1000);
            peer.expectEnd();
            awaitNone(server);
        }
    }

    @Test
    void aClientThatIsSilentIsClosedByTheIdleTimeout() throws Exception {
        ConnectionOptions options =
                ConnectionOptions.builder().idleTimeout(SECOND).build();
        try (WebSocketServer server = server(options).start();
                ScriptedPeer peer = connect(server)) {
            peer.expectClose(1001);
            peer.sendClose(1001, "");
            peer.expectEnd();
            awaitNone(server);
        }
    }

    @Test
    void clientsThatFallSilentWithoutLeavingEndWithTheTimeouts() throws Exception {
        try (WebSocketServer server = server(impatient()).start()) {
            List<ScriptedPeer> peers = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                peers.add(connect(server));
            }
            awaitNone(server);
            for (ScriptedPeer peer : peers) {
                peer.close();
            }
        }
    }

    @Test
    void messagesThatCameMeanwhileAreThereForALateReader() throws Exception {
        try (WebSocketServer server = server(ConnectionOptions.defaults()).start();
                ScriptedPeer peer = connect(server)) {
            Connection connection = Objects.requireNonNull(opened.poll(10, TimeUnit.SECONDS));
            for (int i = 0; i < 3; i++) {
                peer.sendPing(new byte[] {(byte) i});
                peer.expectPong(new byte[] {(byte) i}); // Only a look answers it.
                peer.sendText("message " + i);
                assertEquals(
                        "message " + i,
                        Objects.requireNonNull(connection.readMessage()).text());
            }
            peer.sendPing(new byte[0]);
            peer.expectPong(new byte[0]);
            peer.sendText("for the listener");
            LinkedBlockingQueue<String> heard = new LinkedBlockingQueue<>();
            connection.listen(new Listener() {
                @Override
                public void onText(Connection from, MessageView message) {
                    heard.add(message.text());
                }
            });
            assertEquals("for the listener", heard.poll(10, TimeUnit.SECONDS));
        }
    }

    @Test
    void serversEndEndsThem() throws Exception {
        try (WebSocketServer server = server(ConnectionOptions.defaults())
                .shutdownTimeout(Duration.ofMillis(500))
                .start()) {
            try (ScriptedPeer _ = connect(server)) {
                server.close();
                assertEquals(0, server.connectionCount());
            }
        }
    }
}

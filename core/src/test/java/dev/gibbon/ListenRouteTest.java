// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.spi.Transport;
import dev.gibbon.testkit.Frame;
import dev.gibbon.testkit.ScriptedPeer;
import dev.gibbon.transport.ChannelTransport;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Routes whose connections go to a listener, beside routes that are handled. */
@Timeout(300)
class ListenRouteTest {
    private static final int BURST = 50;

    private static final class Echo implements Listener {
        @Override
        public void onText(Connection connection, MessageView message) throws IOException {
            connection.writeMessage(message);
        }
    }

    private static ServerUnderTest server(Listener listener) throws IOException {
        Upgrader upgrader = Upgrader.create();
        return ServerUnderTest.start(settings -> settings.loops(1)
                .listen("/listen", upgrader, listener)
                .handle("/moves", exchange -> upgrader.upgrade(exchange).listen(listener))
                .handle("/page", exchange -> exchange.respond(200, "text/plain", "a page")));
    }

    /** Holds the loop in one turn until all have knocked, and in the turn that answers them for a moment longer. */
    private static final class Holding implements Listener {
        final CountDownLatch held = new CountDownLatch(1);
        final CountDownLatch gate = new CountDownLatch(1);

        @Override
        public void onText(Connection connection, MessageView message) throws IOException {
            if (message.text().equals("hold")) {
                held.countDown();
                boolean _ = awaitQuietly(gate, 10_000);
            } else if (message.text().equals("hold for a moment")) { // A wider window, nothing depends on it.
                boolean _ = awaitQuietly(new CountDownLatch(1), 100);
            }
            connection.writeMessage(message);
        }
    }

    private static void burst(String path) throws Exception {
        Holding listener = new Holding();
        try (ServerUnderTest server = server(listener)) {
            ScriptedPeer first = server.upgrade("/listen");
            ScriptedPeer last = server.upgrade("/listen");
            List<Transport> transports = new ArrayList<>();
            for (int i = 0; i < BURST; i++) {
                transports.add(new ChannelTransport(
                        SocketChannel.open(new InetSocketAddress(ServerUnderTest.HOST, server.port()))));
            }
            ServerUnderTest.await("they do not all come", () -> server.othersOpen() == BURST + 2);
            first.sendText("hold");
            assertTrue(listener.held.await(10, TimeUnit.SECONDS));
            List<Rig.Task<ScriptedPeer>> knocking = new ArrayList<>();
            for (Transport transport : transports) {
                Rig.Task<ScriptedPeer> client =
                        Rig.start(() -> ScriptedPeer.overHttp(transport, server.upgradeRequest(path)));
                client.awaitParked();
                knocking.add(client);
            }
            last.sendText("hold for a moment");
            listener.gate.countDown();
            first.expectText("hold");
            last.expectText("hold for a moment");
            for (Rig.Task<ScriptedPeer> client : knocking) {
                expectServed(client.get().expectUpgraded());
            }
            first.close();
            last.close();
            server.awaitNoOthers();
        }
    }

    private static void expectServed(ScriptedPeer peer) throws IOException {
        peer.sendText("hello");
        peer.expectText("hello");
        peer.sendClose(1000, "");
        peer.expectClose(1000);
        peer.close();
    }

    private static boolean awaitQuietly(CountDownLatch gate, long millis) throws IOException {
        try {
            return gate.await(millis, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }

    @Test
    void burstOnAListenRouteIsServed() throws Exception {
        burst("/listen");
    }

    @Test
    void burstOnAHandledRouteThatListensIsServedToo() throws Exception {
        burst("/moves");
    }

    @Test
    void otherRoutesAnswerBesideAListenRoute() throws Exception {
        try (ServerUnderTest server = server(new Echo())) {
            for (int i = 0; i < 10; i++) {
                try (ScriptedPeer page = server.send(server.getRequest("/page"))) {
                    assertEquals("a page", ServerUnderTest.body(page, page.response()));
                }
                try (ScriptedPeer none = server.send(server.getRequest("/none"))) {
                    assertEquals(404, none.response().status());
                }
                try (ScriptedPeer plain = server.send(server.getRequest("/listen"))) {
                    assertEquals(426, plain.response().status());
                }
            }
            server.awaitNoOthers();
        }
    }

    @Test
    void whatComesBehindTheRequestIsTheFirstInput() throws Exception {
        try (ServerUnderTest server = server(new Echo())) {
            for (String path : List.of("/listen", "/moves")) {
                byte[] frame = Frame.text("early").withMaskingKey(0x37fa213d).encode();
                String request = server.upgradeRequest(path) + new String(frame, StandardCharsets.ISO_8859_1);
                try (ScriptedPeer peer = server.send(request).expectUpgraded()) {
                    peer.expectText("early");
                }
            }
            server.awaitNoOthers();
        }
    }
}

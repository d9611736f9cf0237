// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.server.ClientLimits;
import dev.gibbon.server.HttpRoutes;
import dev.gibbon.server.ListenerRoute;
import dev.gibbon.server.ServeRoute;
import dev.gibbon.testkit.HttpHead;
import dev.gibbon.testkit.ScriptedPeer;
import dev.gibbon.transport.ChannelTransport;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A server whose time stands still until a test moves it, and whose clients may have so much: {@code /ws} and {@code
 * /ws/event} send back what comes, and count it. Clients come from any address of loopback. A healthy one, which must
 * not notice what happens to the others, comes from 127.0.0.2.
 */
final class LimitedServer implements AutoCloseable {
    static final String HEALTHY = "127.0.0.2";

    /** Names its user, by which that is known. */
    static final String USER = "X-User: ";

    final ObservedEvents observed = new ObservedEvents();

    /** How many messages the application got from others than the healthy client. */
    final AtomicInteger received = new AtomicInteger();

    /** How often code of the application was asked whether a page may connect. */
    final AtomicInteger asked = new AtomicInteger();

    final ClockedServer clocked;
    private final ScriptedPeer healthy;
    private int echoes;

    LimitedServer(@Nullable Allowance perAddress, @Nullable Allowance perUser, @Nullable MessageRate perConnection)
            throws IOException {
        Upgrader.Builder settings = Upgrader.builder()
                .permessageDeflate(PermessageDeflate.defaults())
                .options(Rig.quiet().build())
                .origins((origin, _, _) -> {
                    int _ = asked.incrementAndGet();
                    return !origin.orElse("").contains("evil");
                });
        Upgrader upgrader = (perConnection == null ? settings : settings.messageRate(perConnection)).build();
        HttpRoutes routes = new HttpRoutes();
        routes.handle(
                "/ws",
                new ServeRoute(
                        upgrader,
                        ws -> ws.forEachMessage(message -> {
                            int _ = received.incrementAndGet();
                            ws.writeMessage(message);
                        })));
        routes.handle("/ws/event", new ListenerRoute("/ws/event", upgrader, new Listener() {
            @Override
            public void onMessage(Connection connection, MessageView message) throws IOException {
                int _ = received.incrementAndGet();
                connection.writeMessage(message);
            }
        }));
        clocked = new ClockedServer(
                routes,
                Duration.ofDays(1),
                new ClientLimits.Settings(
                        perAddress == null ? null : perAddress.limits(),
                        perUser == null ? null : perUser.limits(),
                        perUser == null
                                ? null
                                : exchange -> exchange.headers().first("X-User").orElse(null)),
                List.of(observed));
        healthy = from(HEALTHY, "/event").expectUpgraded();
        controlEchoes();
    }

    /** {@return a client from an address that sent this and has the head of the answer} */
    ScriptedPeer send(String address, String request) throws IOException {
        return ScriptedPeer.overHttp(new ChannelTransport(connect(address)), request);
    }

    /** {@return a client that asked for an upgrade} */
    ScriptedPeer from(String address, String path, String... fields) throws IOException {
        return send(address, HttpHead.upgradeRequest("localhost", path, fields));
    }

    /** {@return a client that has been heard, so that the server knows its connection} */
    ScriptedPeer open(String address, String path, String... fields) throws IOException {
        return from(address, path, fields).expectUpgraded();
    }

    SocketChannel connect(String address) throws IOException {
        SocketChannel channel = SocketChannel.open();
        channel.bind(new InetSocketAddress(address, 0));
        boolean _ = channel.connect(new InetSocketAddress(ServerUnderTest.HOST, clocked.port()));
        return channel;
    }

    void advance(Duration time) {
        clocked.clock.advance(time);
    }

    /** The healthy client talks to the server as if nothing had happened; on the one loop that all are on. */
    void controlEchoes() throws IOException {
        echoes++;
        healthy.sendText("healthy " + echoes);
        healthy.expectText("healthy " + echoes);
    }

    /** Has all but the healthy one leave. */
    void othersGoAway() {
        clocked.server.engine().connections().stream()
                .filter(connection ->
                        !connection.peerAddress().orElseThrow().toString().startsWith("/" + HEALTHY))
                .forEach(connection -> connection.lifecycle().closeLater(new CloseStatus(CloseCode.GOING_AWAY, "")));
    }

    /** Waits until so many are open beside the healthy one. */
    void awaitOthers(int count) {
        Rig.await(
                () -> clocked.server.openCount() - 1 == count,
                () -> clocked.server.openCount() + " transports are open");
    }

    @Override
    public void close() throws IOException {
        try (healthy) {
            controlEchoes();
        } finally {
            clocked.close();
        }
    }
}

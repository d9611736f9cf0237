// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.undertow;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.Connection;
import dev.gibbon.Headers;
import dev.gibbon.Listener;
import dev.gibbon.MessageView;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketHost;
import dev.gibbon.spi.UpgradeReply;
import dev.gibbon.testkit.Frame;
import dev.gibbon.testkit.HttpHead;
import dev.gibbon.testkit.ScriptedPeer;
import io.undertow.Handlers;
import io.undertow.Undertow;
import io.undertow.server.HttpHandler;
import io.undertow.server.handlers.BlockingHandler;
import io.undertow.server.handlers.ProxyPeerAddressHandler;
import io.undertow.util.HttpString;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Handlers, requests and threads, beyond what every host does. */
@Timeout(300)
class GibbonUndertowTest {
    private static final Upgrader UPGRADER = Upgrader.create();
    private static final String PAGE = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

    private final WebSocketHost host = WebSocketHost.builder().loops(1).build();
    private final GibbonUndertow gibbon = GibbonUndertow.of(host);
    private final BlockingQueue<Connection> opened = new LinkedBlockingQueue<>();
    private UndertowServer server;

    @AfterEach
    void stop() {
        host.close();
        if (server != null) {
            server.close();
        }
    }

    /** Echoes, and says what thread it runs on. */
    private final class Echo implements Listener {
        @Override
        public void onOpen(Connection connection) {
            opened.add(connection);
        }

        @Override
        public void onText(Connection connection, MessageView message) throws IOException {
            String text = message.text();
            connection.writeText(text.equals("where?") ? Thread.currentThread().getName() : text);
        }
    }

    private void start(HttpHandler root) {
        server = UndertowServer.start(Undertow.builder().addHttpListener(0, UndertowServer.ADDRESS, root));
    }

    private String authority() {
        return UndertowServer.ADDRESS + ":" + server.port();
    }

    private String request(String path, String... fields) {
        return HttpHead.upgradeRequest(authority(), path, fields);
    }

    private ScriptedPeer send(String raw) throws IOException {
        return ScriptedPeer.overHttp(UndertowServer.ADDRESS, server.port(), raw);
    }

    private static void echoes(ScriptedPeer peer) throws IOException {
        peer.sendText("hello");
        peer.expectText("hello");
    }

    private static String latin1(Frame frame) {
        return new String(frame.withMaskingKey(7).encode(), StandardCharsets.ISO_8859_1);
    }

    @Test
    void connectionsRunOnTheIoThreadOfTheirChannel() throws Exception {
        start(gibbon.listen(UPGRADER, new Echo()));
        try (ScriptedPeer peer = send(request("/")).expectUpgraded()) {
            peer.sendText("where?");
            String thread = peer.expectFrame().text();
            assertTrue(thread.startsWith("XNIO-") && thread.contains("I/O"), thread);
        }
    }

    @Test
    void aRequestMayBeUpgradedByAWorker() throws Exception {
        start(new BlockingHandler(exchange -> {
            assertTrue(!exchange.isInIoThread());
            gibbon.listen(exchange, UPGRADER, new Echo());
        }));
        for (int i = 0; i < 20; i++) {
            String both = request("/") + latin1(Frame.text("with the head"));
            try (ScriptedPeer peer = send(both).expectUpgraded()) {
                peer.expectText("with the head");
                peer.sendText("where?");
                assertTrue(peer.expectFrame().text().contains("I/O"));
            }
        }
    }

    @Test
    void fieldsThatTheApplicationHasSetAreSentWithTheReply() throws Exception {
        start(exchange -> {
            exchange.getResponseHeaders().add(new HttpString("Set-Cookie"), "a=b");
            exchange.getResponseHeaders().add(new HttpString("Set-Cookie"), "c=d");
            gibbon.serve(exchange, UPGRADER, ws -> ws.writeText("served"));
        });
        try (ScriptedPeer peer = send(request("/")).expectUpgraded()) {
            assertEquals(List.of("a=b", "c=d"), peer.response().headers("Set-Cookie"));
            assertEquals(1, peer.response().headers("Upgrade").size());
            peer.expectText("served");
            peer.expectClose(1000, "");
            peer.sendClose(1000, "");
            peer.expectEnd();
        }
    }

    @Test
    void aHandlerMayCheckTheHandshakeItself() throws Exception {
        start(exchange -> {
            UpgradeReply reply = host.reply(UPGRADER, Requests.of(exchange), Headers.of("X-Mine", "yes"));
            UpgradeReply.Accepted accepted = assertInstanceOf(UpgradeReply.Accepted.class, reply);
            gibbon.accept(exchange, accepted, connection -> connection.listen(new Echo()));
        });
        try (ScriptedPeer peer = send(request("/")).expectUpgraded()) {
            assertEquals(List.of("yes"), peer.response().headers("X-Mine"));
            echoes(peer);
        }
    }

    @Test
    void behindAProxyTheSchemeAndHostAreTheClients() throws Exception {
        start(new ProxyPeerAddressHandler(gibbon.listen(UPGRADER, new Echo())));
        String raw = request(
                "/",
                "X-Forwarded-For: 192.0.2.7",
                "X-Forwarded-Proto: https",
                "X-Forwarded-Host: chat.example",
                "Origin: https://chat.example");
        try (ScriptedPeer peer = send(raw).expectUpgraded()) {
            echoes(peer);
            Connection connection = opened.poll(60, TimeUnit.SECONDS);
            assertTrue(connection.peerAddress().orElseThrow().toString().contains("192.0.2.7"));
        }
        try (ScriptedPeer peer = send(request("/", "Origin: https://chat.example"))) {
            assertEquals(403, peer.response().status());
        }
    }

    @Test
    void anAbsoluteTargetIsUnderstood() throws Exception {
        start(gibbon.listen(UPGRADER, new Echo()));
        String target = "http://" + authority() + "/";
        String raw = request(target, "Origin: http://" + authority());
        try (ScriptedPeer peer = send(raw).expectUpgraded()) {
            echoes(peer);
        }
    }

    @Test
    void aPageMayComeBeforeAndARefusalLeavesTheChannelOpen() throws Exception {
        start(Handlers.path(exchange -> exchange.getResponseSender().send("page"))
                .addExactPath("/echo", gibbon.listen(UPGRADER, new Echo())));
        try (ScriptedPeer peer = send(PAGE)) {
            assertEquals(200, peer.response().status());
            byte[] _ = peer.expectBytes(4);
            peer.sendRaw(request("/echo", "Origin: http://elsewhere.example").getBytes(StandardCharsets.US_ASCII));
            HttpHead refused = peer.expectHead();
            assertEquals(403, refused.status());
            byte[] _ = peer.expectBytes(
                    Integer.parseInt(refused.header("Content-Length").orElseThrow()));
            peer.sendRaw(request("/echo").getBytes(StandardCharsets.US_ASCII));
            assertEquals(101, peer.expectHead().status());
            echoes(peer);
        }
    }

    @Test
    void argumentsAreChecked() {
        assertThrows(NullPointerException.class, () -> GibbonUndertow.of(null));
        assertThrows(NullPointerException.class, () -> gibbon.listen(null, new Echo()));
        assertThrows(NullPointerException.class, () -> gibbon.listen(UPGRADER, null));
        assertThrows(NullPointerException.class, () -> gibbon.serve(null, _ -> {}));
        assertThrows(NullPointerException.class, () -> gibbon.serve(UPGRADER, null));
    }
}

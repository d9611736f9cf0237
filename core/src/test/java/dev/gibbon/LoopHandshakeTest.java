// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static dev.gibbon.ServerUnderTest.body;
import static dev.gibbon.ServerUnderTest.latin1;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gibbon.testkit.ScriptedPeer;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Opening handshakes on a server with a route for listeners, where a loop reads the request. */
@Timeout(300)
class LoopHandshakeTest {
    private static void listener(WebSocketServer.Builder builder) {
        builder.loops(1)
                .handshakeTimeout(Duration.ofSeconds(2))
                .handle("/page", exchange -> exchange.respond(200, "text/plain", "page"))
                .listen("/listener", Upgrader.create(), new Listener() {
                    @Override
                    public void onText(Connection connection, MessageView message) throws IOException {
                        connection.writeMessage(message);
                    }
                });
    }

    private static void echo(ScriptedPeer peer) throws IOException {
        peer.sendText("hello");
        peer.expectText("hello");
    }

    @Test
    void aRequestMayComeByteByByte() throws Exception {
        try (ServerUnderTest tested = ServerUnderTest.start(LoopHandshakeTest::listener);
                Socket client = new Socket(ServerUnderTest.HOST, tested.port())) {
            client.setTcpNoDelay(true);
            for (byte next : latin1(tested.upgradeRequest("/listener"))) {
                client.getOutputStream().write(next);
            }
            byte[] start = client.getInputStream().readNBytes("HTTP/1.1 101".length());
            assertEquals("HTTP/1.1 101", new String(start, StandardCharsets.ISO_8859_1));
        }
    }

    @Test
    void aLongRequestFits() throws Exception {
        try (ServerUnderTest tested = ServerUnderTest.start(LoopHandshakeTest::listener);
                ScriptedPeer peer = tested.upgrade("/listener", "X-Long: " + "x".repeat(5000))) {
            echo(peer);
        }
    }

    @Test
    void whatIsForAHandlerOrIsRefusedIsAnsweredAsEver() throws Exception {
        try (ServerUnderTest tested = ServerUnderTest.start(LoopHandshakeTest::listener)) {
            try (ScriptedPeer peer = tested.send(tested.getRequest("/page"))) {
                assertEquals("page", body(peer, peer.response()));
            }
            try (ScriptedPeer peer = tested.send(tested.getRequest("/listener"))) {
                assertEquals(400, peer.response().status());
            }
            try (ScriptedPeer peer = tested.send("nonsense\r\n\r\n")) {
                assertEquals(400, peer.response().status());
            }
            try (ScriptedPeer peer = tested.upgrade("/echo")) {
                echo(peer);
            }
            tested.awaitNoOthers();
        }
    }

    @Test
    void aClientThatLeavesInTheMiddleOfItsRequestIsNotCountedAnyMore() throws Exception {
        try (ServerUnderTest tested = ServerUnderTest.start(LoopHandshakeTest::listener)) {
            try (Socket client = new Socket(ServerUnderTest.HOST, tested.port())) {
                client.getOutputStream().write(latin1("GET /listener HTTP/1.1\r\nHost:"));
                ServerUnderTest.await("it is not counted", () -> tested.othersOpen() == 1);
            }
            tested.awaitNoOthers();
        }
    }

    @Test
    void aRequestThatDoesNotEndIsHungUpOnInTime() throws Exception {
        try (ServerUnderTest tested = ServerUnderTest.start(LoopHandshakeTest::listener);
                Socket client = new Socket(ServerUnderTest.HOST, tested.port())) {
            client.getOutputStream().write(latin1("GET /listener HTTP/1.1\r\nHost:"));
            assertEquals(-1, client.getInputStream().read());
            tested.awaitNoOthers();
        }
    }
}

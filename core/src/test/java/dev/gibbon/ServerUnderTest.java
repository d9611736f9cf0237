// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.testkit.HttpHead;
import dev.gibbon.testkit.ScriptedPeer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/** A server on loopback and, beside whatever a test does to it, a healthy client that must not notice. */
final class ServerUnderTest implements AutoCloseable {
    static final String HOST = "127.0.0.1";
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final WebSocketServer server;
    private final ScriptedPeer healthy;
    private int echoes;

    private ServerUnderTest(WebSocketServer server, String before) throws IOException {
        this.server = server;
        this.healthy = send(before + upgradeRequest("/healthy")).expectUpgraded();
        controlEchoes();
    }

    /** Starts a server on any port with the test's settings, and an echo at {@code /echo}. */
    static ServerUnderTest start(Consumer<WebSocketServer.Builder> settings) throws IOException {
        return startBehind("", settings);
    }

    /** The same, where the healthy client says something before its request. */
    static ServerUnderTest startBehind(String before, Consumer<WebSocketServer.Builder> settings) throws IOException {
        WebSocketServer.Builder builder = WebSocketServer.builder()
                .bind(HOST, 0)
                .handle("/echo", exchange -> echo(Upgrader.create().upgrade(exchange)))
                .handle("/healthy", exchange -> echo(Upgrader.create().upgrade(exchange)));
        settings.accept(builder);
        return new ServerUnderTest(builder.start(), before);
    }

    static void echo(Connection connection) throws IOException {
        try (connection) {
            for (Message m = connection.readMessage(); m != null; m = connection.readMessage()) {
                connection.writeMessage(m);
            }
        }
    }

    WebSocketServer server() {
        return server;
    }

    int port() {
        return server.port();
    }

    String authority() {
        return HOST + ":" + port();
    }

    String upgradeRequest(String target, String... fields) {
        return HttpHead.upgradeRequest(authority(), target, fields);
    }

    String getRequest(String target, String... fields) {
        return request("GET " + target + " HTTP/1.1", fields);
    }

    String request(String startLine, String... fields) {
        StringBuilder head = new StringBuilder(startLine).append("\r\nHost: ").append(authority());
        for (String field : fields) {
            head.append("\r\n").append(field);
        }
        return head.append("\r\n\r\n").toString();
    }

    /** {@return a client whose upgrade was accepted} */
    ScriptedPeer upgrade(String target, String... fields) throws IOException {
        return send(upgradeRequest(target, fields)).expectUpgraded();
    }

    /** {@return a client that sent the given bytes and has the head of the answer} */
    ScriptedPeer send(String rawRequest) throws IOException {
        return ScriptedPeer.overHttp(HOST, port(), rawRequest);
    }

    /** The healthy client talks to the server as if nothing had happened. */
    void controlEchoes() throws IOException {
        echoes++;
        healthy.sendText("healthy " + echoes);
        healthy.expectText("healthy " + echoes);
    }

    /** {@return how many transports are open beside the healthy one} */
    int othersOpen() {
        return server.connectionCount() - 1;
    }

    /** Waits until nothing is left of what the test opened. */
    void awaitNoOthers() throws InterruptedException {
        await("the server still has other connections", () -> othersOpen() == 0);
    }

    static void await(String otherwise, BooleanSupplier condition) throws InterruptedException {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - end > 0) {
                throw new AssertionError(otherwise);
            }
            Thread.sleep(2);
        }
    }

    static byte[] latin1(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    /** {@return the body that the head announces} */
    static String body(ScriptedPeer peer, HttpHead head) {
        int length = Integer.parseInt(head.header("Content-Length").orElseThrow());
        return new String(peer.expectBytes(length), StandardCharsets.UTF_8);
    }

    @Override
    public void close() throws IOException {
        try (healthy) {
            controlEchoes();
            healthy.sendClose(1000, "");
            healthy.expectClose(1000);
        } finally {
            server.close();
        }
    }
}

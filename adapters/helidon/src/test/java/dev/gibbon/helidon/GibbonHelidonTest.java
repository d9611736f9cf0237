// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.helidon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.Connection;
import dev.gibbon.ConnectionHandler;
import dev.gibbon.Listener;
import dev.gibbon.MessageView;
import dev.gibbon.RequestException;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketHost;
import dev.gibbon.testkit.HttpHead;
import dev.gibbon.testkit.ScriptedPeer;
import io.helidon.http.HeaderNames;
import io.helidon.webserver.WebServer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Routes and requests, beyond what every host does. */
@Timeout(300)
class GibbonHelidonTest {
    private static final Upgrader UPGRADER = Upgrader.create();

    private final WebSocketHost host = WebSocketHost.builder().loops(1).build();
    private final GibbonHelidon gibbon = GibbonHelidon.of(host);
    private WebServer server;

    @AfterEach
    void stop() {
        host.close();
        if (server != null) {
            WebServer _ = server.stop();
        }
    }

    private static final class Echo implements Listener {
        @Override
        public void onMessage(Connection connection, MessageView message) throws IOException {
            connection.writeMessage(message);
        }
    }

    private void start() {
        server = WebServer.builder()
                .host("127.0.0.1")
                .port(0)
                .shutdownHook(false)
                .addConnectionSelector(gibbon.selector())
                .connectionOptions(options -> options.tcpNoDelay(true))
                .routing(routing -> routing.any("/*", (_, response) -> response.send("routed")))
                .build()
                .start();
    }

    private ScriptedPeer send(String path, String... fields) throws IOException {
        String request = HttpHead.upgradeRequest("127.0.0.1:" + server.port(), path, fields);
        return ScriptedPeer.overHttp("127.0.0.1", server.port(), request);
    }

    @Test
    void factoriesSeeTheRequest() throws Exception {
        EndpointFactory<ConnectionHandler> handlers = (prologue, headers, parameters) -> {
            String said = prologue.query().get("q")
                    + headers.first(HeaderNames.create("X-Asked")).orElse("");
            return ws -> ws.writeText(parameters.get("name") + said);
        };
        EndpointFactory<Listener> listeners = (_, _, _) -> new Echo();
        gibbon.serve("/room/{name}", UPGRADER, handlers).listen("/echo/*", UPGRADER, listeners);
        start();
        try (ScriptedPeer peer = send("/room/a%20b?q=7", "X-Asked: yes").expectUpgraded()) {
            peer.expectText("a b7yes");
            peer.expectClose(1000, "");
            peer.sendClose(1000, "");
            peer.expectEnd();
        }
        try (ScriptedPeer peer = send("/echo/x/y").expectUpgraded()) {
            peer.sendText("hello");
            peer.expectText("hello");
        }
    }

    @Test
    void whatNoFactoryServesGoesToHelidonsRouting() throws Exception {
        EndpointFactory<Listener> none = (_, _, _) -> null;
        gibbon.listen("/none", UPGRADER, none);
        start();
        for (String path : new String[] {"/none", "/elsewhere"}) {
            try (ScriptedPeer peer = send(path)) {
                HttpHead head = peer.response();
                assertEquals(200, head.status());
                int length = Integer.parseInt(head.header("Content-Length").orElseThrow());
                assertEquals("routed", new String(peer.expectBytes(length), StandardCharsets.US_ASCII));
            }
        }
        assertEquals(0, host.connectionCount());
    }

    @Test
    void aFactoryThatThrowsIsAnsweredFor() throws Exception {
        EndpointFactory<Listener> throwing = (_, _, _) -> {
            throw new IllegalStateException("on purpose");
        };
        EndpointFactory<ConnectionHandler> blaming = (_, _, _) -> {
            throw new RequestException(422, "no such room");
        };
        gibbon.listen("/throw", UPGRADER, throwing).serve("/blame", UPGRADER, blaming);
        start();
        try (ScriptedPeer peer = send("/throw")) {
            assertEquals(500, peer.response().status());
        }
        try (ScriptedPeer peer = send("/blame")) {
            assertEquals(422, peer.response().status());
        }
    }

    /** Status, what is changed in a good request, and into what. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "403 | Connection: Upgrade | Connection: Upgrade~Origin: http://elsewhere.example",
                "426 | Sec-WebSocket-Version: 13 | Sec-WebSocket-Version: 8",
                "400 | Sec-WebSocket-Key: " + HttpHead.SAMPLE_KEY + " | Sec-WebSocket-Key: short",
                "400 | Sec-WebSocket-Key: " + HttpHead.SAMPLE_KEY + " | X-No-Key: at all",
            })
    void aRefusalIsWholeAndEndsTheConnection(int status, String good, String bad) throws Exception {
        gibbon.listen("/echo", UPGRADER, new Echo());
        start();
        String request = HttpHead.upgradeRequest("127.0.0.1:" + server.port(), "/echo");
        String refused = request.replace(good, bad.replace("~", "\r\n"));
        try (ScriptedPeer peer = ScriptedPeer.overHttp("127.0.0.1", server.port(), refused)) {
            HttpHead head = peer.response();
            assertEquals(status, head.status());
            assertTrue(head.header("Connection").orElseThrow().endsWith("close"), head.toString());
            byte[] _ = peer.expectBytes(
                    Integer.parseInt(head.header("Content-Length").orElseThrow()));
            peer.expectEnd();
        }
    }

    @Test
    void argumentsAreChecked() {
        assertThrows(NullPointerException.class, () -> GibbonHelidon.of(null));
        assertThrows(NullPointerException.class, () -> gibbon.listen("/x", UPGRADER, (Listener) null));
        assertThrows(NullPointerException.class, () -> gibbon.serve("/x", null, ws -> ws.close()));
        assertThrows(IllegalArgumentException.class, () -> gibbon.listen("x", UPGRADER, new Echo()));
    }
}

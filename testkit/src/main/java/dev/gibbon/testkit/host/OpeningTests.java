// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.Connection;
import dev.gibbon.testkit.HttpHead;
import dev.gibbon.testkit.ScriptedPeer;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Requests become WebSockets, or are refused, beside others that are neither. */
abstract class OpeningTests extends SharedTests {
    private static final String VERSION = "Sec-WebSocket-Version: 13";

    OpeningTests(HostSuite suite) {
        super(suite);
    }

    // ---- Refused

    /** Status, what is changed in a good request, and into what. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "403 | Connection: Upgrade | Connection: Upgrade~Origin: http://elsewhere.example",
                "426 | Sec-WebSocket-Version: 13 | Sec-WebSocket-Version: 8",
                "426 | Upgrade: websocket | Upgrade: h2c",
                "400 | Connection: Upgrade | Connection: keep-alive",
                "400 | Sec-WebSocket-Key: " + HttpHead.SAMPLE_KEY + " | Sec-WebSocket-Key: short",
                "400 | Sec-WebSocket-Key: " + HttpHead.SAMPLE_KEY + " | X-No-Key: at all",
                "400 | Sec-WebSocket-Version: 13 | Sec-WebSocket-Version: 13~Sec-WebSocket-Protocol: a b",
            })
    void aRequestThatIsNoOpeningHandshakeIsRefused(int status, String good, String bad) throws Exception {
        suite.requires(Ability.REFUSALS);
        for (Wire wire : Wire.values()) {
            if (suite.has(wire)) {
                refuse(suite.shared(wire), status, good, bad.replace("~", "\r\n"));
            }
        }
    }

    private static void refuse(Scene scene, int status, String good, String bad) throws Exception {
        for (Face face : Face.values()) {
            String request = scene.upgradeRequest(face.at(Served.ECHO));
            assertTrue(request.contains(good), request);
            try (ScriptedPeer peer = scene.send(request.replace(good, bad))) {
                HttpHead head = peer.response();
                assertEquals(status, head.status(), head.toString());
                String body = Scene.body(peer, head);
                // A page of the host's own will do: it may find the fault before Gibbon can.
                assertTrue(body.contains(status + " "), body);
                if (status == 426 && good.equals(VERSION)) {
                    assertEquals(Optional.of("13"), head.header("Sec-WebSocket-Version"));
                }
                assertFalse(head.header("Sec-WebSocket-Accept").isPresent());
                asGoodAsNew(scene, peer, head, face);
            }
        }
    }

    /** The reply was whole and no more: where the transport goes on, the next answer comes right behind it. */
    private static void asGoodAsNew(Scene scene, ScriptedPeer peer, HttpHead refused, Face face) throws Exception {
        String connection = String.join(",", refused.headers("Connection"));
        if (Stream.of(connection.split(",")).anyMatch(token -> token.strip().equalsIgnoreCase("close"))) {
            peer.expectEnd();
            return;
        }
        peer.sendRaw(latin1(scene.upgradeRequest(face.at(Served.ECHO))));
        HttpHead head = peer.expectHead();
        assertEquals(101, head.status(), head.toString());
        peer.sendText("accepted in the end");
        peer.expectText("accepted in the end");
    }

    private static byte[] latin1(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    @ParameterizedTest
    @EnumSource
    void thePageOfTheSameOriginIsLetIn(Wire wire) throws Exception {
        Scene scene = suite.shared(wire);
        String origin = (wire == Wire.TLS ? "https://" : "http://") + scene.authority();
        try (ScriptedPeer peer = scene.open(Served.ECHO, "Origin: " + origin)) {
            peer.sendText("mine");
            peer.expectText("mine");
        }
    }

    // ---- Accepted

    @ParameterizedTest
    @EnumSource
    void theFirstSubprotocolThatTheServerSpeaksIsChosen(Way way) throws Exception {
        Scene scene = suite.shared(way.wire);
        choose(scene, way, "unknown, second, first", Optional.of("second"));
        choose(scene, way, "unknown", Optional.empty());
    }

    private static void choose(Scene scene, Way way, String offered, Optional<String> chosen) throws Exception {
        scene.served.opened.clear();
        try (ScriptedPeer peer = scene.open(way.face.at(Served.COMMAND), "Sec-WebSocket-Protocol: " + offered)) {
            assertEquals(chosen, peer.response().header("Sec-WebSocket-Protocol"));
            Connection connection = Await.next("no connection", scene.served.opened);
            assertEquals(chosen, connection.subprotocol());
        }
    }

    @ParameterizedTest
    @EnumSource
    void theConnectionKnowsItsPeer(Way way) throws Exception {
        Scene.Pair pair = suite.shared(way.wire).pair(way.face.at(Served.COMMAND));
        try (ScriptedPeer _ = pair.peer()) {
            Connection connection = pair.connection();
            InetSocketAddress peer =
                    (InetSocketAddress) connection.peerAddress().orElseThrow();
            assertEquals(Scene.ADDRESS, peer.getAddress().getHostAddress());
            assertTrue(peer.getPort() > 0);
            if (suite.can(Ability.TLS_SESSION)) {
                assertEquals(way.wire == Wire.TLS, connection.tlsSession().isPresent());
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void theHostsOwnPathParametersAreThere(Wire wire) throws Exception {
        suite.requires(Ability.PATH_PARAMETERS);
        for (String name : new String[] {"red", "blue-7"}) {
            try (ScriptedPeer peer = suite.shared(wire).open("/room/" + name)) {
                peer.expectText("room " + name);
                peer.sendText("hello");
                peer.expectText("hello");
            }
        }
    }

    // ---- Neither

    @ParameterizedTest
    @EnumSource
    void pagesAreServedBeside(Way way) throws Exception {
        suite.requires(Ability.PLAIN_GET);
        Scene scene = suite.shared(way.wire);
        try (ScriptedPeer socket = scene.open(way.face.at(Served.ECHO));
                ScriptedPeer browser = scene.send(pageRequest(scene))) {
            expectPage(browser, browser.response());
            socket.sendText("beside a page");
            socket.expectText("beside a page");
        }
    }

    @ParameterizedTest
    @EnumSource
    void aTransportThatCarriedAPageBecomesAWebSocket(Way way) throws Exception {
        suite.requires(Ability.PLAIN_GET);
        Scene scene = suite.shared(way.wire);
        try (ScriptedPeer peer = scene.send(pageRequest(scene))) {
            expectPage(peer, peer.response());
            peer.sendRaw(latin1(scene.upgradeRequest(way.face.at(Served.ECHO))));
            assertEquals(101, peer.expectHead().status());
            peer.sendText("behind a page");
            peer.expectText("behind a page");
        }
    }

    static String pageRequest(Scene scene) {
        return "GET /plain HTTP/1.1\r\nHost: " + scene.authority() + "\r\n\r\n";
    }

    static void expectPage(ScriptedPeer peer, HttpHead head) {
        assertEquals(200, head.status(), head.toString());
        assertEquals("plain", Scene.body(peer, head).strip());
    }
}

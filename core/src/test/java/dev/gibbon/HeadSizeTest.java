// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.DialScene.Dial;
import dev.gibbon.testkit.HttpHead;
import dev.gibbon.testkit.ScriptedPeer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The one size of a head that is set holds for each line of it, on both sides and towards a proxy. */
@Timeout(300)
class HeadSizeTest {
    private static final int HEAD_BYTES = 64 * 1024;
    private static final String LONG = "a".repeat(60_000);

    private static byte[] bytes(String latin1) {
        return latin1.getBytes(StandardCharsets.ISO_8859_1);
    }

    @Nested
    class Servers {
        private ServerUnderTest server;

        @BeforeEach
        void start() throws IOException {
            server = ServerUnderTest.start(builder -> builder.maxHeadBytes(HEAD_BYTES)
                    .handle(
                            "/length",
                            exchange -> exchange.respond(
                                    200,
                                    Headers.of(
                                            "X-Query",
                                            "" + exchange.query().orElse("").length()),
                                    new byte[0]))
                    .listen("/listen", Upgrader.create(), new Listener() {}));
        }

        @AfterEach
        void close() throws IOException {
            server.close();
        }

        @ParameterizedTest
        @ValueSource(strings = {"/echo", "/listen"})
        void oneFieldMayTakeTheWholeHead(String route) throws IOException {
            try (ScriptedPeer peer = server.upgrade(route, "Cookie: " + LONG)) {
                peer.sendClose(1000, "");
                peer.expectClose(1000);
            }
        }

        @ParameterizedTest
        @ValueSource(strings = {"/echo", "/listen"})
        void oneQueryMayTakeTheWholeHead(String route) throws IOException {
            try (ScriptedPeer peer = server.upgrade(route + "?token=" + LONG)) {
                peer.sendClose(1000, "");
                peer.expectClose(1000);
            }
        }

        @Test
        void handlerGetsAllOfTheQuery() throws IOException {
            try (ScriptedPeer peer = server.send(server.getRequest("/length?" + LONG))) {
                assertEquals(Optional.of("" + LONG.length()), peer.response().header("X-Query"));
            }
        }

        @ParameterizedTest
        @ValueSource(strings = {"/echo", "/listen"})
        void fieldBeyondTheHeadIs431(String route) throws IOException {
            try (ScriptedPeer peer = server.send(server.upgradeRequest(route, "Cookie: " + LONG + LONG))) {
                assertEquals(431, peer.response().status());
            }
        }

        @ParameterizedTest
        @ValueSource(strings = {"/echo", "/listen"})
        void queryBeyondTheHeadIs414(String route) throws IOException {
            try (ScriptedPeer peer = server.send(server.upgradeRequest(route + "?" + LONG + LONG))) {
                assertEquals(414, peer.response().status());
            }
        }
    }

    @Nested
    class Clients {
        private final DialScene scene = new DialScene();

        @AfterEach
        void close() {
            scene.close();
        }

        @Test
        void oneFieldOfTheReplyMayTakeTheWholeHead() throws Exception {
            Dialer dialer = scene.dialer().maxHeadBytes(HEAD_BYTES).build();
            Dial dial = scene.answered(
                    dialer, request -> request.acceptingResponse().replaceFirst("\r\n", "\r\nX: " + LONG + "\r\n"));
            assertEquals(Optional.of(LONG), dial.result().headers().first("X"));
        }

        @Test
        void fieldBeyondTheHeadIsRefused() throws Exception {
            Dialer dialer = scene.dialer().maxHeadBytes(HEAD_BYTES).build();
            Dial dial = DialScene.start(dialer, "ws://example.test/");
            ScriptedPeer server = scene.server();
            HttpHead request = server.expectHead();
            try {
                server.sendRaw(bytes(request.acceptingResponse().replaceFirst("\r\n", "\r\nX: " + LONG + LONG)));
            } catch (IOException _) {
                // The client need not wait for all of it.
            }
            assertTrue(dial.refusal().getMessage().startsWith("malformed reply: "));
        }

        private Dial behindProxy(Dialer.Builder builder) {
            Dialer dialer = builder.proxy(ProxyPolicy.via(ProxyAddress.parse("http://proxy.test:3128")))
                    .build();
            return DialScene.start(dialer, "ws://example.test/");
        }

        @Test
        void oneFieldOfAProxysReplyMayTakeTheWholeHead() throws Exception {
            Dial dial = behindProxy(scene.dialer().maxHeadBytes(HEAD_BYTES));
            ScriptedPeer proxy = scene.server();
            HttpHead _ = proxy.expectHead();
            proxy.sendRaw(bytes("HTTP/1.1 200 Connected\r\nX: " + LONG + "\r\n\r\n"));
            HttpHead request = proxy.expectHead();
            proxy.sendRaw(bytes(request.acceptingResponse()));
            assertEquals(ConnectionState.OPEN, dial.connection().state());
        }

        @Test
        void proxysReplyIsBoundByTheSameOptions() throws Exception {
            Dial small = behindProxy(scene.dialer().maxHeadBytes(64));
            ScriptedPeer proxy = scene.server();
            HttpHead _ = proxy.expectHead();
            proxy.sendRaw(bytes("HTTP/1.1 200 Connected\r\nX: " + "a".repeat(100) + "\r\n\r\n"));
            expectTooMuch(small);
            Dial few = behindProxy(scene.dialer().maxHeaderCount(1));
            ScriptedPeer second = scene.server();
            HttpHead _ = second.expectHead();
            second.sendRaw(bytes("HTTP/1.1 200 Connected\r\nX: 1\r\nX: 2\r\n\r\n"));
            expectTooMuch(few);
        }

        private void expectTooMuch(Dial dial) throws Exception {
            String message = String.valueOf(dial.failure().getMessage());
            assertTrue(message.startsWith("malformed reply of the proxy: "), message);
        }

        @Test
        void bodyOfAProxysRefusalIsBoundByTheSameOption() throws Exception {
            Dial dial = behindProxy(scene.dialer().maxBodyBytes(5));
            ScriptedPeer proxy = scene.server();
            HttpHead _ = proxy.expectHead();
            proxy.sendRaw(bytes("HTTP/1.1 403 No\r\nContent-Length: 9\r\n\r\nforbidden"));
            assertEquals("forbi", new String(dial.refusal().body(), StandardCharsets.US_ASCII));
        }
    }
}

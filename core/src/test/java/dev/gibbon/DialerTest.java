// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.DialScene.Dial;
import dev.gibbon.connection.SecureMaskingKeys;
import dev.gibbon.testkit.Frame;
import dev.gibbon.testkit.HttpHead;
import dev.gibbon.testkit.ScriptedPeer;
import dev.gibbon.testkit.TransportPair;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.net.ConnectException;
import java.net.CookieManager;
import java.net.HttpCookie;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The dialer's options and requests, over pairs in memory, and its own sockets over loopback. */
class DialerTest {
    private final DialScene scene = new DialScene();

    @AfterEach
    void closeScene() {
        scene.close();
    }

    private static byte[] bytes(String latin1) {
        return latin1.getBytes(StandardCharsets.ISO_8859_1);
    }

    /** {@return the request of a dial that is then accepted} */
    private HttpHead requestOf(Dialer dialer, String uri, Headers extra, String... replyFields) throws Exception {
        Dial dial = DialScene.start(dialer, uri, extra);
        ScriptedPeer server = scene.server();
        HttpHead request = server.expectHead();
        server.sendRaw(bytes(request.acceptingResponse(replyFields)));
        assertEquals(ConnectionState.OPEN, dial.connection().state());
        return request;
    }

    @Nested
    class Requests {
        @Test
        void requestIsTheOneOfSection41() throws Exception {
            HttpHead request = requestOf(scene.dialer().build(), "ws://example.test:8080/a/b?c=d", Headers.of());
            assertEquals("GET /a/b?c=d HTTP/1.1", request.startLine());
            assertEquals(
                    List.of(
                            "Host: example.test:8080",
                            "Upgrade: websocket",
                            "Connection: Upgrade",
                            "Sec-WebSocket-Key: "
                                    + request.header("Sec-WebSocket-Key").orElseThrow(),
                            "Sec-WebSocket-Version: 13"),
                    request.fields());
            assertEquals(List.of("example.test 8080"), scene.asked());
        }

        @Test
        void requestLeavesInOneWrite() throws Exception {
            try (DialScene logging = new DialScene(TransportPair.Builder::logWrites)) {
                Dial dial = DialScene.start(logging.dialer().build(), "ws://example.test/");
                TransportPair pair = logging.pair();
                ScriptedPeer server = ScriptedPeer.over(pair.server(), Role.SERVER);
                server.sendRaw(bytes(server.expectHead().acceptingResponse()));
                assertEquals(ConnectionState.OPEN, dial.connection().state());
                assertEquals(1, pair.client().writeLog().size());
            }
        }

        @Test
        void keyIsAnotherInEachRequest() throws Exception {
            Dialer dialer = scene.dialer().build();
            Set<String> keys = new HashSet<>();
            for (int i = 0; i < 20; i++) {
                keys.add(requestOf(dialer, "ws://example.test/", Headers.of())
                        .header("Sec-WebSocket-Key")
                        .orElseThrow());
            }
            assertEquals(20, keys.size());
        }

        @Test
        void optionsAddTheirFields() throws Exception {
            Dialer dialer = scene.dialer()
                    .origin("https://page.test")
                    .headers(Headers.of("X-A", "1", "X-B", "2"))
                    .subprotocols("chat", "superchat")
                    .build();
            Dial dial = DialScene.start(dialer, "ws://example.test/", Headers.of("x-b", "3"));
            ScriptedPeer server = scene.server();
            HttpHead request = server.expectHead();
            server.sendRaw(bytes(request.acceptingResponse("Sec-WebSocket-Protocol: superchat", "X-C: d")));
            assertEquals(Optional.of("https://page.test"), request.header("Origin"));
            assertEquals(Optional.of("1"), request.header("X-A"));
            assertEquals(List.of("3"), request.headers("X-B"));
            assertEquals(Optional.of("chat, superchat"), request.header("Sec-WebSocket-Protocol"));
            assertEquals(Optional.of("superchat"), dial.connection().subprotocol());
            assertEquals(Optional.of("d"), dial.result().headers().first("x-c"));
            assertEquals(URI.create("ws://example.test/"), dial.result().uri());
        }

        @Test
        void callersHostIsSentInsteadOfTheUris() throws Exception {
            HttpHead request =
                    requestOf(scene.dialer().build(), "ws://127.0.0.1:81/", Headers.of("HOST", "virtual.test:99"));
            assertEquals(List.of("virtual.test:99"), request.headers("Host"));
            assertEquals(List.of("127.0.0.1 81"), scene.asked());
        }

        @Test
        void zoneOfAnAddressStaysHere() throws Exception {
            HttpHead request = requestOf(scene.dialer().build(), "ws://[fe80::1%25lo]/", Headers.of());
            assertEquals(Optional.of("[fe80::1]"), request.header("Host"));
            assertEquals(List.of("fe80::1%lo 80"), scene.asked());
        }
    }

    @Nested
    class RefusedBeforeAnythingIsSent {
        @ParameterizedTest
        @ValueSource(
                strings = {
                    "Connection",
                    "UPGRADE",
                    "sec-websocket-key",
                    "Sec-WebSocket-Version",
                    "SEC-WEBSOCKET-EXTENSIONS",
                    "Sec-Websocket-Protocol",
                    "Sec-WebSocket-Accept",
                    "content-length",
                    "Transfer-encoding"
                })
        void reservedHeader(String name) {
            Headers reserved = Headers.of(name, "x");
            Dialer dialer = scene.dialer().build();
            assertThrows(IllegalArgumentException.class, () -> dialer.dial(URI.create("ws://example.test/"), reserved));
            Dialer.Builder builder = scene.dialer().headers(reserved);
            assertThrows(IllegalArgumentException.class, builder::build);
            assertEquals(List.of(), scene.asked());
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "http://example.test/",
                    "ws://u:p@example.test/",
                    "ws://example.test/#f",
                    "ws://h:0/",
                    "ws:///"
                })
        void hc26Uri(String uri) {
            Dialer dialer = scene.dialer().build();
            assertThrows(IllegalArgumentException.class, () -> dialer.dial(URI.create(uri)));
            assertEquals(List.of(), scene.asked());
        }

        @ParameterizedTest
        @ValueSource(strings = {"a\r\nX: y", "a\nb", "a\0b", "a\u2028b"})
        void sec12TextThatIsNoFieldValue(String text) {
            assertThrows(IllegalArgumentException.class, () -> Headers.of("X", text));
            Dialer.Builder builder = scene.dialer();
            assertThrows(IllegalArgumentException.class, () -> builder.origin(text));
            assertThrows(IllegalArgumentException.class, () -> builder.subprotocols(text));
            assertThrows(IllegalArgumentException.class, () -> URI.create("ws://example.test/" + text));
        }

        @Test
        void sec12HostThatIsNone() {
            Dialer dialer = scene.dialer().build();
            Headers host = Headers.of("Host", "a b");
            assertThrows(IllegalArgumentException.class, () -> dialer.dial(URI.create("ws://example.test/"), host));
            assertEquals(List.of(), scene.asked());
        }

        @Test
        void optionsOutOfRange() {
            Dialer.Builder builder = Dialer.builder();
            assertThrows(IllegalArgumentException.class, () -> builder.handshakeTimeout(Duration.ZERO));
            assertThrows(IllegalArgumentException.class, () -> builder.handshakeTimeout(Duration.ofSeconds(-1)));
            assertThrows(IllegalArgumentException.class, () -> builder.followRedirects(-1));
            assertThrows(IllegalArgumentException.class, () -> builder.followRedirects(21));
            assertThrows(IllegalArgumentException.class, () -> builder.maxBodyBytes(-1));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> Dialer.builder().maxHeadBytes(0).build());
            Dialer.Builder twice = scene.dialer().unixSocket(Path.of("x"));
            assertThrows(IllegalArgumentException.class, twice::build);
            Dialer.Builder none = Dialer.builder().requireSubprotocol(true);
            assertThrows(IllegalArgumentException.class, none::build);
            assertThrows(IllegalArgumentException.class, () -> AuthenticationHandler.basic("a:b", "c"));
        }
    }

    @Nested
    class CookiesAndCredentials {
        private final CookieManager manager = new CookieManager();
        private final Dialer dialer = scene.dialer().cookies(manager).build();

        @Test
        void cookiesGoWithTheRequestAndThoseOfTheReplyAreKept() throws Exception {
            HttpCookie cookie = new HttpCookie("a", "b");
            cookie.setPath("/");
            cookie.setVersion(0);
            manager.getCookieStore().add(URI.create("http://example.test/"), cookie);
            HttpHead request = requestOf(dialer, "ws://example.test/", Headers.of(), "Set-Cookie: c=d");
            assertEquals(List.of("a=b"), request.headers("Cookie"));
            HttpHead next = requestOf(dialer, "ws://example.test/", Headers.of());
            assertEquals(List.of("a=b; c=d"), next.headers("Cookie"));
            HttpHead other = requestOf(dialer, "ws://other.test/", Headers.of());
            assertEquals(List.of(), other.headers("Cookie"));
        }

        @Test
        void cookiesOfARefusalAreKept() throws Exception {
            Dial dial = scene.answered(dialer, _ -> "HTTP/1.1 403 No\r\nSet-Cookie: e=f\r\n\r\n");
            assertEquals(403, dial.refusal().status());
            assertEquals(
                    List.of("e=f"),
                    manager.getCookieStore().getCookies().stream()
                            .map(HttpCookie::toString)
                            .toList());
        }

        @Test
        void callersCookieTakesThePlaceOfTheHandlers() throws Exception {
            manager.getCookieStore().add(URI.create("http://example.test/"), new HttpCookie("a", "b"));
            HttpHead request = requestOf(dialer, "ws://example.test/", Headers.of("cookie", "mine=1"));
            assertEquals(List.of("mine=1"), request.headers("Cookie"));
        }

        @Test
        void handlerThatGivesUpLeavesTheRefusal() throws Exception {
            Dialer asker = scene.dialer()
                    .authentication(AuthenticationHandler.basic("a", "b"))
                    .build();
            HandshakeException refusal = scene.answered(
                            asker, _ -> "HTTP/1.1 401 Who?\r\nWWW-Authenticate: Digest basic=no\r\n\r\nGo away")
                    .refusal();
            assertEquals(401, refusal.status());
            assertArrayEquals(bytes("Go away"), refusal.body());
            assertEquals(1, scene.all().size());
        }

        @Test
        void handlerSeesTheChallengeAndItsAnswerOpensTheConnection() throws Exception {
            Dialer asker = scene.dialer()
                    .authentication(challenge -> Optional.of("Token "
                            + challenge.uri().getPath() + challenge.challenges().size()))
                    .build();
            Dial dial = DialScene.start(asker, "ws://example.test/p", Headers.of("authorization", "stale"));
            ScriptedPeer first = scene.server();
            assertEquals(List.of("stale"), first.expectHead().headers("Authorization"));
            first.sendRaw(bytes("HTTP/1.1 401 Who?\r\nWWW-Authenticate: A\r\nWWW-Authenticate: B\r\n\r\n"));
            ScriptedPeer second = scene.server();
            HttpHead request = second.expectHead();
            assertEquals(List.of("Token /p2"), request.headers("Authorization"));
            second.sendRaw(bytes(request.acceptingResponse()));
            assertEquals(ConnectionState.OPEN, dial.connection().state());
        }
    }

    @Nested
    class OnTheWire {
        /** SEC-16. */
        @Test
        void sec16MaskingKeysAreDrawnFreshFromACryptographicSource() throws Exception {
            Dialer dialer = scene.dialer().build();
            assertInstanceOf(SecureMaskingKeys.class, dialer.engine().maskingKeys());
            Dial dial = DialScene.start(dialer, "ws://example.test/");
            ScriptedPeer server = scene.server();
            server.sendRaw(bytes(server.expectHead().acceptingResponse()));
            Connection connection = dial.connection();
            Set<Integer> keys = new HashSet<>();
            for (int i = 0; i < 1000; i++) {
                connection.writeText("same");
                keys.add(server.expectFrame().maskingKey().orElseThrow());
            }
            assertTrue(keys.size() > 990, keys.size() + " different keys of 1000");
        }

        /** SEC-17. */
        @Test
        void sec17PayloadIsNeverClearOnTheWire() throws Exception {
            Dial dial = DialScene.start(scene.dialer().build(), "ws://example.test/");
            TransportPair pair = scene.pair();
            ScriptedPeer server = ScriptedPeer.over(pair.server(), Role.SERVER);
            server.sendRaw(bytes(server.expectHead().acceptingResponse()));
            Connection connection = dial.connection();
            String smuggled = "GET /admin HTTP/1.1\r\nHost: intranet.test\r\n\r\n";
            byte[] payload = bytes(smuggled);
            connection.writeBinary(payload);
            connection.writeText(smuggled);
            connection.ping(ByteBuffer.wrap(payload));
            assertEquals(smuggled, new String(payload, StandardCharsets.ISO_8859_1));
            ByteBuffer wire = ByteBuffer.allocate(4096);
            while (pair.server().available() > 0) {
                assertTrue(pair.server().read(wire) > 0);
            }
            String seen = new String(wire.array(), 0, wire.position(), StandardCharsets.ISO_8859_1);
            assertEquals(3 * (2 + 4 + payload.length), seen.length());
            for (String part : List.of("GET ", "HTTP", "Host", "intranet", "admin")) {
                assertFalse(seen.contains(part), part);
            }
        }

        @Test
        void messageOfAnySizeIsOneFrame() throws Exception {
            try (DialScene wide = new DialScene(pair -> pair.capacity(1 << 20))) {
                Dial dial = DialScene.start(wide.dialer().build(), "ws://example.test/");
                ScriptedPeer server = wide.server();
                server.sendRaw(bytes(server.expectHead().acceptingResponse()));
                byte[] payload = new byte[500_000];
                dial.connection().writeBinary(payload);
                server.expectFrame(Frame.binary(payload));
            }
        }
    }

    @Nested
    class OwnSockets {
        @Test
        void tenLinesDialSendReceiveAndClose() throws Exception {
            try (WebSocketServer server = echo(WebSocketServer.builder().bind("127.0.0.1", 0))) {
                int port = server.port();
                for (String host : List.of("127.0.0.1", "localhost")) {
                    Dialer dialer = Dialer.create();
                    try (Connection ws = dialer.dial(URI.create("ws://" + host + ":" + port + "/echo"))) {
                        assertEquals(Role.CLIENT, ws.role());
                        assertEchoes(ws);
                    }
                    assertEquals(0, dialer.engine().buffers().leased());
                }
            }
        }

        @Test
        void ipv6AddressInBracketsIsConnectedTo() throws Exception {
            try (WebSocketServer server = echo(WebSocketServer.builder().bind("::1", 0))) {
                int port = server.port();
                try (Connection ws = Dialer.create().dial(URI.create("ws://[::1]:" + port + "/echo"))) {
                    assertEchoes(ws);
                }
            }
        }

        @Test
        void unixSocketIsConnectedToWhateverTheHost(@TempDir Path directory) throws Exception {
            Path socket = directory.resolve("s");
            try (WebSocketServer server = echo(WebSocketServer.builder().bindUnix(socket))) {
                assertEquals(1, server.addresses().size());
                Dialer dialer = Dialer.builder().unixSocket(socket).build();
                try (Connection ws = dialer.dial(URI.create("ws://anything.test/echo"))) {
                    assertEchoes(ws);
                }
            }
        }

        @Test
        void serverThatRefusesTheOriginIsQuoted() throws Exception {
            try (WebSocketServer server = echo(WebSocketServer.builder().bind("127.0.0.1", 0))) {
                int port = server.port();
                Dialer dialer = Dialer.builder().origin("http://evil.test").build();
                HandshakeException refusal = assertThrows(
                        HandshakeException.class, () -> dialer.dial(URI.create("ws://127.0.0.1:" + port + "/echo")));
                assertEquals(403, refusal.status());
                assertEquals("403 Forbidden\n", new String(refusal.body(), StandardCharsets.US_ASCII));
                HandshakeException copy = assertInstanceOf(HandshakeException.class, copy(refusal));
                assertEquals(Headers.of(), copy.headers());
                assertArrayEquals(refusal.body(), copy.body());
            }
        }

        private static Object copy(Object original) throws IOException, ClassNotFoundException {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
                out.writeObject(original);
            }
            try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
                return in.readObject();
            }
        }

        @Test
        void localAddressIsConnectedFrom() throws Exception {
            try (WebSocketServer server = echo(WebSocketServer.builder().bind("127.0.0.1", 0))) {
                int port = server.port();
                InetAddress local = InetAddress.ofLiteral("127.0.0.2");
                Dialer dialer = Dialer.builder().localAddress(local).build();
                try (Connection ws = dialer.dial(URI.create("ws://127.0.0.1:" + port + "/echo"))) {
                    assertEquals(local, ((InetSocketAddress) ws.localAddress().orElseThrow()).getAddress());
                }
            }
        }

        @Test
        void portThatNobodyListensOnIsRefused() throws Exception {
            int port;
            try (WebSocketServer server = echo(WebSocketServer.builder().bind("127.0.0.1", 0))) {
                port = server.port();
            }
            assertThrows(
                    ConnectException.class, () -> Dialer.create().dial(URI.create("ws://127.0.0.1:" + port + "/")));
        }

        private static WebSocketServer echo(WebSocketServer.Builder builder) throws IOException {
            Upgrader upgrader = Upgrader.create();
            return builder.handle("/echo", exchange -> {
                        try (Connection ws = upgrader.upgrade(exchange)) {
                            for (Message m = ws.readMessage(); m != null; m = ws.readMessage()) {
                                ws.writeMessage(m);
                            }
                        }
                    })
                    .start();
        }

        private static void assertEchoes(Connection ws) throws IOException {
            ws.writeText("hello");
            Message answer = ws.readMessage();
            assertEquals("hello", answer == null ? null : answer.text());
            ws.close(CloseCode.NORMAL, "bye");
            assertEquals(Optional.of(CloseCode.NORMAL), ws.closeStatus().map(CloseStatus::code));
        }
    }
}

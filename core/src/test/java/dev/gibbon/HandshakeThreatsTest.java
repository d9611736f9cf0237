// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static dev.gibbon.ServerUnderTest.body;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.testkit.HttpHead;
import dev.gibbon.testkit.Recorder;
import dev.gibbon.testkit.ScriptedPeer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Malformed and hostile opening handshakes against a running server with no options, named
 * for the entries of our threat catalogue. A healthy connection echoes before, during and
 * after each; every refusal is small, closes, and never reaches an application.
 */
@Timeout(300)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HandshakeThreatsTest {
    private volatile Recorder connections = new Recorder();
    private ServerUnderTest tested;

    @BeforeAll
    void startServer() throws IOException {
        tested = ServerUnderTest.start(builder -> builder.handle("/ws", exchange -> {
            Connection ws = Upgrader.create().upgrade(exchange);
            connections.record("open");
            ServerUnderTest.echo(ws);
        }));
    }

    @AfterAll
    void stopServer() throws IOException {
        tested.close();
    }

    @BeforeEach
    void theHealthyConnectionEchoes() throws Exception {
        connections = new Recorder();
        tested.controlEchoes();
    }

    @AfterEach
    void theHealthyConnectionEchoesAndNothingIsLeft() throws Exception {
        tested.controlEchoes();
        tested.awaitNoOthers();
        connections.expectNothingElse();
    }

    /** The fields of a good request, to be spoilt. */
    private List<String> fields() {
        return new ArrayList<>(List.of(
                "Host: " + tested.authority(),
                "Upgrade: websocket",
                "Connection: Upgrade",
                "Sec-WebSocket-Key: " + HttpHead.SAMPLE_KEY,
                "Sec-WebSocket-Version: 13"));
    }

    private String request(List<String> fields) {
        return request("GET /ws HTTP/1.1", fields);
    }

    private static String request(String startLine, List<String> fields) {
        return startLine + "\r\n" + String.join("\r\n", fields) + "\r\n\r\n";
    }

    /** A good request without {@code name}, and with {@code more} in its place. */
    private String changed(String name, String... more) {
        List<String> fields = fields();
        assertTrue(fields.removeIf(line -> line.startsWith(name + ":")), name);
        fields.addAll(List.of(more));
        return request(fields);
    }

    private String with(String... more) {
        List<String> fields = fields();
        fields.addAll(List.of(more));
        return request(fields);
    }

    /** Sends a request that must be refused: status, a small body that gives nothing away, and the end. */
    private HttpHead refused(int status, String request) throws IOException {
        try (ScriptedPeer peer = tested.send(request)) {
            HttpHead head = peer.response();
            assertEquals(status, head.status(), request);
            assertTrue(String.join(",", head.headers("Connection")).contains("close"), head.toString());
            String body = body(peer, head);
            assertTrue(body.length() <= 512 && body.startsWith(Integer.toString(status)), body);
            tested.controlEchoes();
            peer.expectEnd();
            return head;
        }
    }

    private void accepted(String request) throws IOException {
        try (ScriptedPeer peer = tested.send(request)) {
            peer.expectUpgraded().sendText("in");
            peer.expectText("in");
            connections.expect("open");
            tested.controlEchoes();
            peer.sendClose(1000, "");
            peer.expectClose(1000);
            peer.expectEnd();
        }
    }

    @Test
    @DisplayName("HS-01 HS-02 HS-30 valid requests in every spelling are accepted")
    void validRequestsInEverySpellingAreAccepted() throws Exception {
        accepted(with());
        accepted(changed("Connection", "connection:\tkeep-alive,\tUpGrade\t"));
        accepted(changed("Upgrade", "upgrade: foo, WebSocket"));
        accepted(changed("Upgrade", "Upgrade: foo", "UPGRADE: websocket"));
        accepted(changed("Connection", "Connection: keep-alive", "Connection: upgrade"));
    }

    @Test
    @DisplayName("HS-03 a method other than GET is 405 and says which is allowed")
    void aMethodOtherThanGetIs405() throws Exception {
        for (String method : List.of("POST", "PUT", "OPTIONS", "TRACE", "get", "BREW")) {
            HttpHead head = refused(405, request(method + " /ws HTTP/1.1", fields()));
            assertEquals("GET", head.header("Allow").orElseThrow());
        }
    }

    @Test
    @DisplayName("HS-06 no Upgrade field is 426 and says what to upgrade to")
    void noUpgradeFieldIs426() throws Exception {
        HttpHead head = refused(426, changed("Upgrade"));
        assertEquals("websocket", head.header("Upgrade").orElseThrow());
        assertTrue(head.header("Connection").orElseThrow().contains("Upgrade"));
    }

    @Test
    @DisplayName("HS-07 another Upgrade is 426 and never switches protocols")
    void anotherUpgradeIs426() throws Exception {
        for (String other : List.of("h2c", "websockets", "web socket", "TLS/1.0", "\"websocket\"", "websocket2", "")) {
            HttpHead _ = refused(426, changed("Upgrade", "Upgrade: " + other));
        }
    }

    @Test
    @DisplayName(
            "HS-08 Connection without the token upgrade is refused (400, as gorilla does; the token, no substring)")
    void connectionWithoutTheTokenIs400() throws Exception {
        HttpHead _ = refused(400, changed("Connection"));
        for (String other : List.of("keep-alive", "upgraded", "x-upgrade", "up grade", "keep-alive upgrade", "")) {
            HttpHead _ = refused(400, changed("Connection", "Connection: " + other));
        }
    }

    @Test
    @DisplayName("HS-09 no Sec-WebSocket-Key is 400")
    void noKeyIs400() throws Exception {
        HttpHead _ = refused(400, changed("Sec-WebSocket-Key"));
    }

    @Test
    @DisplayName("HS-10 a key that is not 16 bytes of base64 is 400")
    void aKeyThatIsNot16BytesIs400() throws Exception {
        for (String key : List.of(
                "",
                "AAAAAAAAAAAAAAAAAAAA", // 15 bytes
                "AAAAAAAAAAAAAAAAAAAAAAA=", // 17
                "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", // 32
                "dGhlIHNhbXBsZSBub25j!Q==",
                "dGhlIHNhbXBsZSBub-_jZQ==",
                "dGhlIHNhbXBsZSBub25jZQ",
                "dGhlIHNhbXBs ZSBub25jZQ==")) {
            HttpHead _ = refused(400, changed("Sec-WebSocket-Key", "Sec-WebSocket-Key: " + key));
        }
    }

    @Test
    @DisplayName("HS-11 two keys are 400, equal or not")
    void twoKeysAre400() throws Exception {
        HttpHead _ = refused(400, with("Sec-WebSocket-Key: " + HttpHead.SAMPLE_KEY));
        HttpHead _ = refused(400, with("Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="));
    }

    @Test
    @DisplayName("HS-12 blanks around a key do not count")
    void blanksAroundAKeyDoNotCount() throws Exception {
        accepted(changed("Sec-WebSocket-Key", "Sec-WebSocket-Key: \t " + HttpHead.SAMPLE_KEY + " \t"));
    }

    @Test
    @DisplayName("HS-13 a version that is no version is 400 and says which one is spoken")
    void aVersionThatIsNoVersionIs400() throws Exception {
        List<String> requests =
                new ArrayList<>(List.of(changed("Sec-WebSocket-Version"), with("Sec-WebSocket-Version: 13")));
        for (String version : List.of("13, 8", "013", "+13", "0xD", "256", "")) {
            requests.add(changed("Sec-WebSocket-Version", "Sec-WebSocket-Version: " + version));
        }
        for (String request : requests) {
            assertEquals(
                    "13", refused(400, request).header("Sec-WebSocket-Version").orElseThrow());
        }
    }

    @Test
    @DisplayName("HS-14 another version and the drafts before it are 426")
    void anotherVersionIs426() throws Exception {
        List<String> requests = new ArrayList<>();
        for (String version : List.of("0", "7", "8", "12", "14", "255")) {
            requests.add(changed("Sec-WebSocket-Version", "Sec-WebSocket-Version: " + version));
        }
        requests.add(changed(
                "Sec-WebSocket-Version",
                "Sec-WebSocket-Key1: 4 @1  46546xW%0l 1 5",
                "Sec-WebSocket-Key2: 12998 5 Y3 1  .P00"));
        for (String request : requests) {
            assertEquals(
                    "13", refused(426, request).header("Sec-WebSocket-Version").orElseThrow());
        }
    }

    @Test
    @DisplayName("HS-15 a Host that is missing, doubled or malformed is 400")
    void aBadHostIs400() throws Exception {
        HttpHead _ = refused(400, changed("Host"));
        HttpHead _ = refused(400, with("Host: " + tested.authority()));
        for (String host : List.of("a, b", "", "a b", "a/b", "user@a", "a:65536", "a:x", "[::1", "a\\b")) {
            HttpHead _ = refused(400, changed("Host", "Host: " + host));
        }
    }

    @Test
    @DisplayName("HS-16 an absolute target is accepted and overrules Host; other forms are 400")
    void anAbsoluteTargetIsAcceptedAndOtherFormsAre400() throws Exception {
        accepted(request("GET http://" + tested.authority() + "/ws HTTP/1.1", fields()));
        List<String> crossOrigin = fields();
        crossOrigin.add("Origin: http://other.example");
        accepted(request("GET http://other.example/ws HTTP/1.1", crossOrigin));
        HttpHead _ = refused(403, request(crossOrigin));
        for (String target : List.of("*", "a.example:80", "http://", "http:///ws", "ftp://a/ws", "ws")) {
            HttpHead _ = refused(400, request("GET " + target + " HTTP/1.1", fields()));
        }
        HttpHead _ = refused(400, request("GET http:/ws HTTP/1.1", fields()));
    }

    @Test
    @DisplayName("HS-17 a bare LF as line end is 400")
    void aBareLineFeedIs400() throws Exception {
        HttpHead _ = refused(400, with().replace("\r\n", "\n"));
        HttpHead _ = refused(400, with().replaceFirst("HTTP/1.1\r\n", "HTTP/1.1\n"));
        HttpHead _ = refused(400, with().replace("Version: 13\r\n", "Version: 13\n"));
    }

    @Test
    @DisplayName("HS-18 a bare CR, a doubled CR and LF CR are 400")
    void aBareCarriageReturnIs400() throws Exception {
        HttpHead _ = refused(400, with("X: a\rb"));
        HttpHead _ = refused(400, with("X: a\r"));
        HttpHead _ = refused(400, with("X: a\n\rY: b"));
        HttpHead _ = refused(400, with().replaceFirst("HTTP/1.1\r\n", "HTTP/1.1\r\r\n"));
    }

    @Test
    @DisplayName("HS-19 a blank before the colon or the first field and a folded line are 400")
    void blanksWhereNoneBelongAre400() throws Exception {
        HttpHead _ = refused(400, with("X : a"));
        HttpHead _ = refused(400, with("X\t: a"));
        HttpHead _ = refused(400, with().replaceFirst("\r\nHost", "\r\n Host"));
        HttpHead _ = refused(400, with("X: a", " folded"));
        HttpHead _ = refused(400, with("X: a", "\tfolded"));
    }

    @Test
    @DisplayName("HS-20 control bytes in target or value are 400")
    void controlBytesAre400() throws Exception {
        for (char control : new char[] {0, 1, 7, 8, 0x0b, 0x0c, 0x1b, 0x1f, 0x7f}) {
            HttpHead _ = refused(400, with("X: a" + control + "b"));
            HttpHead _ = refused(400, request("GET /ws" + control + " HTTP/1.1", fields()));
        }
    }

    @Test
    @DisplayName("HS-31 a field line that is too long is 431 before its end has come")
    void aLongFieldLineIs431BeforeItsEnd() throws Exception {
        HttpHead _ = refused(431, "GET /ws HTTP/1.1\r\nX: " + "a".repeat(9_000));
    }

    @Test
    @DisplayName(
            "HS-31 RX-02 a head that is too long in all is 431 before its end has come, at the server's own limit too")
    void aLongHeadIs431() throws Exception {
        String line = "X-%02d: " + "a".repeat(1_000) + "\r\n";
        StringBuilder head = new StringBuilder("GET /ws HTTP/1.1\r\n");
        for (int i = 0; i < 17; i++) {
            head.append(line.formatted(i));
        }
        HttpHead _ = refused(431, head.toString());
        try (ServerUnderTest small = ServerUnderTest.start(builder -> builder.maxHeadBytes(300));
                ScriptedPeer peer = small.send(small.upgradeRequest("/echo", "X: " + "a".repeat(200)))) {
            assertEquals(431, peer.response().status());
        }
    }

    @Test
    @DisplayName("HS-32 a request line that is too long is 414 before its end has come")
    void aLongRequestLineIs414() throws Exception {
        HttpHead _ = refused(414, "GET /" + "a".repeat(9_000));
    }

    @Test
    @DisplayName("HS-33 one field too many is 431, the limit itself is fine, at the server's own limit too")
    void oneFieldTooManyIs431() throws Exception {
        String[] more = new String[95];
        for (int i = 0; i < more.length; i++) {
            more[i] = "X-" + i + ": v";
        }
        accepted(with(more));
        List<String> oneMore = new ArrayList<>(List.of(more));
        oneMore.add("One: more");
        HttpHead _ = refused(431, with(oneMore.toArray(String[]::new)));
        try (ServerUnderTest small = ServerUnderTest.start(builder -> builder.maxHeaderCount(5));
                ScriptedPeer fine = small.upgrade("/echo");
                ScriptedPeer peer = small.send(small.upgradeRequest("/echo", "X: a"))) {
            fine.sendText("five");
            fine.expectText("five");
            assertEquals(431, peer.response().status());
        }
    }

    @Test
    @DisplayName("HS-34 a thousand fields too many with those that matter at the end are 431")
    void aThousandFieldsTooManyAre431() throws Exception {
        List<String> fields = new ArrayList<>();
        for (int i = 0; i < 1_100; i++) {
            fields.add("a: b");
        }
        fields.addAll(fields());
        HttpHead _ = refused(431, request(fields));
    }

    @Test
    @DisplayName("HS-35 a body on an upgrade is 400 and never read")
    void aBodyOnAnUpgradeIs400() throws Exception {
        HttpHead _ = refused(400, with("Content-Length: 5") + "hello");
        HttpHead _ = refused(400, with("Content-Length: 1000000000"));
        HttpHead _ = refused(400, with("Transfer-Encoding: chunked") + "5\r\nhello\r\n0\r\n\r\n");
        HttpHead _ = refused(400, with("Transfer-Encoding: identity"));
        HttpHead _ = refused(400, with("Content-Length: 5", "Transfer-Encoding: chunked") + "0\r\n\r\n");
        HttpHead _ = refused(400, with("Content-Length: 0", "Content-Length: 0"));
        accepted(with("Content-Length: 0"));
    }

    @Test
    @DisplayName("HS-39 an upgrade of an unknown path is 404")
    void anUpgradeOfAnUnknownPathIs404() throws Exception {
        for (String path : List.of("/unknown", "/", "/ws/", "/WS", "//ws", "/ws/../ws")) {
            try (ScriptedPeer peer = tested.send(request("GET " + path + " HTTP/1.1", fields()))) {
                assertEquals(404, peer.response().status(), path);
                String _ = body(peer, peer.response());
                tested.controlEchoes();
            }
        }
    }

    @Test
    @DisplayName("HS-40 an expectation of 100-continue is met by the 101 itself, an unknown one is 417")
    void expectations() throws Exception {
        accepted(with("Expect: 100-continue"));
        HttpHead _ = refused(417, with("Expect: a miracle"));
    }

    @Test
    @DisplayName("SEC-01 SEC-08 the same origin, and no origin, may connect")
    void theSameOriginMayConnect() throws Exception {
        accepted(with("Origin: http://" + tested.authority()));
        accepted(with());
        accepted(changed("Host", "Host: example.com", "Origin: http://example.com"));
    }

    @Test
    @DisplayName("SEC-02 SEC-05 another host is 403, however alike")
    void anotherHostIs403() throws Exception {
        for (String origin : List.of(
                "http://evil.example",
                "http://evilexample.com",
                "http://example.com.evil",
                "http://sub.example.com",
                "http://example.com@evil.example",
                "http://evil.example/example.com",
                "http://evil.example#example.com",
                "http://evil.example?example.com")) {
            HttpHead _ = refused(403, changed("Host", "Host: example.com", "Origin: " + origin));
        }
    }

    @Test
    @DisplayName("SEC-03 another port is 403, an explicit default port is the same")
    void anotherPortIs403() throws Exception {
        HttpHead _ = refused(403, changed("Host", "Host: example.com:8080", "Origin: http://example.com:8081"));
        HttpHead _ = refused(403, changed("Host", "Host: example.com:8080", "Origin: http://example.com"));
        accepted(changed("Host", "Host: example.com:80", "Origin: http://example.com"));
        accepted(changed("Host", "Host: example.com", "Origin: http://example.com:80"));
    }

    @Test
    @DisplayName("SEC-04 over TLS an http origin is 403 and an https origin may connect")
    void overTlsAnHttpOriginIs403(@TempDir Path directory) throws Exception {
        SSLContext context = TestTls.context(directory);
        try (WebSocketServer server = WebSocketServer.builder()
                .bind("localhost", 0)
                .tls(context)
                .handle("/", exchange -> ServerUnderTest.echo(Upgrader.create().upgrade(exchange)))
                .start()) {
            String host = "localhost:" + server.port();
            assertEquals(403, overTls(context, server, "Origin: http://" + host));
            assertEquals(101, overTls(context, server, "Origin: https://" + host));
        }
    }

    private static int overTls(SSLContext context, WebSocketServer server, String origin) throws IOException {
        String request = HttpHead.upgradeRequest("localhost:" + server.port(), "/", origin);
        try (ScriptedPeer peer = ScriptedPeer.overHttp(TestTls.connect(context, server.port()), request)) {
            return peer.response().status();
        }
    }

    @Test
    @DisplayName("SEC-06 spellings of one origin are one origin")
    void spellingsOfOneOriginAreOneOrigin() throws Exception {
        accepted(changed("Host", "Host: Example.COM", "Origin: HTTP://eXAMPLE.com"));
        accepted(changed("Host", "Host: example.com.", "Origin: http://example.com"));
        accepted(changed("Host", "Host: [::1]:8080", "Origin: http://[0:0:0:0:0:0:0:1]:8080"));
        accepted(changed("Host", "Host: xn--bcher-kva.example", "Origin: http://xn--bcher-kva.example"));
        HttpHead _ = refused(403, changed("Host", "Host: xn--bcher-kva.example", "Origin: http://b\u00fccher.example"));
    }

    @Test
    @DisplayName("SEC-07 the null origin is 403 unless it is listed")
    void theNullOriginIs403() throws Exception {
        HttpHead _ = refused(403, with("Origin: null"));
        assertEquals(101, withPolicy(OriginPolicy.allow("null"), "null"));
    }

    @Test
    @DisplayName("SEC-08 a policy may require an origin")
    void aPolicyMayRequireAnOrigin() throws Exception {
        OriginPolicy requiring = OriginPolicy.any().requiringOrigin();
        assertEquals(403, withPolicy(requiring, null));
        assertEquals(101, withPolicy(requiring, "http://a.example"));
    }

    private static int withPolicy(OriginPolicy policy, String origin) throws IOException {
        Upgrader upgrader = Upgrader.builder().origins(policy).build();
        String[] fields = origin == null ? new String[0] : new String[] {"Origin: " + origin};
        try (ServerUnderTest other = ServerUnderTest.start(
                        builder -> builder.handle("/p", exchange -> ServerUnderTest.echo(upgrader.upgrade(exchange))));
                ScriptedPeer peer = other.send(other.upgradeRequest("/p", fields))) {
            other.controlEchoes();
            return peer.response().status();
        }
    }

    @Test
    @DisplayName("SEC-09 two origins are 400, and what is no origin is 403")
    void whatIsNoOriginIsRefused() throws Exception {
        String same = "Origin: http://" + tested.authority();
        HttpHead _ = refused(400, with(same, same));
        for (String garbage : List.of(
                "http://" + tested.authority() + " http://evil.example",
                "http://" + tested.authority() + "/path",
                "http://" + tested.authority() + ", http://evil.example",
                tested.authority(),
                "//" + tested.authority(),
                "http://",
                "",
                "%",
                "a".repeat(8_000))) {
            HttpHead _ = refused(403, with("Origin: " + garbage));
        }
    }

    @Test
    @DisplayName("SEC-10 an allow-list is exact: no patterns, scheme and port count, a dot is a dot")
    void anAllowListIsExact() throws Exception {
        OriginPolicy listed = OriginPolicy.allow("https://a.example", "http://a.example:81");
        assertEquals(101, withPolicy(listed, "https://a.example"));
        assertEquals(101, withPolicy(listed, "https://a.example:443"));
        assertEquals(101, withPolicy(listed, "http://a.example:81"));
        for (String other : List.of(
                "http://a.example",
                "https://a.example:81",
                "https://aXexample",
                "https://b.a.example",
                "https://a.example.evil")) {
            assertEquals(403, withPolicy(listed, other), other);
        }
        for (String pattern : List.of("https://*.example", "*.example", "https://a.example/*", "a.example")) {
            assertThrows(IllegalArgumentException.class, () -> OriginPolicy.allow(pattern));
        }
        assertEquals(101, withPolicy(OriginPolicy.allow("*"), "http://anyone.example"));
    }

    @Test
    @DisplayName("SEC-11 CR, LF and NUL never get into an answer, and nothing is sent of one that had them")
    void lineEndsNeverGetIntoAnAnswer() throws Exception {
        Recorder recorder = new Recorder();
        List<String> evil = List.of("a\r\nX: y", "a\nb", "a\rb", "a\0b");
        try (ServerUnderTest other = ServerUnderTest.start(builder -> builder.handle("/", exchange -> {
                    for (String value : evil) {
                        assertThrows(
                                IllegalArgumentException.class,
                                () -> Upgrader.create().upgrade(exchange, Headers.of("Set-Cookie", value)));
                        assertThrows(
                                IllegalArgumentException.class,
                                () -> exchange.respond(302, Headers.of("Location", value), new byte[0]));
                        assertThrows(
                                IllegalArgumentException.class,
                                () -> exchange.respond(302, Headers.of(value, "x"), new byte[0]));
                        assertThrows(IllegalArgumentException.class, () -> exchange.respond(200, value, "text"));
                        assertThrows(
                                IllegalArgumentException.class,
                                () -> Upgrader.builder().subprotocols(value).build());
                    }
                    recorder.record("all refused");
                    exchange.respond(200, "text/plain", "clean");
                }));
                ScriptedPeer peer = other.send(other.upgradeRequest("/"))) {
            recorder.expect("all refused");
            assertEquals(200, peer.response().status());
            assertEquals(Optional.empty(), peer.response().header("X"));
            assertEquals("clean", body(peer, peer.response()));
        }
    }
}

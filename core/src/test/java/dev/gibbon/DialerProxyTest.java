// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.DialScene.Dial;
import dev.gibbon.HandshakeTimeoutException.Stage;
import dev.gibbon.testkit.HttpHead;
import dev.gibbon.testkit.ManualClock;
import dev.gibbon.testkit.ScriptedPeer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** HC-25: the dialer behind proxies that the test plays. */
class DialerProxyTest {
    private static final String TARGET = "ws://example.test:8080/chat";
    private static final Headers CREDENTIALS = Headers.of("Authorization", "Bearer t", "Cookie", "c=d");

    private final DialScene scene = new DialScene();

    @AfterEach
    void closeScene() {
        scene.close();
    }

    private Dialer.Builder through(String proxy) {
        return scene.dialer().proxy(ProxyPolicy.via(ProxyAddress.parse(proxy)));
    }

    private static byte[] bytes(String latin1) {
        return latin1.getBytes(StandardCharsets.ISO_8859_1);
    }

    /** Lets a dial through: the proxy has answered CONNECT, the target accepts. */
    private static HttpHead accept(ScriptedPeer target, Dial dial) throws Exception {
        HttpHead request = target.expectHead();
        target.sendRaw(bytes(request.acceptingResponse()));
        assertEquals(ConnectionState.OPEN, dial.connection().state());
        return request;
    }

    @Test
    void connectGoesFirstThenTheHandshakeAndEachGetsItsOwnCredentials() throws Exception {
        Dial dial = DialScene.start(through("http://u:p@proxy.test:3128").build(), TARGET, CREDENTIALS);
        ScriptedPeer proxy = scene.server();
        HttpHead connect = proxy.expectHead();
        assertEquals("CONNECT example.test:8080 HTTP/1.1", connect.startLine());
        assertEquals(List.of("Host: example.test:8080", "Proxy-Authorization: Basic dTpw"), connect.fields());
        proxy.sendRaw(bytes("HTTP/1.1 200 Connected\r\n\r\n"));
        HttpHead request = accept(proxy, dial);
        assertEquals(Optional.of("Bearer t"), request.header("Authorization"));
        assertEquals(Optional.empty(), request.header("Proxy-Authorization"));
        assertEquals(List.of("proxy.test 3128"), scene.asked());
    }

    @Test
    void bytesBehindTheConnectReplyAreTheTargets() throws Exception {
        Dial dial = DialScene.start(through("http://proxy.test:3128").build(), TARGET);
        ScriptedPeer proxy = scene.server();
        HttpHead _ = proxy.expectHead();
        proxy.sendRaw(bytes("HTTP/1.1 200 Connected\r\n\r\nHTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 1"));
        HttpHead request = proxy.expectHead();
        proxy.sendRaw(bytes(request.acceptingResponse().substring("HTTP/1.1 1".length())));
        Connection connection = dial.connection();
        proxy.sendText("kept");
        Message message = connection.readMessage();
        assertEquals("kept", message == null ? null : message.text());
    }

    @Test
    void bodyOfAConnectReplyFailsTheHandshake() throws Exception {
        Dial dial = DialScene.start(through("http://proxy.test:3128").build(), TARGET);
        ScriptedPeer proxy = scene.server();
        HttpHead _ = proxy.expectHead();
        proxy.sendRaw(bytes("HTTP/1.1 200 Connected\r\nContent-Length: 5\r\n\r\nhello"));
        HttpHead _ = proxy.expectHead();
        assertTrue(dial.refusal().getMessage().startsWith("malformed reply"));
        assertTrue(scene.allClosed());
    }

    @Test
    void refusalOfTheProxyHasItsReply() throws Exception {
        Dial dial = DialScene.start(through("http://proxy.test:3128").build(), TARGET);
        ScriptedPeer proxy = scene.server();
        HttpHead _ = proxy.expectHead();
        proxy.sendRaw(bytes("HTTP/1.1 403 No\r\nX-Why: policy\r\nContent-Length: 4\r\n\r\nnope"));
        HandshakeException refusal = dial.refusal();
        assertEquals(403, refusal.status());
        assertEquals(Optional.of("policy"), refusal.headers().first("X-Why"));
        assertArrayEquals(bytes("nope"), refusal.body());
        assertTrue(refusal.getMessage().startsWith("proxy "), refusal.getMessage());
        assertTrue(scene.allClosed());
    }

    @Test
    void handlerAnswersTheProxyOnce() throws Exception {
        Dialer dialer = through("http://old:stale@proxy.test:3128")
                .authentication(
                        challenge -> Optional.of(challenge.status() + " " + challenge.uri() + challenge.challenges()))
                .build();
        Dial dial = DialScene.start(dialer, TARGET, CREDENTIALS);
        ScriptedPeer first = scene.server();
        HttpHead _ = first.expectHead();
        first.sendRaw(bytes("HTTP/1.1 407 Who?\r\nProxy-Authenticate: X\r\nContent-Length: 0\r\n\r\n"));
        ScriptedPeer second = scene.server();
        HttpHead again = second.expectHead();
        assertEquals(List.of("407 http://proxy.test:3128[X]"), again.headers("Proxy-Authorization"));
        assertEquals(Optional.empty(), again.header("Authorization"));
        second.sendRaw(bytes("HTTP/1.1 407 Who?\r\nProxy-Authenticate: X\r\nContent-Length: 0\r\n\r\n"));
        assertEquals(407, dial.refusal().status());
        assertEquals(2, scene.all().size());
        assertTrue(scene.allClosed());
    }

    @Test
    void basicHandlerTellsNoProxy() throws Exception {
        Dialer dialer = through("http://proxy.test:3128")
                .authentication(AuthenticationHandler.basic("a", "b"))
                .build();
        Dial dial = DialScene.start(dialer, TARGET);
        ScriptedPeer proxy = scene.server();
        HttpHead _ = proxy.expectHead();
        proxy.sendRaw(bytes("HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n"));
        assertEquals(407, dial.refusal().status());
        assertEquals(1, scene.all().size());
    }

    @Test
    void headOfTheProxyIsBounded() throws Exception {
        Dial dial = DialScene.start(through("http://proxy.test:3128").build(), TARGET);
        ScriptedPeer proxy = scene.server();
        HttpHead _ = proxy.expectHead();
        assertThrows(IOException.class, () -> {
            proxy.sendRaw(bytes("HTTP/1.1 200 Connected\r\n"));
            while (true) {
                proxy.sendRaw(bytes("X: " + "y".repeat(1000) + "\r\n"));
            }
        });
        assertInstanceOf(IOException.class, dial.failure());
        assertTrue(scene.allClosed());
    }

    @Test
    void silentProxyEndsWithTheDeadline() throws Exception {
        ManualClock clock = new ManualClock();
        Dial dial = DialScene.start(
                through("http://proxy.test:3128").timeSource(clock).build(), TARGET);
        HttpHead _ = scene.server().expectHead();
        clock.advance(Duration.ofSeconds(45));
        HandshakeTimeoutException timeout = assertInstanceOf(HandshakeTimeoutException.class, dial.failure());
        assertEquals(Stage.PROXY, timeout.stage());
        assertTrue(scene.allClosed());
    }

    @Test
    void socks5ProxyGetsAnAddressAndSocks5hTheName() throws Exception {
        Dialer dialer = through("socks5://proxy.test")
                .resolver(_ -> List.of(InetAddress.ofLiteral("192.0.2.7")))
                .build();
        Dial dial = DialScene.start(dialer, TARGET);
        assertSocks(dial, "05 01 00 01 c0 00 02 07 1f 90");
        Dial named = DialScene.start(through("socks5h://proxy.test").build(), TARGET);
        assertSocks(named, "05 01 00 03 0c 65 78 61 6d 70 6c 65 2e 74 65 73 74 1f 90");
        Dialer desktops = scene.dialer()
                .proxy(ProxyPolicy.environment(Map.of("ALL_PROXY", "socks://proxy.test:1080/")))
                .build();
        assertSocks(DialScene.start(desktops, TARGET), "05 01 00 03 0c 65 78 61 6d 70 6c 65 2e 74 65 73 74 1f 90");
        assertEquals(List.of("proxy.test 1080", "proxy.test 1080", "proxy.test 1080"), scene.asked());
    }

    private void assertSocks(Dial dial, String request) throws Exception {
        byte[] expected = HexFormat.ofDelimiter(" ").parseHex(request);
        ScriptedPeer proxy = scene.server();
        assertArrayEquals(new byte[] {5, 1, 0}, proxy.expectBytes(3));
        proxy.sendRaw("05 00");
        assertArrayEquals(expected, proxy.expectBytes(expected.length));
        proxy.sendRaw("05 00 00 01 00 00 00 00 00 00");
        HttpHead _ = accept(proxy, dial);
    }

    @Test
    void failureOfThePolicyIsTheFailure() throws Exception {
        IOException broken = new IOException("no proxy today");
        Dialer dialer = scene.dialer()
                .proxy(_ -> {
                    throw broken;
                })
                .build();
        assertSame(broken, DialScene.start(dialer, TARGET).failure());
        assertEquals(List.of(), scene.asked());
    }

    @Test
    void policySeesTheTargetAndMayChooseNone() throws Exception {
        List<URI> seen = new CopyOnWriteArrayList<>();
        Dialer dialer = scene.dialer()
                .proxy(target -> {
                    seen.add(target);
                    return Optional.empty();
                })
                .build();
        Dial dial = DialScene.start(dialer, TARGET);
        HttpHead _ = accept(scene.server(), dial);
        assertEquals(List.of(URI.create(TARGET)), seen);
        assertEquals(List.of("example.test 8080"), scene.asked());
    }

    @Test
    void unixSocketHasNoProxy() {
        Dialer.Builder both = Dialer.builder().unixSocket(Path.of("x")).proxy(ProxyPolicy.direct());
        assertThrows(IllegalArgumentException.class, both::build);
    }
}

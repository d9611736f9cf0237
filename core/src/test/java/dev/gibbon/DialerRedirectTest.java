// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gibbon.DialScene.Dial;
import dev.gibbon.testkit.HttpHead;
import dev.gibbon.testkit.ScriptedPeer;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Where Location leads (RFC 3986 §5), as servers write it. */
@Timeout(300)
class DialerRedirectTest {
    private static final String FROM = "ws://example.test/b/c/d?q";

    private final DialScene scene = new DialScene();
    private final Dialer follower = scene.dialer().followRedirects(3).build();

    @AfterEach
    void closeScene() {
        scene.close();
    }

    /** Follows a Location, sent in UTF-8, and accepts there. */
    private record Followed(HttpHead request, DialResult result) {}

    private Followed follow(Dialer dialer, String location) throws Exception {
        Dial dial = DialScene.start(dialer, FROM);
        ScriptedPeer first = scene.server();
        HttpHead _ = first.expectHead();
        first.sendRaw(("HTTP/1.1 302 There\r\nLocation: " + location + "\r\n\r\n").getBytes(StandardCharsets.UTF_8));
        ScriptedPeer second = scene.server();
        HttpHead request = second.expectHead();
        second.sendRaw(request.acceptingResponse().getBytes(StandardCharsets.ISO_8859_1));
        return new Followed(request, dial.result());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ' ',
            value = {
                "../x /b/x",
                "../../x /x",
                "../../../x /x",
                "../../../../x /x",
                "./x /b/c/x",
                "x/.. /b/c/",
                "x/. /b/c/x/",
                ".. /b/",
                "../ /b/",
                "../.. /",
                "../../.. /",
                "/../x /x",
                "/a/../x /x",
                "/a/./x /a/x",
                "/a/b/../../../x /x",
                "/a/%2e%2E/x /x",
                "/a/..x /a/..x",
                "/a/...//x /a/...//x",
                "http://example.test/a/../x /x",
                "ws://example.test/../x?y=../z /x?y=../z",
                "//example.test/a/../x /x",
                "? /b/c/d?",
                "?x=1 /b/c/d?x=1",
                "http://example.test /",
                "http://example.test?x /?x",
            })
    void dotSegmentsAreRemovedWhereverTheyStand(String location, String target) throws Exception {
        Followed followed = follow(follower, location);
        assertEquals("GET " + target + " HTTP/1.1", followed.request().startLine());
        assertEquals(
                URI.create("ws://example.test" + path(location, target)),
                followed.result().uri());
    }

    /** A URI without a path has none either in what the caller is told. */
    private static String path(String location, String target) {
        return location.matches("http://example\\.test(\\?.*)?") ? target.substring(1) : target;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            value = {
                "/grün?ü=€~/gr%C3%BCn?%C3%BC=%E2%82%AC",
                "/gr%C3%BCn?ü~/gr%C3%BCn?%C3%BC",
                "http://example.test/日本~/%E6%97%A5%E6%9C%AC",
                "/a b~/a%20b",
                "/a|b~/a%7Cb",
                "/a^b?c^d~/a%5Eb?c%5Ed",
                "/a{b}?{\"c\":1}~/a%7Bb%7D?%7B%22c%22:1%7D",
                "/[1]?a[]=1~/%5B1%5D?a[]=1",
                "/50%?q=50%~/50%25?q=50%25",
                "/%zz~/%25zz",
                "/%41%2f~/%41%2f",
            })
    void whatMayNotStandInAUriIsEncodedOnce(String location, String target) throws Exception {
        assertEquals(
                "GET " + target + " HTTP/1.1",
                follow(follower, location).request().startLine());
    }

    @Test
    void bytesThatAreNoUtf8GoBackAsTheyCame() throws Exception {
        Dial dial = DialScene.start(follower, FROM);
        ScriptedPeer first = scene.server();
        HttpHead _ = first.expectHead();
        first.sendRaw("HTTP/1.1 302 There\r\nLocation: /caf\u00e9\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1));
        ScriptedPeer second = scene.server();
        HttpHead request = second.expectHead();
        assertEquals("GET /caf%E9 HTTP/1.1", request.startLine());
        second.sendRaw(request.acceptingResponse().getBytes(StandardCharsets.ISO_8859_1));
        assertEquals(URI.create("ws://example.test/caf%E9"), dial.result().uri());
    }

    @Test
    void hostInUtf8GetsItsAsciiForm() throws Exception {
        Followed followed = follow(follower, "http://bücher.test/ü");
        assertEquals(List.of("xn--bcher-kva.test"), followed.request().headers("Host"));
        assertEquals("GET /%C3%BC HTTP/1.1", followed.request().startLine());
        assertEquals(List.of("example.test 80", "xn--bcher-kva.test 80"), scene.asked());
    }

    @ParameterizedTest
    @ValueSource(strings = {"http://other.test:81/x?y", "HTTP://other.test:81/x?y", "ws://other.test:81/x?y"})
    void callerIsToldAWebSocketUri(String location) throws Exception {
        assertEquals(
                URI.create("ws://other.test:81/x?y"),
                follow(follower, location).result().uri());
    }

    @Test
    void redirectsAreResolvedBehindAProxyToo() throws Exception {
        Dialer tunnelled = scene.dialer()
                .followRedirects(1)
                .proxy(ProxyPolicy.via(ProxyAddress.parse("http://proxy.test:3128")))
                .build();
        Dial dial = DialScene.start(tunnelled, FROM);
        ScriptedPeer first = scene.server();
        tunnel(first, "example.test:80");
        HttpHead _ = first.expectHead();
        String reply = "HTTP/1.1 302 There\r\nLocation: http://other.test/a/../ü\r\n\r\n";
        first.sendRaw(reply.getBytes(StandardCharsets.UTF_8));
        ScriptedPeer second = scene.server();
        tunnel(second, "other.test:80");
        HttpHead request = second.expectHead();
        assertEquals("GET /%C3%BC HTTP/1.1", request.startLine());
        second.sendRaw(request.acceptingResponse().getBytes(StandardCharsets.ISO_8859_1));
        assertEquals(URI.create("ws://other.test/%C3%BC"), dial.result().uri());
    }

    private static void tunnel(ScriptedPeer proxy, String target) throws Exception {
        assertEquals("CONNECT " + target + " HTTP/1.1", proxy.expectHead().startLine());
        proxy.sendRaw("HTTP/1.1 200 Connected\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1));
    }
}

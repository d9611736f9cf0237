// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.gibbon.testkit.HttpHead;
import dev.gibbon.testkit.ScriptedPeer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(300)
class ExchangeCookiesTest {
    private static final String SESSION = "session=1; Path=/; HttpOnly; SameSite=Lax";

    private static void setting(WebSocketServer.Builder builder) {
        builder.handle("/in/page", exchange -> exchange.respond(200, "text/plain", "page"))
                .handle(
                        "/in/cookies",
                        exchange ->
                                exchange.respond(200, "text/plain", exchange.cookie("a") + " " + exchange.cookies("a")))
                .handle("/in/extra", exchange -> {
                    exchange.setCookie(SetCookie.of("session", "2"));
                    exchange.setCookie(SetCookie.of("other", "3"));
                    exchange.respond(200, Headers.of("Set-Cookie", "own=4"), new byte[0]);
                })
                .handle("/in/late", exchange -> {
                    exchange.respond(200, "text/plain", "early");
                    assertThrows(IllegalStateException.class, () -> exchange.setCookie(SetCookie.of("a", "1")));
                })
                .handle(
                        "/in/upgrade",
                        exchange ->
                                ServerUnderTest.echo(Upgrader.create().upgrade(exchange, Headers.of("X-Extra", "1"))))
                .serve("/in/serve", ServerUnderTest::echo)
                .listen("/in/listen", Upgrader.create(), new Listener() {})
                .listen("/in/factory", Upgrader.create(), _ -> new Listener() {})
                .filter("/in/*", exchange -> exchange.setCookie(SetCookie.of("session", "1")));
    }

    private static HttpHead answer(String request, boolean upgrade) throws IOException {
        try (ServerUnderTest tested = ServerUnderTest.start(ExchangeCookiesTest::setting);
                ScriptedPeer peer =
                        tested.send(upgrade ? tested.upgradeRequest(request) : tested.getRequest(request))) {
            return peer.response();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"upgrade", "serve", "listen", "factory"})
    void the101OfEachRouteSetsWhatAFilterHasSet(String route) throws Exception {
        HttpHead head = answer("/in/" + route, true);
        assertEquals(101, head.status());
        assertEquals(List.of(SESSION), head.headers("Set-Cookie"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"page", "none"})
    void anyResponseSetsIt(String route) throws Exception {
        assertEquals(List.of(SESSION), answer("/in/" + route, false).headers("Set-Cookie"));
    }

    @Test
    void aLaterOneReplacesAnEarlierOneAndOwnFieldsStay() throws Exception {
        assertEquals(
                List.of(
                        "own=4",
                        "session=2; Path=/; HttpOnly; SameSite=Lax",
                        "other=3; Path=/; HttpOnly; SameSite=Lax"),
                answer("/in/extra", false).headers("Set-Cookie"));
    }

    @Test
    void noneIsSetBehindTheAnswer() throws Exception {
        assertEquals(200, answer("/in/late", false).status());
    }

    @Test
    void aRefusalToAForeignPageSetsNone() throws Exception {
        try (ServerUnderTest tested = ServerUnderTest.start(ExchangeCookiesTest::setting);
                ScriptedPeer peer = tested.send(tested.upgradeRequest("/in/serve", "Origin: http://foreign.example"))) {
            assertEquals(403, peer.response().status());
            assertEquals(Optional.empty(), peer.response().header("Set-Cookie"));
        }
    }

    @Test
    void cookiesAreReadFromAllFields() throws Exception {
        try (ServerUnderTest tested = ServerUnderTest.start(ExchangeCookiesTest::setting);
                ScriptedPeer peer =
                        tested.send(tested.getRequest("/in/cookies", "Cookie: b=0; a=1;;junk", "cookie: a=\"2\"; a = 3")
                                + tested.getRequest("/in/cookies"))) {
            assertEquals("Optional[1] [1, 2, 3]", ServerUnderTest.body(peer, peer.response()));
            assertEquals("Optional.empty []", ServerUnderTest.body(peer, peer.expectHead()));
        }
    }

    @Test
    void overTlsTheyAreForTlsAlone(@TempDir Path directory) throws Exception {
        SSLContext context = TestTls.context(directory);
        WebSocketServer.Builder builder =
                WebSocketServer.builder().bind("localhost", 0).tls(context);
        setting(builder);
        try (WebSocketServer server = builder.start();
                ScriptedPeer peer = ScriptedPeer.overHttp(
                        TestTls.connect(context, server.port()), "GET /in/page HTTP/1.1\r\nHost: localhost\r\n\r\n")) {
            assertEquals(
                    List.of("session=1; Path=/; Secure; HttpOnly; SameSite=Lax"),
                    peer.response().headers("Set-Cookie"));
        }
    }
}

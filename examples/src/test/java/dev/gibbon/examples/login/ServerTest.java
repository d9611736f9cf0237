// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.examples.login;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.WebSocketServer;
import dev.gibbon.testkit.HttpHead;
import dev.gibbon.testkit.ScriptedPeer;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ServerTest {
    private WebSocketServer server;

    @BeforeEach
    void start() throws IOException {
        server = Server.start(0, "pass word");
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private String authority() {
        return "localhost:" + server.port();
    }

    private HttpHead answer(String method, String target, String body, String... fields) throws IOException {
        StringBuilder request = new StringBuilder(method + " " + target + " HTTP/1.1\r\nHost: " + authority());
        for (String field : fields) {
            request.append("\r\n").append(field);
        }
        request.append("\r\nContent-Length: ")
                .append(body.length())
                .append("\r\n\r\n")
                .append(body);
        try (ScriptedPeer peer = ScriptedPeer.overHttp("localhost", server.port(), request.toString())) {
            return peer.response();
        }
    }

    private HttpHead logIn(String form, String origin) throws IOException {
        return answer("POST", "/login", form, "Origin: " + origin, "Content-Type: application/x-www-form-urlencoded");
    }

    /** {@return the field of requests that have logged in} */
    private String cookie(String user) throws IOException {
        HttpHead head = logIn("user=" + user + "&password=pass+word", "http://" + authority());
        assertEquals(303, head.status());
        assertEquals(Optional.of("/"), head.header("Location"));
        String cookie = head.header("Set-Cookie").orElseThrow();
        assertTrue(cookie.endsWith("; Path=/; Max-Age=43200; HttpOnly; SameSite=Lax"), cookie);
        return "Cookie: " + cookie.substring(0, cookie.indexOf(';'));
    }

    private ScriptedPeer connect(String... fields) throws IOException {
        return ScriptedPeer.overHttp("localhost", server.port(), HttpHead.upgradeRequest(authority(), "/ws", fields));
    }

    @Test
    void whoIsLoggedInTalksUnderTheirName() throws Exception {
        try (ScriptedPeer ada = connect(cookie("ada+l")).expectUpgraded();
                ScriptedPeer bob = connect(cookie("bob")).expectUpgraded()) {
            bob.sendText("here");
            bob.expectText("bob: here");
            ada.sendText("hello");
            bob.expectText("ada l: hello");
        }
        assertEquals(200, answer("GET", "/", "", cookie("ada")).status());
    }

    @Test
    void nobodyElseGetsIn() throws Exception {
        for (String field : List.of("X: 1", "Cookie: session=", "Cookie: session=guessed")) {
            try (ScriptedPeer peer = connect(field)) {
                assertEquals(401, peer.response().status());
            }
            for (String path : List.of("/", "/%6cogin", "/login/", "/other", "//login")) {
                HttpHead head = answer("GET", path, "", field);
                assertEquals(303, head.status(), path);
                assertEquals(Optional.of("/login"), head.header("Location"));
            }
        }
        assertEquals(200, answer("GET", "/login", "").status());
    }

    @ParameterizedTest
    @ValueSource(strings = {"user=ada&password=wrong", "user=ada", "user=+&password=pass+word", ""})
    void aWrongPasswordSetsNothing(String form) throws Exception {
        HttpHead head = logIn(form, "http://" + authority());
        assertEquals(Optional.of("/login?wrong"), head.header("Location"));
        assertEquals(Optional.empty(), head.header("Set-Cookie"));
    }

    @Test
    void aForeignPageCanNeitherLogInNorConnectWithTheCookie() throws Exception {
        HttpHead head = logIn("user=eve&password=pass+word", "http://foreign.example");
        assertEquals(403, head.status());
        assertFalse(head.header("Set-Cookie").isPresent());
        try (ScriptedPeer peer = connect(cookie("ada"), "Origin: http://foreign.example")) {
            assertEquals(403, peer.response().status());
        }
    }

    @Test
    void loggingOutClosesWhatIsOpenAndTheCookieIsOfNoMoreUse() throws Exception {
        String cookie = cookie("ada");
        try (ScriptedPeer peer = connect(cookie).expectUpgraded()) {
            peer.sendText("hello");
            peer.expectText("ada: hello");
            HttpHead head = answer("POST", "/logout", "", cookie);
            assertTrue(head.header("Set-Cookie").orElseThrow().contains("; Max-Age=0;"));
            peer.expectClose(4001, "logged out");
            peer.sendClose(4001, "");
            peer.expectEnd();
        }
        try (ScriptedPeer peer = connect(cookie)) {
            assertEquals(401, peer.response().status());
        }
    }
}

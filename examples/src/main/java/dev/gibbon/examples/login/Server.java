// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.examples.login;

import dev.gibbon.Connection;
import dev.gibbon.Exchange;
import dev.gibbon.Group;
import dev.gibbon.Headers;
import dev.gibbon.Listener;
import dev.gibbon.MessageView;
import dev.gibbon.OriginPolicy;
import dev.gibbon.Parameters;
import dev.gibbon.PreparedMessage;
import dev.gibbon.SetCookie;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketServer;
import dev.gibbon.examples.Running;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Objects;
import java.util.Optional;

/**
 * A room that one has to log in to, with any name and the password in the environment variable PASSWORD. A filter
 * stands before the page and the WebSocket alike; docs/how-to/http.md explains it.
 */
public final class Server {
    private static final String COOKIE = "session";
    private static final String SESSION = "session";
    private static final int MAX_FORM_BYTES = 1000;

    private final byte[] password;
    private final Sessions sessions = new Sessions();

    private Server(String password) {
        this.password = password.getBytes(StandardCharsets.UTF_8);
    }

    /**
     * Serves until stopped.
     *
     * @param args none
     * @throws Exception if the port is in use
     */
    public static void main(String[] args) throws Exception {
        String password = Objects.requireNonNullElse(System.getenv("PASSWORD"), "open sesame");
        try (WebSocketServer server = start(Running.port(), password)) {
            Running.untilStopped(server);
        }
    }

    static WebSocketServer start(int port, String password) throws IOException {
        Server login = new Server(password);
        return WebSocketServer.builder()
                .bind("localhost", port)
                .filter("/*", login::requireLogin)
                .handle("GET", "/login", Server::answerForm)
                .handle("POST", "/login", login::logIn)
                .handle("POST", "/logout", login::logOut)
                .handle("GET", "/", Running::answerPage)
                .listen("/ws", Upgrader.create(), new Room()) // Same origin alone.
                .start();
    }

    /** Lets nothing pass but the login itself, unless the cookie is that of a session. */
    private void requireLogin(Exchange exchange) throws IOException {
        Optional<Sessions.Session> session = exchange.cookie(COOKIE).flatMap(sessions::find);
        if (session.isPresent()) {
            exchange.attributes().put(SESSION, session.get());
        } else if (exchange.isWebSocketUpgrade()) {
            exchange.respond(401, "text/plain", "log in first\n");
        } else if (!exchange.path().equals("/login")) {
            exchange.respond(303, Headers.of("Location", "/login"), new byte[0]);
        }
    }

    private static void answerForm(Exchange exchange) throws IOException {
        exchange.respondResource(Server.class, "login.html", "text/html; charset=utf-8");
    }

    private void logIn(Exchange exchange) throws IOException {
        Optional<String> origin = exchange.headers().first("Origin");
        boolean secure = exchange.tlsSession().isPresent();
        if (!OriginPolicy.sameOrigin().allows(origin, exchange.host(), secure)) {
            exchange.respond(403, "text/plain", "log in from our own page\n");
            return;
        }
        Parameters form = exchange.form(MAX_FORM_BYTES);
        String user = form.first("user").orElse("");
        byte[] tried = form.first("password").orElse("").getBytes(StandardCharsets.UTF_8);
        if (user.isBlank() || !MessageDigest.isEqual(tried, password)) { // In a time that tells nothing.
            exchange.respond(303, Headers.of("Location", "/login?wrong"), new byte[0]);
            return;
        }
        exchange.cookie(COOKIE).ifPresent(sessions::close);
        exchange.setCookie(SetCookie.builder(COOKIE, sessions.open(user))
                .maxAge(Sessions.LIFE)
                .build());
        exchange.respond(303, Headers.of("Location", "/"), new byte[0]);
    }

    private void logOut(Exchange exchange) throws IOException {
        exchange.cookie(COOKIE).ifPresent(sessions::close);
        exchange.setCookie(SetCookie.expired(COOKIE));
        exchange.respond(303, Headers.of("Location", "/login"), new byte[0]);
    }

    /** Everybody who is logged in and connected. Called on event loops, so nothing here waits. */
    private static final class Room implements Listener {
        private final Group members = new Group();

        @Override
        public void onOpen(Connection ws) {
            session(ws).connections().join(ws); // Logging out closes it.
            members.join(ws);
        }

        @Override
        public void onText(Connection ws, MessageView message) {
            members.broadcast(PreparedMessage.text(session(ws).user() + ": " + message.text()));
        }

        private static Sessions.Session session(Connection ws) {
            return (Sessions.Session) Objects.requireNonNull(ws.attributes().get(SESSION));
        }
    }
}

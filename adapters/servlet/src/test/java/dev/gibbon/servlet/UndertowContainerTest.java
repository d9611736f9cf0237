// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.servlet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.Connection;
import dev.gibbon.Listener;
import dev.gibbon.MessageView;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketHost;
import dev.gibbon.testkit.HttpHead;
import dev.gibbon.testkit.ScriptedPeer;
import io.undertow.Undertow;
import jakarta.servlet.Filter;
import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Requests and threads, beyond what every host does. */
@Timeout(300)
class UndertowContainerTest {
    private final WebSocketHost host = WebSocketHost.builder().loops(1).build();
    private final GibbonServlets gibbon = GibbonServlets.of(host, Upgrader.create());
    private UndertowServer server;

    @AfterEach
    void stop() throws Exception {
        host.close();
        if (server != null) {
            server.close();
        }
    }

    /** Says what thread it runs on. */
    private static final class Where implements Listener {
        @Override
        public void onMessage(Connection connection, MessageView message) throws IOException {
            connection.writeText(Thread.currentThread().getName());
        }
    }

    /** Has all go to a {@link Where}, with fields and a cookie in the answer. */
    private final class Servlet extends HttpServlet {
        private static final long serialVersionUID = 1L;

        @Override
        protected void service(HttpServletRequest request, HttpServletResponse response) throws IOException {
            response.addHeader("X-Said", "before");
            response.addCookie(new Cookie("login", "yes"));
            gibbon.upgrade(request, response, new Where());
        }
    }

    private void start(Optional<Filter> filter) throws Exception {
        Undertow.Builder builder = Undertow.builder().addHttpListener(0, "127.0.0.1");
        server = UndertowServer.start(builder, new Servlet(), filter);
    }

    private ScriptedPeer send(String... fields) throws IOException {
        String request = HttpHead.upgradeRequest("127.0.0.1:" + server.port(), "/", fields);
        return ScriptedPeer.overHttp("127.0.0.1", server.port(), request);
    }

    @Test
    void aListenerRunsOnTheIoThread() throws Exception {
        start(Optional.empty());
        for (int i = 0; i < 5; i++) {
            try (ScriptedPeer peer = send().expectUpgraded()) {
                peer.sendText("where?");
                String thread = peer.expectFrame().text();
                assertTrue(thread.contains("I/O"), thread);
            }
        }
    }

    @Test
    void whatTheApplicationHasSetGoesWithTheAnswer() throws Exception {
        start(Optional.empty());
        try (ScriptedPeer peer = send().expectUpgraded()) {
            HttpHead head = peer.response();
            assertEquals(List.of("before"), head.headers("X-Said"));
            assertTrue(head.header("Set-Cookie").orElseThrow().startsWith("login=yes"), head.toString());
            assertEquals(List.of("websocket"), head.headers("Upgrade"));
            assertEquals(1, head.headers("Connection").size(), head.toString());
            // RFC 9110 §8.6: none with a 101.
            assertFalse(head.header("Content-Length").isPresent(), head.toString());
        }
    }

    @Test
    void aFilterThatKnowsTheClientsHostIsHeard() throws Exception {
        start(Optional.of((request, response, chain) -> chain.doFilter(
                new HttpServletRequestWrapper((HttpServletRequest) request) {
                    @Override
                    public String getServerName() {
                        return "chat.example";
                    }

                    @Override
                    public int getServerPort() {
                        return 443;
                    }

                    @Override
                    public boolean isSecure() {
                        return true;
                    }
                },
                response)));
        try (ScriptedPeer peer = send("Origin: https://chat.example").expectUpgraded()) {
            peer.sendText("where?");
            assertTrue(peer.expectFrame().text().contains("I/O"));
        }
        try (ScriptedPeer peer = send("Origin: http://127.0.0.1:" + server.port())) {
            assertEquals(403, peer.response().status());
        }
    }
}

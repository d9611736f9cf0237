// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gibbon.testkit.HttpHead;
import dev.gibbon.testkit.ScriptedPeer;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.LogRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Filters before routes of every kind, with a healthy connection beside them. */
@Timeout(300)
class ExchangeFilterTest {
    private static final Headers NO_HEADERS = Headers.of();

    private final AtomicInteger reached = new AtomicInteger();

    /** Each route of these tells by attribute who came. */
    private void routes(WebSocketServer.Builder builder) {
        builder.handle("/in/page", exchange -> {
                    reached.incrementAndGet();
                    exchange.respond(
                            200, "text/plain", "user " + exchange.attributes().get("user"));
                })
                .handle("/in/upgrade", exchange -> {
                    reached.incrementAndGet();
                    tellUser(Upgrader.create().upgrade(exchange));
                })
                .serve("/in/serve", this::tellUser)
                .listen("/in/listen", Upgrader.create(), new Teller())
                .listen("/in/factory", Upgrader.create(), _ -> new Teller());
    }

    private void tellUser(Connection connection) throws IOException {
        reached.incrementAndGet();
        connection.writeText("user " + connection.attributes().get("user"));
    }

    private final class Teller implements Listener {
        @Override
        public void onOpen(Connection connection) throws IOException {
            tellUser(connection);
        }
    }

    private static void logIn(Exchange exchange) throws IOException {
        if (exchange.headers().first("X-User").isEmpty()) {
            exchange.respond(401, "text/plain", "who are you?");
        } else {
            exchange.attributes().put("user", exchange.headers().first("X-User").orElseThrow());
        }
    }

    private ServerUnderTest guarded() throws IOException {
        return ServerUnderTest.start(builder -> {
            routes(builder);
            builder.filter("/in/*", ExchangeFilterTest::logIn);
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"upgrade", "serve", "listen", "factory"})
    void aConnectionHasWhatTheFilterPutIntoTheAttributes(String route) throws Exception {
        try (ServerUnderTest tested = guarded();
                ScriptedPeer peer = tested.upgrade("/in/" + route, "X-User: ada")) {
            peer.expectText("user ada");
        }
    }

    @Test
    void aHandlerHasWhatTheFilterPutIntoTheAttributes() throws Exception {
        try (ServerUnderTest tested = guarded();
                ScriptedPeer peer = tested.send(tested.getRequest("/in/page", "X-User: ada"))) {
            assertEquals("user ada", ServerUnderTest.body(peer, peer.response()));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"page", "upgrade", "serve", "listen", "factory", "none"})
    void noRouteSeesWhatTheFilterAnswers(String route) throws Exception {
        try (ServerUnderTest tested = guarded();
                ScriptedPeer peer = tested.send(tested.upgradeRequest("/in/" + route))) {
            assertEquals(401, peer.response().status());
            assertEquals("who are you?", ServerUnderTest.body(peer, peer.response()));
            assertEquals(0, reached.get());
        }
    }

    @Test
    void eachRequestOfAConnectionIsFiltered() throws Exception {
        try (ServerUnderTest tested = guarded();
                ScriptedPeer peer = tested.send(tested.getRequest("/in/page", "X-User: ada")
                        + tested.getRequest("/in/page")
                        + tested.upgradeRequest("/in/listen", "X-User: eve"))) {
            assertEquals("user ada", ServerUnderTest.body(peer, peer.response()));
            HttpHead second = peer.expectHead();
            assertEquals(401, second.status());
            assertEquals("who are you?", ServerUnderTest.body(peer, second));
            assertEquals(101, peer.expectHead().status());
            peer.expectText("user eve");
        }
    }

    @Test
    void filtersAreAskedInTheirOrderAndTheFirstAnswerEndsIt() throws Exception {
        try (ServerUnderTest tested = ServerUnderTest.start(builder -> builder.filter("/{user}/{n}", exchange -> {
                    exchange.attributes().put("first", exchange.pathParameter("user"));
                })
                .filter("/*", exchange -> {
                    if (exchange.path().equals("/ada/1")) {
                        exchange.respond(200, "text/plain", "second " + exchange.attributes());
                    }
                })
                .filter("/*", exchange -> {
                    if (exchange.path().startsWith("/ada/")) {
                        exchange.respond(200, "text/plain", "third " + exchange.pathParameter("*"));
                    }
                })
                .handle(
                        "/{who}/{m}",
                        exchange -> exchange.respond(
                                200, "text/plain", exchange.attributes() + exchange.pathParameter("who"))))) {
            assertEquals("second {first=ada}", get(tested, "/ada/1"));
            assertEquals("third ada/2", get(tested, "/ada/2"));
            assertEquals("{first=eve}eve", get(tested, "/eve/1"));
        }
    }

    private static String get(ServerUnderTest tested, String path) throws IOException {
        try (ScriptedPeer peer = tested.send(tested.getRequest(path))) {
            return ServerUnderTest.body(peer, peer.response());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatAFilterThrowsIsLoggedAndGetsABare500(boolean error) throws Exception {
        String name = "bug-of-this-filter";
        try (LogLines log = LogLines.record();
                ServerUnderTest tested = ServerUnderTest.start(builder -> {
                    routes(builder);
                    builder.filter("/in/*", _ -> {
                        if (error) {
                            throw new AssertionError(name);
                        }
                        throw new IOException(name);
                    });
                });
                ScriptedPeer peer = tested.send(tested.upgradeRequest("/in/listen"))) {
            assertEquals(500, peer.response().status());
            assertEquals("500 Internal Server Error\n", ServerUnderTest.body(peer, peer.response()));
            assertEquals(0, reached.get());
            tested.controlEchoes();
            List<LogRecord> lines = log.warnings(line -> line.contains("a filter") && line.contains("/in/listen"));
            assertEquals(1, lines.size(), () -> log.messages().toString());
            assertEquals(name, lines.getFirst().getThrown().getMessage());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/%69n/page", "/in%2fpage", "/%49n/page", "/in/%2e%2e/page", "//in/page"})
    void sec18NoSpellingOfAGuardedPathGetsPastItsFilter(String path) throws Exception {
        try (ServerUnderTest tested = ServerUnderTest.start(builder -> {
                    routes(builder);
                    builder.filter("/in/*", ExchangeFilterTest::logIn);
                });
                ScriptedPeer peer = tested.send(tested.getRequest(path))) {
            int status = peer.response().status();
            assertEquals(path.equals("/%69n/page") || path.equals("/in/%2e%2e/page") ? 401 : 404, status);
            assertEquals(0, reached.get());
        }
    }

    @Test
    void aFilterMayUpgrade() throws Exception {
        try (ServerUnderTest tested = ServerUnderTest.start(builder -> {
                    routes(builder);
                    builder.filter(
                            "/in/page",
                            exchange -> ServerUnderTest.echo(Upgrader.create().upgrade(exchange)));
                });
                ScriptedPeer peer = tested.upgrade("/in/page")) {
            peer.sendText("hello");
            peer.expectText("hello");
            assertEquals(0, reached.get());
        }
    }

    @Test
    void methodsWithoutAHandlerGet405AndOptionsAreTold() throws Exception {
        try (ServerUnderTest tested = ServerUnderTest.start(builder -> builder.handle(
                                "GET", "/a", exchange -> exchange.respond(200, "text/plain", "page"))
                        .handle("DELETE", "/a", exchange -> exchange.respond(204, NO_HEADERS, new byte[0])));
                ScriptedPeer peer = tested.send(tested.request("POST /a HTTP/1.1")
                        + tested.request("OPTIONS /a HTTP/1.1")
                        + tested.request("HEAD /a HTTP/1.1")
                        + tested.request("DELETE /a HTTP/1.1"))) {
            assertEquals(405, peer.response().status());
            String allow = "GET, DELETE, HEAD, OPTIONS";
            assertEquals(List.of(allow), peer.response().headers("Allow"));
            assertEquals("405 Method Not Allowed\n", ServerUnderTest.body(peer, peer.response()));
            HttpHead options = peer.expectHead();
            assertEquals(204, options.status());
            assertEquals(List.of(allow), options.headers("Allow"));
            HttpHead head = peer.expectHead();
            assertEquals(200, head.status());
            assertEquals(List.of("4"), head.headers("Content-Length"));
            assertEquals(204, peer.expectHead().status(), "HEAD has no body");
        }
    }
}

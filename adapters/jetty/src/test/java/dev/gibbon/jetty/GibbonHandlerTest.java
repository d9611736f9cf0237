// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.jetty;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.Connection;
import dev.gibbon.DialResult;
import dev.gibbon.Dialer;
import dev.gibbon.HandshakeException;
import dev.gibbon.Headers;
import dev.gibbon.Listener;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketHost;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.http.HttpException;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.ContextHandler;
import org.eclipse.jetty.util.Callback;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Which requests the handler takes, and what it leaves to others. */
@Timeout(300)
class GibbonHandlerTest {
    private static final Upgrader UPGRADER = Upgrader.create();

    private final WebSocketHost host = WebSocketHost.builder().build();
    private final GibbonHandler gibbon = new GibbonHandler(host);
    private final Server server = new Server();
    private final ServerConnector connector = new ServerConnector(server);
    private final Dialer dialer = Dialer.create();

    @AfterEach
    void stop() throws Exception {
        server.stop();
        host.close();
    }

    private void start(Handler handler) throws Exception {
        connector.setHost("127.0.0.1");
        server.addConnector(connector);
        server.setHandler(handler);
        server.start();
    }

    private URI uri(String scheme, String path) {
        return URI.create(scheme + "://127.0.0.1:" + connector.getLocalPort() + path);
    }

    private String said(String path) throws Exception {
        try (Connection ws = dialer.dial(uri("ws", path))) {
            return ws.readMessage().text();
        }
    }

    private int refused(String path) {
        HandshakeException refusal = assertThrows(HandshakeException.class, () -> said(path));
        return refusal.status();
    }

    private HttpResponse<String> get(String path) throws Exception {
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpRequest request = HttpRequest.newBuilder(uri("http", path))
                    .version(HttpClient.Version.HTTP_1_1)
                    .build();
            return client.send(request, HttpResponse.BodyHandlers.ofString());
        }
    }

    /** Answers every request with one word. */
    private static final class Word extends Handler.Abstract.NonBlocking {
        private final String word;

        Word(String word) {
            this.word = word;
        }

        @Override
        public boolean handle(Request request, Response response, Callback callback) {
            Content.Sink.write(response, true, word, callback);
            return true;
        }
    }

    @Test
    void aFactorySeesTheRequest() throws Exception {
        gibbon.serve("/room/{name}", UPGRADER, (request, path) -> {
                    String query = request.getHttpURI().getQuery();
                    return ws -> ws.writeText(path.get("name") + " " + query);
                })
                .listen("/all/*", UPGRADER, (_, path) -> new Saying(path.get("*")));
        start(gibbon);
        assertEquals("a b€ q=1", said("/room/a%20b%E2%82%AC?q=1"));
        assertEquals("x/y", said("/all/x/y"));
    }

    private static final class Saying implements Listener {
        private final String word;

        Saying(String word) {
            this.word = word;
        }

        @Override
        public void onOpen(Connection connection) throws IOException {
            connection.writeText(word);
        }
    }

    @Test
    void aFactoryMayDecline() throws Exception {
        gibbon.serve("/none", UPGRADER, (_, _) -> null)
                .serve("/forbidden", UPGRADER, (_, _) -> {
                    throw new HttpException.RuntimeException(403);
                })
                .listen("/broken", UPGRADER, (_, _) -> {
                    throw new IllegalStateException("on purpose");
                });
        gibbon.setHandler(new Word("wrapped"));
        start(gibbon);
        assertEquals(200, refused("/none"));
        assertEquals(403, refused("/forbidden"));
        assertEquals(500, refused("/broken"));
        assertEquals(0, host.connectionCount());
    }

    @Test
    void whatIsNoUpgradeIsForTheWrappedHandler() throws Exception {
        gibbon.serve("/echo", UPGRADER, ws -> ws.forEachMessage(ws::writeMessage));
        gibbon.setHandler(new Word("wrapped"));
        start(gibbon);
        assertEquals("wrapped", get("/echo").body());
        assertEquals("wrapped", get("/").body());
        assertEquals(200, refused("/elsewhere"));
    }

    @Test
    void whatNobodyAnswersIsToldToUpgrade() throws Exception {
        gibbon.serve("/echo", UPGRADER, ws -> ws.forEachMessage(ws::writeMessage));
        start(gibbon);
        HttpResponse<String> answer = get("/echo");
        assertEquals(426, answer.statusCode());
        assertEquals("websocket", answer.headers().firstValue("Upgrade").orElseThrow());
        assertTrue(answer.headers().allValues("Connection").toString().contains("Upgrade"));
        assertEquals(404, get("/").statusCode());
    }

    @Test
    void pathsBeginBehindTheContext() throws Exception {
        gibbon.serve("/hello", UPGRADER, ws -> ws.writeText("hello"));
        start(new ContextHandler(gibbon, "/app"));
        assertEquals("hello", said("/app/hello"));
        assertEquals(404, refused("/hello"));
    }

    @Test
    void whatTheResponseHasGoesWithTheAnswer() throws Exception {
        GibbonJetty upgrade = GibbonJetty.of(host, UPGRADER);
        start(new Handler.Abstract() {
            @Override
            public boolean handle(Request request, Response response, Callback callback) {
                response.getHeaders().add(HttpHeader.SET_COOKIE, "who=me");
                return upgrade.upgrade(request, response, callback, new Saying("hello"));
            }
        });
        DialResult dialed = dialer.dialForResult(uri("ws", "/"), Headers.of());
        try (Connection ws = dialed.connection()) {
            assertEquals("who=me", dialed.headers().first("Set-Cookie").orElseThrow());
            assertEquals("hello", ws.readMessage().text());
        }
    }

    @Test
    void itWrapsWhatTheServerHasWhenItStarts() throws Exception {
        gibbon.serve("/hello", UPGRADER, ws -> ws.writeText("hello")).wrapAll(server);
        start(new Word("first"));
        assertEquals("first", get("/").body());
        assertEquals("hello", said("/hello"));
        server.stop();
        server.start();
        assertSame(gibbon, server.getHandler());
        assertEquals("first", get("/").body());
    }

    @Test
    void itClosesItsHostWhenItStops() throws Exception {
        CompletableFuture<Connection> served = new CompletableFuture<>();
        gibbon.serve("/wait", UPGRADER, ws -> {
            served.complete(ws);
            var _ = ws.readMessage();
        });
        start(gibbon);
        try (Connection ws = dialer.dial(uri("ws", "/wait"))) {
            var _ = served.get(1, TimeUnit.MINUTES);
            gibbon.stop();
            assertEquals(1001, ws.closed().get(1, TimeUnit.MINUTES).code().value());
        }
    }

    @Test
    void pathsAreAddedBeforeItStarts() throws Exception {
        gibbon.serve("/echo", UPGRADER, ws -> ws.forEachMessage(ws::writeMessage));
        assertThrows(IllegalArgumentException.class, () -> gibbon.listen("/echo", UPGRADER, new Saying("")));
        start(gibbon);
        IllegalStateException late =
                assertThrows(IllegalStateException.class, () -> gibbon.listen("/late", UPGRADER, new Saying("")));
        assertTrue(late.getMessage().contains("/late"), late.getMessage());
    }
}

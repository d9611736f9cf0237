// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.tomcat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.ConnectionHandler;
import dev.gibbon.InterruptedCallException;
import dev.gibbon.Message;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketHost;
import dev.gibbon.servlet.GibbonServlets;
import dev.gibbon.testkit.Frame;
import dev.gibbon.testkit.HttpHead;
import dev.gibbon.testkit.ScriptedPeer;
import dev.gibbon.testkit.host.TlsFiles;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpFilter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpServletResponseWrapper;
import jakarta.servlet.http.HttpUpgradeHandler;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.apache.catalina.Lifecycle;
import org.apache.catalina.core.StandardContext;
import org.apache.coyote.AbstractProtocol;
import org.apache.coyote.http2.Http2Protocol;
import org.apache.tomcat.util.descriptor.web.FilterDef;
import org.apache.tomcat.util.descriptor.web.FilterMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What Tomcat alone has: wrappers, valves, class loaders, a count of its own. */
@Timeout(300)
class GibbonTomcatTest {
    private static final ConnectionHandler ECHO = ws -> ws.forEachMessage(ws::writeMessage);
    private static final String HOST = "127.0.0.1";

    @TempDir
    private Path directory;

    private final WebSocketHost host = WebSocketHost.builder().loops(1).build();
    private final GibbonTomcat gibbon = GibbonTomcat.of(host, Upgrader.create());
    private TomcatServer server;

    @BeforeEach
    void prepare() {
        server = new TomcatServer(TomcatServer.NIO, directory);
        server.on("/echo", (q, r) -> gibbon.upgrade(q, r, ECHO));
    }

    @AfterEach
    void stop() throws Exception {
        host.close();
        server.close();
    }

    private ScriptedPeer send(String request) throws IOException {
        return ScriptedPeer.overHttp(HOST, server.port(), request);
    }

    private String request(String path, String... fields) {
        return HttpHead.upgradeRequest(HOST + ":" + server.port(), path, fields);
    }

    private ScriptedPeer open(String path, String... fields) throws IOException {
        return send(request(path, fields)).expectUpgraded();
    }

    private static void echo(ScriptedPeer peer) throws IOException {
        peer.sendText("echo");
        peer.expectText("echo");
    }

    private static void await(String failure, BooleanSupplier done) throws InterruptedException {
        for (long begin = System.nanoTime(); !done.getAsBoolean(); ) {
            assertTrue(System.nanoTime() - begin < TimeUnit.MINUTES.toNanos(1), failure);
            Thread.sleep(10);
        }
    }

    // ---- Requests

    /** As a framework or a filter does it: one that keeps {@code upgrade} to itself, and knows the client's scheme. */
    private static final class Wrapping extends HttpFilter {
        private static final long serialVersionUID = 1L;

        @Override
        protected void doFilter(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
                throws IOException, ServletException {
            HttpServletRequest forwarded = new HttpServletRequestWrapper(request) {
                @Override
                public <T extends HttpUpgradeHandler> T upgrade(Class<T> type) {
                    throw new UnsupportedOperationException();
                }

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
            };
            chain.doFilter(new HttpServletRequestWrapper(forwarded), new HttpServletResponseWrapper(response));
        }
    }

    private void filterAll() {
        FilterDef filter = new FilterDef();
        filter.setFilterName("wrapping");
        filter.setFilter(new Wrapping());
        server.context().addFilterDef(filter);
        FilterMap all = new FilterMap();
        all.setFilterName("wrapping");
        all.addURLPattern("/*");
        server.context().addFilterMap(all);
    }

    @Test
    void wrappersAreLookedAtAndUnwrapped() throws Exception {
        GibbonServlets servlets = GibbonServlets.of(host, Upgrader.create());
        server.on("/servlets", (q, r) -> servlets.upgrade(q, r, ECHO));
        filterAll();
        server.start();
        for (String path : List.of("/echo", "/servlets")) {
            try (ScriptedPeer peer = open(path, "Origin: https://chat.example")) {
                echo(peer);
            }
            try (ScriptedPeer peer = send(request(path, "Origin: http://" + HOST + ":" + server.port()))) {
                assertEquals(403, peer.response().status());
            }
        }
    }

    @Test
    void whatTheServletHasSetGoesWithTheAnswer() throws Exception {
        server.on("/cookie", (q, r) -> {
            r.addCookie(new Cookie("seen", "yes"));
            boolean accepted = gibbon.upgrade(q, r, ECHO);
            assertTrue(accepted);
        });
        server.start();
        try (ScriptedPeer peer = open("/cookie")) {
            assertEquals(List.of("seen=yes"), peer.response().headers("Set-Cookie"));
            echo(peer);
        }
    }

    @Test
    void whatIsSetBehindTheUpgradeDoesNotReachTheClient() throws Exception {
        server.on("/entity", (q, r) -> {
            boolean accepted = gibbon.upgrade(q, r, ECHO);
            assertTrue(accepted);
            r.setStatus(200);
            r.getOutputStream().print("as a framework does");
        });
        server.start();
        try (ScriptedPeer peer = open("/entity")) {
            echo(peer);
        }
    }

    @Test
    void whatHasBeenAnsweredIsNotUpgraded() throws Exception {
        Queue<Exception> thrown = new ConcurrentLinkedQueue<>();
        server.on("/twice", (q, r) -> {
            boolean accepted = gibbon.upgrade(q, r, ECHO);
            assertTrue(accepted);
            thrown.add(assertThrows(IllegalStateException.class, () -> gibbon.upgrade(q, r, ECHO)));
        });
        server.on("/late", (q, r) -> {
            r.getOutputStream().print("a page");
            r.flushBuffer();
            thrown.add(assertThrows(IllegalStateException.class, () -> gibbon.upgrade(q, r, ECHO)));
        });
        server.start();
        try (ScriptedPeer peer = open("/twice");
                ScriptedPeer page = send(request("/late"))) {
            echo(peer);
            assertEquals(200, page.response().status());
        }
        assertEquals(2, thrown.size());
    }

    @Test
    void aPathMayHaveAPageToo() throws Exception {
        server.on("/both", (q, r) -> {
            if (GibbonTomcat.isUpgrade(q)) {
                gibbon.upgrade(q, r, ECHO);
            } else {
                r.getWriter().print("a page");
            }
        });
        server.start();
        try (ScriptedPeer page = send("GET /both HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n");
                ScriptedPeer socket = open("/both")) {
            assertEquals(200, page.response().status());
            echo(socket);
        }
    }

    @Test
    void whatIsNoOpeningHandshakeIsRefused() throws Exception {
        server.start();
        try (ScriptedPeer peer = send("GET /echo HTTP/1.1\r\nHost: here\r\n\r\n")) {
            assertEquals(426, peer.response().status());
        }
        try (ScriptedPeer peer = send(request("/echo").replace("HTTP/1.1", "HTTP/1.0"))) {
            assertEquals(426, peer.response().status());
        }
        assertEquals(0, host.connectionCount());
    }

    @Test
    void aRequestOfHttp2IsRefusedWithoutFieldsOfHttp1() throws Exception {
        server.connector().addUpgradeProtocol(new Http2Protocol());
        server.start();
        try (HttpClient client =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_2).build()) {
            HttpRequest get = HttpRequest.newBuilder(URI.create("http://" + HOST + ":" + server.port() + "/echo"))
                    .build();
            HttpResponse<String> reply = client.send(get, HttpResponse.BodyHandlers.ofString());
            assertEquals(HttpClient.Version.HTTP_2, reply.version());
            assertEquals(426, reply.statusCode());
            assertTrue(reply.body().startsWith("426 "), reply.body());
            assertTrue(reply.headers().firstValue("upgrade").isEmpty());
        }
    }

    // ---- Threads

    @Test
    void aHandlerSeesTheClassLoaderOfItsApplication() throws Exception {
        BlockingQueue<ClassLoader> loaders = new LinkedBlockingQueue<>();
        ClassLoader ofTheApplication = new ClassLoader(getClass().getClassLoader()) {};
        server.on("/loader", (q, r) -> {
            Thread.currentThread().setContextClassLoader(ofTheApplication);
            boolean _ = gibbon.upgrade(
                    q, r, ws -> loaders.add(Thread.currentThread().getContextClassLoader()));
        });
        server.start();
        try (ScriptedPeer peer = open("/loader")) {
            String _ = peer.expectClose(1000);
            assertEquals(ofTheApplication, loaders.poll(60, TimeUnit.SECONDS));
        }
    }

    @Test
    void aThreadThatIsInterruptedEndsNoConnection() throws Exception {
        TlsFiles tls = TlsFiles.generate(directory);
        server.speakTls(tls);
        server.on(
                "/interrupt",
                (q, r) -> gibbon.upgrade(q, r, ws -> {
                    for (Message m = ws.readMessage(); m != null; m = ws.readMessage()) {
                        Thread.currentThread().interrupt();
                        try {
                            ws.writeMessage(m);
                        } catch (InterruptedCallException _) {
                            // The call's end, not the connection's; the message is sent all the
                            // same.
                        }
                        assertTrue(Thread.interrupted());
                    }
                }));
        server.start();
        String request = request("/interrupt");
        try (ScriptedPeer peer = ScriptedPeer.overHttp(HOST, server.port(), tls.context(), request)) {
            for (int i = 0; i < 20; i++) {
                echo(peer.expectUpgraded());
            }
        }
    }

    @Test
    void tomcatsThreadsMayBeVirtual() throws Exception {
        server.set("useVirtualThreads", "true");
        server.start();
        try (ScriptedPeer peer = open("/echo")) {
            echo(peer);
        }
    }

    @Test
    void tomcatsBuffersMayBeSmall() throws Exception {
        server.set("socket.appReadBufSize", "512");
        server.set("socket.appWriteBufSize", "512");
        server.start();
        String early = new String(Frame.text("early").withMaskingKey(1).encode(), StandardCharsets.ISO_8859_1);
        try (ScriptedPeer peer = send(request("/echo") + early).expectUpgraded()) {
            peer.expectText("early");
            peer.sendText("x".repeat(100_000));
            peer.expectText("x".repeat(100_000));
        }
    }

    // ---- What Tomcat counts

    private long connectionsOfTomcat() {
        return ((AbstractProtocol<?>) server.connector().getProtocolHandler()).getConnectionCount();
    }

    @Test
    void tomcatCountsAWebSocketUntilItEnds() throws Exception {
        server.start();
        try (ScriptedPeer peer = open("/echo")) {
            echo(peer);
            // Two, as its acceptor counts the next one already.
            await("not counted", () -> connectionsOfTomcat() == 2);
            peer.sendClose(1000, "");
            String _ = peer.expectClose(1000);
            peer.expectEnd();
        }
        await("counted still", () -> connectionsOfTomcat() == 1);
        assertEquals(0, host.connectionCount());
    }

    @Test
    void theLimitOfTheConnectorHoldsForWebSockets() throws Exception {
        server.set("maxConnections", "2");
        server.start();
        try (ScriptedPeer first = open("/echo");
                ScriptedPeer second = open("/echo")) {
            echo(first);
            echo(second);
            first.reset();
            try (ScriptedPeer third = open("/echo")) { // Waits in the backlog until there is room.
                echo(third);
                echo(second);
            }
        }
    }

    /** A context that is stopped stops no connection: the host does, and a listener of the context may close it. */
    @Test
    void connectionsOutliveTheContextUnlessTheHostIsClosed() throws Exception {
        server.start();
        try (ScriptedPeer peer = open("/echo")) {
            ((StandardContext) server.context()).stop();
            echo(peer);
            Thread closing = Thread.ofPlatform().start(host::close);
            String _ = peer.expectClose(1001);
            peer.sendClose(1001, "");
            peer.expectEnd();
            closing.join();
        }
        assertEquals(0, host.connectionCount());
    }

    /** Tomcat tells a context of its end before it stops the connectors. */
    @Test
    void aListenerOfTheContextClosesTheHostInTime() throws Exception {
        server.context().addLifecycleListener(event -> {
            if (event.getType().equals(Lifecycle.BEFORE_STOP_EVENT)) {
                host.close();
            }
        });
        server.start();
        try (ScriptedPeer peer = open("/echo")) {
            echo(peer);
            FutureTask<Void> stopping = new FutureTask<>(() -> {
                server.stop();
                return null;
            });
            Thread _ = Thread.ofPlatform().daemon().start(stopping);
            String _ = peer.expectClose(1001);
            peer.sendClose(1001, "");
            peer.expectEnd();
            stopping.get();
        }
    }
}

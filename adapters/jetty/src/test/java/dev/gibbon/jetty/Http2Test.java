// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.jetty;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.Connection;
import dev.gibbon.testkit.host.TlsFiles;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.client.ContentResponse;
import org.eclipse.jetty.client.HttpClient;
import org.eclipse.jetty.client.transport.HttpClientTransportDynamic;
import org.eclipse.jetty.http.HttpVersion;
import org.eclipse.jetty.http2.client.HTTP2Client;
import org.eclipse.jetty.http2.client.transport.ClientConnectionFactoryOverHTTP2;
import org.eclipse.jetty.io.ClientConnector;
import org.eclipse.jetty.util.ssl.SslContextFactory;
import org.eclipse.jetty.websocket.api.exceptions.UpgradeException;
import org.eclipse.jetty.websocket.client.ClientUpgradeRequest;
import org.eclipse.jetty.websocket.client.WebSocketClient;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** WebSockets over HTTP/2 (RFC 8441), with Jetty's own client: in clear text, which both know of, and over TLS. */
@ParameterizedClass(name = "tls: {0}")
@ValueSource(booleans = {false, true})
@Timeout(300)
class Http2Test {
    private static final Duration IDLE = Duration.ofMillis(300);

    @TempDir
    static Path directory;

    @Parameter
    boolean tls;

    private Scenes scenes;
    private JettyServer server;
    private WebSocketClient client;

    @BeforeEach
    void start() throws Exception {
        start(Optional.empty());
        ClientConnector connector = new ClientConnector();
        connector.setSslContextFactory(new SslContextFactory.Client(true));
        connector.setIdleTimeout(Duration.ZERO);
        client = new WebSocketClient(new HttpClient(new HttpClientTransportDynamic(
                connector, new ClientConnectionFactoryOverHTTP2.HTTP2(new HTTP2Client(connector)))));
        client.getHttpClient().setIdleTimeout(0);
        client.setIdleTimeout(Duration.ZERO);
        client.setMaxBinaryMessageSize(Scenes.LARGE);
        client.setMaxTextMessageSize(Scenes.LARGE);
        client.start();
    }

    private void start(Optional<Duration> idle) throws Exception {
        scenes = new Scenes();
        server = JettyServer.http2(
                scenes.site(tls ? Optional.of(TlsFiles.generate(directory)) : Optional.empty(), idle));
    }

    @AfterEach
    void stop() throws Exception {
        client.stop();
        stopServer();
    }

    private void stopServer() throws Exception {
        scenes.close();
        server.close();
    }

    private URI uri(String scheme, String path) {
        return URI.create(scheme + (tls ? "s" : "") + "://127.0.0.1:" + server.port() + path);
    }

    private JettyPeer connect(String path) throws Exception {
        return connect(new ClientUpgradeRequest(uri("ws", path)));
    }

    private JettyPeer connect(ClientUpgradeRequest request) throws Exception {
        JettyPeer peer = new JettyPeer();
        client.connect(peer, request).get(60, TimeUnit.SECONDS);
        return peer.greet();
    }

    @Test
    void bothFacesEchoMessagesOfEveryLength() throws Exception {
        for (String path : List.of("/echo", "/echo/event")) {
            JettyPeer peer = connect(path);
            assertEquals("é€😀", peer.text("é€😀").read());
            for (int length : new int[] {0, 1, 125, 126, 65_535, 65_536, Scenes.LARGE}) {
                byte[] message = Scenes.random(length);
                assertEquals(ByteBuffer.wrap(message), peer.binary(message).read());
            }
        }
    }

    @Test
    void compressionIsAgreedOn() throws Exception {
        ClientUpgradeRequest request = new ClientUpgradeRequest(uri("ws", "/echo/event"));
        request.addExtensions("permessage-deflate");
        JettyPeer peer = connect(request);
        String text = "compressed ".repeat(100_000);
        for (int i = 0; i < 3; i++) {
            assertEquals(text, peer.text(text).read());
        }
        assertEquals(1, peer.session().getUpgradeResponse().getExtensions().size());
    }

    @Test
    void pathParametersAndSubprotocolsAreThere() throws Exception {
        ClientUpgradeRequest request = new ClientUpgradeRequest(uri("ws", "/room/a%20%E2%82%ACb"));
        request.setSubProtocols("other", "chat");
        JettyPeer peer = connect(request);
        assertEquals("a €b", peer.text("name").read());
        assertEquals("chat", peer.session().getUpgradeResponse().getAcceptedSubProtocol());
    }

    @Test
    void socketsShareAConnection() throws Exception {
        List<JettyPeer> peers = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            peers.add(connect(i % 2 == 0 ? "/echo" : "/echo/event"));
        }
        assertEquals(1, server.sockets());
        assertEquals(10, scenes.host().connectionCount());
        byte[] message = Scenes.random(300_000);
        for (JettyPeer peer : peers) {
            peer.binary(message);
        }
        for (JettyPeer peer : peers) {
            assertEquals(ByteBuffer.wrap(message), peer.read());
        }
    }

    @Test
    void requestsGoToTheWrappedHandler() throws Exception {
        for (String path : List.of("/plain", "/echo")) {
            ContentResponse response = client.getHttpClient()
                    .newRequest(uri("http", path))
                    .version(HttpVersion.HTTP_2)
                    .send();
            assertEquals(path.equals("/plain") ? 200 : 404, response.getStatus());
            assertEquals(HttpVersion.HTTP_2, response.getVersion());
        }
    }

    @Test
    void theClientCloses() throws Exception {
        JettyPeer peer = connect("/room/a");
        Connection connection = scenes.served();
        peer.close(4002, "enough");
        assertEquals(4002, connection.closed().get(60, TimeUnit.SECONDS).code().value());
        assertEquals(4002, peer.closed());
        scenes.awaitCount(0);
    }

    @Test
    void theServerCloses() throws Exception {
        assertEquals(4001, connect("/room/a").text("bye").closed());
        assertEquals(1011, connect("/room/a").text("throw").closed());
        scenes.awaitCount(0);
    }

    @Test
    void anAbortEndsOneOfThem() throws Exception {
        JettyPeer other = connect("/echo");
        JettyPeer peer = connect("/room/a");
        scenes.served().abort();
        assertEquals(1006, peer.closed());
        scenes.awaitCount(1);
        assertEquals("still here", other.text("still here").read());
        assertEquals(1, server.sockets());
    }

    @Test
    void aClientThatLeavesEndsOneOfThem() throws Exception {
        JettyPeer other = connect("/echo");
        connect("/room/a").session().disconnect();
        scenes.awaitCount(1);
        assertEquals("still here", other.text("still here").read());
    }

    @Test
    void theEndOfTheConnectionEndsAll() throws Exception {
        connect("/echo");
        connect("/echo/event");
        client.stop();
        scenes.awaitCount(0);
    }

    @Test
    void refusalsHaveTheirStatus() throws Exception {
        ClientUpgradeRequest foreign = new ClientUpgradeRequest(uri("ws", "/echo"));
        foreign.setHeader("Origin", "https://elsewhere.example");
        assertEquals(403, refused(foreign));
        ClientUpgradeRequest own = new ClientUpgradeRequest(uri("ws", "/echo"));
        own.setHeader("Origin", uri("http", "").toString());
        assertEquals("same origin", connect(own).text("same origin").read());
        assertEquals(404, refused(new ClientUpgradeRequest(uri("ws", "/nowhere"))));
    }

    private int refused(ClientUpgradeRequest request) {
        ExecutionException failure = assertThrows(
                ExecutionException.class,
                () -> client.connect(new JettyPeer(), request).get(60, TimeUnit.SECONDS));
        return assertInstanceOf(UpgradeException.class, failure.getCause()).getResponseStatusCode();
    }

    @Test
    void jettysTimeoutsDoNotEndIt() throws Exception {
        stopServer();
        start(Optional.of(IDLE));
        JettyPeer peer = connect("/echo");
        Thread.sleep(IDLE.multipliedBy(5)); // However late it is by then, it must live.
        assertEquals("still here", peer.text("still here").read());
    }

    @Test
    void whenJettyStopsPeersAreTold() throws Exception {
        JettyPeer peer = connect("/echo");
        JettyPeer event = connect("/echo/event");
        server.close();
        assertEquals(1001, peer.closed());
        assertEquals(1001, event.closed());
        assertTrue(scenes.host().connectionCount() == 0);
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.netty;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.CloseCode;
import dev.gibbon.CloseStatus;
import dev.gibbon.Connection;
import dev.gibbon.ConnectionOptions;
import dev.gibbon.Headers;
import dev.gibbon.Listener;
import dev.gibbon.MessageView;
import dev.gibbon.PermessageDeflate;
import dev.gibbon.QueuePolicy;
import dev.gibbon.Role;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketHost;
import dev.gibbon.testkit.Frame;
import dev.gibbon.testkit.ScriptedPeer;
import dev.gibbon.testkit.host.TlsFiles;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2StreamChannel;
import io.netty.handler.codec.http2.Http2StreamFrameToHttpObjectCodec;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.ApplicationProtocolNegotiationHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** WebSockets on streams of HTTP/2 (RFC 8441), in clear text and over TLS, with a client that says each frame. */
@ParameterizedClass(name = "tls: {0}")
@ValueSource(booleans = {false, true})
@Timeout(300)
class Http2Test {
    private static final int LARGE = 16 << 20;
    private static final int QUEUE = 256 * 1024;

    /** "Hello", compressed (RFC 7692 §7.2.3.1), and "Hello" again with what came before it as context. */
    private static final byte[] HELLO = {(byte) 0xf2, 0x48, (byte) 0xcd, (byte) 0xc9, (byte) 0xc9, 0x07, 0x00};

    private static final byte[] HELLO_AGAIN = {(byte) 0xf2, 0x00, 0x11, 0x00, 0x00};

    @TempDir
    static Path directory;

    @Parameter
    boolean tls;

    private final BlockingQueue<Connection> served = new LinkedBlockingQueue<>();
    private final AtomicLong flooded = new AtomicLong();
    private Optional<SSLContext> context = Optional.empty();
    private SslContext serverTls;
    private WebSocketHost host;
    private NettyServer server;
    private Http2Client client;

    @BeforeEach
    void start() throws Exception {
        if (tls) {
            TlsFiles files = TlsFiles.generate(Files.createTempDirectory(directory, "tls"));
            context = Optional.of(files.context());
            serverTls = serverTls(files);
        }
        host = WebSocketHost.builder().loops(1).build();
        GibbonNetty gibbon = gibbon();
        server = new NettyServer(channel -> setUp(channel, gibbon));
        client = new Http2Client(server.port(), context);
    }

    @AfterEach
    void stop() throws Exception {
        client.close();
        host.close();
        server.close();
    }

    private GibbonNetty gibbon() {
        Upgrader upgrader = Upgrader.builder()
                .subprotocols("chat")
                .permessageDeflate(PermessageDeflate.builder()
                        .serverNoContextTakeover(false)
                        .clientNoContextTakeover(false)
                        .build())
                .options(ConnectionOptions.builder()
                        .maxMessageBytes(LARGE)
                        .maxQueuedBytes(QUEUE, QueuePolicy.BLOCK)
                        .build())
                .build();
        return GibbonNetty.builder(host)
                .serve("/echo", upgrader, ws -> ws.forEachMessage(ws::writeMessage))
                .listen("/echo/event", upgrader, new Echo())
                .serve("/bye", upgrader, ws -> ws.close(new CloseCode(4001), "bye"))
                .serve("/throw", upgrader, _ -> {
                    throw new IllegalStateException("on purpose");
                })
                .serve("/held", upgrader, ws -> {
                    served.add(ws);
                    CloseStatus _ = ws.closed().get();
                })
                .serve("/flood", upgrader, this::flood)
                .handle("/ask", request -> {
                    assertEquals(Optional.of("a=b"), request.query());
                    request.replyHeaders(Headers.of("Set-Cookie", "c=d")).listen(upgrader, new Echo());
                })
                .build();
    }

    private void flood(Connection ws) throws IOException {
        byte[] page = new byte[64 * 1024];
        for (int i = 0; i < LARGE / page.length; i++) {
            Arrays.fill(page, (byte) i);
            ws.writeBinary(page);
            flooded.addAndGet(page.length);
        }
    }

    private static final class Echo implements Listener {
        @Override
        public void onMessage(Connection connection, MessageView message) throws IOException {
            connection.writeMessage(message);
        }
    }

    private void setUp(SocketChannel channel, GibbonNetty gibbon) {
        if (context.isEmpty()) {
            http2(channel.pipeline(), gibbon);
            return;
        }
        channel.pipeline()
                .addLast(serverTls.newHandler(channel.alloc()), new ApplicationProtocolNegotiationHandler("http/1.1") {
                    @Override
                    protected void configurePipeline(ChannelHandlerContext chosen, String protocol) {
                        if (protocol.equals(ApplicationProtocolNames.HTTP_2)) {
                            http2(chosen.pipeline(), gibbon);
                        } else {
                            chosen.pipeline().addLast(new HttpServerCodec(), gibbon.http1());
                        }
                    }
                });
    }

    private static SslContext serverTls(TlsFiles files) throws Exception {
        KeyStore store =
                KeyStore.getInstance(files.keyStore().toFile(), files.password().toCharArray());
        KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
        keys.init(store, files.password().toCharArray());
        return SslContextBuilder.forServer(keys)
                .applicationProtocolConfig(new ApplicationProtocolConfig(
                        ApplicationProtocolConfig.Protocol.ALPN,
                        ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
                        ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
                        ApplicationProtocolNames.HTTP_2,
                        ApplicationProtocolNames.HTTP_1_1))
                .build();
    }

    private static void http2(ChannelPipeline pipeline, GibbonNetty gibbon) {
        Http2Settings settings = Http2Settings.defaultSettings().connectProtocolEnabled(true);
        pipeline.addLast(
                Http2FrameCodecBuilder.forServer().initialSettings(settings).build(),
                new Http2MultiplexHandler(new ChannelInitializer<Http2StreamChannel>() {
                    @Override
                    protected void initChannel(Http2StreamChannel stream) {
                        stream.pipeline()
                                .addLast(
                                        gibbon.http2(),
                                        new Http2StreamFrameToHttpObjectCodec(true),
                                        new HttpObjectAggregator(64 * 1024),
                                        new NettyServer.Plain());
                    }
                }));
    }

    private static byte[] bytes(int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (i * 31);
        }
        return bytes;
    }

    private Connection next() throws InterruptedException {
        return served.poll(60, TimeUnit.SECONDS);
    }

    // ---- Messages

    @Test
    void messagesOfEachSizeComeBackOnBothFaces() throws Exception {
        for (String path : List.of("/echo", "/echo/event")) {
            try (ScriptedPeer peer = client.open(path)) {
                for (int size : new int[] {0, 1, 125, 126, 65_535, 65_536, 1 << 20}) {
                    peer.sendBinary(bytes(size));
                    peer.expectBinary(bytes(size));
                }
                peer.sendText("text");
                peer.expectText("text");
                peer.sendPing(new byte[] {7});
                peer.expectPong(new byte[] {7});
            }
        }
    }

    @Test
    void aMessageOf16MiBComesBackOnBothFaces() throws Exception {
        byte[] large = bytes(LARGE);
        for (String path : List.of("/echo", "/echo/event")) {
            try (ScriptedPeer peer = client.open(path)) {
                Thread sending = Thread.ofVirtual().start(() -> {
                    try {
                        peer.sendBinary(large);
                    } catch (IOException e) {
                        throw new IllegalStateException(e);
                    }
                });
                peer.expectBinary(large);
                sending.join();
            }
        }
    }

    @Test
    void severalSocketsShareOneConnection() throws Exception {
        List<ScriptedPeer> peers = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            peers.add(client.open(i % 2 == 0 ? "/echo" : "/echo/event"));
        }
        NettyServer.awaitCount(host, 20);
        for (int round = 0; round < 10; round++) {
            for (int i = 0; i < peers.size(); i++) {
                peers.get(i).sendText(round + " on " + i);
            }
            for (int i = 0; i < peers.size(); i++) {
                peers.get(i).expectText(round + " on " + i);
            }
        }
        for (ScriptedPeer peer : peers.subList(0, 10)) {
            peer.sendClose(1000, "");
            peer.expectClose(1000, "");
            peer.expectEnd();
        }
        NettyServer.awaitCount(host, 10);
        peers.getLast().sendText("still here");
        peers.getLast().expectText("still here");
    }

    @Test
    void compressionKeepsItsContext() throws Exception {
        Http2Call call = client.connect("/echo", "sec-websocket-extensions", "permessage-deflate");
        assertTrue(
                call.headers().first("sec-websocket-extensions").orElseThrow().startsWith("permessage-deflate"));
        try (ScriptedPeer peer = ScriptedPeer.over(call, Role.CLIENT).allowRsv1()) {
            for (byte[] hello : List.of(HELLO, HELLO_AGAIN)) {
                peer.send(Frame.of(Frame.TEXT, hello).withRsv(true, false, false));
                Frame echo = peer.expectFrame();
                // Short messages may go as they are.
                assertTrue(echo.text().equals("Hello") || echo.rsv1(), echo.toString());
            }
        }
    }

    @Test
    void aPeerThatDoesNotReadHoldsTheHandlerUp() throws Exception {
        try (ScriptedPeer peer = client.open("/flood")) {
            // What HTTP/2's window, Netty's buffer and our queue may take, and some pages more.
            long bound = 8L << 20;
            for (int i = 0; i < LARGE / (64 * 1024); i++) {
                Frame page = peer.expectFrame();
                assertEquals((byte) i, page.payload()[0]);
                long ahead = flooded.get() - i * 64L * 1024;
                assertTrue(ahead < bound, ahead + " bytes are ahead of the peer");
            }
            peer.expectClose(1000, "");
        }
    }

    // ---- Ends

    @Test
    void thePeerCloses() throws Exception {
        for (String path : List.of("/echo", "/echo/event")) {
            try (ScriptedPeer peer = client.open(path)) {
                peer.sendClose(4000, "enough");
                peer.expectClose(4000, "");
                peer.expectEnd();
                peer.shutdownOutput();
            }
        }
        NettyServer.awaitCount(host, 0);
    }

    /** As browsers do, which call a close clean only where the stream ends and is not reset. */
    @Test
    void aCloseFrameThatEndsTheStreamIsAnsweredByOne() throws Exception {
        for (String path : List.of("/echo", "/echo/event")) {
            Http2Call call = client.connect(path);
            assertEquals("200", call.headers().first("status").orElseThrow());
            call.sendLast(Frame.close(1000, "").withMaskingKey(0x37fa213d).encode());
            ScriptedPeer peer = ScriptedPeer.over(call, Role.CLIENT);
            peer.expectClose(1000, "");
            peer.expectEnd();
        }
        NettyServer.awaitCount(host, 0);
    }

    @Test
    void theServerCloses() throws Exception {
        try (ScriptedPeer peer = client.open("/bye")) {
            peer.expectClose(4001, "bye");
            peer.sendClose(4001, "bye");
            peer.expectEnd();
            peer.shutdownOutput();
        }
        NettyServer.awaitCount(host, 0);
    }

    @Test
    void aHandlerThatThrowsCloses1011() throws Exception {
        try (ScriptedPeer peer = client.open("/throw")) {
            String _ = peer.expectClose(1011);
            peer.sendClose(1011, "");
        }
        NettyServer.awaitCount(host, 0);
    }

    @Test
    void anAbortResetsTheStreamAlone() throws Exception {
        Http2Call call = client.connect("/held");
        assertEquals("200", call.headers().first("status").orElseThrow());
        try (ScriptedPeer other = client.open("/echo")) {
            next().abort();
            assertEquals(8, call.resetError(), "CANCEL (RFC 8441 §5)");
            other.sendText("still here");
            other.expectText("still here");
        }
    }

    @Test
    void aPeerThatResetsEndsItsStreamAlone() throws Exception {
        Http2Call call = client.connect("/held");
        assertEquals("200", call.headers().first("status").orElseThrow());
        try (ScriptedPeer other = client.open("/echo")) {
            Connection connection = next();
            call.sendReset();
            assertEquals(
                    CloseCode.ABNORMAL_CLOSURE,
                    connection.closed().get(60, TimeUnit.SECONDS).code());
            other.sendText("still here");
            other.expectText("still here");
        }
    }

    @Test
    void aConnectionThatIsDroppedEndsAllItsSockets() throws Exception {
        ScriptedPeer _ = client.open("/held");
        ScriptedPeer _ = client.open("/echo");
        ScriptedPeer _ = client.open("/echo/event");
        NettyServer.awaitCount(host, 3);
        Connection held = next();
        client.drop();
        assertEquals(
                CloseCode.ABNORMAL_CLOSURE,
                held.closed().get(60, TimeUnit.SECONDS).code());
        NettyServer.awaitCount(host, 0);
    }

    @Test
    void aHostThatIsClosedSays1001AndRefusesWith503() throws Exception {
        try (ScriptedPeer peer = client.open("/echo");
                ScriptedPeer other = client.open("/echo/event")) {
            Thread closing = Thread.ofVirtual().start(host::close);
            peer.expectClose(1001, "");
            other.expectClose(1001, "");
            peer.sendClose(1001, "");
            other.sendClose(1001, "");
            closing.join();
        }
        Http2Call late = client.connect("/echo");
        assertEquals("503", late.headers().first("status").orElseThrow());
        assertEquals("5", late.headers().first("retry-after").orElseThrow());
        assertEquals(0, host.connectionCount());
    }

    // ---- Requests

    @Test
    void whatIsNoneOfOursIsAnsweredByTheApplication() throws Exception {
        Http2Call page = client.call(":method", "GET", ":path", "/plain");
        assertEquals("200", page.headers().first("status").orElseThrow());
        assertEquals("plain", page.body());
        Http2Call here = client.call(":method", "GET", ":path", "/echo");
        assertEquals("404", here.headers().first("status").orElseThrow());
    }

    @Test
    void aWebSocketElsewhereIsRefused() throws Exception {
        Http2Call call = client.connect("/nowhere");
        assertEquals("404", call.headers().first("status").orElseThrow());
        assertFalse(call.body().isEmpty());
    }

    @Test
    void aRequestIsRefusedWithItsStatusAndAnotherOneGoesOn() throws Exception {
        Http2Call foreign = client.connect("/echo", "origin", "https://elsewhere.example");
        assertEquals("403", foreign.headers().first("status").orElseThrow());
        assertFalse(foreign.body().isEmpty());
        Http2Call old = client.connect("/echo", "sec-websocket-version", "8");
        assertEquals("400", old.headers().first("status").orElseThrow());
        Http2Call other = client.connect("/echo", ":protocol", "chat-over-http");
        assertEquals("501", other.headers().first("status").orElseThrow());
        try (ScriptedPeer peer = client.open("/echo")) {
            peer.sendText("fine");
            peer.expectText("fine");
        }
    }

    @Test
    void theSameOriginMayConnectAndSubprotocolAndFieldsAreAnswered() throws Exception {
        String origin = (tls ? "https" : "http") + "://127.0.0.1:" + server.port();
        Http2Call call = client.connect("/ask?a=b", "origin", origin, "sec-websocket-protocol", "other, chat");
        Headers answer = call.headers();
        assertEquals("200", answer.first("status").orElseThrow());
        assertEquals("chat", answer.first("sec-websocket-protocol").orElseThrow());
        assertEquals("c=d", answer.first("set-cookie").orElseThrow());
        assertFalse(answer.contains("upgrade") || answer.contains("connection"), "no fields of HTTP/1.1");
        assertFalse(answer.contains("sec-websocket-accept"));
    }

    @Test
    void aConnectionKnowsItsPeerAndTlsSession() throws Exception {
        try (ScriptedPeer _ = client.open("/held")) {
            Connection connection = next();
            assertEquals(tls, connection.tlsSession().isPresent());
            assertTrue(connection.peerAddress().isPresent());
            assertTrue(connection.localAddress().isPresent());
        }
    }
}

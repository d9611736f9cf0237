// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.netty;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.Connection;
import dev.gibbon.Headers;
import dev.gibbon.Listener;
import dev.gibbon.MessageView;
import dev.gibbon.OriginPolicy;
import dev.gibbon.Role;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketHost;
import dev.gibbon.testkit.Frame;
import dev.gibbon.testkit.HttpHead;
import dev.gibbon.testkit.ScriptedPeer;
import dev.gibbon.transport.ChannelTransport;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.handler.codec.http.HttpContentCompressor;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.HttpResponseEncoder;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpServerKeepAliveHandler;
import io.netty.handler.logging.LoggingHandler;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Pipelines, routes and requests of HTTP/1.1, beyond what every host does. */
@Timeout(300)
class GibbonNettyTest {
    private static final Upgrader UPGRADER = Upgrader.create();

    private final WebSocketHost host = WebSocketHost.builder().loops(1).build();
    private final BlockingQueue<NettyRequest> asked = new LinkedBlockingQueue<>();
    private final BlockingQueue<Channel> channels = new LinkedBlockingQueue<>();
    private NettyServer server;

    @AfterEach
    void stop() throws Exception {
        host.close();
        if (server != null) {
            server.close();
        }
    }

    /** Echoes, and says what thread it runs on. */
    private static final class Echo implements Listener {
        @Override
        public void onText(Connection connection, MessageView message) throws IOException {
            String text = message.text();
            connection.writeText(text.equals("where?") ? Thread.currentThread().getName() : text);
        }
    }

    private GibbonNetty.Builder echo() {
        return GibbonNetty.builder(host).listen("/echo", UPGRADER, new Echo());
    }

    private void start(GibbonNetty gibbon) throws InterruptedException {
        start(
                gibbon,
                (channel, http1) -> channel.pipeline()
                        .addLast(
                                new HttpServerCodec(), http1, new HttpObjectAggregator(1024), new NettyServer.Plain()));
    }

    private void start(GibbonNetty gibbon, BiConsumer<Channel, ChannelHandler> setUp) throws InterruptedException {
        server = new NettyServer(channel -> {
            channels.add(channel);
            setUp.accept(channel, gibbon.http1());
        });
    }

    private String authority() {
        return "127.0.0.1:" + server.port();
    }

    private String request(String path, String... fields) {
        return HttpHead.upgradeRequest(authority(), path, fields);
    }

    private ScriptedPeer send(String raw) throws IOException {
        return ScriptedPeer.overHttp("127.0.0.1", server.port(), raw);
    }

    /** {@return a client that has sent nothing yet} */
    private ScriptedPeer connect() throws IOException {
        SocketChannel socket = SocketChannel.open(new InetSocketAddress("127.0.0.1", server.port()));
        return ScriptedPeer.over(new ChannelTransport(socket), Role.CLIENT);
    }

    private static String latin1(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    private static void echoes(ScriptedPeer peer) throws IOException {
        peer.sendText("hello");
        peer.expectText("hello");
    }

    private List<Class<?>> handlers() throws InterruptedException {
        List<Class<?>> classes = new ArrayList<>();
        for (Map.Entry<String, ChannelHandler> entry : channel().pipeline()) {
            classes.add(entry.getValue().getClass());
        }
        return classes;
    }

    private Channel channel() throws InterruptedException {
        return channels.poll(60, TimeUnit.SECONDS);
    }

    private NettyRequest asked() throws InterruptedException {
        return asked.poll(60, TimeUnit.SECONDS);
    }

    // ---- Pipelines

    @Test
    void whatSpeaksHttpLeavesThePipelineAndWhatStandsBeforeTheCodecStays() throws Exception {
        start(
                echo().build(),
                (channel, http1) -> channel.pipeline()
                        .addLast(
                                new LoggingHandler(),
                                new HttpServerCodec(),
                                new HttpServerKeepAliveHandler(),
                                new HttpContentCompressor(),
                                http1,
                                new HttpObjectAggregator(1024),
                                new NettyServer.Plain()));
        try (ScriptedPeer peer = send(request("/echo", "Accept-Encoding: gzip")).expectUpgraded()) {
            echoes(peer);
            assertEquals(List.of(LoggingHandler.class, Http1Stream.class), handlers());
        }
    }

    @Test
    void decoderAndEncoderMayStandApartAndRequestsMayComeWhole() throws Exception {
        start(
                echo().build(),
                (channel, http1) -> channel.pipeline()
                        .addLast(
                                new HttpRequestDecoder(),
                                new HttpResponseEncoder(),
                                new HttpObjectAggregator(1024),
                                http1,
                                new NettyServer.Plain()));
        String frames = latin1(Frame.text("with the head").withMaskingKey(7).encode());
        try (ScriptedPeer peer = send(request("/echo") + frames).expectUpgraded()) {
            peer.expectText("with the head");
            echoes(peer);
            assertEquals(List.of(Http1Stream.class), handlers());
        }
        try (ScriptedPeer page = send("GET /plain HTTP/1.1\r\nHost: x\r\n\r\n")) {
            assertEquals(200, page.response().status());
        }
    }

    @Test
    void aPageMayComeBeforeOnTheSameChannel() throws Exception {
        start(echo().build());
        String page = "GET /plain HTTP/1.1\r\nHost: x\r\n\r\n";
        try (ScriptedPeer peer = send(page + page + request("/echo"))) {
            for (int i = 0; i < 2; i++) {
                HttpHead head = i == 0 ? peer.response() : peer.expectHead();
                assertEquals(200, head.status());
                assertEquals("plain", latin1(peer.expectBytes(5)));
            }
            assertEquals(101, peer.expectHead().status());
            echoes(peer);
        }
    }

    @Test
    void connectionsRunOnTheEventLoopOfTheirChannel() throws Exception {
        start(echo().build());
        for (int i = 0; i < 4; i++) {
            try (ScriptedPeer peer = send(request("/echo")).expectUpgraded()) {
                peer.sendText("where?");
                String thread = channel()
                        .eventLoop()
                        .submit(() -> Thread.currentThread().getName())
                        .get();
                peer.expectText(thread);
            }
        }
    }

    @Test
    void aHeadThatComesByteByByteIsUnderstood() throws Exception {
        start(echo().build());
        String whole =
                request("/echo") + latin1(Frame.text("behind").withMaskingKey(7).encode());
        try (ScriptedPeer peer = connect()) {
            for (int i = 0; i < whole.length(); i++) {
                peer.sendRaw(new byte[] {(byte) whole.charAt(i)});
            }
            assertEquals(101, peer.expectHead().status());
            peer.expectText("behind");
        }
    }

    // ---- Requests that are no opening handshake

    @Test
    void aBodyIsRefusedAndTheChannelEnds() throws Exception {
        start(echo().build());
        String post = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello";
        try (ScriptedPeer peer = send(post)) {
            HttpHead head = peer.response();
            assertEquals(426, head.status());
            assertEquals("Upgrade, close", head.header("Connection").orElseThrow());
            byte[] _ = peer.expectBytes(
                    Integer.parseInt(head.header("Content-Length").orElseThrow()));
            peer.expectEnd();
        }
    }

    @Test
    void headGetsNoBody() throws Exception {
        start(echo().build());
        try (ScriptedPeer peer = send("HEAD /echo HTTP/1.1\r\nHost: x\r\n\r\n")) {
            assertEquals(426, peer.response().status());
            peer.expectEnd();
        }
    }

    @Test
    void theAuthorityOfAnAbsoluteTargetIsTheHost() throws Exception {
        start(echo().build());
        String target = "http://" + authority() + "/echo";
        String raw = HttpHead.upgradeRequest("elsewhere.example", target, "Origin: http://" + authority());
        try (ScriptedPeer peer = send(raw).expectUpgraded()) {
            echoes(peer);
        }
    }

    // ---- Handlers that look at requests

    private Upgrader anyOrigin() {
        return Upgrader.builder()
                .origins(OriginPolicy.any())
                .subprotocols("chat")
                .build();
    }

    @Test
    void aHandlerSeesTheRequestAndAddsFieldsToTheReply() throws Exception {
        start(GibbonNetty.builder(host)
                .handle("/room/{name}/*", request -> {
                    asked.add(request);
                    request.replyHeaders(Headers.of("Set-Cookie", "a=b"))
                            .replyHeaders(Headers.of("Set-Cookie", "c=d"))
                            .serve(anyOrigin(), ws -> ws.writeText(request.pathParameter("name")));
                })
                .build());
        String raw = request("/room/a%20b/c/d?e=f", "X-Asked: yes", "Sec-WebSocket-Protocol: chat");
        try (ScriptedPeer peer = send(raw).expectUpgraded()) {
            peer.expectText("a b");
            peer.expectClose(1000, "");
            peer.sendClose(1000, "");
            peer.expectEnd();
            assertEquals(List.of("a=b", "c=d"), peer.response().headers("Set-Cookie"));
            assertEquals(
                    "chat", peer.response().header("Sec-WebSocket-Protocol").orElseThrow());
        }
        NettyRequest request = asked();
        assertEquals("GET", request.method());
        assertEquals("/room/a%20b/c/d?e=f", request.target());
        assertEquals("/room/a%20b/c/d", request.path());
        assertEquals(Optional.of("e=f"), request.query());
        assertEquals("c/d", request.pathParameter("*"));
        assertEquals(authority(), request.host());
        assertEquals("yes", request.headers().first("X-Asked").orElseThrow());
        assertTrue(request.peerAddress().isPresent());
        assertEquals(channel(), request.channel());
        assertFalse(request.toString().contains("a%20b"), "nothing that the peer chose");
    }

    @Test
    void aHandlerMayAnswerLaterOnAnyThreadAndWhatComesMeanwhileIsKept() throws Exception {
        start(GibbonNetty.builder(host).handle("/later", asked::add).build());
        String frames = latin1(Frame.text("with the head").withMaskingKey(7).encode());
        try (ScriptedPeer peer = connect()) {
            peer.sendRaw((request("/later") + frames).getBytes(StandardCharsets.ISO_8859_1));
            NettyRequest request = asked();
            peer.sendText("before the answer");
            Thread later = Thread.ofVirtual().start(() -> request.listen(UPGRADER, new Echo()));
            assertEquals(101, peer.expectHead().status());
            peer.expectText("with the head");
            peer.expectText("before the answer");
            echoes(peer);
            later.join();
            assertThrows(IllegalStateException.class, () -> request.listen(UPGRADER, new Echo()));
            assertThrows(IllegalStateException.class, () -> request.respond(404, "text/plain", ""));
        }
    }

    @Test
    void aHandlerMayRefuse() throws Exception {
        start(GibbonNetty.builder(host)
                .handle("/secret", request -> request.respond(401, "text/plain", "who are you?"))
                .build());
        try (ScriptedPeer peer = send(request("/secret"))) {
            HttpHead head = peer.response();
            assertEquals(401, head.status());
            assertEquals(
                    "text/plain; charset=utf-8", head.header("Content-Type").orElseThrow());
            assertEquals("who are you?", latin1(peer.expectBytes(12)));
            peer.expectEnd();
        }
    }

    @Test
    void aHandlerThatThrowsIsRefusedWith500() throws Exception {
        start(GibbonNetty.builder(host)
                .handle("/throw", request -> {
                    throw new IOException("on purpose");
                })
                .handle(
                        "/wrong",
                        request ->
                                request.replyHeaders(Headers.of("Upgrade", "x")).listen(UPGRADER, new Echo()))
                .build());
        for (String path : List.of("/throw", "/wrong")) {
            try (ScriptedPeer peer = send(request(path))) {
                assertEquals(500, peer.response().status());
            }
        }
        assertEquals(0, host.connectionCount());
    }

    @Test
    void aHandlerThatDoesNotAnswerIsAnsweredFor() throws Exception {
        start(GibbonNetty.builder(host)
                .handle("/never", asked::add)
                .handshakeTimeout(Duration.ofMillis(20))
                .build());
        try (ScriptedPeer peer = send(request("/never"))) {
            assertEquals(503, peer.response().status());
            NettyRequest request = asked();
            assertThrows(IllegalStateException.class, () -> request.listen(UPGRADER, new Echo()));
        }
    }

    @Test
    void aClientThatLeavesBeforeTheAnswerLeavesNothing() throws Exception {
        start(GibbonNetty.builder(host).handle("/later", asked::add).build());
        NettyRequest request;
        try (ScriptedPeer peer = connect()) {
            peer.sendRaw(request("/later").getBytes(StandardCharsets.ISO_8859_1));
            request = asked();
        }
        request.listen(UPGRADER, new Echo());
        NettyServer.awaitCount(host, 0);
    }

    @Test
    void aServerThatStopsBeforeTheAnswerLeavesNothing() throws Exception {
        start(GibbonNetty.builder(host).handle("/later", asked::add).build());
        NettyRequest request;
        try (ScriptedPeer peer = connect()) {
            peer.sendRaw(request("/later").getBytes(StandardCharsets.ISO_8859_1));
            request = asked();
            server.close();
        }
        request.listen(UPGRADER, new Echo());
        NettyServer.awaitCount(host, 0);
    }

    @Test
    void argumentsAreChecked() {
        GibbonNetty.Builder builder = echo();
        assertThrows(IllegalArgumentException.class, () -> builder.listen("/echo", UPGRADER, new Echo()));
        assertThrows(IllegalArgumentException.class, () -> builder.serve("no-slash", UPGRADER, _ -> {}));
        assertThrows(IllegalArgumentException.class, () -> builder.handshakeTimeout(Duration.ZERO));
        assertThrows(NullPointerException.class, () -> builder.handle("/x", null));
        assertThrows(NullPointerException.class, () -> builder.serve("/x", null, _ -> {}));
        assertThrows(NullPointerException.class, () -> builder.listen("/x", UPGRADER, null));
        assertThrows(NullPointerException.class, () -> GibbonNetty.builder(null));
    }
}

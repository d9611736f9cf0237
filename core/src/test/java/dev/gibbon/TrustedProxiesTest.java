// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.spi.Transport;
import dev.gibbon.support.BufferPool;
import dev.gibbon.testkit.HttpHead;
import dev.gibbon.testkit.ScriptedPeer;
import dev.gibbon.transport.ChannelTransport;
import dev.gibbon.transport.TlsEngines;
import dev.gibbon.transport.TlsTransport;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whom a server takes a request to be from that came by a proxy: by fields, and by the PROXY protocol. */
@Timeout(300)
class TrustedProxiesTest {
    private static final String V1 = "PROXY TCP4 192.0.2.1 198.51.100.2 12345 443\r\n";
    private static final String V2 = new String(
            HexFormat.of().parseHex("0d0a0d0a000d0a515549540a" + "2111000f" + "c0000201c6336402303901bb" + "040000"),
            StandardCharsets.ISO_8859_1);
    private static final String LOCAL =
            new String(HexFormat.of().parseHex("0d0a0d0a000d0a515549540a" + "20000000"), StandardCharsets.ISO_8859_1);

    private final BlockingQueue<String> connected = new LinkedBlockingQueue<>();

    @TempDir
    private Path directory;

    private void routes(WebSocketServer.Builder server) {
        server.handshakeTimeout(Duration.ofSeconds(20))
                .handle("/who", exchange -> exchange.respond(200, "text/plain", who(exchange)))
                .listen("/event", Upgrader.create(), new Listener() {
                    @Override
                    public void onOpen(Connection connection) {
                        connected.add(connection.peerAddress().orElseThrow().toString());
                    }
                })
                .serve("/ws", connection -> {
                    connected.add(connection.peerAddress().orElseThrow().toString());
                    Message _ = connection.readMessage();
                });
    }

    private static String who(Exchange exchange) {
        return exchange.peerAddress().map(Object::toString).orElse("nobody") + " " + exchange.host() + " "
                + exchange.isSecure();
    }

    private ServerUnderTest start(Consumer<WebSocketServer.Builder> settings) throws IOException {
        return ServerUnderTest.start(server -> {
            routes(server);
            settings.accept(server);
        });
    }

    private static String who(ServerUnderTest tested, String before, String... fields) throws IOException {
        try (ScriptedPeer peer = tested.send(before + tested.getRequest("/who", fields))) {
            return ServerUnderTest.body(peer, peer.response());
        }
    }

    private String connected() throws InterruptedException {
        String peer = connected.poll(60, TimeUnit.SECONDS);
        return peer == null ? "" : peer;
    }

    @Test
    void fieldsCountFromProxiesThatAreTrusted() throws Exception {
        try (ServerUnderTest tested = start(server -> server.trustedProxies("10.0.0.0/8", "127.0.0.0/8"))) {
            String[] usual = {
                "X-Forwarded-For: 192.0.2.9, 192.0.2.1, 10.0.0.2",
                "X-Forwarded-Proto: https",
                "X-Forwarded-Host: example.org"
            };
            assertEquals("/192.0.2.1:0 example.org true", who(tested, "", usual));
            assertEquals(
                    "/192.0.2.1:80 example.org true",
                    who(tested, "", "Forwarded: for=\"192.0.2.1:80\";proto=https;host=example.org"));
            String plain = who(tested, "");
            assertTrue(plain.matches("/127.0.0.1:\\d+ " + tested.authority() + " false"), plain);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void fieldsOfOthersAreIgnored(boolean someAreTrusted) throws Exception {
        try (ServerUnderTest tested = start(server -> {
            if (someAreTrusted) {
                server.trustedProxies("10.0.0.0/8", "127.0.0.2", "unix:");
            }
        })) {
            for (String field :
                    List.of("X-Forwarded-For: 192.0.2.1", "Forwarded: for=x;;;==\"", "X-Forwarded-Proto: ?")) {
                String seen = who(tested, "", field, "X-Forwarded-Host: example.org");
                assertTrue(seen.matches("/127.0.0.1:\\d+ " + tested.authority() + " false"), seen);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "X-Forwarded-For: 192.0.2.1, x",
                "X-Forwarded-Proto: gopher",
                "X-Forwarded-Host: a b",
                "Forwarded: for=\"192.0.2.1",
                "Forwarded: for=192.0.2.1;for=192.0.2.1"
            })
    void whatATrustedProxySaysWrongIsRefusedAndLogged(String field) throws Exception {
        try (ServerUnderTest tested =
                        start(server -> server.trustedProxies("127.0.0.1").explainRefusals(true));
                ScriptedPeer peer = tested.send(tested.getRequest("/who", field))) {
            assertEquals(400, peer.response().status());
            assertTrue(ServerUnderTest.body(peer, peer.response()).startsWith("400 Bad Request: "));
        }
    }

    @Test
    void eachRequestOfATransportHasItsOwnClient() throws Exception {
        try (ServerUnderTest tested = start(server -> server.trustedProxies("127.0.0.1"));
                ScriptedPeer peer = tested.send(tested.getRequest("/who", "X-Forwarded-For: 192.0.2.1")
                        + tested.getRequest("/who", "X-Forwarded-For: 192.0.2.2")
                        + tested.upgradeRequest("/ws", "X-Forwarded-For: 192.0.2.3"))) {
            assertTrue(ServerUnderTest.body(peer, peer.response()).startsWith("/192.0.2.1:0 "));
            assertTrue(ServerUnderTest.body(peer, peer.expectHead()).startsWith("/192.0.2.2:0 "));
            assertEquals(101, peer.expectHead().status());
            assertEquals("/192.0.2.3:0", connected());
        }
    }

    @ParameterizedTest
    @CsvSource({"/ws, https, 101", "/event, https, 101", "/ws, http, 101", "/event, ftp, 400"})
    void aWebSocketHasItsClientsAddressAndItsPageMayBeOfTheProxysHost(String path, String scheme, int status)
            throws Exception {
        String[] fields = {
            "Origin: " + scheme + "://example.org",
            "X-Forwarded-For: 192.0.2.1",
            "X-Forwarded-Proto: " + scheme,
            "X-Forwarded-Host: example.org"
        };
        try (ServerUnderTest tested = start(server -> server.trustedProxies("127.0.0.1"));
                ScriptedPeer peer = tested.send(tested.upgradeRequest(path, fields))) {
            assertEquals(status, peer.response().status());
            if (status == 101) {
                assertEquals("/192.0.2.1:0", connected());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/ws", "/event"})
    void aPageOfAnotherHostOrSchemeIsRefused(String path) throws Exception {
        try (ServerUnderTest tested = start(server -> server.trustedProxies("127.0.0.1"))) {
            String[][] wrong = {
                {"Origin: https://example.org", "X-Forwarded-For: 192.0.2.1"},
                {"Origin: https://evil.example", "X-Forwarded-Host: example.org"},
                {"Origin: http://example.org", "X-Forwarded-Proto: https", "X-Forwarded-Host: example.org"}
            };
            for (String[] fields : wrong) {
                try (ScriptedPeer peer = tested.send(tested.upgradeRequest(path, fields))) {
                    assertEquals(403, peer.response().status());
                }
            }
        }
    }

    @Test
    void aCookieIsSecureWhereTheProxySpeaksTls() throws Exception {
        try (ServerUnderTest tested =
                        start(server -> server.trustedProxies("127.0.0.1").handle("/cookie", exchange -> {
                            exchange.setCookie(SetCookie.of("a", "b"));
                            exchange.respond(200, "text/plain", "");
                        }));
                ScriptedPeer plain = tested.send(tested.getRequest("/cookie"));
                ScriptedPeer secure = tested.send(tested.getRequest("/cookie", "X-Forwarded-Proto: https"))) {
            assertTrue(!plain.response().header("Set-Cookie").orElse("").contains("Secure"));
            assertTrue(secure.response().header("Set-Cookie").orElse("").contains("Secure"));
        }
    }

    // ---- The PROXY protocol

    private static TrustedProxies balancers(String... ranges) {
        return TrustedProxies.builder().ranges(ranges).proxyProtocol(true).build();
    }

    /** A server that expects headers, with a neighbour that has sent its own. */
    private ServerUnderTest behindBalancer(Consumer<WebSocketServer.Builder> more) throws IOException {
        return ServerUnderTest.startBehind(V1, server -> {
            routes(server);
            server.trustedProxies(balancers("127.0.0.0/8"));
            more.accept(server);
        });
    }

    @Test
    void headersOfBothVersionsAreReadAndTakeNothingOfTheRequest() throws Exception {
        try (ServerUnderTest tested = behindBalancer(_ -> {})) {
            String host = " " + tested.authority() + " false";
            assertEquals("/192.0.2.1:12345" + host, who(tested, V1));
            assertEquals("/192.0.2.1:12345" + host, who(tested, V2));
            assertTrue(who(tested, LOCAL).startsWith("/127.0.0.1:"));
            assertTrue(who(tested, "PROXY UNKNOWN\r\n").startsWith("/127.0.0.1:"));
            assertEquals("/192.0.2.1:12345" + host, who(tested, V1, "X-Forwarded-For: 192.0.2.7"));
            try (ScriptedPeer peer = tested.send(V2 + tested.upgradeRequest("/event"))) {
                assertEquals(101, peer.response().status());
                assertEquals("/192.0.2.1:12345", connected());
            }
        }
    }

    @Test
    void aProxyThatABalancerNamesIsBelievedIfItIsTrusted() throws Exception {
        try (ServerUnderTest tested = ServerUnderTest.startBehind(V1, server -> {
            routes(server);
            server.trustedProxies(balancers("127.0.0.0/8", "192.0.2.0/24"));
        })) {
            assertTrue(who(tested, V1, "X-Forwarded-For: 203.0.113.7").startsWith("/203.0.113.7:0 "));
        }
    }

    @Test
    void aHeaderMayComeByteByByte() throws Exception {
        try (ServerUnderTest tested = behindBalancer(_ -> {});
                Socket client = new Socket(ServerUnderTest.HOST, tested.port())) {
            client.setTcpNoDelay(true);
            for (byte next : ServerUnderTest.latin1(V2 + tested.getRequest("/who"))) {
                client.getOutputStream().write(next);
            }
            byte[] start = client.getInputStream().readNBytes("HTTP/1.1 200".length());
            assertEquals("HTTP/1.1 200", new String(start, StandardCharsets.ISO_8859_1));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "PROXY TCP4 192.0.2.1\r\n", "\r\n\r\n", "PROXY TCP9 a b c d\r\n"})
    void aTransportWithoutAHeaderIsClosed(String before) throws Exception {
        try (ServerUnderTest tested = behindBalancer(_ -> {});
                Socket client = new Socket(ServerUnderTest.HOST, tested.port())) {
            client.getOutputStream().write(ServerUnderTest.latin1(before + tested.getRequest("/who")));
            assertEnd(client);
            tested.awaitNoOthers();
        }
    }

    @Test
    void aHeaderThatDoesNotEndIsHungUpOnInTime() throws Exception {
        try (ServerUnderTest tested = behindBalancer(server -> server.handshakeTimeout(Duration.ofSeconds(2)));
                Socket client = new Socket(ServerUnderTest.HOST, tested.port())) {
            client.getOutputStream().write(ServerUnderTest.latin1(V2.substring(0, V2.length() - 1)));
            assertEnd(client);
            tested.awaitNoOthers();
        }
    }

    /** A reset is an end as well: there may be bytes that nobody has read. */
    private static void assertEnd(Socket client) {
        try {
            assertEquals(-1, client.getInputStream().read());
        } catch (IOException e) {
            assertTrue(String.valueOf(e.getMessage()).contains("reset"), e.getMessage());
        }
    }

    @Test
    void aHeaderOfOthersIsNoRequest() throws Exception {
        try (ServerUnderTest tested = start(server -> server.trustedProxies(balancers("10.0.0.0/8")));
                ScriptedPeer peer = tested.send(V1 + tested.getRequest("/who"))) {
            assertEquals(400, peer.response().status());
        }
    }

    @Test
    void aHeaderComesBeforeTls() throws Exception {
        SSLContext context = TestTls.context(directory);
        WebSocketServer.Builder builder = WebSocketServer.builder()
                .bind(ServerUnderTest.HOST, 0)
                .tls(context)
                .trustedProxies(balancers("127.0.0.1"));
        routes(builder);
        try (WebSocketServer server = builder.start()) {
            SocketChannel channel = SocketChannel.open(new InetSocketAddress(ServerUnderTest.HOST, server.port()));
            int _ = channel.write(ByteBuffer.wrap(ServerUnderTest.latin1(V2)));
            Transport tls = new TlsTransport(
                    new ChannelTransport(channel),
                    TlsEngines.client(context, "localhost", server.port()),
                    new BufferPool(4));
            String request = "GET /who HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n";
            try (ScriptedPeer peer = ScriptedPeer.overHttp(tls, request)) {
                assertEquals("/192.0.2.1:12345 example.org true", ServerUnderTest.body(peer, peer.response()));
            }
        }
    }

    @Test
    void aUnixDomainSocketIsAProxysIfThatIsSaid() throws Exception {
        Path path = directory.resolve("socket");
        WebSocketServer.Builder builder =
                WebSocketServer.builder().bindUnix(path).trustedProxies(balancers("unix:"));
        routes(builder);
        try (WebSocketServer server = builder.start()) {
            assertEquals(1, server.addresses().size());
            Transport client = new ChannelTransport(SocketChannel.open(UnixDomainSocketAddress.of(path)));
            String request = V1 + HttpHead.upgradeRequest("example.org", "/event");
            try (ScriptedPeer peer = ScriptedPeer.overHttp(client, request).expectUpgraded()) {
                assertEquals("/192.0.2.1:12345", connected());
                peer.sendClose(1000, "");
            }
        }
    }

    @Test
    void rangesThatAreNoneAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> TrustedProxies.of("10.0.0.1/8"));
        assertThrows(IllegalArgumentException.class, () -> TrustedProxies.of("proxy.example"));
        assertThrows(NullPointerException.class, () -> TrustedProxies.of((String) null));
        assertThrows(NullPointerException.class, () -> TrustedProxies.builder().fields(null));
        assertThrows(
                IllegalArgumentException.class, () -> WebSocketServer.builder().trustedProxies("*"));
    }

    @Test
    void oneKindOfFieldsMayBeChosen() throws Exception {
        TrustedProxies proxies = TrustedProxies.builder()
                .ranges("127.0.0.1")
                .fields(TrustedProxies.Fields.X_FORWARDED)
                .build();
        try (ServerUnderTest tested = start(server -> server.trustedProxies(proxies))) {
            assertTrue(who(tested, "", "Forwarded: for=192.0.2.7", "X-Forwarded-For: 192.0.2.1")
                    .startsWith("/192.0.2.1:0 "));
        }
    }
}

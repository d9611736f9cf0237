// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The dialer and what people have between it and a server, or as a server: {@code ws} of npm, and of Debian nginx,
 * tinyproxy and microsocks, with certificates that OpenSSL made. Each is started here, on loopback; where one is
 * missing its tests are skipped.
 */
@Timeout(300)
class DialerPeersTest {
    private static final int MIB = 1 << 20;
    private static final CloseCode OWN = new CloseCode(4001);

    private static final AtomicInteger upgrades = new AtomicInteger();
    private static WebSocketServer server;

    @TempDir
    private Path scratch;

    private final List<RealPeer> started = new ArrayList<>();

    @BeforeAll
    static void startOurServer() throws IOException {
        server = WebSocketServer.builder()
                .bind("127.0.0.1", 0)
                .handle("/echo", exchange -> ServerUnderTest.echo(upgrade(exchange)))
                .handle("/close", exchange -> upgrade(exchange).close(OWN, "told to"))
                .start();
    }

    @AfterAll
    static void stopOurServer() {
        server.close();
    }

    @AfterEach
    void stopWhatTheTestStarted() throws Exception {
        for (RealPeer peer : started) {
            peer.close();
        }
    }

    private ProxyAddress tinyproxy(String settings) throws Exception {
        int port = RealPeer.freePort();
        Path config = Files.writeString(
                scratch.resolve("tinyproxy.conf"),
                "Port %d\nListen 127.0.0.1\nTimeout 30\nMaxClients 10\nLogFile \"%s\"\n%s\n"
                        .formatted(port, scratch.resolve("log"), settings));
        String program = RealPeer.program("tinyproxy", "tinyproxy");
        started.add(RealPeer.start(scratch, port, List.of(program, "-d", "-c", config.toString())));
        return ProxyAddress.of(ProxyAddress.Protocol.HTTP, "127.0.0.1", port);
    }

    private ProxyAddress microsocks(ProxyAddress.Protocol protocol, String... options) throws Exception {
        int port = RealPeer.freePort();
        String program = RealPeer.program("microsocks", "microsocks");
        List<String> command = new ArrayList<>(List.of(program, "-i", "127.0.0.1", "-p", Integer.toString(port)));
        command.addAll(List.of(options));
        started.add(RealPeer.start(scratch, port, command));
        return ProxyAddress.of(protocol, "127.0.0.1", port);
    }

    private static Connection upgrade(Exchange exchange) throws IOException {
        upgrades.incrementAndGet();
        return Upgrader.create().upgrade(exchange);
    }

    private static URI uri(String scheme, int port, String target) {
        return URI.create(scheme + "://localhost:" + port + target);
    }

    /** Says what peers echo in every shape, and closes: what both sides agree on at the end is what we said. */
    private static void assertConverses(Dialer dialer, URI echo) throws IOException {
        try (Connection ws = dialer.dial(echo)) {
            assertEchoes(ws);
            ws.close(OWN, "that is all");
            assertEquals(Optional.of(OWN), ws.closeStatus().map(CloseStatus::code));
        }
        try (Connection ws = dialer.dial(echo)) {
            ws.close(CloseCode.NORMAL, "");
            assertEquals(Optional.of(CloseCode.NORMAL), ws.closeStatus().map(CloseStatus::code));
            assertNull(ws.readMessage());
        }
    }

    private static void assertEchoes(Connection ws) throws IOException {
        for (String text : List.of("", "h\u00e9llo \ud83d\udc12", "x".repeat(126), "\u20ac".repeat(MIB / 3))) {
            ws.writeText(text);
            Message echo = read(ws);
            assertEquals(text, echo.text());
        }
        for (int length : new int[] {0, 1, 125, 126, 65_535, 65_536, MIB}) {
            byte[] payload = bytes(length);
            ws.writeBinary(payload);
            assertArrayEquals(bytes(length), payload, "masking leaves the caller's array alone");
            Message echo = read(ws);
            assertEquals(MessageType.BINARY, echo.type());
            assertArrayEquals(payload, echo.bytes());
        }
        try (MessageWriter fragments = ws.nextWriter(MessageType.TEXT)) {
            for (int i = 0; i < 100; i++) {
                fragments.write("part " + i + " \u20ac;");
                fragments.flush();
            }
        }
        assertEquals(
                String.join(
                        "",
                        IntStream.range(0, 100)
                                .mapToObj(i -> "part " + i + " \u20ac;")
                                .toList()),
                read(ws).text());
        try (MessageWriter fragments = ws.nextWriter(MessageType.BINARY)) {
            ByteBuffer all = ByteBuffer.wrap(bytes(MIB));
            while (all.hasRemaining()) {
                int length = Math.min(10_007, all.remaining());
                fragments.write(all.slice(all.position(), length));
                all.position(all.position() + length);
            }
        }
        assertArrayEquals(bytes(MIB), read(ws).bytes());
    }

    /** The server closes at once with a code of its own. */
    private static void assertIsTold(Dialer dialer, URI closes) throws IOException {
        try (Connection ws = dialer.dial(closes)) {
            ConnectionClosedException closed = assertThrows(ConnectionClosedException.class, ws::readMessage);
            assertEquals(Optional.of(new CloseStatus(OWN, "told to")), closed.closeReceived());
            assertEquals(closed.closeReceived(), ws.closeStatus());
        }
    }

    private static Message read(Connection ws) throws IOException {
        Message message = ws.readMessage();
        assertNotNull(message);
        return message;
    }

    private static byte[] bytes(int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (i % 251);
        }
        return bytes;
    }

    /** TLS terminator and reverse proxy. */
    @Nested
    class Nginx {
        /** What each of nginx's ports shows. The last wants to be shown something too. */
        private static final List<String> SHOWN = List.of("right", "wronghost", "expired", "unknown", "mutual", "odd");

        @TempDir
        private static Path directory;

        private static int plain;
        private static int orphan;
        private static final List<Integer> secure = new ArrayList<>();
        private static OpenSslCertificates certificates;
        private static RealPeer nginx;

        @BeforeAll
        static void start() throws Exception {
            String program = RealPeer.program("nginx", "nginx");
            certificates = OpenSslCertificates.make(directory);
            plain = RealPeer.freePort();
            orphan = RealPeer.freePort();
            StringBuilder servers = new StringBuilder()
                    .append(forwarding("listen 127.0.0.1:" + plain + ";", server.port()))
                    .append(forwarding("listen 127.0.0.1:" + orphan + ";", RealPeer.freePort()));
            for (String shown : SHOWN) {
                secure.add(RealPeer.freePort());
                String name = shown.equals("mutual") ? "right" : shown;
                String listen = "listen 127.0.0.1:" + secure.getLast() + " ssl; ssl_certificate " + name
                        + ".pem; ssl_certificate_key " + name + ".key;";
                if (shown.equals("mutual")) {
                    listen += " ssl_client_certificate ca.pem; ssl_verify_client on;";
                }
                if (shown.equals("odd")) { // It wants to be asked for the host that is dialled.
                    listen += " if ($ssl_server_name != $http_x_name) { return 421; }";
                }
                servers.append(forwarding(listen, server.port()));
            }
            Path config = Files.writeString(directory.resolve("nginx.conf"), """
                    daemon off;
                    master_process off;
                    pid nginx.pid;
                    error_log stderr;
                    events { worker_connections 64; }
                    http {
                        access_log off;
                        client_body_temp_path tmp-body;
                        proxy_temp_path tmp-proxy;
                        fastcgi_temp_path tmp-fastcgi;
                        scgi_temp_path tmp-scgi;
                        uwsgi_temp_path tmp-uwsgi;
                    %s}
                    """.formatted(servers));
            nginx = RealPeer.start(
                    directory, plain, List.of(program, "-e", "stderr", "-p", directory + "/", "-c", config.toString()));
        }

        private static String forwarding(String listen, int to) {
            return """
                        server {
                            %s
                            location / {
                                proxy_pass http://127.0.0.1:%d;
                                proxy_http_version 1.1;
                                proxy_set_header Host $http_host;
                                proxy_set_header Upgrade $http_upgrade;
                                proxy_set_header Connection upgrade;
                            }
                        }
                    """.formatted(listen, to);
        }

        @AfterAll
        static void stop() throws Exception {
            if (nginx != null) {
                nginx.close();
            }
        }

        @AfterEach
        void nginxGoesOn() {
            assertTrue(nginx.isAlive());
        }

        private static URI secure(String shown, String target) {
            return uri("wss", secure.get(SHOWN.indexOf(shown)), target);
        }

        private static Dialer.Builder trusting() throws Exception {
            return Dialer.builder().tls(certificates.trusting("ca"));
        }

        @Test
        void reverseProxyLetsEverythingThrough() throws Exception {
            assertConverses(Dialer.create(), uri("ws", plain, "/echo"));
            assertIsTold(Dialer.create(), uri("ws", plain, "/close"));
        }

        @Test
        void tlsLetsEverythingThrough() throws Exception {
            assertConverses(trusting().build(), secure("right", "/echo"));
            assertIsTold(trusting().build(), secure("right", "/close"));
        }

        @Test
        void addressInTheCertificateWillDo() throws Exception {
            URI byAddress = URI.create("wss://127.0.0.1:" + secure.getFirst() + "/echo");
            assertConverses(trusting().build(), byAddress);
        }

        @Test
        void refusalComesThrough() throws Exception {
            Dialer dialer = trusting().build();
            HandshakeException refusal =
                    assertThrows(HandshakeException.class, () -> dialer.dial(secure("right", "/none")));
            assertEquals(404, refusal.status());
            assertEquals("404 Not Found\n", new String(refusal.body(), StandardCharsets.UTF_8));
        }

        @Test
        void badGatewayIsARefusalWithItsPage() {
            HandshakeException refusal =
                    assertThrows(HandshakeException.class, () -> Dialer.create().dial(uri("ws", orphan, "/echo")));
            assertEquals(502, refusal.status());
            assertTrue(refusal.headers().first("Server").orElseThrow().startsWith("nginx"));
            assertTrue(new String(refusal.body(), StandardCharsets.UTF_8).contains("502 Bad Gateway"));
        }

        @Test
        void wrongHostIsRefusedUnlessAnyHostWillDo() throws Exception {
            assertRefuses(CertificateException.class, "wronghost");
            assertConverses(trusting().insecureTrustAnyHost(true).build(), secure("wronghost", "/echo"));
            assertConverses(trusting().tlsServerName("other.test").build(), secure("wronghost", "/echo"));
        }

        /** Names with an underscore and the like, which the JDK takes for none. */
        @ParameterizedTest
        @ValueSource(strings = {"my_host.test", "MY_host.test.", "a_b.wild.test", "-edge-.wild.test"})
        void oddHostIsAskedForAndItsCertificateMatched(String host) throws Exception {
            assertConverses(oddly(trusting(), host), odd(host));
        }

        @ParameterizedTest
        @ValueSource(strings = {"your_host.test", "a.my_host.test", "a_b.c.wild.test", "odd_"})
        void wrongOddHostIsRefusedUnlessAnyHostWillDo(String host) throws Exception {
            int before = upgrades.get();
            Dialer strict = oddly(trusting(), host);
            assertThrows(SSLPeerUnverifiedException.class, () -> strict.dial(odd(host)));
            assertEquals(before, upgrades.get(), "nothing was asked");
            assertEquals(0, strict.engine().buffers().leased());
            assertConverses(oddly(trusting().insecureTrustAnyHost(true), host), odd(host));
            Dialer trustingEveryone = oddly(Dialer.builder().tls(InsecureTls.trustingEveryone()), host);
            for (int i = 0; i < 2; i++) { // The second may resume the session of the first.
                assertConverses(trustingEveryone, odd(host));
            }
        }

        @Test
        void oddHostOfAnUnknownIssuerIsRefused() {
            Dialer dialer = oddly(Dialer.builder(), "my_host.test");
            SSLException refused = assertThrows(SSLException.class, () -> dialer.dial(odd("my_host.test")));
            assertFalse(refused instanceof SSLPeerUnverifiedException, "the issuer comes first");
        }

        private static Dialer oddly(Dialer.Builder builder, String host) {
            String name = host.endsWith(".") ? host.substring(0, host.length() - 1) : host;
            return builder.resolver(_ -> List.of(InetAddress.getLoopbackAddress()))
                    .headers(Headers.of("X-Name", name))
                    .build();
        }

        private static URI odd(String host) {
            return URI.create("wss://" + host + ":" + secure.getLast() + "/echo");
        }

        @Test
        void expiredCertificateIsRefusedEvenForAnyHost() throws Exception {
            assertRefuses(CertificateExpiredException.class, "expired");
            Dialer dialer = trusting().insecureTrustAnyHost(true).build();
            assertThrows(SSLException.class, () -> dialer.dial(secure("expired", "/echo")));
        }

        @Test
        void unknownIssuerIsRefusedUntilTrusted() throws Exception {
            assertRefuses(CertPathBuilderException.class, "unknown");
            Dialer dialer =
                    Dialer.builder().tls(certificates.trusting("nobody")).build();
            assertConverses(dialer, secure("unknown", "/echo"));
        }

        @Test
        void platformTrustsNoneOfThem() {
            int before = upgrades.get();
            assertThrows(SSLException.class, () -> Dialer.create().dial(secure("right", "/echo")));
            assertEquals(before, upgrades.get());
        }

        @ParameterizedTest
        @ValueSource(strings = {"right", "wronghost", "expired", "unknown"})
        void trustingEveryoneTakesThemAll(String shown) throws Exception {
            Dialer dialer = Dialer.builder().tls(InsecureTls.trustingEveryone()).build();
            try (Connection ws = dialer.dial(secure(shown, "/echo"))) {
                ws.writeText("trusting");
                assertEquals("trusting", read(ws).text());
            }
        }

        @ParameterizedTest
        @EnumSource(names = {"HTTP", "SOCKS5", "SOCKS5H"})
        void tlsGoesThroughTunnels(ProxyAddress.Protocol protocol) throws Exception {
            ProxyAddress proxy = protocol == ProxyAddress.Protocol.HTTP ? tinyproxy("") : microsocks(protocol);
            Dialer.Builder through = trusting().proxy(ProxyPolicy.via(proxy));
            assertConverses(through.build(), secure("right", "/echo"));
            assertThrows(SSLException.class, () -> through.build().dial(secure("wronghost", "/echo")));
        }

        @Test
        void certificateIsShownToWhoAsks() throws Exception {
            Dialer dialer =
                    Dialer.builder().tls(certificates.showingClient("ca")).build();
            assertConverses(dialer, secure("mutual", "/echo"));
            Dialer without = trusting().build();
            HandshakeException refusal =
                    assertThrows(HandshakeException.class, () -> without.dial(secure("mutual", "/echo")));
            assertEquals(400, refusal.status());
        }

        private static void assertRefuses(Class<? extends Exception> because, String shown) throws Exception {
            int before = upgrades.get();
            Dialer dialer = trusting().build();
            SSLException refused = assertThrows(SSLException.class, () -> dialer.dial(secure(shown, "/echo")));
            assertTrue(
                    Stream.iterate((Throwable) refused, e -> e != null, Throwable::getCause)
                            .anyMatch(because::isInstance),
                    refused::toString);
            assertEquals(before, upgrades.get(), "nothing was asked");
            assertEquals(0, dialer.engine().buffers().leased());
        }
    }

    /** The server that most clients meet: {@code ws} of npm. */
    @Nested
    class Ws {
        private static RealPeer ws;

        @TempDir
        private static Path directory;

        @BeforeAll
        static void start() throws Exception {
            String node = RealPeer.program("node", "nodejs");
            String _ = RealPeer.program("npm", "npm");
            Path conformance = Path.of("../conformance").toRealPath();
            String install = "set -euo pipefail; . \"$0/lib.sh\"; npm_modules \"$0/ws\"";
            int status = RealPeer.run(directory, List.of("bash", "-c", install, conformance.toString()));
            RealPeer.require(status == 0, "ws did not install: " + Files.readString(directory.resolve("output")));
            ws = RealPeer.startThatTellsItsPort(
                    List.of(node, conformance.resolve("ws/client-peer.mjs").toString()));
        }

        @AfterAll
        static void stop() throws Exception {
            if (ws != null) {
                ws.close();
            }
        }

        private static URI mode(String query) {
            return uri("ws", ws.port(), "/?mode=" + query);
        }

        @ParameterizedTest
        @ValueSource(strings = {"echo", "fragments&count=1", "fragments&count=3"})
        void converses(String mode) throws Exception {
            assertConverses(Dialer.create(), mode(mode));
        }

        @Test
        void requestHasWhatWasAskedFor() throws Exception {
            Dialer dialer = Dialer.builder()
                    .headers(Headers.of("X-Test", "yes"))
                    .origin("https://example.test")
                    .build();
            try (Connection connection = dialer.dial(mode("headers"))) {
                String sent = read(connection).text();
                assertTrue(sent.contains("\"target\":\"/?mode=headers\""), sent);
                assertTrue(sent.contains("\"x-test\":\"yes\""), sent);
                assertTrue(sent.contains("\"origin\":\"https://example.test\""), sent);
                assertTrue(sent.contains("\"host\":\"localhost:" + ws.port() + "\""), sent);
            }
        }

        @Test
        void closeOfWsIsReported() throws Exception {
            assertIsTold(Dialer.create(), mode("close&code=4001&reason=told%20to"));
        }

        @ParameterizedTest
        @CsvSource({"'',1005", "&code=1000,1000", "&code=1001&reason=bye,1001"})
        void cleanCloseEndsReading(String query, int code) throws Exception {
            try (Connection connection = Dialer.create().dial(mode("close" + query))) {
                assertNull(connection.readMessage());
                assertEquals(code, connection.closeStatus().orElseThrow().code().value());
            }
        }

        @Test
        void lostConnectionIs1006() throws Exception {
            try (Connection connection = Dialer.create().dial(mode("terminate"))) {
                connection.writeText("go");
                assertThrows(ConnectionClosedException.class, connection::readMessage);
                assertEquals(Optional.of(CloseStatus.LOST), connection.closeStatus());
            }
        }

        @Test
        void pingIsAnsweredWithItsPayload() throws Exception {
            try (Connection connection = Dialer.create().dial(mode("ping&payload=are%20you%20there"))) {
                assertEquals("are you there", read(connection).text());
            }
        }

        @Test
        void ourPingIsAnswered() throws Exception {
            try (Connection connection = Dialer.create().dial(mode("echo"))) {
                var pong = connection.ping();
                connection.writeText("after");
                assertEquals("after", read(connection).text());
                assertTrue(pong.join().isPositive()); // ws answers in order
            }
        }

        @Test
        void floodArrivesInOrder() throws Exception {
            try (Connection connection = Dialer.create().dial(mode("flood&count=10000"))) {
                for (int i = 0; i < 10_000; i++) {
                    assertEquals("message " + i, read(connection).text());
                }
            }
        }

        @Test
        void messageBeyondTheLimitIsRefused() throws Exception {
            try (Connection connection = Dialer.create().dial(mode("send&bytes=" + (MIB + 1)))) {
                assertThrows(MessageTooBigException.class, connection::readMessage);
            }
        }

        @Test
        void refusalHasStatusAndBody() {
            HandshakeException refusal =
                    assertThrows(HandshakeException.class, () -> Dialer.create().dial(mode("refuse&status=403")));
            assertEquals(403, refusal.status());
            assertEquals("refused: refuse\n", new String(refusal.body(), StandardCharsets.UTF_8));
        }

        @Test
        void subprotocolIsAgreedUpon() throws Exception {
            Dialer dialer = Dialer.builder().subprotocols("other", "chat").build();
            try (Connection connection = dialer.dial(mode("echo&subprotocol=chat"))) {
                assertEquals(Optional.of("chat"), connection.subprotocol());
            }
        }
    }

    /** HTTP CONNECT. */
    @Nested
    class Tinyproxy {
        @Test
        void tunnelsWithoutPassword() throws Exception {
            assertConversesThrough(tinyproxy(""));
        }

        @Test
        void tunnelsWithPassword() throws Exception {
            ProxyAddress proxy = tinyproxy("BasicAuth alice secret");
            assertConversesThrough(proxy.withCredentials("alice", "secret"));
            HandshakeException refusal = assertThrows(HandshakeException.class, () -> dialThrough(proxy));
            assertEquals(407, refusal.status());
            assertTrue(
                    refusal.headers().first("Proxy-Authenticate").orElseThrow().startsWith("Basic "));
        }

        @Test
        void handlerAnswersTheProxy() throws Exception {
            ProxyAddress proxy = tinyproxy("BasicAuth alice secret");
            Dialer dialer = Dialer.builder()
                    .proxy(ProxyPolicy.via(proxy))
                    .authentication(challenge -> challenge.status() == 407
                            ? Optional.of("Basic YWxpY2U6c2VjcmV0") // alice:secret
                            : Optional.empty())
                    .build();
            assertConverses(dialer, uri("ws", server.port(), "/echo"));
        }

        @Test
        void refusedTunnelIsARefusalOfTheHandshake() throws Exception {
            ProxyAddress proxy = tinyproxy("ConnectPort 443");
            HandshakeException refusal = assertThrows(HandshakeException.class, () -> dialThrough(proxy));
            assertEquals(403, refusal.status());
        }
    }

    /** SOCKS5. */
    @Nested
    class Microsocks {
        @ParameterizedTest
        @EnumSource(names = {"SOCKS5", "SOCKS5H"})
        void tunnelsWithoutPassword(ProxyAddress.Protocol protocol) throws Exception {
            assertConversesThrough(microsocks(protocol));
        }

        @Test
        void tunnelsWithPassword() throws Exception {
            ProxyAddress proxy = microsocks(ProxyAddress.Protocol.SOCKS5H, "-u", "alice", "-P", "secret");
            assertConversesThrough(proxy.withCredentials("alice", "secret"));
            int before = upgrades.get();
            assertThrows(IOException.class, () -> dialThrough(proxy));
            assertThrows(IOException.class, () -> dialThrough(proxy.withCredentials("alice", "wrong")));
            assertEquals(before, upgrades.get());
        }
    }

    private static Connection dialThrough(ProxyAddress proxy) throws IOException {
        return Dialer.builder().proxy(ProxyPolicy.via(proxy)).build().dial(uri("ws", server.port(), "/echo"));
    }

    private static void assertConversesThrough(ProxyAddress proxy) throws IOException {
        Dialer dialer = Dialer.builder().proxy(ProxyPolicy.via(proxy)).build();
        assertConverses(dialer, uri("ws", server.port(), "/echo"));
        assertIsTold(dialer, uri("ws", server.port(), "/close"));
    }
}

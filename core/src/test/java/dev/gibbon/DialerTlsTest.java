// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.DialScene.Dial;
import dev.gibbon.spi.Transport;
import dev.gibbon.support.BufferPool;
import dev.gibbon.testkit.HttpHead;
import dev.gibbon.testkit.ScriptedPeer;
import dev.gibbon.transport.TlsEngines;
import dev.gibbon.transport.TlsTransport;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** NW-16 to NW-20, NW-27, SEC-28: TLS of the dialer, against certificates that keytool made, over pairs in memory. */
class DialerTlsTest {
    private static final char[] PASSWORD = "changeit".toCharArray();

    @TempDir
    private static Path directory;

    private static KeyStore keys;
    private static SSLContext trustingTheIssuer;

    private final DialScene scene = new DialScene(pair -> pair.capacity(64 * 1024));
    private final BufferPool serversBuffers = new BufferPool(4);

    @BeforeAll
    static void makeCertificates() throws Exception {
        Path file = directory.resolve("keys.p12");
        keytool(file, "ca", "-dname", "CN=Test issuer", "-ext", "bc:c", "-validity", "30");
        leaf(file, "good", "CN=any", "SAN=dns:example.test,dns:*.wild.test,ip:192.0.2.1,ip:::1", "-validity", "30");
        leaf(file, "expired", "CN=any", "SAN=dns:example.test", "-startdate", "-1y", "-validity", "1");
        leaf(file, "future", "CN=any", "SAN=dns:example.test", "-startdate", "+1y", "-validity", "30");
        leaf(file, "cnonly", "CN=example.test", "SAN=dns:other.test", "-validity", "30");
        leaf(file, "clientonly", "CN=any", "SAN=dns:example.test", "-ext", "EKU=clientAuth", "-validity", "30");
        keytool(file, "selfsigned", "-dname", "CN=any", "-ext", "SAN=dns:example.test", "-validity", "30");
        keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(file)) {
            keys.load(in, PASSWORD);
        }
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        trusted.setCertificateEntry("issuer", keys.getCertificate("ca"));
        TrustManagerFactory trustManagers = TrustManagerFactory.getInstance("PKIX");
        trustManagers.init(trusted);
        trustingTheIssuer = SSLContext.getInstance("TLS");
        trustingTheIssuer.init(null, trustManagers.getTrustManagers(), null);
    }

    private static void leaf(Path file, String alias, String name, String san, String... more) throws Exception {
        List<String> arguments = new ArrayList<>(List.of("-dname", name, "-ext", san, "-signer", "ca"));
        arguments.addAll(List.of(more));
        keytool(file, alias, arguments.toArray(String[]::new));
    }

    private static void keytool(Path file, String alias, String... more) throws Exception {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
        command.addAll(List.of("-J-XX:TieredStopAtLevel=1", "-genkeypair", "-alias", alias));
        command.addAll(List.of("-keyalg", "EC", "-groupname", "secp256r1", "-storetype", "PKCS12"));
        command.addAll(List.of("-keystore", file.toString(), "-storepass", new String(PASSWORD)));
        command.addAll(List.of(more));
        Process keytool = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (keytool.waitFor() != 0) {
            throw new IllegalStateException(said);
        }
    }

    /** {@return a server's engine that shows one certificate} */
    private static SSLEngine showing(String alias) throws Exception {
        KeyStore one = KeyStore.getInstance("PKCS12");
        one.load(null, null);
        one.setKeyEntry(alias, keys.getKey(alias, PASSWORD), PASSWORD, keys.getCertificateChain(alias));
        KeyManagerFactory keyManagers = KeyManagerFactory.getInstance("PKIX");
        keyManagers.init(one, PASSWORD);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keyManagers.getKeyManagers(), null, null);
        return TlsEngines.server(context);
    }

    @AfterEach
    void closeScene() {
        scene.close();
    }

    private Dialer.Builder trusting() {
        return scene.dialer().tls(trustingTheIssuer);
    }

    /** What a server saw of one client: how TLS went, and the request if it got so far. */
    private record Seen(List<SNIServerName> names, HttpHead request) {}

    /** Plays one server with TLS that accepts whoever comes. */
    private CompletableFuture<Seen> serve(SSLEngine engine) {
        CompletableFuture<Seen> seen = new CompletableFuture<>();
        Thread.ofVirtual().start(() -> {
            try {
                TlsTransport tls = new TlsTransport(scene.pair().server(), engine, serversBuffers);
                boolean _ = tls.handshake();
                ScriptedPeer server = ScriptedPeer.over(tls, Role.SERVER);
                HttpHead request = server.expectHead();
                server.sendRaw(request.acceptingResponse().getBytes(StandardCharsets.ISO_8859_1));
                ExtendedSSLSession session =
                        (ExtendedSSLSession) tls.tlsSession().orElseThrow();
                seen.complete(new Seen(session.getRequestedServerNames(), request));
            } catch (IOException | InterruptedException | AssertionError e) {
                seen.completeExceptionally(e);
            }
        });
        return seen;
    }

    private Seen assertOpens(Dialer dialer, String alias, String uri) throws Exception {
        CompletableFuture<Seen> seen = serve(showing(alias));
        Connection connection = DialScene.start(dialer, uri).connection();
        assertEquals(ConnectionState.OPEN, connection.state());
        String protocol = connection.tlsSession().orElseThrow().getProtocol();
        assertEquals("TLSv1.3", protocol);
        return seen.get(60, TimeUnit.SECONDS);
    }

    /** No request, no second try without TLS (SEC-28), nothing left. */
    private void assertRefuses(Dialer dialer, SSLEngine engine, String uri) throws Exception {
        CompletableFuture<Seen> seen = serve(engine);
        int before = scene.all().size();
        Dial dial = DialScene.start(dialer, uri);
        assertInstanceOf(SSLException.class, dial.failure());
        assertEquals(before + 1, scene.all().size());
        assertTrue(scene.allClosed());
        assertEquals(0, dialer.engine().buffers().leased());
        assertTrue(seen.handle((_, failure) -> failure != null).get(60, TimeUnit.SECONDS));
    }

    @ParameterizedTest
    @CsvSource({
        "other.test, good",
        "sub.example.test, good",
        "wild.test, good",
        "a.b.wild.test, good",
        "192.0.2.2, good",
        "[::2], good",
        "example.test, cnonly",
    })
    void nw16nw18CertificateForAnotherHostIsRefusedBeforeTheRequest(String host, String alias) throws Exception {
        assertRefuses(trusting().build(), showing(alias), "wss://" + host + "/");
    }

    @ParameterizedTest
    @CsvSource({"expired", "future", "selfsigned", "clientonly"})
    void nw17CertificateThatIsNoGoodIsRefused(String alias) throws Exception {
        assertRefuses(trusting().build(), showing(alias), "wss://example.test/");
    }

    @Test
    void nw17IssuerThatThePlatformDoesNotKnowIsRefused() throws Exception {
        assertRefuses(scene.dialer().build(), showing("good"), "wss://example.test/");
    }

    @ParameterizedTest
    @CsvSource({
        "example.test, example.test",
        "EXAMPLE.test., example.test",
        "a.wild.test, a.wild.test",
        "192.0.2.1, ''",
        "[::1], ''",
    })
    void nw18nw20CertificateForTheHostIsTakenAndSniNamesIt(String host, String name) throws Exception {
        Seen seen = assertOpens(trusting().build(), "good", "wss://" + host + "/");
        List<String> names = seen.names().stream()
                .map(sni -> new String(sni.getEncoded(), StandardCharsets.US_ASCII))
                .toList();
        assertEquals(name.isEmpty() ? List.of() : List.of(name), names);
        assertEquals(List.of(host), seen.request().headers("Host"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"my_host.test", "-edge-.test", "host_name"})
    void nw20SniNamesAHostThatTheJdkTakesForNone(String host) throws Exception {
        Dial dial = DialScene.start(trusting().build(), "wss://" + host + "./");
        Transport server = scene.pair().server();
        ByteBuffer hello = ByteBuffer.allocate(4096);
        int _ = server.read(hello);
        String record = new String(hello.array(), 0, hello.position(), StandardCharsets.ISO_8859_1);
        // RFC 6066 §3: the kind of name, 0, its length and the name.
        assertTrue(record.contains("\0\0" + (char) host.length() + host), "the ClientHello names the host");
        server.close();
        IOException _ = dial.failure();
    }

    @Test
    void nw19HostIsCheckedWhateverTheTrustManager() throws Exception {
        SSLContext careless = SSLContext.getInstance("TLS");
        careless.init(null, new TrustManager[] {new TrustAnyIssuer()}, null);
        Dialer dialer = scene.dialer().tls(careless).build();
        Seen _ = assertOpens(dialer, "good", "wss://example.test/");
        scene.close();
        assertRefuses(dialer, showing("good"), "wss://other.test/");
    }

    @Test
    void nw19HostCheckIsLeftOutOnlyByName() throws Exception {
        Dialer dialer = trusting().insecureTrustAnyHost(true).build();
        Seen _ = assertOpens(dialer, "good", "wss://other.test/");
        scene.close();
        assertRefuses(dialer, showing("selfsigned"), "wss://other.test/");
    }

    @Test
    void insecureTlsTakesEverything() throws Exception {
        Dialer dialer = scene.dialer().tls(InsecureTls.trustingEveryone()).build();
        Seen _ = assertOpens(dialer, "selfsigned", "wss://other.test/");
    }

    @Test
    void serverNameTakesThePlaceOfTheHost() throws Exception {
        Seen seen = assertOpens(trusting().tlsServerName("example.test").build(), "good", "wss://10.0.0.1/");
        assertEquals(1, seen.names().size());
        assertEquals(List.of("10.0.0.1"), seen.request().headers("Host"));
    }

    /**
     * A ServerHello with a version and a cipher suite: TLS 1.0 and
     * 1.1 with a suite of theirs, TLS 1.2 with RC4, 3DES, NULL.
     */
    @ParameterizedTest
    @CsvSource({"03 01, c0 13", "03 02, c0 13", "03 03, 00 05", "03 03, 00 0a", "03 03, 00 02"})
    void nw27OldTlsAndWeakCiphersAreRefused(String version, String suite) throws Exception {
        Dialer dialer = trusting().build();
        Dial dial = DialScene.start(dialer, "wss://example.test/");
        ScriptedPeer server = scene.server();
        String random = "00 ".repeat(32);
        server.sendRaw("16 03 03 00 2a 02 00 00 26 " + version + " " + random + "00 " + suite + " 00");
        SSLException refused = assertInstanceOf(SSLException.class, dial.failure());
        assertTrue(String.valueOf(refused.getMessage()).contains("erver"), refused.getMessage());
        assertTrue(scene.allClosed());
        assertEquals(0, dialer.engine().buffers().leased());
    }

    @Test
    void serverThatSpeaksOnlyH2IsRefused() throws Exception {
        SSLEngine h2 = showing("good");
        SSLParameters parameters = h2.getSSLParameters();
        parameters.setApplicationProtocols(new String[] {"h2"});
        h2.setSSLParameters(parameters);
        assertRefuses(trusting().build(), h2, "wss://example.test/");
    }

    @Test
    void sec28PlainServerIsRefusedAndNotTriedWithoutTls() throws Exception {
        Dialer dialer = trusting().build();
        Dial dial = DialScene.start(dialer, "wss://example.test/");
        ScriptedPeer server = scene.server();
        server.sendRaw("HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        assertInstanceOf(SSLException.class, dial.failure());
        assertEquals(1, scene.all().size());
        assertTrue(scene.allClosed());
        assertEquals(0, dialer.engine().buffers().leased());
    }

    @Test
    void tlsGoesThroughTheTunnelOfAnHttpsProxy() throws Exception {
        Dialer dialer = trusting()
                .proxy(ProxyPolicy.via(ProxyAddress.parse("https://a.wild.test")))
                .build();
        Dial dial = DialScene.start(dialer, "wss://example.test/");
        TlsTransport toProxy = new TlsTransport(scene.pair().server(), showing("good"), serversBuffers);
        ScriptedPeer proxy = ScriptedPeer.over(toProxy, Role.SERVER);
        assertEquals("CONNECT example.test:443 HTTP/1.1", proxy.expectHead().startLine());
        proxy.sendRaw("HTTP/1.1 200 OK\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        ScriptedPeer target =
                ScriptedPeer.over(new TlsTransport(toProxy, showing("good"), serversBuffers), Role.SERVER);
        HttpHead request = target.expectHead();
        target.sendRaw(request.acceptingResponse().getBytes(StandardCharsets.ISO_8859_1));
        Connection connection = dial.connection();
        target.sendText("twice wrapped");
        Message message = connection.readMessage();
        assertEquals("twice wrapped", message == null ? null : message.text());
        assertEquals(List.of("a.wild.test 443"), scene.asked());
    }

    @Test
    void httpsProxyWithTheWrongCertificateGetsNoRequest() throws Exception {
        Dialer dialer = trusting()
                .proxy(ProxyPolicy.via(ProxyAddress.parse("https://u:p@other.test")))
                .build();
        assertRefuses(dialer, showing("good"), "ws://example.test/");
    }

    /** Checks nothing; of the plain kind, on top of which the platform checks the host. */
    private static final class TrustAnyIssuer implements X509TrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}

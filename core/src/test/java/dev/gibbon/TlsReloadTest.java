// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.server.TlsSource;
import dev.gibbon.support.LimitedLog;
import dev.gibbon.testkit.ManualClock;
import dev.gibbon.testkit.Pki;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.cert.Certificate;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Certificates that are renewed while a server runs, and certificates that clients show. */
@Timeout(300)
class TlsReloadTest {
    @TempDir
    private static Path made;

    private static Pki old;
    private static Pki renewed;

    @TempDir
    private Path directory;

    private Path certificate;
    private Path key;

    @BeforeAll
    static void makeKeys() throws Exception {
        old = Pki.make(Files.createDirectory(made.resolve("old")), "EC");
        renewed = Pki.make(Files.createDirectory(made.resolve("renewed")), "EC");
    }

    @BeforeEach
    void copyOld() throws IOException {
        certificate = Files.copy(old.certificate(), directory.resolve("cert.pem"));
        key = Files.copy(old.key(), directory.resolve("key.pem"));
    }

    private static WebSocketServer.Builder server() {
        return WebSocketServer.builder().bind("localhost", 0).serve("/", ws -> {
            for (Message m = ws.readMessage(); m != null; m = ws.readMessage()) {
                ws.writeText(m.text() + " for " + ws.tlsSession().isPresent());
            }
        });
    }

    private static Connection dial(WebSocketServer server, SSLContext context) throws IOException {
        return Dialer.builder().tls(context).build().dial(URI.create("wss://localhost:" + server.port() + "/"));
    }

    private static void echo(Connection ws) throws IOException {
        ws.writeText("hello");
        Message answer = ws.readMessage();
        assertEquals("hello for true", answer == null ? "" : answer.text());
    }

    private static Certificate shown(WebSocketServer server, Pki trusted) throws Exception {
        try (Connection ws = dial(server, trusted.client())) {
            echo(ws);
            return ws.tlsSession().orElseThrow().getPeerCertificates()[0];
        }
    }

    private static boolean isOurs(String line) {
        return line.startsWith("there is no new TLS context");
    }

    @Test
    void newConnectionsGetTheNewCertificateAndTheOthersGoOn() throws Exception {
        try (LogLines lines = LogLines.record();
                WebSocketServer server =
                        server().tls(PemTls.reloading(certificate, key)).start();
                Connection before = dial(server, old.client())) {
            echo(before);
            Files.copy(renewed.certificate(), certificate, StandardCopyOption.REPLACE_EXISTING);
            assertEquals(old.trusted(), shown(server, old)); // The key is still the old one's.
            assertEquals(1, lines.warnings(TlsReloadTest::isOurs).size());
            Files.copy(renewed.key(), key, StandardCopyOption.REPLACE_EXISTING);
            assertEquals(renewed.trusted(), shown(server, renewed));
            assertTrue(lines.messages().contains("there is a TLS context again"));
            SSLContext oldsClient = old.client();
            assertThrows(SSLException.class, () -> dial(server, oldsClient));
            echo(before);
        }
    }

    @Test
    void filesAreReadAgainOnlyIfOneOfThemIsAnother() throws Exception {
        Supplier<SSLContext> contexts = PemTls.reloading(certificate, key);
        SSLContext first = contexts.get();
        assertSame(first, contexts.get());
        Path moved = Files.copy(certificate, directory.resolve("copy.pem"));
        Files.setLastModifiedTime(moved, Files.getLastModifiedTime(certificate));
        Files.move(moved, certificate, StandardCopyOption.REPLACE_EXISTING);
        SSLContext second = contexts.get();
        assertNotSame(first, second);
        assertSame(second, contexts.get());
    }

    @Test
    void aLinkThatLeadsElsewhereIsSeen() throws Exception {
        Path link = directory.resolve("current");
        Files.createSymbolicLink(link, old.certificate().getParent());
        Supplier<SSLContext> contexts =
                PemTls.reloading(link.resolve("EC-cert.pem"), link.resolve("EC-key.pem"), renewed.certificate());
        SSLContext first = contexts.get();
        Files.delete(link);
        assertThrows(UncheckedIOException.class, contexts::get);
        Files.createSymbolicLink(link, renewed.certificate().getParent());
        assertNotSame(first, contexts.get());
    }

    @Test
    void whatIsNoPemFileIsToldAtOnceAndLaterEachTime() throws Exception {
        Path none = directory.resolve("none.pem");
        assertThrows(IOException.class, () -> PemTls.reloading(none, key));
        assertThrows(IOException.class, () -> PemTls.reloading(certificate, key, none));
        Supplier<SSLContext> contexts = PemTls.reloading(certificate, key);
        Files.writeString(key, "nothing");
        for (int i = 0; i < 2; i++) {
            UncheckedIOException e = assertThrows(UncheckedIOException.class, contexts::get);
            assertEquals(key + " has no PEM private key", e.getMessage());
        }
    }

    @Test
    void theLogSaysOnceAMinuteThatThereIsNoContext() throws Exception {
        ManualClock clock = new ManualClock();
        AtomicReference<Supplier<SSLContext>> given = new AtomicReference<>(() -> PemTlsContext.of(certificate, key));
        try (LogLines lines = LogLines.record()) {
            TlsSource source =
                    new TlsSource(TlsSource.Settings.of(() -> given.get().get(), null), clock, new LimitedLog(clock));
            given.set(() -> {
                throw new IllegalStateException("no context today");
            });
            String peers = source.newEngine().getSupportedProtocols()[0];
            given.set(() -> null);
            assertEquals(peers, source.newEngine().getSupportedProtocols()[0]);
            assertEquals(1, lines.warnings(TlsReloadTest::isOurs).size());
            clock.advance(Duration.ofMinutes(1));
            assertEquals(peers, source.newEngine().getSupportedProtocols()[0]);
            assertEquals(2, lines.warnings(TlsReloadTest::isOurs).size());
        }
    }

    @Test
    void theFirstContextIsAskedForByTheSetter() {
        WebSocketServer.Builder server = server();
        assertThrows(NullPointerException.class, () -> server.tls(() -> null));
        Supplier<SSLContext> failing = () -> {
            throw new IllegalStateException("no context");
        };
        assertThrows(IllegalStateException.class, () -> server.tls(failing));
        assertThrows(IllegalStateException.class, () -> server.tls(failing, new SSLParameters()));
    }

    /** A client whose certificate the server asks for shows it in the session of the connection. */
    @Test
    void aClientsCertificateIsInTheSession() throws Exception {
        SSLParameters required = new SSLParameters();
        required.setNeedClientAuth(true);
        AtomicReference<Certificate> seen = new AtomicReference<>();
        WebSocketServer.Builder builder = WebSocketServer.builder()
                .bind("localhost", 0)
                .tls(PemTls.reloading(certificate, key, renewed.certificate()), required)
                .serve("/", ws -> {
                    seen.set(ws.tlsSession().orElseThrow().getPeerCertificates()[0]);
                    ws.writeText("seen");
                });
        try (WebSocketServer server = builder.start()) {
            SSLContext nobody = old.client();
            assertThrows(IOException.class, () -> {
                try (Connection ws = dial(server, nobody)) {
                    Message _ = ws.readMessage(); // TLS 1.3 tells a client only now.
                }
            });
            SSLContext known = SSLContext.getInstance("TLS");
            known.init(
                    PemTls.keyManagers(renewed.certificate(), renewed.key()),
                    PemTls.trustManagers(old.certificate()),
                    null);
            try (Connection ws = dial(server, known)) {
                Message answer = ws.readMessage();
                assertEquals("seen", answer == null ? "" : answer.text());
            }
            assertEquals(renewed.trusted(), seen.get());
        }
    }

    /** The same, but who has none may connect, too. */
    @Test
    void aCertificateThatIsWantedMayBeLeftOut() throws Exception {
        SSLParameters wanted = new SSLParameters();
        wanted.setWantClientAuth(true);
        WebSocketServer.Builder builder =
                server().tls(PemTls.serverContext(certificate, key, renewed.certificate()), wanted);
        try (WebSocketServer server = builder.start();
                Connection ws = dial(server, old.client())) {
            echo(ws);
        }
    }

    /** A supplier may not throw what is checked. */
    private static final class PemTlsContext {
        static SSLContext of(Path certificate, Path key) {
            try {
                return PemTls.serverContext(certificate, key);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}

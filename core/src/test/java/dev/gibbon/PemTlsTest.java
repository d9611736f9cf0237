// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.testkit.Pki;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.PrivateKey;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What PEM files may look like, and what is said of those that are no use. */
class PemTlsTest {
    @TempDir
    static Path directory;

    private static Pki rsa;
    private static Pki ec;

    @BeforeAll
    static void makeKeys() throws Exception {
        rsa = Pki.make(directory, "RSA");
        ec = Pki.make(directory, "EC");
    }

    @ParameterizedTest
    @ValueSource(strings = {"RSA", "EC"})
    void readsACertificateAndItsKey(String algorithm) throws Exception {
        Pki pki = algorithm.equals("RSA") ? rsa : ec;
        assertEquals("TLS", PemTls.serverContext(pki.certificate(), pki.key()).getProtocol());
    }

    @Test
    void commentsAndOtherBlocksAroundAreSkipped() throws Exception {
        Path both = directory.resolve("both.pem");
        Files.writeString(
                both, "Bag Attributes\n" + Files.readString(ec.key()) + "more\n" + Files.readString(ec.certificate()));
        assertEquals("TLS", PemTls.serverContext(both, both).getProtocol());
    }

    @ParameterizedTest
    @CsvSource({"RSA, RSA PRIVATE KEY", "EC, EC PRIVATE KEY"})
    void readsAKeyInTheOlderFormOfItsAlgorithm(String algorithm, String label) throws Exception {
        Pki pki = algorithm.equals("RSA") ? rsa : ec;
        byte[] older = olderForm(pki.privateKey());
        Path key = Files.writeString(directory.resolve("older.pem"), Pki.pem(label, older));
        assertEquals("TLS", PemTls.serverContext(pki.certificate(), key).getProtocol());
    }

    @Test
    void servesACertificateWithAnRsaPssKey() throws Exception {
        Pki pss = Pki.make(directory, "RSASSA-PSS");
        try (WebSocketServer server = WebSocketServer.builder()
                .bind("localhost", 0)
                .tls(PemTls.serverContext(pss.certificate(), pss.key()))
                .handle("/", exchange -> exchange.respond(200, "text/plain", "served"))
                .start()) {
            URI uri = URI.create("https://localhost:" + server.port() + "/");
            try (HttpClient client =
                    HttpClient.newBuilder().sslContext(pss.client()).build()) {
                HttpResponse<String> page =
                        client.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
                assertEquals("served", page.body());
            }
        }
    }

    @Test
    void anEncryptedKeyIsToldAndHowToDecryptIt() throws Exception {
        String old = Pki.pem("RSA PRIVATE KEY", new byte[48])
                .replaceFirst("\n", "\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,C6929A7D938D77F5\n\n");
        for (String pem : new String[] {old, Pki.pem("ENCRYPTED PRIVATE KEY", new byte[48])}) {
            Path key = Files.writeString(directory.resolve("encrypted.pem"), pem);
            assertFails(rsa.certificate(), key, "is encrypted; decrypt it: openssl pkey -in " + key);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "PRIVATE KEY, is no RSA key like the certificate's",
        "RSA PRIVATE KEY, is no RSA key like the certificate's",
        "EC PRIVATE KEY, is no RSA key like the certificate's",
        "SOMETHING, has no PEM private key"
    })
    void whatIsNoKeyOfTheCertificatesKindIsToldSo(String label, String named) throws Exception {
        Path key = Files.writeString(directory.resolve("other.pem"), Pki.pem(label, new byte[] {1, 2, 3}));
        assertFails(rsa.certificate(), key, named);
    }

    @Test
    void swappedFilesAreNoticed() {
        assertFails(rsa.key(), rsa.certificate(), "but a key; were the two files swapped?");
        assertFails(rsa.certificate(), rsa.certificate(), "but a certificate");
    }

    @Test
    void theKeyOfAnotherCertificateIsNoticed() throws Exception {
        Path sub = Files.createDirectory(directory.resolve("sub"));
        Pki other = Pki.make(sub, "EC");
        assertFails(ec.certificate(), other.key(), "is not the key of the certificate");
        assertFails(rsa.certificate(), ec.key(), "is no RSA key");
    }

    @Test
    void filesThatCannotBeReadAreNamed() throws Exception {
        assertFails(directory.resolve("none.pem"), rsa.key(), "there is no file");
        assertFails(directory, rsa.key(), "cannot read");
        Path broken = Files.writeString(directory.resolve("broken.pem"), Pki.pem("CERTIFICATE", new byte[] {1, 2}));
        assertFails(broken, rsa.key(), "cannot be read");
        Path large = Files.write(directory.resolve("large.pem"), new byte[(1 << 20) + 1]);
        assertFails(large, rsa.key(), "too large");
    }

    @Test
    void authoritiesAreCertificates() throws Exception {
        assertEquals(1, PemTls.trustManagers(rsa.certificate()).length);
        IOException e = assertThrows(IOException.class, () -> PemTls.trustManagers(rsa.key()));
        assertTrue(String.valueOf(e.getMessage()).contains("has no PEM certificate but a key"), e.getMessage());
        assertThrows(
                IOException.class, () -> PemTls.serverContext(rsa.certificate(), rsa.key(), directory.resolve("none")));
    }

    private static void assertFails(Path certificate, Path key, String why) {
        IOException e = assertThrows(IOException.class, () -> PemTls.serverContext(certificate, key));
        assertTrue(String.valueOf(e.getMessage()).contains(why), e.getMessage());
    }

    /** {@return the key inside PKCS#8: the last element, an octet string} */
    private static byte[] olderForm(PrivateKey key) {
        ByteBuffer pkcs8 = ByteBuffer.wrap(key.getEncoded());
        byte[] last = element(pkcs8);
        for (ByteBuffer in = ByteBuffer.wrap(last); in.hasRemaining(); ) {
            last = element(in);
        }
        return last;
    }

    private static byte[] element(ByteBuffer der) {
        byte _ = der.get();
        int length = Byte.toUnsignedInt(der.get());
        if (length > 0x80) {
            int bytes = length - 0x80;
            length = 0;
            for (int i = 0; i < bytes; i++) {
                length = length << 8 | Byte.toUnsignedInt(der.get());
            }
        }
        byte[] content = new byte[length];
        der.get(content);
        return content;
    }
}

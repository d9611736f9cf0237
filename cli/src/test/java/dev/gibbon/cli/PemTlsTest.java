// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

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
        assertEquals("TLS", PemTls.context(pki.certificate(), pki.key()).getProtocol());
    }

    @Test
    void commentsAndOtherBlocksAroundAreSkipped() throws Exception {
        Path both = directory.resolve("both.pem");
        Files.writeString(
                both, "Bag Attributes\n" + Files.readString(ec.key()) + "more\n" + Files.readString(ec.certificate()));
        assertEquals("TLS", PemTls.context(both, both).getProtocol());
    }

    @ParameterizedTest
    @CsvSource({
        "RSA PRIVATE KEY, PKCS#1, openssl pkcs8 -topk8 -nocrypt -in",
        "EC PRIVATE KEY, SEC 1, openssl pkcs8 -topk8 -nocrypt -in",
        "ENCRYPTED PRIVATE KEY, encrypted, openssl pkcs8 -in",
        "PRIVATE KEY, is no RSA key, like the certificate's",
        "SOMETHING, has no PEM private key, ''"
    })
    void aKeyOfAnotherFormIsNamedAndHowToConvertIt(String label, String named, String hint) throws Exception {
        Path key = Files.writeString(directory.resolve("other.pem"), Pki.pem(label, new byte[] {1, 2, 3}));
        assertFails(rsa.certificate(), key, named);
        assertFails(rsa.certificate(), key, hint);
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

    private static void assertFails(Path certificate, Path key, String why) {
        CommandFailedException e = assertThrows(CommandFailedException.class, () -> PemTls.context(certificate, key));
        assertTrue(e.getMessage().contains(why), e.getMessage());
    }
}

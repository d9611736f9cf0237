// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gibbon.Connection;
import dev.gibbon.Dialer;
import dev.gibbon.PemTls;
import dev.gibbon.WebSocketServer;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class PkiTest {
    @TempDir
    private Path directory;

    @Test
    void theFilesHaveTheCertificateAndItsKey() throws Exception {
        Pki pki = Pki.make(directory, "EC");
        assertEquals(
                Pki.pem("CERTIFICATE", pki.trusted().getEncoded()),
                Files.readString(pki.certificate()),
                "the certificate as PEM");
        String[] key = Files.readString(pki.key()).strip().split("\n", -1);
        assertEquals("-----BEGIN PRIVATE KEY-----", key[0]);
        assertEquals("-----END PRIVATE KEY-----", key[key.length - 1]);
        byte[] der = Base64.getDecoder().decode(String.join("", Arrays.copyOfRange(key, 1, key.length - 1)));
        assertArrayEquals(
                pki.privateKey().getEncoded(),
                KeyFactory.getInstance("EC")
                        .generatePrivate(new PKCS8EncodedKeySpec(der))
                        .getEncoded());
    }

    @Test
    void aClientOfItTrustsAServerWithIt() throws Exception {
        Pki pki = Pki.make(directory, "RSA");
        try (WebSocketServer server = WebSocketServer.builder()
                        .bind("127.0.0.1", 0)
                        .tls(PemTls.serverContext(pki.certificate(), pki.key()))
                        .serve("/echo", ws -> ws.forEachMessage(ws::writeMessage))
                        .start();
                Connection ws = Dialer.builder()
                        .tls(pki.client())
                        .build()
                        .dial(URI.create("wss://localhost:"
                                + ((InetSocketAddress) server.addresses().getFirst()).getPort() + "/echo"))) {
            ws.writeText("hello");
            assertEquals("hello", ws.readMessage().text());
        }
    }
}

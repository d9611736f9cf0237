// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.transport;

import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** Certificates made by the JDK's keytool. */
final class TestCertificates {
    private static final char[] PASSWORD = "changeit".toCharArray();

    private TestCertificates() {}

    /**
     * Makes a key store whose certificate is for localhost and 127.0.0.1, valid for a month or expired since last year,
     * and is signed by an issuer of its own, the second of its chain.
     */
    static KeyStore localhost(Path directory, boolean expired) throws Exception {
        Path file = Files.createTempFile(directory, "key", ".p12");
        Files.delete(file);
        keytool(file, "ca", List.of("-dname", "CN=Test issuer", "-ext", "bc:c", "-validity", "30"));
        List<String> leaf = new ArrayList<>(
                List.of("-dname", "CN=localhost", "-ext", "SAN=dns:localhost,ip:127.0.0.1", "-signer", "ca"));
        leaf.addAll(expired ? List.of("-startdate", "-1y", "-validity", "1") : List.of("-validity", "30"));
        keytool(file, "server", leaf);
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(file)) {
            store.load(in, PASSWORD);
        }
        store.deleteEntry("ca");
        return store;
    }

    private static void keytool(Path file, String alias, List<String> more) throws Exception {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
        command.addAll(List.of("-genkeypair", "-alias", alias, "-keyalg", "EC", "-groupname", "secp256r1"));
        command.addAll(List.of("-storetype", "PKCS12", "-keystore", file.toString()));
        command.addAll(List.of("-storepass", new String(PASSWORD)));
        command.addAll(more);
        Process keytool = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (keytool.waitFor() != 0) {
            throw new IllegalStateException(said);
        }
    }

    /** {@return a context that shows {@code keys} and trusts their issuer alone} */
    static SSLContext context(KeyStore keys) throws Exception {
        KeyManagerFactory keyManagers = KeyManagerFactory.getInstance("PKIX");
        keyManagers.init(keys, PASSWORD);
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        trusted.setCertificateEntry("issuer", keys.getCertificateChain("server")[1]);
        TrustManagerFactory trustManagers = TrustManagerFactory.getInstance("PKIX");
        trustManagers.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keyManagers.getKeyManagers(), trustManagers.getTrustManagers(), null);
        return context;
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit.host;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * A key for localhost and 127.0.0.1, valid for a month, that nobody but {@link #context} trusts.
 *
 * @param keyStore a file in format PKCS12 with one key, named {@code server}
 * @param password of the key store and of the key
 * @param context shows the key, as a server, and trusts it alone, as a client
 */
public record TlsFiles(Path keyStore, String password, SSLContext context) {
    private static final String PASSWORD = "changeit";

    /**
     * Makes a key, by the JDK's keytool, which takes about a second.
     *
     * @param directory where the file goes
     * @return the key
     * @throws IOException if it cannot be made
     */
    public static TlsFiles generate(Path directory) throws IOException {
        Path file = directory.resolve("localhost.p12");
        keytool(file);
        try {
            return new TlsFiles(file, PASSWORD, context(file));
        } catch (GeneralSecurityException e) {
            throw new IOException("the key of keytool cannot be used", e);
        }
    }

    private static void keytool(Path file) throws IOException {
        List<String> command = List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                "server",
                "-keyalg",
                "EC",
                "-groupname",
                "secp256r1",
                "-dname",
                "CN=localhost",
                "-ext",
                "SAN=dns:localhost,ip:127.0.0.1",
                "-validity",
                "30",
                "-storetype",
                "PKCS12",
                "-keystore",
                file.toString(),
                "-storepass",
                PASSWORD);
        Process keytool = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!Files.exists(file)) {
            throw new IOException("keytool failed: " + said);
        }
    }

    private static SSLContext context(Path file) throws IOException, GeneralSecurityException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(file)) {
            store.load(in, PASSWORD.toCharArray());
        }
        KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
        keys.init(store, PASSWORD.toCharArray());
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        trusted.setCertificateEntry("self", store.getCertificate("server"));
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
        return context;
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.util.Base64;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * A key and a certificate for localhost that nobody has signed, made by the JDK's own keytool, as PEM files.
 *
 * @param certificate the file of the certificate
 * @param key the file of the key, in PKCS#8
 * @param trusted the certificate
 * @param privateKey the key
 */
public record Pki(Path certificate, Path key, Certificate trusted, PrivateKey privateKey) {
    private static final String PASSWORD = "changeit";

    /**
     * Makes one, valid for two days, which takes about a second.
     *
     * @param directory where the files go; one of each algorithm fits in it
     * @param algorithm such as {@code EC} or {@code RSA}
     * @return the key and the certificate
     * @throws IOException if keytool fails
     * @throws GeneralSecurityException if what it has made cannot be read
     */
    public static Pki make(Path directory, String algorithm) throws IOException, GeneralSecurityException {
        Path store = directory.resolve(algorithm + ".p12");
        keytool(store, algorithm);
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(store)) {
            keys.load(in, PASSWORD.toCharArray());
        }
        Certificate certificate = keys.getCertificate("a");
        Key key = keys.getKey("a", PASSWORD.toCharArray());
        if (!(key instanceof PrivateKey privateKey)) {
            throw new IOException("keytool has made no private key");
        }
        return new Pki(
                Files.writeString(
                        directory.resolve(algorithm + "-cert.pem"), pem("CERTIFICATE", certificate.getEncoded())),
                Files.writeString(directory.resolve(algorithm + "-key.pem"), pem("PRIVATE KEY", key.getEncoded())),
                certificate,
                privateKey);
    }

    private static void keytool(Path store, String algorithm) throws IOException {
        Process made = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-keyalg",
                        algorithm,
                        "-alias",
                        "a",
                        "-dname",
                        "CN=localhost",
                        "-ext",
                        "san=dns:localhost",
                        "-validity",
                        "2",
                        "-storetype",
                        "PKCS12",
                        "-keystore",
                        store.toString(),
                        "-storepass",
                        PASSWORD)
                .redirectErrorStream(true)
                .start();
        String said = new String(made.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!Files.exists(store)) {
            throw new IOException("keytool failed: " + said);
        }
    }

    /**
     * Writes bytes as PEM (RFC 7468).
     *
     * @param label what they are, such as {@code CERTIFICATE}
     * @param der the bytes
     * @return the text
     */
    public static String pem(String label, byte[] der) {
        String lines = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
        return "-----BEGIN " + label + "-----\n" + lines + "\n-----END " + label + "-----\n";
    }

    /**
     * Makes what a client needs to connect to a server with this certificate.
     *
     * @return a context that trusts this certificate alone
     * @throws IOException if the platform's key store fails
     * @throws GeneralSecurityException if the platform has no TLS
     */
    public SSLContext client() throws IOException, GeneralSecurityException {
        KeyStore anchors = KeyStore.getInstance("PKCS12");
        anchors.load(null, null);
        anchors.setCertificateEntry("a", trusted);
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(anchors);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        return context;
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.transport;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.KeyStoreException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.interfaces.RSAKey;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.PSSParameterSpec;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;

/** What TLS needs, from the PEM files that everything else uses: certificate chains and keys (RFC 7468). */
public final class PemFiles {
    private static final int MAX_FILE_BYTES = 1 << 20;
    private static final char[] NO_PASSWORD = {};

    /** For a key that may be used with any hash. */
    private static final PSSParameterSpec PSS =
            new PSSParameterSpec("SHA-256", "MGF1", MGF1ParameterSpec.SHA256, 32, 1);

    /** Begin line, base64 and end line of what RFC 7468 calls a label; what stands around them is comment. */
    static final Pattern BLOCK = Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \\1-----", Pattern.DOTALL);

    private PemFiles() {}

    /**
     * {@return what proves that this side is whom the certificate names}
     *
     * @param certificates the certificate, then those that lead to a root, in order
     * @param key its key, PKCS#8, PKCS#1 or SEC 1, RSA, RSASSA-PSS, EC or EdDSA, not encrypted
     * @throws IOException if a file is not that; the message is a line that says which and why
     */
    public static KeyManager[] keyManagers(Path certificates, Path key) throws IOException {
        List<Certificate> chain = certificates(certificates);
        PublicKey publicKey = chain.getFirst().getPublicKey();
        PrivateKey privateKey = PemKey.read(key, read(key), publicKey);
        requireSamePair(publicKey, privateKey, certificates, key);
        try {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, NO_PASSWORD);
            store.setKeyEntry("gibbon", privateKey, NO_PASSWORD, chain.toArray(new Certificate[0]));
            KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            keys.init(store, NO_PASSWORD);
            return keys.getKeyManagers();
        } catch (KeyStoreException e) {
            throw new IOException(
                    certificates + ": its certificates are no chain; the key's comes first, then its issuer's", e);
        } catch (GeneralSecurityException | IOException e) {
            throw new IOException("cannot speak TLS with " + certificates + ": " + e.getMessage(), e);
        }
    }

    /**
     * {@return what trusts the certificates in a file and those that they have issued}
     *
     * @throws IOException if the file is not that; the message is a line that says why
     */
    public static TrustManager[] trustManagers(Path authorities) throws IOException {
        List<Certificate> trusted = certificates(authorities);
        try {
            KeyStore anchors = KeyStore.getInstance("PKCS12");
            anchors.load(null, NO_PASSWORD);
            for (int i = 0; i < trusted.size(); i++) {
                anchors.setCertificateEntry("authority-" + i, trusted.get(i));
            }
            TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            factory.init(anchors);
            return factory.getTrustManagers();
        } catch (GeneralSecurityException e) {
            throw new IOException("cannot trust " + authorities + ": " + e.getMessage(), e);
        }
    }

    /** {@return the certificates in a PEM file, one at least, in their order} */
    static List<Certificate> certificates(Path file) throws IOException {
        String pem = read(file);
        StringBuilder found = new StringBuilder();
        for (Matcher block = BLOCK.matcher(pem); block.find(); ) {
            if (block.group(1).equals("CERTIFICATE")) {
                found.append(block.group()).append('\n');
            }
        }
        if (found.isEmpty()) {
            String hint = pem.contains("PRIVATE KEY-----") ? " but a key; were the two files swapped?" : "";
            throw new IOException(file + " has no PEM certificate" + hint);
        }
        try {
            CertificateFactory factory = CertificateFactory.getInstance("X.509");
            return List.copyOf(factory.generateCertificates(
                    new ByteArrayInputStream(found.toString().getBytes(StandardCharsets.US_ASCII))));
        } catch (CertificateException e) {
            throw new IOException(file + " has a certificate that cannot be read: " + e.getMessage(), e);
        }
    }

    /** A key of another certificate would only be noticed by every client's failing handshake. */
    private static void requireSamePair(PublicKey publicKey, PrivateKey privateKey, Path certificates, Path key)
            throws IOException {
        try {
            byte[] anything = {1, 2, 3};
            Signature signature = signature(publicKey);
            signature.initSign(privateKey);
            signature.update(anything);
            byte[] signed = signature.sign();
            signature.initVerify(publicKey);
            signature.update(anything);
            if (signature.verify(signed)) {
                return;
            }
        } catch (GeneralSecurityException e) {
            throw new IOException(key + " cannot be used: " + e.getMessage(), e);
        }
        throw new IOException(key + " is not the key of the certificate in " + certificates);
    }

    private static Signature signature(PublicKey key) throws GeneralSecurityException {
        return switch (key.getAlgorithm()) {
            case "RSA" -> Signature.getInstance("SHA256withRSA");
            case "EC" -> Signature.getInstance("SHA256withECDSA");
            case "RSASSA-PSS" -> {
                Signature signature = Signature.getInstance("RSASSA-PSS");
                signature.setParameter(
                        key instanceof RSAKey rsa && rsa.getParams() instanceof PSSParameterSpec only ? only : PSS);
                yield signature;
            }
            default -> Signature.getInstance(key.getAlgorithm());
        };
    }

    private static String read(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(MAX_FILE_BYTES + 1);
            if (bytes.length > MAX_FILE_BYTES) {
                throw new IOException(file + " is too large for a PEM file");
            }
            return new String(bytes, StandardCharsets.ISO_8859_1);
        } catch (NoSuchFileException e) {
            throw new IOException("there is no file " + file, e);
        } catch (IOException e) {
            throw new IOException("cannot read " + file + ": " + reason(e), e);
        }
    }

    private static String reason(IOException e) {
        return e instanceof AccessDeniedException ? "permission denied" : String.valueOf(e.getMessage());
    }
}

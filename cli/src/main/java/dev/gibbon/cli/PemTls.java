// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.KeyStoreException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/** TLS from the two PEM files that everything else uses: a certificate chain and its key. */
final class PemTls {
    private static final int MAX_FILE_BYTES = 1 << 20;
    private static final char[] NO_PASSWORD = {};

    /** Begin line, base64 and end line of what RFC 7468 calls a label; what stands around them is comment. */
    private static final Pattern BLOCK =
            Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END \\1-----", Pattern.DOTALL);

    private PemTls() {}

    /**
     * Makes the context of a server.
     *
     * @param certificates the server's certificate, then those that lead to a root, in order
     * @param key its key, PKCS#8, RSA, EC or EdDSA, not encrypted
     * @return the context
     * @throws CommandFailedException if a file is not that, with a line that says which and why
     */
    static SSLContext context(Path certificates, Path key) throws CommandFailedException {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(keyManagers(certificates, key), null, null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new CommandFailedException("cannot speak TLS with " + certificates + ": " + e.getMessage(), e);
        }
    }

    /** {@return what proves that this side is whom the certificate names; see {@link #context}} */
    static KeyManager[] keyManagers(Path certificates, Path key) throws CommandFailedException {
        List<Certificate> chain = certificates(certificates);
        PublicKey publicKey = chain.getFirst().getPublicKey();
        PrivateKey privateKey = privateKey(key, publicKey.getAlgorithm());
        requireSamePair(publicKey, privateKey, certificates, key);
        try {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, NO_PASSWORD);
            store.setKeyEntry("gibbon", privateKey, NO_PASSWORD, chain.toArray(new Certificate[0]));
            KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            keys.init(store, NO_PASSWORD);
            return keys.getKeyManagers();
        } catch (KeyStoreException e) {
            throw new CommandFailedException(
                    certificates + ": its certificates are no chain; the key's comes first, then its issuer's", e);
        } catch (GeneralSecurityException | IOException e) {
            throw new CommandFailedException("cannot speak TLS with " + certificates + ": " + e.getMessage(), e);
        }
    }

    /** {@return the certificates in a PEM file, one at least, in their order} */
    static List<Certificate> certificates(Path file) throws CommandFailedException {
        String pem = read(file);
        StringBuilder found = new StringBuilder();
        for (Matcher block = BLOCK.matcher(pem); block.find(); ) {
            if (block.group(1).equals("CERTIFICATE")) {
                found.append(block.group()).append('\n');
            }
        }
        if (found.isEmpty()) {
            String hint = pem.contains("PRIVATE KEY-----") ? " but a key; were the two files swapped?" : "";
            throw new CommandFailedException(file + " has no PEM certificate" + hint);
        }
        try {
            CertificateFactory factory = CertificateFactory.getInstance("X.509");
            return List.copyOf(factory.generateCertificates(
                    new ByteArrayInputStream(found.toString().getBytes(StandardCharsets.US_ASCII))));
        } catch (CertificateException e) {
            throw new CommandFailedException(file + " has a certificate that cannot be read: " + e.getMessage(), e);
        }
    }

    private static PrivateKey privateKey(Path file, String algorithm) throws CommandFailedException {
        String pem = read(file);
        for (Matcher block = BLOCK.matcher(pem); block.find(); ) {
            String convert = "; convert it: openssl pkcs8 -topk8 -nocrypt -in " + file + " -out key8.pem";
            switch (block.group(1)) {
                case "PRIVATE KEY" -> {
                    return pkcs8(file, block.group(2), algorithm);
                }
                case "RSA PRIVATE KEY" ->
                    throw new CommandFailedException(file + " is a PKCS#1 key, PKCS#8 is needed" + convert);
                case "EC PRIVATE KEY" ->
                    throw new CommandFailedException(file + " is a SEC 1 key, PKCS#8 is needed" + convert);
                case "ENCRYPTED PRIVATE KEY" ->
                    throw new CommandFailedException(
                            file + " is encrypted; decrypt it: openssl pkcs8 -in " + file + " -out key8.pem");
                default -> {} // Parameters, or a certificate in the same file.
            }
        }
        String hint = pem.contains("-----BEGIN CERTIFICATE") ? " but a certificate; were the two files swapped?" : "";
        throw new CommandFailedException(file + " has no PEM private key" + hint);
    }

    private static PrivateKey pkcs8(Path file, String base64, String algorithm) throws CommandFailedException {
        try {
            byte[] der = Base64.getMimeDecoder().decode(base64);
            return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(der));
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            throw new CommandFailedException(file + " is no " + algorithm + " key like the certificate's", e);
        }
    }

    /** A key of another certificate would only be noticed by every client's failing handshake. */
    private static void requireSamePair(PublicKey publicKey, PrivateKey privateKey, Path certificates, Path key)
            throws CommandFailedException {
        String algorithm = switch (publicKey.getAlgorithm()) {
            case "RSA" -> "SHA256withRSA";
            case "EC" -> "SHA256withECDSA";
            default -> publicKey.getAlgorithm();
        };
        try {
            byte[] anything = {1, 2, 3};
            Signature signature = Signature.getInstance(algorithm);
            signature.initSign(privateKey);
            signature.update(anything);
            byte[] signed = signature.sign();
            signature.initVerify(publicKey);
            signature.update(anything);
            if (signature.verify(signed)) {
                return;
            }
        } catch (GeneralSecurityException e) {
            throw new CommandFailedException(key + " cannot be used: " + e.getMessage(), e);
        }
        throw new CommandFailedException(key + " is not the key of the certificate in " + certificates);
    }

    private static String read(Path file) throws CommandFailedException {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(MAX_FILE_BYTES + 1);
            if (bytes.length > MAX_FILE_BYTES) {
                throw new CommandFailedException(file + " is too large for a PEM file");
            }
            return new String(bytes, StandardCharsets.ISO_8859_1);
        } catch (NoSuchFileException e) {
            throw new CommandFailedException("there is no file " + file, e);
        } catch (IOException e) {
            throw new CommandFailedException("cannot read " + file + ": " + reason(e), e);
        }
    }

    private static String reason(IOException e) {
        return e instanceof AccessDeniedException ? "permission denied" : String.valueOf(e.getMessage());
    }
}

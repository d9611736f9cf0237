// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.transport;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.regex.Matcher;

/** A private key from a PEM file, in any of the forms that tools write: PKCS#8, and the older PKCS#1 and SEC 1. */
final class PemKey {
    private static final int SEQUENCE = 0x30;
    private static final int OCTET_STRING = 0x04;
    private static final byte[] VERSION_0 = {0x02, 1, 0};
    private static final int LONG_FORM = 0x80;

    private PemKey() {}

    /**
     * {@return the key in a PEM file}
     *
     * @param file the file's name, for messages
     * @param pem what it holds
     * @param publicKey the certificate's, which says what kind of key is looked for
     * @throws IOException if there is none that can be used, with a line that says why
     */
    static PrivateKey read(Path file, String pem, PublicKey publicKey) throws IOException {
        for (Matcher block = PemFiles.BLOCK.matcher(pem); block.find(); ) {
            String body = block.group(2);
            switch (block.group(1)) {
                case "PRIVATE KEY" -> {
                    return key(file, decode(file, body), publicKey);
                }
                case "RSA PRIVATE KEY", "EC PRIVATE KEY" -> {
                    if (body.contains("ENCRYPTED")) { // A field before the base64, as in mail (RFC 1421 §4.6.1.1).
                        throw encrypted(file);
                    }
                    return key(file, pkcs8(publicKey, decode(file, body)), publicKey);
                }
                case "ENCRYPTED PRIVATE KEY" -> throw encrypted(file);
                default -> {} // Parameters, or a certificate in the same file.
            }
        }
        String hint = pem.contains("-----BEGIN CERTIFICATE") ? " but a certificate; were the two files swapped?" : "";
        throw new IOException(file + " has no PEM private key" + hint);
    }

    private static IOException encrypted(Path file) {
        return new IOException(
                file + " is encrypted; decrypt it: openssl pkey -in " + file + " -out decrypted-key.pem");
    }

    private static byte[] decode(Path file, String base64) throws IOException {
        try {
            return Base64.getMimeDecoder().decode(base64);
        } catch (IllegalArgumentException e) {
            throw new IOException(file + " has a key that is cut off: " + e.getMessage(), e);
        }
    }

    private static PrivateKey key(Path file, byte[] pkcs8, PublicKey publicKey) throws IOException {
        String algorithm = publicKey.getAlgorithm();
        try {
            return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
        } catch (GeneralSecurityException e) {
            throw new IOException(file + " is no " + algorithm + " key like the certificate's", e);
        }
    }

    /**
     * {@return an older key as PKCS#8 (RFC 5958 §2): version, algorithm, key} The algorithm, with its curve, is that of
     * the certificate's key: the first part of its encoding (RFC 5280 §4.1).
     */
    private static byte[] pkcs8(PublicKey publicKey, byte[] key) {
        ByteBuffer encoded = ByteBuffer.wrap(publicKey.getEncoded());
        int _ = contentLength(encoded);
        int begin = encoded.position();
        int length = contentLength(encoded);
        byte[] algorithm = new byte[encoded.position() - begin + length];
        encoded.get(begin, algorithm);
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.writeBytes(VERSION_0);
        all.writeBytes(algorithm);
        all.writeBytes(der(OCTET_STRING, key));
        return der(SEQUENCE, all.toByteArray());
    }

    /** Reads tag and length (X.690 §8.1), of a key that the JDK has encoded. */
    private static int contentLength(ByteBuffer der) {
        byte _ = der.get();
        int first = Byte.toUnsignedInt(der.get());
        if (first < LONG_FORM) {
            return first;
        }
        int length = 0;
        for (int i = first - LONG_FORM; i > 0; i--) {
            length = length << Byte.SIZE | Byte.toUnsignedInt(der.get());
        }
        return length;
    }

    private static byte[] der(int tag, byte[] content) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(tag);
        if (content.length < LONG_FORM) {
            out.write(content.length);
        } else {
            out.write(LONG_FORM + 3); // Three bytes are enough for a file of a megabyte; BER allows leading zeros.
            out.write(content.length >> 16);
            out.write(content.length >> 8);
            out.write(content.length);
        }
        out.writeBytes(content);
        return out.toByteArray();
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.handshake;

import dev.gibbon.http.HttpSyntax;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;

/** The proof that a peer understood the opening handshake: Sec-WebSocket-Key and Sec-WebSocket-Accept (RFC 6455 §4). */
public final class AcceptKey {
    /** How many random bytes a key is made of (§4.1 step 7). */
    public static final int NONCE_BYTES = 16;

    /** What the server appends to the key before it hashes (§1.3). */
    private static final byte[] GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11".getBytes(StandardCharsets.US_ASCII);

    /** Base64 of 16 bytes: 21 characters of six bits, one of two bits, two of padding. */
    private static final int KEY_CHARS = 21 + 1 + 2;

    /** The characters of base64 whose lower four bits, which no byte of a key fills, are zero. */
    private static final String LAST_CHARS = "AQgw";

    /**
     * The one for all, by one thread at a time, for less than a microsecond: another for each handshake would be half
     * a kilobyte, and looking the algorithm up leaves a thread-local entry behind, which a virtual thread would keep.
     */
    private static final MessageDigest SHA_1 = sha1();

    private AcceptKey() {}

    private static MessageDigest sha1() {
        try {
            return MessageDigest.getInstance("SHA-1");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-1", e);
        }
    }

    /**
     * {@return the Sec-WebSocket-Key of a client (§4.1)}
     *
     * @param nonce 16 bytes, fresh from a cryptographic source for each connection
     */
    public static String keyOf(byte[] nonce) {
        if (nonce.length != NONCE_BYTES) {
            throw new IllegalArgumentException("nonce of " + nonce.length + " bytes, not 16 (§4.1)");
        }
        return Base64.getEncoder().encodeToString(nonce);
    }

    /**
     * {@return whether {@code key} is the one base64 spelling, with padding, of exactly 16 bytes (§4.2.1)}
     *
     * @param key a Sec-WebSocket-Key without surrounding blanks
     */
    public static boolean isValid(String key) {
        return key.length() == KEY_CHARS
                && key.endsWith("==")
                && LAST_CHARS.indexOf(key.charAt(21)) >= 0
                && HttpSyntax.all(key, 0, 21, AcceptKey::isBase64);
    }

    /**
     * {@return the Sec-WebSocket-Accept that answers {@code key} (§4.2.2)}
     *
     * @param key a valid Sec-WebSocket-Key
     */
    public static String accept(String key) {
        byte[] input = key.getBytes(StandardCharsets.US_ASCII);
        byte[] hash;
        synchronized (SHA_1) {
            SHA_1.reset();
            SHA_1.update(input);
            hash = SHA_1.digest(GUID);
        }
        return Base64.getEncoder().encodeToString(hash);
    }

    private static boolean isBase64(int c) {
        return HttpSyntax.isAlpha(c) || HttpSyntax.isDigit(c) || c == '+' || c == '/';
    }
}

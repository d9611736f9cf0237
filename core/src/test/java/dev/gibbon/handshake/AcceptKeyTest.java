// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.handshake;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AcceptKeyTest {
    @Test
    void hs01SampleOfSection13() {
        assertEquals("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", AcceptKey.accept("dGhlIHNhbXBsZSBub25jZQ=="));
    }

    @Test
    void manyThreadsGetEachItsOwn() {
        Map<String, String> expected = new HashMap<>();
        for (int i = 0; i < 500; i++) {
            String key = AcceptKey.keyOf(String.format("the nonce of %3d", i).getBytes(StandardCharsets.US_ASCII));
            expected.put(key, AcceptKey.accept(key));
        }
        assertEquals(500, Set.copyOf(expected.values()).size());
        expected.entrySet().parallelStream()
                .forEach(each -> assertEquals(each.getValue(), AcceptKey.accept(each.getKey())));
    }

    @Test
    void keyIsTheBase64OfTheNonce() {
        byte[] nonce = "the sample nonce".getBytes(StandardCharsets.US_ASCII);
        assertEquals("dGhlIHNhbXBsZSBub25jZQ==", AcceptKey.keyOf(nonce));
    }

    @Test
    void nonceOfAnotherLengthIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> AcceptKey.keyOf(new byte[15]));
        assertThrows(IllegalArgumentException.class, () -> AcceptKey.keyOf(new byte[17]));
    }

    @Test
    void everyKeyWeMakeIsValid() {
        for (int b = 0; b < 256; b++) {
            byte[] nonce = new byte[AcceptKey.NONCE_BYTES];
            nonce[0] = (byte) b;
            nonce[15] = (byte) b;
            assertTrue(AcceptKey.isValid(AcceptKey.keyOf(nonce)), "nonce " + b);
        }
    }

    @ParameterizedTest(name = "HS-10 {0} bytes")
    @ValueSource(ints = {0, 1, 14, 15, 17, 18, 20, 32})
    void base64OfAnotherLengthIsInvalid(int length) {
        assertFalse(AcceptKey.isValid(Base64.getEncoder().encodeToString(new byte[length])));
    }

    @ParameterizedTest(name = "HS-10 [{0}]")
    @ValueSource(
            strings = {
                "",
                "junk",
                "dGhlIHNhbXBsZSBub25jZQ",
                "dGhlIHNhbXBsZSBub25jZQ=",
                "dGhlIHNhbXBsZSBub25jZQ===",
                "dGhlIHNhbXBsZSBub25jZR==",
                "dGhlIHNhbXBsZSBub25jZQA=",
                "dGhlIHNhbXBsZS_ub25jZQ==",
                "dGhlIHNhbXBsZS-ub25jZQ==",
                "dGhlIHNhbXBs SBub25jZQ==",
                "dGhlIHNhbXBs=SBub25jZQ==",
                "dGhlIHNhbXBsZSBub25jZQ==, dGhlIHNhbXBsZSBub25jZQ==",
                " dGhlIHNhbXBsZSBub25jZQ==",
                "====================Q=="
            })
    void anotherSpellingIsInvalid(String key) {
        assertFalse(AcceptKey.isValid(key));
    }
}

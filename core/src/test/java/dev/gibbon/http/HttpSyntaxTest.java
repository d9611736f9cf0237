// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HttpSyntaxTest {
    @ParameterizedTest(name = "{0} and {1}: {2}")
    @CsvSource({
        "websocket, WebSocket, true",
        "a-Z, A-z, true",
        "é, É, false",
        "å, Å, false",
        "k, \u212A, false",
        "[, {, false",
        "@, `, false",
        "ab, a, false"
    })
    void onlyAsciiLettersFold(String a, String b, boolean equal) {
        assertEquals(equal, HttpSyntax.equalsIgnoreCase(a, b));
        assertEquals(equal, HttpSyntax.toLowerCase(a).equals(HttpSyntax.toLowerCase(b)));
    }

    @Test
    void tokenCharactersAreThoseOfRfc9110() {
        String separators = "\"(),/:;<=>?@[\\]{} \t";
        for (int c = 0; c < 0x180; c++) {
            boolean legal = c > 0x20 && c < 0x7F && separators.indexOf(c) < 0;
            assertEquals(legal, HttpSyntax.isTokenChar(c), "U+" + Integer.toHexString(c));
        }
        assertFalse(HttpSyntax.isToken(""));
        assertTrue(HttpSyntax.isToken("x"));
    }

    @Test
    void sec23QuotedTextIsPrintableAndBounded() {
        assertEquals(
                "\"a\\u000d\\u000a\\u001b\\u202e\\\"\\\\ %n${x}\"", HttpSyntax.quoted("a\r\n\u001B\u202E\"\\ %n${x}"));
        assertEquals("\"" + "a".repeat(64) + "\"...", HttpSyntax.quoted("a".repeat(65)));
        assertEquals("\"" + "a".repeat(64) + "\"", HttpSyntax.quoted("a".repeat(64)));
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AuthorityTest {
    @ParameterizedTest(name = "[{0}]")
    @CsvSource({
        "example.com, example.com, ",
        "EXAMPLE.com:8080, example.com, 8080",
        "example.com., example.com, ",
        "example.com:, example.com, ",
        "localhost:0, localhost, 0",
        "a_b-c~d.e:65535, a_b-c~d.e, 65535",
        "127.0.0.1:80, 127.0.0.1, 80",
        "[::1], [0:0:0:0:0:0:0:1], ",
        "[2001:DB8::7]:443, [2001:db8:0:0:0:0:0:7], 443",
        "[::]:, [0:0:0:0:0:0:0:0], "
    })
    void wellFormed(String text, String host, Integer port) {
        OptionalInt expected = port == null ? OptionalInt.empty() : OptionalInt.of(port);
        assertEquals(Optional.of(new Authority(host, expected)), Authority.parse(text));
        assertTrue(Authority.isValid(text));
    }

    @ParameterizedTest(name = "HS-15 [{0}]")
    @ValueSource(
            strings = {
                "",
                ":",
                ":80",
                ".",
                "..",
                "a..b",
                ".a",
                "a b",
                "a,b",
                "a, b",
                "a/b",
                "a?b",
                "a#b",
                "u@a",
                "a\\b",
                "a%20b",
                "a:65536",
                "a:99999",
                "a:123456",
                "a:-1",
                "a:+1",
                "a: 80",
                "a:8 0",
                "a:80:80",
                "a:x",
                "a\0",
                "ä",
                "a\u00FF",
                "[",
                "[]",
                "[::1",
                "::1",
                "[::1]x",
                "[::1]x:80",
                "[::1]:65536",
                "[::1%eth0]",
                "[fe80::1%25eth0]",
                "[1.2.3.4]",
                "[:::1]",
                "[1:2:3:4:5:6:7:8:9]",
                "[12345::1]",
                "[v1.a]",
                "[[::1]]",
                "<a>",
                "\"a\"",
                "{a}",
                "a*"
            })
    void malformed(String text) {
        assertEquals(Optional.empty(), Authority.parse(text));
        assertFalse(Authority.isValid(text));
    }

    @Test
    void hostLongerThanTheDnsAllowsIsMalformed() {
        assertTrue(Authority.parse("a".repeat(255)).isPresent());
        assertEquals(Optional.empty(), Authority.parse("a".repeat(256)));
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.Message;
import org.junit.jupiter.api.Test;

class VisibleTest {
    @Test
    void plainTextOfAnyScriptStaysAsItIs() {
        assertEquals("hello, κόσμε 世界 🦧", Visible.of("hello, κόσμε 世界 🦧"));
    }

    @Test
    void controlsAreEscapedSoThatALineStaysALine() {
        assertEquals(
                "a\\nb\\r\\tc\\\\d\\u{0}\\u{1B}[31m\\u{9B}\\u{7F}", Visible.of("a\nb\r\tc\\d\0\033[31m\u009B\u007F"));
    }

    @Test
    void whatHidesOrTurnsTextIsEscaped() {
        assertEquals("\\u{202E}\\u{2066}\\u{200B}\\u{FEFF}\\u{2028}", Visible.of("\u202E\u2066\u200B\uFEFF\u2028"));
        assertEquals("\\u{D800}\\u{E000}", Visible.of("\uD800\uE000"));
    }

    @Test
    void longTextIsCutAfterEscaping() {
        assertEquals("aaaaa...", Visible.of("a".repeat(6), 5));
        assertEquals("aaaaa", Visible.of("aaaaa", 5));
        assertEquals("...", Visible.of("\033", 5));
    }

    @Test
    void aLargeMessageIsShownBoundedAndWithItsLength() {
        String shown = Visible.of(Message.text("🦧".repeat(100_000)), 120);
        assertEquals("🦧".repeat(60) + "... (400000 bytes)", shown);
    }

    @Test
    void aMessageIsNeverTornInsideALetter() {
        for (int i = 1; i < 200; i++) {
            String text = "x".repeat(i % 4) + "世".repeat(i);
            assertTrue(!Visible.of(Message.text(text), 20).contains("\uFFFD"), text);
        }
    }

    @Test
    void binaryIsShownInHexadecimal() {
        assertEquals("binary, 3 bytes: 00 1b ff", Visible.of(Message.binary(new byte[] {0, 27, -1}), 120));
        assertEquals("binary, 4 bytes: 00 00...", Visible.of(Message.binary(new byte[4]), 6));
    }
}

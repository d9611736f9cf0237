// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MessageTest {
    private static final String TEXT = "grüße, 猿 and 🐒";

    @Test
    void textIsItsUtf8() {
        Message message = Message.text(TEXT);
        assertTrue(message.isText());
        assertEquals(MessageType.TEXT, message.type());
        assertArrayEquals(TEXT.getBytes(StandardCharsets.UTF_8), message.bytes());
        assertEquals(message.bytes().length, message.length());
        assertEquals(TEXT, message.text());
    }

    @Test
    void binaryIsTheBytesThemselves() {
        byte[] bytes = {1, 2, 3};
        Message message = Message.binary(bytes);
        assertFalse(message.isText());
        assertEquals(MessageType.BINARY, message.type());
        assertSame(bytes, message.bytes());
        assertThrows(IllegalStateException.class, message::text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"\uD83D", "a\uDC12", "\uDC12\uD83D"})
    void halfASurrogatePairIsNoText(String text) {
        assertThrows(IllegalArgumentException.class, () -> Message.text(text));
    }

    @Test
    void thePayloadIsNotShownInLogs() {
        assertEquals("text message of 6 bytes", Message.text("secret").toString());
        assertEquals("binary message of 2 bytes", Message.binary(new byte[2]).toString());
    }
}

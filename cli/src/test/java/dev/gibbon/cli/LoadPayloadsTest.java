// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.Message;
import dev.gibbon.MessageType;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is sent, and what is noticed of it. */
class LoadPayloadsTest {
    @ParameterizedTest
    @EnumSource
    void aMessageHasItsSizeAndKindAndMatchesItself(LoadContent content) throws CharacterCodingException {
        for (int size : new int[] {1, 2, 7, 8, 9, 15, 16, 17, 31, 4096, 100_000}) {
            LoadPayloads payloads = new LoadPayloads(content, size);
            for (long sequence : new long[] {0, 1, 63, 64, 1_000_000_007}) {
                Message message = payloads.message(7, sequence);
                assertEquals(size, message.length());
                assertEquals(content.isText(), message.isText());
                if (content.isText()) {
                    assertEquals(
                            size,
                            StandardCharsets.UTF_8
                                    .newDecoder()
                                    .decode(ByteBuffer.wrap(message.bytes()))
                                    .codePoints()
                                    .map(c -> c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4)
                                    .sum());
                }
                byte[] copy = message.bytes().clone();
                assertTrue(payloads.matches(7, sequence, message.type(), ByteBuffer.wrap(copy)));
            }
        }
    }

    @Test
    void utf8HasCharactersOfEveryLength() {
        String text = new LoadPayloads(LoadContent.UTF_8, 4096).message(0, 0).text();
        Set<Integer> lengths = new HashSet<>();
        text.codePoints().forEach(c -> lengths.add(Character.toString(c).getBytes(StandardCharsets.UTF_8).length));
        assertEquals(Set.of(1, 2, 3, 4), lengths);
    }

    /** Or compression with context takeover would find the same message again, which no service has. */
    @ParameterizedTest
    @ValueSource(ints = {100, 512, 16 * 1024, 60 * 1024})
    void recordsComeAgainOnlyBeyondTwoWindows(int size) {
        LoadPayloads payloads = new LoadPayloads(LoadContent.RECORDS, size);
        Set<String> seen = new HashSet<>();
        for (int i = 0; (long) i * size < 2L << 14; i++) {
            assertTrue(seen.add(payloads.message(0, i).text().substring(LoadPayloads.FULL_MARK)), "message " + i);
        }
        assertTrue((long) payloads.variants() * size > 1 << 15, payloads.variants() + " variants");
    }

    @ParameterizedTest
    @EnumSource
    void anyChangedByteIsNoticed(LoadContent content) {
        LoadPayloads payloads = new LoadPayloads(content, 100);
        byte[] sent = payloads.message(1, 2).bytes().clone();
        for (int i = 0; i < sent.length; i++) {
            byte[] altered = sent.clone();
            altered[i] ^= 1;
            assertFalse(matches(payloads, 1, 2, content, altered), "byte " + i);
        }
    }

    @ParameterizedTest
    @CsvSource({"BINARY, 16", "BINARY, 5000", "ASCII, 16", "ASCII, 5000", "UTF_8, 300", "BINARY, 8", "ASCII, 15"})
    void noMessagePassesForAnother(LoadContent content, int size) {
        LoadPayloads payloads = new LoadPayloads(content, size);
        byte[] sent = payloads.message(3, 1000).bytes().clone();
        for (int i = 1; i < 1000; i++) {
            assertFalse(matches(payloads, 3, 1000 + i, content, sent));
            assertFalse(matches(payloads, 3 + i, 1000, content, sent));
        }
        assertFalse(matches(payloads, 3, 1000 + (1L << 31), content, sent));
    }

    @ParameterizedTest
    @CsvSource({"BINARY, 1, 256", "BINARY, 2, 65536", "ASCII, 1, 64", "ASCII, 3, 262144"})
    void ofATinyMessageTheNumberWraps(LoadContent content, int size, int wraps) {
        LoadPayloads payloads = new LoadPayloads(content, size);
        byte[] sent = payloads.message(0, 5).bytes().clone();
        for (int i = 1; i < wraps; i++) {
            assertFalse(matches(payloads, 0, 5 + i, content, sent));
        }
        assertTrue(matches(payloads, 0, 5 + wraps, content, sent), "as its documentation says");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 15, 16, 31, 33, 48})
    void anotherLengthIsNoticed(int length) {
        LoadPayloads payloads = new LoadPayloads(LoadContent.BINARY, 32);
        byte[] other = new byte[length];
        byte[] sent = payloads.message(0, 0).bytes();
        System.arraycopy(sent, 0, other, 0, Math.min(sent.length, length));
        assertFalse(matches(payloads, 0, 0, LoadContent.BINARY, other));
        String told = payloads.difference(0, 0, MessageType.BINARY, ByteBuffer.wrap(other));
        assertTrue(told.contains(length + " bytes came where 32 were sent"), told);
    }

    @Test
    void partsAreComparedWhereTheyBelong() {
        LoadPayloads payloads = new LoadPayloads(LoadContent.BINARY, 100);
        ByteBuffer sent = ByteBuffer.wrap(payloads.message(0, 9).bytes().clone());
        assertTrue(payloads.matches(0, 9, MessageType.BINARY, 0, sent.slice(0, 60)));
        assertTrue(payloads.matches(0, 9, MessageType.BINARY, 60, sent.slice(60, 40)));
        assertFalse(payloads.matches(0, 9, MessageType.BINARY, 59, sent.slice(60, 40)));
        assertFalse(payloads.matches(0, 9, MessageType.BINARY, 61, sent.slice(60, 40)), "one more than there is");
        assertFalse(payloads.matches(0, 9, MessageType.TEXT, 0, sent.slice(0, 60)));
        sent.put(70, (byte) ~sent.get(70));
        String told = payloads.difference(0, 9, MessageType.BINARY, 60, sent.slice(60, 40), true);
        assertTrue(told.startsWith("connection 0, message 9: differs from byte 70 on: expected "), told);
        String cut = payloads.difference(0, 9, MessageType.BINARY, 60, sent.slice(60, 5), true);
        assertTrue(
                cut.startsWith("connection 0, message 9: 65 bytes came where 100 were sent, differs from byte 65"),
                cut);
    }

    @ParameterizedTest
    @EnumSource
    void whatIsWrongIsTold(LoadContent content) {
        LoadPayloads payloads = new LoadPayloads(content, 64);
        byte[] other = payloads.message(2, 18).bytes().clone();
        String told = payloads.difference(2, 17, type(content), ByteBuffer.wrap(other));
        assertTrue(told.startsWith("connection 2, message 17: differs from byte 15 on: expected "), told);
        assertTrue(told.endsWith(", as in message 18 of connection 2"), told);
        byte[] altered = payloads.message(2, 17).bytes().clone();
        altered[63] ^= 3;
        String last = payloads.difference(2, 17, type(content), ByteBuffer.wrap(altered));
        assertTrue(
                last.matches("connection 2, message 17: differs from byte 63 on:"
                        + " expected ([0-9a-f]{2}), got (?!\\1)[0-9a-f]{2}"),
                last);
        MessageType wrong = content.isText() ? MessageType.BINARY : MessageType.TEXT;
        String type = payloads.difference(2, 17, wrong, ByteBuffer.wrap(altered));
        assertEquals(
                "connection 2, message 17: "
                        + (content.isText() ? "binary came where text was sent" : "text came where binary was sent"),
                type);
    }

    private static boolean matches(
            LoadPayloads payloads, int connection, long sequence, LoadContent content, byte[] bytes) {
        return payloads.matches(connection, sequence, type(content), ByteBuffer.wrap(bytes));
    }

    private static MessageType type(LoadContent content) {
        return content.isText() ? MessageType.TEXT : MessageType.BINARY;
    }
}

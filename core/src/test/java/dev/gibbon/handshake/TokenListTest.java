// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.handshake;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TokenListTest {
    @Nested
    class Contains {
        @ParameterizedTest(name = "[{0}]: {1}")
        @CsvSource(
                delimiter = '|',
                ignoreLeadingAndTrailingWhitespace = false,
                value = {
                    "websocket|true",
                    "WebSocket|true",
                    "WEBSOCKET|true",
                    " \twebsocket\t |true",
                    "foo,websocket|true",
                    "foo, websocket , bar|true",
                    "foo\t,\twebsocket\t,\tbar|true",
                    ", ,websocket|true",
                    "TLS/1.0, websocket|true",
                    "websockets|false",
                    "xwebsocket|false",
                    "web socket|false",
                    "x websocket|false",
                    "websocket x|false",
                    "websocket/13|false",
                    "\"websocket\"|false",
                    "h2c|false",
                    ",|false",
                    "TLS/, websocket|false",
                    "a b, websocket|false",
                    "websoc\u212Aet|false"
                })
        void matchesWholeElementsWithoutRegardToCase(String line, boolean found) {
            assertEquals(found, TokenList.contains(List.of(line), "websocket"));
        }

        @Test
        void aBrokenLineCountsUpToTheFault() {
            assertTrue(TokenList.contains(List.of("websocket, a b"), "websocket"));
        }

        @Test
        void aBrokenLineLeavesTheOthersAlone() {
            assertTrue(TokenList.contains(List.of("a b", "websocket"), "websocket"));
        }

        @Test
        void noLineContainsNothing() {
            assertEquals(false, TokenList.contains(List.of(), "websocket"));
        }
    }

    @Nested
    class Parse {
        @Test
        void elementsOfAllLinesInOrder() throws FieldSyntaxException {
            assertEquals(List.of("a", "b", "c", "d"), TokenList.parse(List.of("a, b\t,c ", " d")));
            assertEquals(List.of(), TokenList.parse(List.of()));
        }

        @ParameterizedTest(name = "HS-25 [{0}]")
        @ValueSource(strings = {"a b", "\"a\"", "a;b", "a/b", "a=b", "ä", "a\0"})
        void anythingButTokensIsRefused(String line) {
            assertThrows(FieldSyntaxException.class, () -> TokenList.parse(List.of(line)));
            assertThrows(FieldSyntaxException.class, () -> TokenList.parse(List.of("ok", line)));
        }
    }

    @Nested
    class EmptyElements {
        @ParameterizedTest(name = "RFC 9110 §5.6.1.2 [{0}]")
        @CsvSource(
                delimiter = '|',
                quoteCharacter = '\0',
                value = {"a,|a", ",a|a", ", ,a ,, ,|a", "a,,b|a b", "a , ,\t, b|a b"})
        void areSkipped(String line, String tokens) throws FieldSyntaxException {
            assertEquals(List.of(tokens.split(" ")), TokenList.parse(List.of(line)));
            assertEquals(List.of(tokens.split(" ")), TokenList.parse(List.of("", line, " ")));
        }

        @ParameterizedTest(name = "RFC 9110 §5.6.1.2 [{0}]")
        @ValueSource(strings = {"", " ", ",", " , ,, "})
        void aloneAreAnEmptyList(String line) throws FieldSyntaxException {
            assertEquals(List.of(), TokenList.parse(List.of(line)));
        }
    }

    @Nested
    class Work {
        @ParameterizedTest(name = "HS-24 unit [{0}]")
        @ValueSource(strings = {" ", "a", ",", "a,", "a ,", "\t ", "a, "})
        void growsWithTheInputAndNotFaster(String unit) {
            for (int n : new int[] {1_000, 2_000, 4_000, 8_000}) {
                CountingText text = new CountingText("x" + unit.repeat(n) + "y");
                TokenList.contains(List.of(text), "websocket");
                assertTrue(text.looks() <= 6L * text.length(), n + ": " + text.looks());
                CountingText strict = new CountingText("x" + unit.repeat(n) + "y");
                try {
                    TokenList.parse(List.of(strict));
                } catch (FieldSyntaxException _) {
                    // Only the work counts here.
                }
                assertTrue(strict.looks() <= 6L * strict.length(), n + ": " + strict.looks());
            }
        }

        @Test
        void hs24BlanksBetweenTwoLettersAreRefusedWithTheIndex() {
            FieldSyntaxException e = assertThrows(
                    FieldSyntaxException.class, () -> TokenList.parse(List.of("a" + " ".repeat(8_000) + "b")));
            assertEquals("expected a comma at index 8001", e.getMessage());
        }
    }
}

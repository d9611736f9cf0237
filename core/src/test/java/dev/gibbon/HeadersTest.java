// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HeadersTest {
    private static final Headers TWO_AND_ONE = Headers.of("Accept", "a", "Host", "h", "ACCEPT", "b");

    @Nested
    class Lookup {
        @Test
        void firstIgnoresTheCaseOfTheName() {
            assertEquals(Optional.of("a"), TWO_AND_ONE.first("aCCept"));
            assertEquals(Optional.empty(), TWO_AND_ONE.first("Accep"));
        }

        @Test
        void allKeepsTheOrder() {
            assertEquals(List.of("a", "b"), TWO_AND_ONE.all("accept"));
            assertEquals(List.of(), TWO_AND_ONE.all("X"));
        }

        @Test
        void namesAreDistinctAsFirstSpelled() {
            assertEquals(List.of("Accept", "Host"), TWO_AND_ONE.names());
            assertEquals(3, TWO_AND_ONE.size());
        }

        @Test
        void containsIgnoresTheCaseOfTheName() {
            assertTrue(TWO_AND_ONE.contains("HOST"));
            assertFalse(TWO_AND_ONE.contains("Hos"));
        }

        @Test
        void onlyAsciiLettersFold() {
            // U+212A KELVIN SIGN folds to k in Unicode.
            assertEquals(Optional.empty(), Headers.of("Key", "v").first("\u212Aey"));
        }

        @Test
        void iterationIsInOrderAndReadOnly() {
            List<String> seen = new ArrayList<>();
            TWO_AND_ONE.forEach(field -> seen.add(field.name() + "=" + field.value()));
            assertEquals(List.of("Accept=a", "Host=h", "ACCEPT=b"), seen);
            Iterator<Headers.Field> iterator = TWO_AND_ONE.iterator();
            iterator.next();
            assertThrows(UnsupportedOperationException.class, iterator::remove);
        }
    }

    @Nested
    class Building {
        @Test
        void setReplacesEveryFieldOfThatName() {
            Headers headers =
                    Headers.builder().addAll(TWO_AND_ONE).set("accept", "c").build();
            assertEquals(List.of("c"), headers.all("Accept"));
            assertEquals(List.of("Host", "accept"), headers.names());
        }

        @Test
        void aMalformedReplacementLeavesTheOldField() {
            Headers.Builder builder = Headers.builder().add("A", "1");
            assertThrows(IllegalArgumentException.class, () -> builder.set("A", "\n"));
            assertEquals(List.of("1"), builder.build().all("A"));
        }

        @Test
        void laterAdditionsDoNotReachWhatWasBuilt() {
            Headers.Builder builder = Headers.builder().add("A", "1");
            Headers built = builder.build();
            builder.add("B", "2");
            assertEquals(1, built.size());
        }

        @Test
        void aNameWithoutValueIsRefused() {
            assertThrows(IllegalArgumentException.class, () -> Headers.of("A", "1", "B"));
        }

        @Test
        void equalityIgnoresTheCaseOfNamesAlone() {
            assertEquals(Headers.of("A", "x"), Headers.of("a", "x"));
            assertEquals(Headers.of("A", "x").hashCode(), Headers.of("a", "x").hashCode());
            assertNotEquals(Headers.of("A", "x"), Headers.of("A", "X"));
            assertNotEquals(Headers.of("A", "1", "B", "2"), Headers.of("B", "2", "A", "1"));
        }
    }

    @Nested
    class Validation {
        @ParameterizedTest(name = "SEC-11 SEC-12 HS-21 name [{0}]")
        @ValueSource(
                strings = {"", " ", "A B", "A:", "A\r\nB", "A\0", "X[]", "(a)", "Ä", "\u212A", "A\t", "a,b", "\"a\""})
        void nameThatIsNoTokenIsRefused(String name) {
            IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> Headers.of(name, "v"));
            assertPrintable(e);
        }

        @Test
        void everyTokenCharacterIsLegalInAName() {
            String name = "!#$%&'*+-.^_`|~09azAZ";
            assertEquals(Optional.of("v"), Headers.of(name, "v").first(name));
        }

        @Test
        void sec11EveryControlCharacterButTabIsRefusedInAValue() {
            for (int c = 0; c <= 0x20; c++) {
                assertEquals(c == '\t' || c == ' ', isLegalInValue((char) c), "U+" + Integer.toHexString(c));
            }
            assertFalse(isLegalInValue('\u007F'));
        }

        @Test
        void hs22EveryByteFrom80ToFfIsKeptInAValue() {
            for (int c = 0x80; c <= 0xFF; c++) {
                String value = "a" + (char) c;
                assertEquals(Optional.of(value), Headers.of("X", value).first("X"));
            }
        }

        @Test
        void whatFitsNoByteIsRefusedInAValue() {
            assertFalse(isLegalInValue('\u0100'));
            // Truncated to a byte this one would be a line feed.
            assertFalse(isLegalInValue('\u010A'));
        }

        @Test
        void theMessageNamesTheOffenceAndNotTheValue() {
            IllegalArgumentException e =
                    assertThrows(IllegalArgumentException.class, () -> Headers.of("Authorization", "secret\r\nX: y"));
            assertEquals("value of header Authorization has U+000D at index 6 (RFC 9110 §5.5)", e.getMessage());
        }

        @Test
        void sec24ValuesStayOutOfToString() {
            Headers headers = Headers.of("Cookie", "secret");
            assertEquals("Headers[Cookie]", headers.toString());
            assertFalse(headers.iterator().next().toString().contains("secret"));
        }

        private static boolean isLegalInValue(char c) {
            try {
                return Headers.of("X", "a" + c + "b").size() == 1;
            } catch (IllegalArgumentException _) {
                return false;
            }
        }

        private static void assertPrintable(IllegalArgumentException e) {
            String message = String.valueOf(e.getMessage());
            assertTrue(message.chars().allMatch(c -> (c >= 0x20 && c < 0x7F) || c == '§'), message);
        }
    }
}

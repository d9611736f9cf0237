// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.handshake;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.handshake.ExtensionOffer.Parameter;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ExtensionListTest {
    @Nested
    class Grammar {
        @ParameterizedTest(name = "[{0}] is {1}")
        @CsvSource(
                delimiter = '|',
                value = {
                    "foo                                     | foo",
                    "foo,bar                                 | foo, bar",
                    "foo , bar;a                             | foo, bar; a",
                    "foo;bar=10                              | foo; bar=10",
                    "foo ; bar = 10 ; baz                    | foo; bar=10; baz",
                    "foo; bar=10; baz=20; bar=30             | foo; bar=10; baz=20; bar=30",
                    "foo; bar=\"10\"                         | foo; bar=10",
                    "foo; bar=\"1\\0\"                       | foo; bar=10",
                    "foo; bar=\"\\1\\0\" , baz               | foo; bar=10, baz",
                    "permessage-deflate; client_max_window_bits; server_max_window_bits=10, permessage-deflate"
                            + " | permessage-deflate; client_max_window_bits; server_max_window_bits=10, "
                            + "permessage-deflate",
                    "x-webkit-deflate-frame                  | x-webkit-deflate-frame"
                })
        void wellFormedListIsReadInOrder(String line, String formatted) throws FieldSyntaxException {
            assertEquals(formatted, ExtensionList.format(ExtensionList.parse(List.of(line))));
        }

        @Test
        void aFlagHasNoValueAndARepeatedParameterStays() throws FieldSyntaxException {
            assertEquals(
                    List.of(new ExtensionOffer(
                            "x", List.of(Parameter.flag("a"), Parameter.of("a", "1"), Parameter.of("A", "2")))),
                    ExtensionList.parse(List.of("x;a;a=1;A=\"2\"")));
        }

        @Test
        void linesAreOneList() throws FieldSyntaxException {
            List<ExtensionOffer> offers = ExtensionList.parse(List.of("a;x=1", "b, a"));
            assertEquals("a; x=1, b, a", ExtensionList.format(offers));
        }

        @Test
        void noLineIsNoOffer() throws FieldSyntaxException {
            assertEquals(List.of(), ExtensionList.parse(List.of()));
        }

        @Test
        void hs27StrangeNamesAreNames() throws FieldSyntaxException {
            String longName = "n".repeat(200);
            List<ExtensionOffer> offers =
                    ExtensionList.parse(List.of("constructor, __proto__, hashCode, class, " + longName));
            assertEquals(
                    List.of("constructor", "__proto__", "hashCode", "class", longName),
                    offers.stream().map(ExtensionOffer::name).toList());
        }

        @ParameterizedTest(name = "RFC 9110 §5.6.1.2 [{0}]")
        @CsvSource(
                delimiter = '|',
                quoteCharacter = '\0',
                value = {"foo,|foo", ",foo|foo", "foo,,bar|foo, bar", " , foo; a=1 ,, bar,|foo; a=1, bar"})
        void emptyElementsAreSkipped(String line, String meant) throws FieldSyntaxException {
            assertEquals(meant, ExtensionList.format(ExtensionList.parse(List.of(line))));
            assertEquals(meant, ExtensionList.format(ExtensionList.parse(List.of(" ", line, ","))));
        }

        @ParameterizedTest(name = "RFC 9110 §5.6.1.2 [{0}]")
        @ValueSource(strings = {"", " ", ",", ",,,, ,,"})
        void emptyElementsAloneAreAnEmptyList(String line) throws FieldSyntaxException {
            assertEquals(List.of(), ExtensionList.parse(List.of(line)));
        }

        @ParameterizedTest(name = "HS-28 [{0}]")
        @ValueSource(
                strings = {
                    "foo;",
                    "foo;;a",
                    "foo; ,bar",
                    "foo; a=",
                    "foo; a=,bar",
                    "foo; =1",
                    "foo; a=1 2",
                    "foo bar",
                    "foo=1",
                    "foo; a=\"",
                    "foo; a=\"1",
                    "foo; a=\"1\\",
                    "foo; a=\"1\\\"",
                    "foo; a=\"\"",
                    "foo; a=\"1 2\"",
                    "foo; a=\"b, c; d\"",
                    "foo; a=\"\\\"\"",
                    "foo; a=\"1\"2",
                    "foo; a=1\"2\"",
                    "foo; \"a\"=1",
                    "\"foo\"",
                    "foo; a=(1)",
                    "foo; a=ä"
                })
        void brokenListIsRefusedAsAWhole(String line) {
            assertThrows(FieldSyntaxException.class, () -> ExtensionList.parse(List.of(line)));
            assertThrows(FieldSyntaxException.class, () -> ExtensionList.parse(List.of("permessage-deflate", line)));
        }
    }

    @Nested
    class Bounds {
        @Test
        void hs29ThirtyTwoOffersPassAndOneMoreDoesNot() throws FieldSyntaxException {
            String most = "a, ".repeat(ExtensionList.MAX_OFFERS - 1) + "a";
            assertEquals(32, ExtensionList.parse(List.of(most)).size());
            assertThrows(FieldSyntaxException.class, () -> ExtensionList.parse(List.of(most + ", a")));
            assertThrows(FieldSyntaxException.class, () -> ExtensionList.parse(List.of(most, "a")));
        }

        @Test
        void hs29NothingBehindTheLastOfferAllowedIsLookedAt() {
            CountingText text = new CountingText("a,".repeat(100_000));
            assertThrows(FieldSyntaxException.class, () -> ExtensionList.parse(List.of(text)));
            assertTrue(text.looks() < 1_000, "looks " + text.looks());
        }

        @ParameterizedTest(name = "HS-28 unit [{0}]")
        @ValueSource(
                strings = {" ", "a", ",", ";", "=", "\"", "\\", "\\\\", "\\a", ";a", ";a=", ";a=b", ";a=\"b\"", " ;"})
        void workGrowsWithTheInputAndNotFaster(String unit) {
            for (String start : List.of("x", "x;a=", "x;a=\"", "")) {
                for (int n : new int[] {1_000, 2_000, 4_000, 8_000}) {
                    CountingText text = new CountingText(start + unit.repeat(n));
                    try {
                        ExtensionList.parse(List.of(text));
                    } catch (FieldSyntaxException _) {
                        // Only the work counts here.
                    }
                    assertTrue(text.looks() <= 8L * text.length(), start + " " + n + ": " + text.looks());
                }
            }
        }
    }

    @Nested
    class Formatting {
        @Test
        void sec12PartsThatAreNoTokensCannotBeMade() {
            assertThrows(IllegalArgumentException.class, () -> ExtensionOffer.of("a\r\nX: y"));
            assertThrows(IllegalArgumentException.class, () -> Parameter.flag("a b"));
            assertThrows(IllegalArgumentException.class, () -> Parameter.of("a", "1;2"));
            assertThrows(IllegalArgumentException.class, () -> new Parameter("a", Optional.of("")));
        }

        @Test
        void formattedListParsesToItself() throws FieldSyntaxException {
            List<ExtensionOffer> extensions = List.of(
                    new ExtensionOffer("a", List.of(Parameter.flag("f"), Parameter.of("v", "1"))),
                    ExtensionOffer.of("b"));
            assertEquals(extensions, ExtensionList.parse(List.of(ExtensionList.format(extensions))));
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ParametersTest {
    @ParameterizedTest(name = "a is [{1}] in {0}")
    @CsvSource(
            delimiter = ' ',
            value = {
                "a=1 1",
                "b=0&a=1&a=2 1",
                "a=x%20y+z%2B 'x y z+'",
                "%61=%C3%BC \u00fc",
                "a=\u00fc+%C3%BC '\u00fc \u00fc'",
                "a=%F0%9F%92%9A \uD83D\uDC9A",
                "a=b=c b=c",
                "a=%26%3D &=",
                "&&a=1&& 1",
                "a ''",
                "a=&a=1 ''",
                "A=0&aa=0&=0&a=1 1"
            })
    void aNameHasItsFirstValueDecoded(String text, String value) throws Exception {
        assertEquals(Optional.of(value), Parameters.parse(text).first("a"));
    }

    @Test
    void allValuesAreInOrder() throws Exception {
        Parameters parameters = Parameters.parse("a=1&b=2&a&%61=%33&=4&");
        assertEquals(List.of("1", "", "3"), parameters.all("a"));
        assertEquals(List.of("4"), parameters.all(""), "a name may be empty");
        assertEquals(List.of(), parameters.all("c"));
        assertEquals(List.of("\0"), Parameters.parse("a=%00").all("a"));
        assertTrue(parameters.contains("b"));
        assertFalse(parameters.contains("c"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "&", "b", "ab=1", "=a"})
    void anAbsentNameHasNone(String text) throws Exception {
        assertEquals(Optional.empty(), Parameters.parse(text).first("a"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"%", "a=%", "a=%4", "a=%zz", "a=%4z&b=1", "%&41", "%=41", "a=1&b=100%"})
    void aPercentSignThatBeginsNoEscapeIs400(String text) {
        assertEquals(
                400,
                assertThrows(RequestException.class, () -> Parameters.parse(text))
                        .status());
    }

    @ParameterizedTest
    @ValueSource(strings = {"a=%FF", "%C3", "a=%C3&b=%BC", "a=%C3=%BC", "a=%ED%A0%80", "a=%C0%80", "a=%F0%9F%92"})
    void whatIsNotUtf8Is400(String text) {
        assertEquals(
                400,
                assertThrows(RequestException.class, () -> Parameters.parse(text))
                        .status());
    }

    @Test
    void valuesStayOutOfTexts() throws Exception {
        assertEquals("Parameters[8 characters]", Parameters.parse("secret=1").toString());
        String message = String.valueOf(assertThrows(RequestException.class, () -> Parameters.parse("secret=%"))
                .getMessage());
        assertFalse(message.contains("secret"), message);
    }

    @Test
    void aMillionNamesAreLookedThroughOnce() throws Exception {
        String many = "a&".repeat(500_000) + "b=%31";
        Parameters parameters = Parameters.parse(many);
        assertEquals(500_000, parameters.all("a").size());
        assertEquals(Optional.of("1"), parameters.first("b"));
    }
}

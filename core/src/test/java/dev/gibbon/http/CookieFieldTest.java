// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.http;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CookieFieldTest {
    @ParameterizedTest(name = "a is [{1}] in [{0}]")
    @CsvSource(
            delimiter = '|',
            value = {
                "a=1|1",
                "b=0; a=1|1",
                "b=0;a=1;c=2|1",
                " ; ;; a = 1 ; x|1",
                "junk; =0; a=b=c|b=c",
                "a=\"1\"|1",
                "a=\"|\"",
                "a=\"\"|''",
                "a=|''",
                "$Version=1; a=1; $Path=/|1",
                "A=0; aa=0; a=1, b=2|1, b=2",
                "a=%20+|%20+"
            })
    void whatIsMalformedIsPassedOver(String field, String value) {
        assertEquals(List.of(value), CookieField.find(List.of(field), "a"));
    }

    @Test
    void allOfANameAreInOrderOverSeveralFields() {
        assertEquals(List.of("1", "2", "3"), CookieField.find(List.of("a=1; b=0; a=2", "a=3"), "a"));
        assertEquals(List.of(), CookieField.find(List.of("a=1", ""), "b"));
        assertEquals(List.of(), CookieField.find(List.of("junk", "b=a"), "junk"));
    }

    @Test
    void asManyAsAHeadHoldsAreLookedThroughOnce() {
        String field = String.join(";", Collections.nCopies(500_000, "a=")) + ";;;;;b=1";
        assertEquals(500_000, CookieField.find(List.of(field), "a").size());
        assertEquals(List.of("1"), CookieField.find(List.of(field), "b"));
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.bench.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class MarkdownTableTest {
    @Test
    void figuresStandToTheRight() {
        MarkdownTable table = MarkdownTable.ofFigures(List.of("", "µs", "×"));
        table.add(List.of("gibbon", "6.4", "1.00"));

        assertEquals("""
                |  | µs | × |
                |---|---:|---:|
                | gibbon | 6.4 | 1.00 |
                """, table.render());
    }

    @Test
    void whatWouldEndACellOrARowIsEscaped() {
        MarkdownTable table = MarkdownTable.ofText(List.of("what", "why"));
        table.add(List.of("ws", "a | b\r\nc"));

        assertEquals("""
                | what | why |
                |---|---|
                | ws | a \\| b c |
                """, table.render());
    }

    @Test
    void aRowHasAsManyCellsAsTheHeader() {
        MarkdownTable table = MarkdownTable.ofText(List.of("what", "why"));

        assertThrows(IllegalArgumentException.class, () -> table.add(List.of("ws")));
    }

    @Test
    void figuresHaveThreeDigitsThatMatter() {
        assertEquals("6.44", Numbers.figure(OptionalDouble.of(6.4444)));
        assertEquals("0.383", Numbers.figure(OptionalDouble.of(0.38333)));
        assertEquals("12346", Numbers.figure(OptionalDouble.of(12345.6)));
        assertEquals("0", Numbers.figure(OptionalDouble.of(1e-9)));
        assertEquals("–", Numbers.figure(OptionalDouble.empty()));
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SplitterTest {
    private static List<Integer> sizes(Splitter splitter, int total) {
        List<Integer> sizes = new ArrayList<>();
        for (int position = 0; position < total; position += sizes.getLast()) {
            sizes.add(splitter.split(position, total - position));
        }
        return sizes;
    }

    @Test
    void splitsAsItSays() {
        assertEquals(List.of(7), sizes(Splitter.whole(), 7));
        assertEquals(List.of(1, 1, 1), sizes(Splitter.bytewise(), 3));
        assertEquals(List.of(3, 3, 1), sizes(Splitter.atMost(3), 7));
        assertEquals(List.of(2, 3, 2), sizes(Splitter.at(5, 2), 7));
        assertThrows(IllegalArgumentException.class, () -> Splitter.atMost(0));
        assertThrows(IllegalArgumentException.class, () -> Splitter.at(0));
    }

    @Test
    void randomSizesRepeatForASeedAndStayInTheirRange() {
        List<Integer> sizes = sizes(Splitter.random(1, 5), 1_000);
        assertEquals(sizes, sizes(Splitter.random(1, 5), 1_000));
        assertNotEquals(sizes, sizes(Splitter.random(2, 5), 1_000));
        assertTrue(sizes.containsAll(List.of(1, 2, 3, 4, 5)));
        assertTrue(sizes.stream().allMatch(size -> size <= 5));
    }
}

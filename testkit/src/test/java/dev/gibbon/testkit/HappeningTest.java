// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;

class HappeningTest {
    @Test
    void bytesAreKeptAsTheyWereAndComparedByWhatTheyAre() {
        byte[] bytes = {1, 2};
        Happening was = new Happening("binary", List.of(bytes));
        assertEquals(new Happening("binary", List.of(ByteBuffer.wrap(new byte[] {1, 2}))), was);
        bytes[0] = 9;
        assertEquals(new Happening("binary", List.of(new byte[] {1, 2})), was);
        assertNotEquals(new Happening("binary", List.of(bytes)), was);
    }

    @Test
    void showsItsKindAndWhatCameWithIt() {
        assertEquals("binary 0x0102 7", new Happening("binary", List.of(new byte[] {1, 2}, 7)).toString());
    }
}

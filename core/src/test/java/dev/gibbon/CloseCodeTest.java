// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CloseCodeTest {
    @Test
    void section7_4EveryNumberThatMayStandInACloseFrameAndNoOther() {
        IntStream.rangeClosed(0, 0xFFFF).forEach(value -> {
            boolean registered = value >= 1000 && value <= 1014 && (value < 1004 || value > 1006);
            boolean ownUse = value >= 3000 && value <= 4999;
            assertEquals(registered || ownUse, new CloseCode(value).maySend(), "code " + value);
        });
    }

    @ParameterizedTest
    @ValueSource(ints = {Integer.MIN_VALUE, -1, 0x1_0000, Integer.MAX_VALUE})
    void aNumberThatNoCloseFrameCanCarryIsRefused(int value) {
        assertThrows(IllegalArgumentException.class, () -> new CloseCode(value));
    }

    @Test
    void onlyAPeerThatIsDoneEndsCleanly() {
        assertTrue(CloseCode.NORMAL.isClean());
        assertTrue(CloseCode.GOING_AWAY.isClean());
        assertTrue(CloseCode.NO_STATUS_RECEIVED.isClean());
        assertFalse(CloseCode.ABNORMAL_CLOSURE.isClean());
        assertFalse(CloseCode.INTERNAL_ERROR.isClean());
        assertFalse(new CloseCode(4000).isClean());
    }

    @Test
    void aNameStandsBehindTheNumbersThatHaveOne() {
        assertEquals("1002 (protocol error)", CloseCode.PROTOCOL_ERROR.toString());
        assertEquals("4000", new CloseCode(4000).toString());
    }

    @Test
    void oneNumberIsOneCode() {
        assertEquals(CloseCode.NORMAL, new CloseCode(1000));
    }
}

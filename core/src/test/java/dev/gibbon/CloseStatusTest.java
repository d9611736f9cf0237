// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class CloseStatusTest {
    @Test
    void whatIsReportedWithoutACodeOnTheWireHasItsOwn() {
        assertEquals(CloseCode.NO_STATUS_RECEIVED, CloseStatus.EMPTY.code()); // §7.1.5
        assertEquals(CloseCode.ABNORMAL_CLOSURE, CloseStatus.LOST.code());
        assertEquals("", CloseStatus.LOST.reason());
    }

    @Test
    void theReasonStandsBehindTheCode() {
        assertEquals("1000 (normal): bye", new CloseStatus(CloseCode.NORMAL, "bye").toString());
        assertEquals("1000 (normal)", new CloseStatus(CloseCode.NORMAL, "").toString());
    }

    @Test
    void neitherPartMayBeMissing() {
        assertThrows(NullPointerException.class, () -> new CloseStatus(null, ""));
        assertThrows(NullPointerException.class, () -> new CloseStatus(CloseCode.NORMAL, null));
    }
}

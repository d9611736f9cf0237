// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConnectionStateTest {
    @ParameterizedTest(name = "{0} -> {1}: {2}")
    @CsvSource({
        "OPEN,    OPEN,    false",
        "OPEN,    CLOSING, true",
        "OPEN,    CLOSED,  true",
        "CLOSING, OPEN,    false",
        "CLOSING, CLOSING, false",
        "CLOSING, CLOSED,  true",
        "CLOSED,  OPEN,    false",
        "CLOSED,  CLOSING, false",
        "CLOSED,  CLOSED,  false",
    })
    void everyMove(ConnectionState from, ConnectionState to, boolean legal) {
        if (legal) {
            assertSame(to, from.to(to));
        } else {
            IllegalStateException e = assertThrows(IllegalStateException.class, () -> from.to(to));
            assertEquals(from + " -> " + to, e.getMessage());
        }
    }

    @ParameterizedTest
    @CsvSource({"OPEN, true", "CLOSING, false", "CLOSED, false"})
    void section5_5_1NoDataOnceACloseHasPassed(ConnectionState state, boolean maySend) {
        assertEquals(maySend, state.maySendData());
    }
}

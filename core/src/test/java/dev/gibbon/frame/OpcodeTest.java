// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.frame;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.Map;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class OpcodeTest {
    @Nested
    class Section5_2_BaseFraming {
        @Test
        void valuesAreThoseOfTheRegistry() {
            Map<Integer, Opcode> registry = Map.of(
                    0x0, Opcode.CONTINUATION,
                    0x1, Opcode.TEXT,
                    0x2, Opcode.BINARY,
                    0x8, Opcode.CLOSE,
                    0x9, Opcode.PING,
                    0xA, Opcode.PONG);
            for (int value = -1; value <= 16; value++) {
                assertEquals(registry.get(value), Opcode.of(value), "opcode " + value);
            }
            assertNull(Opcode.of(0x81));
        }

        @ParameterizedTest
        @EnumSource
        void valueLeadsBackToTheOpcode(Opcode opcode) {
            assertEquals(opcode, Opcode.of(opcode.value()));
        }
    }

    @Nested
    class Section5_5_ControlFrames {
        @ParameterizedTest
        @EnumSource
        void closePingAndPongAreControlFrames(Opcode opcode) {
            boolean control = opcode == Opcode.CLOSE || opcode == Opcode.PING || opcode == Opcode.PONG;
            assertEquals(control, opcode.isControl());
        }
    }
}

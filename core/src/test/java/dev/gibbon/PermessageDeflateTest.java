// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.OptionalInt;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

class PermessageDeflateTest {
    @Test
    void defaultsAreThoseThatTheBuilderDocuments() {
        PermessageDeflate options = PermessageDeflate.defaults();
        assertEquals(1, options.level());
        assertEquals(OptionalInt.empty(), options.serverMaxWindowBits());
        assertEquals(OptionalInt.empty(), options.clientMaxWindowBits());
        assertEquals(128, options.thresholdBytes());
        assertFalse(options.serverNoContextTakeover());
        assertFalse(options.clientNoContextTakeover());
        assertFalse(options.liveStreams());
    }

    @Test
    void everyOptionSurvivesTheWayThroughABuilder() {
        PermessageDeflate options = PermessageDeflate.builder()
                .level(9)
                .serverNoContextTakeover(true)
                .clientNoContextTakeover(true)
                .serverMaxWindowBits(8)
                .clientMaxWindowBits(15)
                .thresholdBytes(0)
                .condition((_, length) -> length < 10)
                .liveStreams(true)
                .build();
        assertEquals(options, options.toBuilder().build());
        assertEquals(options.hashCode(), options.toBuilder().build().hashCode());
        assertNotEquals(options, options.toBuilder().level(8).build());
        assertTrue(options.toString().startsWith("PermessageDeflate{level=9, "), options.toString());
        assertEquals(9, options.level());
        assertTrue(options.serverNoContextTakeover());
        assertTrue(options.clientNoContextTakeover());
        assertEquals(OptionalInt.of(8), options.serverMaxWindowBits());
        assertEquals(OptionalInt.of(15), options.clientMaxWindowBits());
        assertEquals(0, options.thresholdBytes());
        assertTrue(options.liveStreams());
    }

    @Test
    void aMessageIsCompressedIfItReachesTheThresholdAndMeetsTheCondition() {
        PermessageDeflate options = PermessageDeflate.builder()
                .thresholdBytes(100)
                .condition((type, _) -> type == MessageType.TEXT)
                .build();
        assertFalse(options.compresses(MessageType.TEXT, 99));
        assertTrue(options.compresses(MessageType.TEXT, 100));
        assertFalse(options.compresses(MessageType.BINARY, 100));
    }

    @Test
    void aValueOutOfRangeIsRefusedByName() {
        assertRefused("level must be from 1 to 9: 0", builder -> builder.level(0));
        assertRefused("level must be from 1 to 9: 10", builder -> builder.level(10));
        assertRefused("serverMaxWindowBits must be from 8 to 15: 7", builder -> builder.serverMaxWindowBits(7));
        assertRefused("serverMaxWindowBits must be from 8 to 15: 16", builder -> builder.serverMaxWindowBits(16));
        assertRefused("clientMaxWindowBits must be from 8 to 15: 7", builder -> builder.clientMaxWindowBits(7));
        assertRefused("clientMaxWindowBits must be from 8 to 15: 16", builder -> builder.clientMaxWindowBits(16));
        assertRefused("thresholdBytes must not be negative: -1", builder -> builder.thresholdBytes(-1));
        assertRefused("unboundedWindowBytes must not be negative: -1", builder -> builder.unboundedWindowBytes(-1));
        assertThrows(
                NullPointerException.class, () -> PermessageDeflate.builder().condition(null));
    }

    private static void assertRefused(String message, UnaryOperator<PermessageDeflate.Builder> change) {
        PermessageDeflate.Builder builder = PermessageDeflate.builder();
        assertEquals(
                message,
                assertThrows(IllegalArgumentException.class, () -> change.apply(builder))
                        .getMessage());
    }
}

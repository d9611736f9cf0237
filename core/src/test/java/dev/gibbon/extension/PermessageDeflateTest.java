// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.extension;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.MessageType;
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
        assertRefused("level 0", builder -> builder.level(0));
        assertRefused("level 10", builder -> builder.level(10));
        assertRefused("serverMaxWindowBits 7", builder -> builder.serverMaxWindowBits(7));
        assertRefused("serverMaxWindowBits 16", builder -> builder.serverMaxWindowBits(16));
        assertRefused("clientMaxWindowBits 7", builder -> builder.clientMaxWindowBits(7));
        assertRefused("clientMaxWindowBits 16", builder -> builder.clientMaxWindowBits(16));
        assertRefused("thresholdBytes -1", builder -> builder.thresholdBytes(-1));
    }

    private static void assertRefused(String named, UnaryOperator<PermessageDeflate.Builder> change) {
        PermessageDeflate.Builder builder = change.apply(PermessageDeflate.builder());
        String message =
                assertThrows(IllegalArgumentException.class, builder::build).getMessage();
        assertTrue(message.startsWith(named + " "), message);
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

class ConnectionOptionsTest {
    @Test
    void whoeverSetsNothingHasABoundForEverything() {
        ConnectionOptions options = ConnectionOptions.defaults();
        assertEquals(1 << 20, options.maxMessageBytes());
        assertEquals(16_384, options.maxFragments());
        assertEquals(300, options.maxControlFramesPerMinute());
        assertEquals(16, options.maxPendingPongs());
        assertEquals(Optional.of(Duration.ofMinutes(5)), options.idleTimeout());
        assertEquals(Duration.ofSeconds(10), options.writeTimeout());
        assertEquals(Duration.ofSeconds(10), options.closeTimeout());
        assertEquals(Optional.of(Duration.ofSeconds(25)), options.pingInterval());
        assertEquals(Duration.ofSeconds(20), options.pingTimeout());
        assertEquals(1 << 20, options.maxQueuedBytes());
        assertTrue(options.messageTimeout().isPositive());
    }

    @Test
    void nothingThatIsNoBoundIsTaken() {
        Duration none = Duration.ZERO;
        Duration second = Duration.ofSeconds(1);
        List<UnaryOperator<ConnectionOptions.Builder>> mistakes = List.of(
                builder -> builder.maxMessageBytes(0),
                builder -> builder.maxFrameBytes(0),
                builder -> builder.maxFragments(0),
                builder -> builder.maxControlFramesPerMinute(-1),
                builder -> builder.maxPendingPongs(0),
                builder -> builder.idleTimeout(none),
                builder -> builder.idleTimeout(ChronoUnit.FOREVER.getDuration()),
                builder -> builder.messageTimeout(Duration.ofSeconds(-1)),
                builder -> builder.messageStall(0, second),
                builder -> builder.messageStall(1, none),
                builder -> builder.writeTimeout(none),
                builder -> builder.closeTimeout(none),
                builder -> builder.keepalive(none),
                builder -> builder.keepalive(none, second),
                builder -> builder.keepalive(second, none),
                builder -> builder.batchBytes(0),
                builder -> builder.maxReadAheadBytes(0),
                builder -> builder.maxQueuedBytes(0, QueuePolicy.BLOCK));
        for (int i = 0; i < mistakes.size(); i++) {
            UnaryOperator<ConnectionOptions.Builder> mistake = mistakes.get(i);
            assertThrows(
                    IllegalArgumentException.class, () -> mistake.apply(ConnectionOptions.builder()), "mistake " + i);
        }
    }

    @Test
    void aMessageNamesTheOptionItsBoundAndItsValue() {
        IllegalArgumentException e = assertThrows(
                IllegalArgumentException.class,
                () -> ConnectionOptions.builder().maxFragments(-7));
        assertEquals("maxFragments must be positive: -7", e.getMessage());
        NullPointerException missing = assertThrows(
                NullPointerException.class, () -> ConnectionOptions.builder().writeTimeout(null));
        assertEquals("writeTimeout", missing.getMessage());
    }

    @Test
    void optionsAreValues() {
        ConnectionOptions options = ConnectionOptions.builder()
                .maxFragments(3)
                .noIdleTimeout()
                .batchWrites(true)
                .build();
        assertEquals(options, options.toBuilder().build());
        assertEquals(options.hashCode(), options.toBuilder().build().hashCode());
        assertNotEquals(options, options.toBuilder().maxFragments(4).build());
        assertEquals(Optional.empty(), options.idleTimeout());
        assertTrue(options.toString().contains("maxFragments=3, "), options.toString());
    }

    @Test
    void whatIsSetIsWhatIsThere() {
        ConnectionOptions options = ConnectionOptions.builder()
                .maxMessageBytes(7)
                .keepalive(Duration.ofSeconds(2), Duration.ofSeconds(3))
                .maxQueuedBytes(9, QueuePolicy.DROP)
                .build();
        assertEquals(7, options.maxMessageBytes());
        assertEquals(Optional.of(Duration.ofSeconds(2)), options.pingInterval());
        assertEquals(Duration.ofSeconds(3), options.pingTimeout());
        assertEquals(QueuePolicy.DROP, options.queuePolicy());
    }
}

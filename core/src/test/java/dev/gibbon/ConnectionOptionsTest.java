// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
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
        assertEquals(Optional.empty(), options.pingInterval());
        assertEquals(1 << 20, options.maxQueuedBytes());
        assertTrue(options.messageTimeout().isPositive());
    }

    @Test
    void nothingThatIsNoBoundIsTaken() {
        List<UnaryOperator<ConnectionOptions.Builder>> mistakes = List.of(
                builder -> builder.maxMessageBytes(0),
                builder -> builder.maxFragments(0),
                builder -> builder.maxControlFramesPerMinute(-1),
                builder -> builder.maxPendingPongs(0),
                builder -> builder.idleTimeout(Optional.of(Duration.ZERO)),
                builder -> builder.messageTimeout(Duration.ofSeconds(-1)),
                builder -> builder.writeTimeout(Duration.ZERO),
                builder -> builder.closeTimeout(Duration.ZERO),
                builder -> builder.keepalive(Duration.ZERO, Duration.ofSeconds(1)),
                builder -> builder.keepalive(Duration.ofSeconds(1), Duration.ZERO),
                builder -> builder.batchBytes(0),
                builder -> builder.maxQueuedBytes(0, QueuePolicy.BLOCK));
        for (int i = 0; i < mistakes.size(); i++) {
            UnaryOperator<ConnectionOptions.Builder> mistake = mistakes.get(i);
            assertThrows(
                    IllegalArgumentException.class,
                    () -> mistake.apply(ConnectionOptions.builder()).build(),
                    "mistake " + i);
        }
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

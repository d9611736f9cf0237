// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.protocol.Limits;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;

record ConnectionOptionsRecord(
        long maxMessageBytes,
        long maxFrameBytes,
        int maxFragments,
        int maxControlFramesPerMinute,
        int maxPendingPongs,
        Optional<Duration> idleTimeout,
        Duration messageTimeout,
        Duration writeTimeout,
        Duration closeTimeout,
        Optional<Duration> pingInterval,
        Duration pingTimeout,
        boolean batchWrites,
        int batchBytes,
        long maxQueuedBytes,
        QueuePolicy queuePolicy)
        implements ConnectionOptions {
    ConnectionOptionsRecord {
        requirePositive("maxMessageBytes", maxMessageBytes);
        requirePositive("maxFrameBytes", maxFrameBytes);
        requirePositive("maxFragments", maxFragments);
        requirePositive("maxControlFramesPerMinute", maxControlFramesPerMinute);
        requirePositive("maxPendingPongs", maxPendingPongs);
        idleTimeout.ifPresent(timeout -> requirePositive("idleTimeout", timeout));
        requirePositive("messageTimeout", messageTimeout);
        requirePositive("writeTimeout", writeTimeout);
        requirePositive("closeTimeout", closeTimeout);
        pingInterval.ifPresent(interval -> requirePositive("pingInterval", interval));
        requirePositive("pingTimeout", pingTimeout);
        requirePositive("batchBytes", batchBytes);
        requirePositive("maxQueuedBytes", maxQueuedBytes);
        Objects.requireNonNull(queuePolicy, "queuePolicy");
    }

    private static void requirePositive(String name, long value) {
        if (value <= 0) {
            throw new IllegalArgumentException(name + " must be positive: " + value);
        }
    }

    private static void requirePositive(String name, Duration value) {
        if (!value.isPositive()) {
            throw new IllegalArgumentException(name + " must be positive: " + value);
        }
    }

    Limits limits() {
        return new Limits(maxFrameBytes, maxMessageBytes, maxFragments, maxControlFramesPerMinute);
    }

    @Override
    public Builder toBuilder() {
        return new Builder(this);
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.protocol.Limits;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;

record ConnectionOptionsRecord(
        Limits limits,
        int maxPendingPongs,
        Optional<Duration> idleTimeout,
        Duration messageTimeout,
        Duration messageStallTimeout,
        long messageStallBytes,
        Duration writeTimeout,
        Duration closeTimeout,
        Optional<Duration> pingInterval,
        Duration pingTimeout,
        boolean batchWrites,
        int batchBytes,
        int maxReadAheadBytes,
        long maxQueuedBytes,
        QueuePolicy queuePolicy)
        implements ConnectionOptions {
    ConnectionOptionsRecord {
        requirePositive("maxMessageBytes", limits.maxMessageBytes());
        requirePositive("maxFrameBytes", limits.maxFrameBytes());
        requirePositive("maxFragments", limits.maxFragments());
        requirePositive("maxControlFramesPerMinute", limits.maxControlFramesPerMinute());
        requirePositive("maxPendingPongs", maxPendingPongs);
        idleTimeout.ifPresent(timeout -> requirePositive("idleTimeout", timeout));
        requirePositive("messageTimeout", messageTimeout);
        requirePositive("messageStallTimeout", messageStallTimeout);
        requirePositive("messageStallBytes", messageStallBytes);
        requirePositive("writeTimeout", writeTimeout);
        requirePositive("closeTimeout", closeTimeout);
        pingInterval.ifPresent(interval -> requirePositive("pingInterval", interval));
        requirePositive("pingTimeout", pingTimeout);
        requirePositive("batchBytes", batchBytes);
        requirePositive("maxReadAheadBytes", maxReadAheadBytes);
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

    @Override
    public long maxMessageBytes() {
        return limits.maxMessageBytes();
    }

    @Override
    public long maxFrameBytes() {
        return limits.maxFrameBytes();
    }

    @Override
    public int maxFragments() {
        return limits.maxFragments();
    }

    @Override
    public int maxControlFramesPerMinute() {
        return limits.maxControlFramesPerMinute();
    }

    @Override
    public Builder toBuilder() {
        return new Builder(this);
    }
}

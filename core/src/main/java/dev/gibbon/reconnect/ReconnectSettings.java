// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.reconnect;

import dev.gibbon.Dialer;
import dev.gibbon.TimeSource;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Objects;
import java.util.random.RandomGenerator;

/** Everything that a {@link ReconnectingClient} was told by its builder. */
record ReconnectSettings(
        Dialer dialer,
        ReconnectingClient.Request target,
        ReconnectingClient.RequestHook requestHook,
        ReconnectingClient.ResumeHook resumeHook,
        Duration resumeTimeout,
        Backoff backoff,
        RandomGenerator random,
        RetryPolicy retryPolicy,
        int maxRetries,
        Duration stableAfter,
        Duration maxRetryAfter,
        ReconnectingClient.OutboxPolicy outboxPolicy,
        int maxOutboxMessages,
        long maxOutboxBytes,
        Duration sendTimeout,
        boolean resendInDoubt,
        ReconnectListener listener,
        InstantSource wallClock) {
    /** What nanoseconds in a {@code long} can count. */
    private static final Duration LONGEST = Duration.ofNanos(Long.MAX_VALUE);

    static Duration positive(String name, Duration value) {
        if (!notNegative(name, value).isPositive()) {
            throw new IllegalArgumentException(name + " must be positive: " + value);
        }
        return value;
    }

    static Duration notNegative(String name, Duration value) {
        if (Objects.requireNonNull(value, name).isNegative()) {
            throw new IllegalArgumentException(name + " must not be negative: " + value);
        }
        if (value.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException(name + " must be at most 292 years: " + value);
        }
        return value;
    }

    static long atLeast(long least, String name, long value) {
        if (value < least) {
            throw new IllegalArgumentException(name + " must be " + least + " or more: " + value);
        }
        return value;
    }

    TimeSource time() {
        return dialer.timeSource();
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.time.Duration;
import java.time.InstantSource;
import java.util.random.RandomGenerator;

/** Everything that a {@link ReconnectingClient} was told by its builder, checked. */
record ReconnectSettings(
        Dialer dialer,
        DialRequest target,
        ReconnectingClient.RequestHook requestHook,
        ReconnectingClient.ResumeHook resumeHook,
        Duration resumeTimeout,
        Backoff backoff,
        RandomGenerator random,
        RetryClassifier classifier,
        int maxRetries,
        Duration stableAfter,
        Duration maxRetryAfter,
        OutboxPolicy outboxPolicy,
        int maxOutboxMessages,
        long maxOutboxBytes,
        Duration sendTimeout,
        boolean resendInDoubt,
        ReconnectListener listener,
        InstantSource wallClock) {
    ReconnectSettings {
        requirePositive("resumeTimeout", resumeTimeout);
        requireNotNegative("maxRetries", maxRetries);
        requireNotNegative("stableAfter", stableAfter.toNanos());
        requireNotNegative("maxRetryAfter", maxRetryAfter.toNanos());
        if (maxOutboxMessages < 1) {
            throw new IllegalArgumentException("maxOutboxMessages must be positive: " + maxOutboxMessages);
        }
        if (maxOutboxBytes < 1) {
            throw new IllegalArgumentException("maxOutboxBytes must be positive: " + maxOutboxBytes);
        }
        requirePositive("sendTimeout", sendTimeout);
    }

    private static void requirePositive(String name, Duration value) {
        if (!value.isPositive()) {
            throw new IllegalArgumentException(name + " must be positive: " + value);
        }
    }

    private static void requireNotNegative(String name, long value) {
        if (value < 0) {
            throw new IllegalArgumentException(name + " must not be negative: " + value);
        }
    }

    TimeSource time() {
        return dialer.engine().time();
    }
}

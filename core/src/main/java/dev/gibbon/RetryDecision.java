// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.time.Duration;
import java.util.Optional;

/** What a {@link ReconnectingClient} does after a connection ended or did not come about. */
public sealed interface RetryDecision permits RetryDecisionRecord {
    /** {@return to try again, when the back-off says so and not before a {@code Retry-After} of the server} */
    static RetryDecision retry() {
        return new RetryDecisionRecord(true, Optional.empty());
    }

    /**
     * {@return to try again, not before {@code delay} has passed; what
     * the back-off draws is added, {@code Retry-After} is ignored}
     *
     * @param delay how long from now; bounded by {@link ReconnectingClient.Builder#maxRetryAfter}
     * @throws IllegalArgumentException if {@code delay} is negative
     */
    static RetryDecision retryAfter(Duration delay) {
        return new RetryDecisionRecord(true, Optional.of(delay));
    }

    /** {@return to stop for good} */
    static RetryDecision giveUp() {
        return new RetryDecisionRecord(false, Optional.empty());
    }

    /** {@return whether to try again} */
    boolean retries();

    /** {@return how long to wait at least, if that was said} */
    Optional<Duration> notBefore();
}

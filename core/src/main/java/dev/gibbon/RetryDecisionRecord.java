// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.time.Duration;
import java.util.Optional;

record RetryDecisionRecord(boolean retries, Optional<Duration> notBefore) implements RetryDecision {
    RetryDecisionRecord {
        if (notBefore.isPresent() && notBefore.get().isNegative()) {
            throw new IllegalArgumentException("delay must not be negative: " + notBefore.get());
        }
    }
}

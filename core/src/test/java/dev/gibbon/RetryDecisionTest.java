// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RetryDecisionTest {
    @Test
    void saysWhetherAndWhen() {
        assertTrue(RetryDecision.retry().retries());
        assertEquals(Optional.empty(), RetryDecision.retry().notBefore());
        RetryDecision later = RetryDecision.retryAfter(Duration.ofSeconds(7));
        assertTrue(later.retries());
        assertEquals(Optional.of(Duration.ofSeconds(7)), later.notBefore());
        assertFalse(RetryDecision.giveUp().retries());
    }

    @Test
    void thePastIsNoTimeToTryAgain() {
        assertThrows(IllegalArgumentException.class, () -> RetryDecision.retryAfter(Duration.ofNanos(-1)));
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.protocol;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ControlFrameBudgetTest {
    private static final long MINUTE = 60_000_000_000L;

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 300, 1_000_000})
    void aMinutesWorthMayComeAtOnceAndNotOneMore(int perMinute) {
        ControlFrameBudget budget = new ControlFrameBudget(perMinute);
        for (int i = 0; i < perMinute; i++) {
            assertTrue(budget.take(0), "frame " + i);
        }
        assertFalse(budget.take(0));
    }

    @ParameterizedTest
    @ValueSource(longs = {0, -1, Long.MIN_VALUE, Long.MAX_VALUE, Long.MAX_VALUE - MINUTE / 2})
    void steadyRateOfTheAllowancePassesForEverOnAnyClock(long start) {
        ControlFrameBudget budget = new ControlFrameBudget(300);
        long now = start;
        for (int i = 0; i < 10_000; i++) {
            assertTrue(budget.take(now), "frame " + i);
            now += MINUTE / 300;
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, -1, Long.MIN_VALUE, Long.MAX_VALUE, Long.MAX_VALUE - MINUTE / 2})
    void oneFrameComesBackEachTimeItsShareOfAMinutePasses(long start) {
        ControlFrameBudget budget = new ControlFrameBudget(60);
        for (int i = 0; i < 60; i++) {
            assertTrue(budget.take(start));
        }
        assertTrue(budget.take(start + MINUTE / 60));
        assertFalse(budget.take(start + MINUTE / 60));
    }

    @ParameterizedTest
    @ValueSource(longs = {MINUTE, 10 * MINUTE, 1_000_000 * MINUTE})
    void silenceSavesUpNoMoreThanAMinutesWorth(long silence) {
        ControlFrameBudget budget = new ControlFrameBudget(10);
        for (int i = 0; i < 10; i++) {
            assertTrue(budget.take(0));
        }
        for (int i = 0; i < 10; i++) {
            assertTrue(budget.take(silence), "frame " + i);
        }
        assertFalse(budget.take(silence));
    }
}

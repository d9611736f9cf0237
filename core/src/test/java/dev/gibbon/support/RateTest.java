// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.support;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** So many a second, in a burst and evenly, wherever a clock has its zero. */
class RateTest {
    private static final long MILLI = 1_000_000;

    @ParameterizedTest
    @ValueSource(longs = {0, -5, Long.MIN_VALUE, Long.MAX_VALUE - 500 * MILLI, Long.MAX_VALUE})
    void aSecondsWorthMayBeTakenAtOnceAndComesBackEvenly(long start) {
        Rate rate = new Rate(4, 4);
        AtomicLong usedUp = new AtomicLong(start);
        for (int i = 0; i < 4; i++) {
            assertTrue(rate.take(usedUp, start));
        }
        assertFalse(rate.take(usedUp, start));
        assertFalse(rate.take(usedUp, start + 249 * MILLI));
        assertTrue(rate.take(usedUp, start + 250 * MILLI));
        assertFalse(rate.take(usedUp, start + 250 * MILLI));
        long later = start + 5000 * MILLI;
        for (int i = 0; i < 4; i++) {
            assertTrue(rate.take(usedUp, later));
        }
        assertFalse(rate.take(usedUp, later), "what was not taken is not saved up");
    }

    @ParameterizedTest
    @ValueSource(longs = {0, -5, Long.MAX_VALUE - 500 * MILLI})
    void whoReservesWaitsInTurn(long start) {
        Rate rate = new Rate(2, 2);
        AtomicLong usedUp = new AtomicLong(start);
        assertEquals(0, rate.reserve(usedUp, start));
        assertEquals(0, rate.reserve(usedUp, start));
        assertEquals(500 * MILLI, rate.reserve(usedUp, start));
        assertEquals(1000 * MILLI, rate.reserve(usedUp, start));
        assertEquals(1400 * MILLI, rate.reserve(usedUp, start + 100 * MILLI));
        assertEquals(0, rate.reserve(usedUp, start + 10_000 * MILLI));
    }

    @Test
    void aBurstMayBeMoreThanASecondsWorthOrLess() {
        Rate many = new Rate(1, 5);
        AtomicLong usedUp = new AtomicLong();
        for (int i = 0; i < 5; i++) {
            assertTrue(many.take(usedUp, 0));
        }
        assertFalse(many.take(usedUp, 999 * MILLI));
        assertTrue(many.take(usedUp, 1000 * MILLI));
        Rate few = new Rate(10, 1);
        AtomicLong other = new AtomicLong();
        assertTrue(few.take(other, 0));
        assertFalse(few.take(other, 99 * MILLI));
        assertTrue(few.take(other, 100 * MILLI));
    }

    @Test
    void whatIsGivenBackIsThereForTheNext() {
        Rate rate = new Rate(2, 2);
        AtomicLong usedUp = new AtomicLong();
        for (int i = 0; i < 100; i++) {
            long _ = rate.reserve(usedUp, 0);
        }
        for (int i = 0; i < 98; i++) {
            rate.giveBack(usedUp);
        }
        assertEquals(500 * MILLI, rate.reserve(usedUp, 0));
    }

    @Test
    void whatIsSpentBeyondTheBurstIsOwed() {
        Rate rate = new Rate(1000, 1000);
        AtomicLong usedUp = new AtomicLong();
        rate.spend(usedUp, 0, 1000);
        assertEquals(0, rate.debt(usedUp, 0));
        rate.spend(usedUp, 0, 2000);
        assertEquals(2000 * MILLI, rate.debt(usedUp, 0));
        assertEquals(1 * MILLI, rate.debt(usedUp, 1999 * MILLI));
        assertEquals(0, rate.debt(usedUp, 2000 * MILLI));
        assertEquals(0, rate.debt(new AtomicLong(), Long.MAX_VALUE));
        Rate fast = new Rate(1_000_000_000, 1_000_000_000);
        fast.spend(usedUp, 10_000 * MILLI, Integer.MAX_VALUE);
        assertEquals(Integer.MAX_VALUE - 1000L * MILLI, fast.debt(usedUp, 10_000 * MILLI));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 1000, 1_000_000})
    void aMinuteHasSixtySecondsWorthAndTheBurst(int perSecond) {
        Rate rate = new Rate(perSecond, perSecond);
        AtomicLong usedUp = new AtomicLong();
        long taken = 0;
        long step = Math.max(1, 1_000_000_000L / perSecond / 4);
        long end = Math.min(60_000 * MILLI, 100_000 * step);
        for (long now = 0; now < end; now += step) {
            while (rate.take(usedUp, now)) {
                taken++;
            }
        }
        long due = perSecond + end * perSecond / 1_000_000_000L;
        assertTrue(Math.abs(taken - due) <= 1 + due / 1000, taken + " taken, " + due + " due");
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.reconnect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class BackoffTest {
    private static final long SECOND = Duration.ofSeconds(1).toNanos();

    @Test
    void theCeilingGrowsByTheFactorUpToTheCap() {
        Backoff backoff = Backoff.of(Duration.ofSeconds(1), Duration.ofSeconds(10), 3);
        assertEquals(Duration.ofSeconds(1), backoff.ceiling(0));
        assertEquals(Duration.ofSeconds(3), backoff.ceiling(1));
        assertEquals(Duration.ofSeconds(9), backoff.ceiling(2));
        assertEquals(Duration.ofSeconds(10), backoff.ceiling(3));
        assertEquals(Duration.ofSeconds(10), backoff.ceiling(Integer.MAX_VALUE));
    }

    @Test
    void theJitterIsFull() {
        Backoff backoff = Backoff.of(Duration.ofSeconds(4), Duration.ofSeconds(4), 1);
        RandomGenerator random = new SplittableRandom(7);
        int[] quarters = new int[4];
        for (int i = 0; i < 4000; i++) {
            quarters[(int) (backoff.delay(0, random).toNanos() / SECOND)]++;
        }
        for (int count : quarters) {
            assertTrue(count > 850 && count < 1150, "a quarter has " + count + " of 4000");
        }
    }

    @Test
    void valuesOutOfRangeAreRefused() {
        Duration second = Duration.ofSeconds(1);
        assertThrows(IllegalArgumentException.class, () -> Backoff.of(Duration.ZERO, second, 2));
        assertThrows(IllegalArgumentException.class, () -> Backoff.of(second, Duration.ofMillis(999), 2));
        assertThrows(IllegalArgumentException.class, () -> Backoff.of(second, second, 0.9));
        assertThrows(IllegalArgumentException.class, () -> Backoff.of(second, second, Double.NaN));
        assertThrows(IllegalArgumentException.class, () -> Backoff.of(second, second, Double.POSITIVE_INFINITY));
        assertThrows(IllegalArgumentException.class, () -> Backoff.standard().ceiling(-1));
    }

    /** NW-13: a thousand clients lose one server in the same instant. */
    @Nested
    class Storm {
        private static final int CLIENTS = 1000;

        /** Counts the tries in each second that go on until the server is back, the ones that find it included. */
        private int[] triesPerSecond(int backAfterSeconds, int seconds) {
            Backoff backoff = Backoff.standard();
            SplittableRandom random = new SplittableRandom(13);
            int[] tries = new int[seconds];
            for (int client = 0; client < CLIENTS; client++) {
                RandomGenerator own = random.split();
                long now = 0;
                for (int retry = 0; retry == 0 || now < backAfterSeconds * SECOND; retry++) {
                    now += backoff.delay(retry, own).toNanos();
                    if (now / SECOND < seconds) {
                        tries[(int) (now / SECOND)]++;
                    }
                }
            }
            return tries;
        }

        private void assertNoSecondAboveTwiceTheMean(int[] tries, int from, int to) {
            int sum = 0;
            for (int second = from; second < to; second++) {
                sum += tries[second];
            }
            double mean = (double) sum / (to - from);
            for (int second = from; second < to; second++) {
                assertTrue(
                        tries[second] <= 2 * mean,
                        "second " + second + " has " + tries[second] + " tries, the mean is " + mean);
            }
        }

        @Test
        void aRestartIsFollowedByNoSecondAboveTwiceTheMean() {
            int[] tries = triesPerSecond(0, 10);
            int sum = 0;
            for (int count : tries) {
                sum += count;
            }
            assertEquals(CLIENTS, sum);
            assertEquals(0, tries[5], "everybody is back before the first ceiling");
            assertNoSecondAboveTwiceTheMean(tries, 0, 5);
        }

        @Test
        void aLongOutageSeesNoSecondAboveTwiceTheMean() {
            assertNoSecondAboveTwiceTheMean(triesPerSecond(900, 900), 120, 900);
        }

        @Test
        void theEndOfALongOutageIsNoWorseThanTheOutage() {
            int[] tries = triesPerSecond(600, 700);
            double mean = 0;
            for (int second = 480; second < 600; second++) {
                mean += tries[second] / 120.0;
            }
            for (int second = 600; second < 660; second++) {
                assertTrue(tries[second] <= 2 * mean, "second " + second + " has " + tries[second]);
            }
            assertTrue(tries[600] > 0, "somebody comes at once");
            assertEquals(0, tries[661], "everybody is back within the cap");
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.gibbon.TimeSource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ManualClockTest {
    private final ManualClock clock = new ManualClock();
    private final List<String> ran = new ArrayList<>();

    private Runnable note(String name) {
        return () -> ran.add(name + "@" + clock.nanoTime());
    }

    private static Duration nanos(long nanos) {
        return Duration.ofNanos(nanos);
    }

    @Test
    void runsTimersInTheOrderOfTheirTimesThenAsScheduled() {
        TimeSource.Timer _ = clock.schedule(nanos(5), note("c"));
        TimeSource.Timer _ = clock.schedule(nanos(3), note("a"));
        TimeSource.Timer _ = clock.schedule(nanos(3), note("b"));
        TimeSource.Timer _ = clock.schedule(nanos(9), note("later"));
        clock.advance(nanos(8));
        assertEquals(List.of("a@3", "b@3", "c@5"), ran);
        assertEquals(8, clock.nanoTime());
        assertEquals(1, clock.pending());
        assertEquals(Optional.of(nanos(1)), clock.untilNext());
    }

    @Test
    void aTimerOfATimerRunsInTheSameAdvanceIfItFallsDue() {
        TimeSource.Timer _ = clock.schedule(nanos(2), () -> {
            note("first").run();
            TimeSource.Timer _ = clock.schedule(nanos(2), note("second"));
            TimeSource.Timer _ = clock.schedule(nanos(20), note("too late"));
        });
        clock.advance(nanos(10));
        assertEquals(List.of("first@2", "second@4"), ran);
    }

    @Test
    void aCancelledTimerNeverRuns() {
        TimeSource.Timer timer = clock.schedule(nanos(1), note("a"));
        timer.cancel();
        timer.cancel();
        assertEquals(0, clock.pending());
        clock.advance(nanos(5));
        assertEquals(List.of(), ran);
    }

    @Test
    void aLongDelayDoesNotOverflow() {
        clock.advance(nanos(1));
        TimeSource.Timer _ = clock.schedule(Duration.ofSeconds(Long.MAX_VALUE), note("never"));
        clock.advance(Duration.ofDays(1));
        assertEquals(List.of(), ran);
    }

    @Test
    void refusesToGoBackAndToBeAdvancedByItsOwnTimer() {
        assertThrows(IllegalArgumentException.class, () -> clock.advance(nanos(-1)));
        TimeSource.Timer _ = clock.schedule(Duration.ZERO, () -> clock.advance(nanos(1)));
        assertThrows(IllegalStateException.class, () -> clock.advance(Duration.ZERO));
        clock.advance(nanos(1));
        assertEquals(1, clock.nanoTime());
    }
}

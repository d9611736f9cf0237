// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.connection.Ticks;
import dev.gibbon.support.LimitedLog;
import dev.gibbon.testkit.ManualClock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;

@Isolated
class TicksTest {
    private static final Duration LONG = Duration.ofSeconds(10);
    private static final Duration SHORT = Duration.ofMillis(40);

    private final ManualClock clock = new ManualClock();
    private final LimitedLog log = new LimitedLog(clock);
    private final Ticks ticks = new Ticks(clock, log);

    private static class Member implements Ticks.Member {
        final Duration timeout;
        int place;
        int looks;
        Throwable broken;

        Member(Duration timeout) {
            this.timeout = timeout;
        }

        @Override
        public Duration shortestTimeout() {
            return timeout;
        }

        @Override
        public int place() {
            return place;
        }

        @Override
        public void place(int now) {
            place = now;
        }

        @Override
        public void tick(long now) {
            looks++;
        }

        @Override
        public void broken(Throwable defect) {
            broken = defect;
        }
    }

    private static final class Throwing extends Member {
        Throwing() {
            super(LONG);
        }

        @Override
        public void tick(long now) {
            super.tick(now);
            throw new StackOverflowError("in a look");
        }

        @Override
        public void broken(Throwable defect) {
            super.broken(defect);
            throw new IllegalStateException("in its end");
        }
    }

    private Member added(Member member) {
        ticks.add(member);
        return member;
    }

    private void pass(Duration time) {
        for (Duration left = time; left.isPositive(); left = left.minusMillis(10)) {
            clock.advance(Duration.ofMillis(10));
        }
    }

    @Test
    void eachIsLookedAtAsOftenAsItsOwnTimeoutNeeds() {
        Member slow = added(new Member(LONG));
        Member quick = added(new Member(SHORT));
        Member between = added(new Member(Duration.ofSeconds(1)));
        pass(Duration.ofSeconds(16));
        assertEquals(1600, quick.looks);
        assertEquals(100, between.looks);
        assertEquals(16, slow.looks);
    }

    @Test
    void theShortestTimeoutIsLookedAtEveryTenMilliseconds() {
        Member least = added(new Member(Duration.ofMillis(1)));
        pass(Duration.ofSeconds(1));
        assertEquals(100, least.looks);
    }

    @Test
    void whoeverThrowsIsDroppedAndTheOthersAreLookedAtOn() {
        try (LogLines _ = LogLines.record()) {
            Member before = added(new Member(LONG));
            Member throwing = added(new Throwing());
            Member after = added(new Member(LONG));
            pass(Duration.ofSeconds(3));
            assertEquals(3, before.looks);
            assertEquals(3, after.looks);
            assertTrue(throwing.broken instanceof StackOverflowError);
        }
    }

    @Test
    void membersThatLeaveInALookCostNobodyItsLook() {
        List<Member> all = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            boolean leaves = i % 3 == 0;
            all.add(added(new Member(LONG) {
                @Override
                public void tick(long now) {
                    super.tick(now);
                    if (leaves) {
                        ticks.remove(this);
                    }
                }
            }));
        }
        pass(Duration.ofSeconds(4));
        for (int i = 0; i < 100; i++) {
            assertEquals(i % 3 == 0 ? 1 : 4, all.get(i).looks);
        }
    }

    @Test
    void aRoundEndsWithItsLastMemberAndBeginsAgainWithTheNext() {
        Member first = added(new Member(LONG));
        pass(Duration.ofSeconds(2));
        ticks.remove(first);
        ticks.remove(first);
        pass(Duration.ofSeconds(2));
        Member second = added(new Member(LONG));
        pass(Duration.ofSeconds(2));
        assertEquals(2, first.looks);
        assertEquals(2, second.looks);
    }

    @Test
    void aTimerThatCannotBeSetIsSetWithTheNextMember() {
        AtomicBoolean failing = new AtomicBoolean(true);
        TimeSource scarce = new TimeSource() {
            @Override
            public long nanoTime() {
                return clock.nanoTime();
            }

            @Override
            public Timer schedule(Duration delay, Runnable task) {
                if (failing.get()) {
                    throw new OutOfMemoryError("unable to create native thread");
                }
                return clock.schedule(delay, task);
            }
        };
        Ticks starved = new Ticks(scarce, log);
        Member first = new Member(LONG);
        Member second = new Member(LONG);
        try (LogLines _ = LogLines.record()) {
            starved.add(first);
            failing.set(false);
            starved.add(second);
            pass(Duration.ofSeconds(2));
            assertEquals(2, first.looks);
            assertEquals(2, second.looks);
        }
    }
}

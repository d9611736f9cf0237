// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.LogLines;
import dev.gibbon.connection.LoopThread;
import dev.gibbon.connection.SecureMaskingKeys;
import dev.gibbon.testkit.ManualClock;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.Isolated;

/** A loop for which there is no thread, as where a process has as many as it may. */
@Timeout(300)
@Isolated
class SelectorLoopTest {
    private final ManualClock clock = new ManualClock();
    private final LoopEngine engine = new LoopEngine(clock, new SecureMaskingKeys(), 1);
    private final AtomicInteger refusals = new AtomicInteger();
    private final SelectorLoop loop = new SelectorLoop(engine, "scarce", this::thread);

    private Thread thread(Runnable run, String name) {
        if (refusals.getAndDecrement() <= 0) {
            return new LoopThread(run, name);
        }
        return new Thread(run, name) {
            @Override
            public void start() {
                throw new OutOfMemoryError("unable to create native thread");
            }
        };
    }

    @Test
    void whatALoopIsGivenWaitsUntilThereIsAThreadAndIsToldOnce() throws Exception {
        refusals.set(3);
        CountDownLatch ran = new CountDownLatch(2);
        try (LogLines lines = LogLines.record()) {
            loop.execute(ran::countDown);
            loop.execute(ran::countDown);
            clock.advance(Duration.ofMillis(100)); // The third and last refusal.
            assertEquals(2, ran.getCount());
            clock.advance(Duration.ofMillis(100));
            assertTrue(ran.await(60, TimeUnit.SECONDS), "the loop is deaf");
            assertEquals(
                    1,
                    lines.warnings(line -> line.contains("scarce cannot start")).size());
        }
    }

    @Test
    void aConnectionThatNeedsTheThreadGetsTheFailureAndTheNextOneTheLoop() throws Exception {
        refusals.set(1);
        IllegalStateException failure = assertThrows(IllegalStateException.class, loop::start);
        assertSame(OutOfMemoryError.class, failure.getCause().getClass());
        loop.start();
        CountDownLatch ran = new CountDownLatch(1);
        loop.execute(ran::countDown);
        assertTrue(ran.await(60, TimeUnit.SECONDS), "the loop is deaf");
    }
}

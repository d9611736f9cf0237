// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.loop;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.connection.Driver;
import dev.gibbon.connection.SecureMaskingKeys;
import dev.gibbon.spi.AsyncStream;
import dev.gibbon.testkit.ManualClock;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A loop none of whose connections has a channel, so that its selector has nothing to watch. */
@Timeout(300)
class IdleLoopTest {
    private static final int TURNS = 100;

    private final ManualClock clock = new ManualClock();
    private final LoopEngine engine = new LoopEngine(clock, new SecureMaskingKeys(), 1);
    private final SelectorLoop loop = engine.loops().next();
    private final CountDownLatch turns = new CountDownLatch(TURNS);

    /** A connection that has its turns by coming back, as one does that inflates a large message. */
    private final class Busy implements Driver.Driven {
        private final StreamDriver driver = new StreamDriver(loop, new Silent(), this);

        @Override
        public void ready(boolean readable, boolean writable) {
            turns.countDown();
            clock.advance(Duration.ofMinutes(1)); // The loop has had no channel for long.
            if (turns.getCount() > 0) {
                driver.again();
            }
        }

        @Override
        public void endOfTurn() {}

        @Override
        public void flushEarly() {}

        @Override
        public void broken(Throwable defect) {
            throw new AssertionError(defect);
        }
    }

    /** A stream that has nothing to tell. */
    private static final class Silent implements AsyncStream {
        @Override
        public int read(ByteBuffer dst) {
            return 0;
        }

        @Override
        public long write(ByteBuffer[] srcs, int offset, int length) {
            return 0;
        }

        @Override
        public boolean flushed() {
            return true;
        }

        @Override
        public void whenReadable(Runnable task) {}

        @Override
        public void whenWritable(Runnable task) {}

        @Override
        public void shutdownOutput() {}

        @Override
        public void close() {}
    }

    @Test
    void theThreadDoesNotEndWhileAConnectionIsToHaveAnotherTurn() throws Exception {
        Busy busy = new Busy();
        loop.execute(busy.driver::again);
        assertTrue(turns.await(60, TimeUnit.SECONDS), turns + " are forgotten");
    }
}

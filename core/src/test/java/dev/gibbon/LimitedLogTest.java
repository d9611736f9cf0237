// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gibbon.support.LimitedLog;
import dev.gibbon.testkit.ManualClock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;

@Isolated
class LimitedLogTest {
    private final ManualClock clock = new ManualClock();
    private final LimitedLog log = new LimitedLog(clock);

    @Test
    void tenLinesASecondAndTheNextSaysHowManyWereLeftOut() {
        try (LogLines lines = LogLines.record()) {
            for (int i = 0; i < 25; i++) {
                log.warn("line " + i, null);
            }
            assertEquals(IntStream.range(0, 10).mapToObj(i -> "line " + i).toList(), lines.messages());
            clock.advance(Duration.ofSeconds(1));
            log.warn("another", null);
            assertEquals(
                    "another (15 lines before this were left out)",
                    lines.messages().getLast());
            log.warn("one more", null);
            assertEquals("one more", lines.messages().getLast());
        }
    }

    @Test
    void aFloodOfOneLevelTakesNothingFromAnother() {
        try (LogLines lines = LogLines.record()) {
            for (int i = 0; i < 1000; i++) {
                log.info("refused", null);
            }
            log.warn("a defect", null);
            log.warn("another", null);
            assertEquals(12, lines.messages().size());
            assertEquals(List.of("a defect", "another"), lines.messages().subList(10, 12));
            clock.advance(Duration.ofSeconds(1));
            log.warn("a third", null);
            assertEquals("a third", lines.messages().getLast());
            log.info("refused again", null);
            assertEquals(
                    "refused again (990 lines before this were left out)",
                    lines.messages().getLast());
        }
    }

    @Test
    void levelsThatNobodyWantsCountForNothing() {
        try (LogLines lines = LogLines.record()) {
            for (int i = 0; i < 25; i++) {
                log.debug("unwanted", null);
            }
            log.info("wanted", null);
            assertEquals(List.of("wanted"), lines.messages());
        }
    }

    @Test
    void whatALogHandlerThrowsReachesNobodyAndTheLineCountsAsLeftOut() {
        AtomicBoolean throwing = new AtomicBoolean(true);
        try (LogLines lines = LogLines.handledBy(_ -> {
            if (throwing.get()) {
                throw new LinkageError("as when no time-zone file can be opened");
            }
        })) {
            log.warn("lost", new Exception("the cause"));
            log.warn("lost, too", null);
            throwing.set(false);
            log.warn("seen", null);
            assertEquals(
                    "seen (2 lines before this were left out)", lines.messages().getLast());
        }
    }
}

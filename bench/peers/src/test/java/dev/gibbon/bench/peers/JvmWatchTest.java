// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.bench.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.List;
import org.junit.jupiter.api.Test;

class JvmWatchTest {
    private static final long SECOND = 1_000_000_000;
    private static final LoadResult TEN_SECONDS_OF_100 =
            new LoadResult(1, 10, 1000, 100.0, null, 1, 1.0, 0, null, null, null);

    private static JvmProbe.Sample sample(double second, long collections, long allocated) {
        return new JvmProbe.Sample((long) (second * SECOND), collections, 10 * collections, allocated);
    }

    @Test
    void onlySamplesInsideTheMeasuredTimeCount() {
        // Measured from 5 to 15; the sample before is of the warm-up, the one after of the closing.
        JvmFigures figures = JvmWatch.figures(
                List.of(sample(4, 0, 0), sample(6, 5, 50_000), sample(10, 7, 60_000), sample(14.9, 90, 999_999)),
                0,
                TEN_SECONDS_OF_100,
                15 * SECOND,
                null);

        assertEquals(new JvmFigures(4.0, 2L, 20L, 25.0, null), figures);
    }

    @Test
    void whatTheAskingAllocatesIsTakenOff() {
        List<JvmProbe.Sample> samples = List.of(sample(6, 0, 0), sample(8, 0, 3000), sample(10, 0, 6000));

        assertEquals(
                10.0,
                JvmWatch.figures(samples, 1000, TEN_SECONDS_OF_100, 15 * SECOND, null)
                        .allocatedBytesPerMessage());
        assertEquals(
                0.0,
                JvmWatch.figures(samples, 9000, TEN_SECONDS_OF_100, 15 * SECOND, null)
                        .allocatedBytesPerMessage());
    }

    @Test
    void oneSampleTellsNothing() {
        JvmFigures figures = JvmWatch.figures(List.of(sample(6, 0, 0)), 0, TEN_SECONDS_OF_100, 15 * SECOND, 512.0);

        assertNull(figures.allocatedBytesPerMessage());
        assertEquals(512.0, figures.heapBytesPerConnection());
    }
}

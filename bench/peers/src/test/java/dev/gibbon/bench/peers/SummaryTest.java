// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.bench.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class SummaryTest {
    @Test
    void medianOfAnOddNumberIsTheMiddleOne() {
        assertEquals(OptionalDouble.of(3), Summary.median(List.of(9.0, 1.0, 3.0)));
    }

    @Test
    void medianOfAnEvenNumberIsTheMeanOfTheMiddleTwo() {
        assertEquals(OptionalDouble.of(2.5), Summary.median(List.of(4.0, 1.0, 2.0, 3.0)));
    }

    @Test
    void medianOfNothingIsEmpty() {
        assertEquals(OptionalDouble.empty(), Summary.median(List.of()));
    }

    @Test
    void ratioNeedsBothFiguresAndABaseThatIsNotZero() {
        assertEquals(OptionalDouble.of(1.5), Summary.ratio(OptionalDouble.of(3), OptionalDouble.of(2)));
        assertEquals(OptionalDouble.empty(), Summary.ratio(OptionalDouble.empty(), OptionalDouble.of(2)));
        assertEquals(OptionalDouble.empty(), Summary.ratio(OptionalDouble.of(3), OptionalDouble.empty()));
        assertEquals(OptionalDouble.empty(), Summary.ratio(OptionalDouble.of(3), OptionalDouble.of(0)));
    }

    @Test
    void failedRunsCountForNothing() {
        Summary summary = new Runs()
                .with("gorilla", "go")
                .cpu("gorilla", "16B-d1-c64", 8, 10)
                .failed("gorilla", "16B-d1-c64", "hung")
                .summary();

        assertEquals(OptionalDouble.of(9), summary.figure("gorilla", "16B-d1-c64", Metric.SERVER_CPU));
        assertEquals(2, summary.rounds("gorilla", "16B-d1-c64"));
    }

    @Test
    void rankingHasTheSmallestFirstAndLeavesOutThoseWithoutAFigure() {
        Summary summary = new Runs()
                .with("slow", "go")
                .with("absent", "go")
                .with("fast", "c")
                .cpu("slow", "16B-d1-c64", 8)
                .cpu("fast", "16B-d1-c64", 6)
                .summary();

        assertEquals(
                List.of("fast", "slow"),
                summary.ranking("16B-d1-c64", Metric.SERVER_CPU).stream()
                        .map(Rival::name)
                        .toList());
    }
}

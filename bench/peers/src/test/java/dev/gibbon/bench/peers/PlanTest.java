// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.bench.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class PlanTest {
    private static final Rival FLOOR = Runs.rival("floor", "c", "echo");
    private static final Rival GIBBON = Runs.rival("gibbon", "java", "echo", "tls");
    private static final Rival GWS = Runs.rival("gws", "go", "echo", "tls");

    private static Plan plan(int rounds, String... scenarios) {
        return new Plan(
                List.of(scenarios).stream().map(Scenario::named).toList(),
                List.of(FLOOR, GIBBON, GWS),
                rounds,
                Duration.ofSeconds(1),
                Duration.ofSeconds(2));
    }

    private static List<String> names(Plan plan, int round) {
        return plan.steps(round).stream()
                .map(step -> step.scenario().name() + " " + step.rival().name())
                .toList();
    }

    @Test
    void aRoundHasEachScenarioOnAllRivalsBeforeTheNext() {
        assertEquals(
                List.of(
                        "16B-d1-c64 floor",
                        "16B-d1-c64 gibbon",
                        "16B-d1-c64 gws",
                        "1M-d1-c8 floor",
                        "1M-d1-c8 gibbon",
                        "1M-d1-c8 gws"),
                names(plan(5, "16B-d1-c64", "1M-d1-c8"), 1));
    }

    @Test
    void eachRoundBeginsWithAnotherRival() {
        assertEquals(
                List.of("16B-d1-c64 gibbon", "16B-d1-c64 gws", "16B-d1-c64 floor"), names(plan(5, "16B-d1-c64"), 2));
    }

    @Test
    void rivalsAreSparedWhatTheyCannotDo() {
        assertEquals(List.of("tls-16B gibbon", "tls-16B gws"), names(plan(5, "tls-16B"), 1));
    }

    @Test
    void onlyWhatATargetNeedsIsRepeated() {
        assertEquals(List.of("tls-16B gibbon"), names(plan(5, "tls-16B"), 5));
    }

    @Test
    void onlyThoseThatCompileWhileRunningAreWarmedWithTheDeepestOfEachSize() {
        Plan plan = plan(5, "16B-d1-c64", "16B-d16-c64", "16K-d1-c32", "tls-16B");

        assertEquals(
                List.of("16B-d16-c64", "16K-d1-c32"),
                plan.warmups(GIBBON, Scenario.Setting.PINNED).stream()
                        .map(Scenario::name)
                        .toList());
        assertEquals(List.of(), plan.warmups(GWS, Scenario.Setting.PINNED));
    }

    @Test
    void whoCanOnlyBroadcastIsWarmedByThatOnFewConnections() {
        Rival bare = Runs.rival("bare-writes", "java", "broadcast");

        List<Scenario> warmups = plan(5, "16B-d1-c64", "broadcast-10000").warmups(bare, Scenario.Setting.PINNED);

        assertEquals(1, warmups.size());
        assertEquals(Scenario.Mode.BROADCAST, warmups.getFirst().mode());
        assertEquals(64, warmups.getFirst().connections());
    }

    @Test
    void whereMemoryIsTheFigureHandshakesWarm() {
        Plan plan = plan(5, "idle-8000");

        assertEquals(
                List.of(Scenario.Mode.HANDSHAKE),
                plan.warmups(GIBBON, Scenario.Setting.PINNED_FRESH).stream()
                        .map(Scenario::mode)
                        .toList());
        assertEquals(List.of(), plan.warmups(GWS, Scenario.Setting.PINNED_FRESH));
    }

    @Test
    void measuredTimesFillTheBudget() {
        Plan plan = plan(5, "16B-d1-c64", "16K-d1-c32");
        Plan fitted = plan.within(Duration.ofMinutes(2));

        assertTrue(fitted.estimate().compareTo(Duration.ofMinutes(2)) <= 0);
        assertTrue(
                fitted.measuring(fitted.measured().plusMillis(500)).estimate().compareTo(Duration.ofMinutes(2)) > 0);
    }

    @Test
    void measuredTimesAreOneToFiveSeconds() {
        assertEquals(
                Duration.ofSeconds(1),
                plan(5, "16B-d1-c64").within(Duration.ZERO).measured());
        assertEquals(
                Duration.ofSeconds(5),
                plan(5, "16B-d1-c64").within(Duration.ofDays(1)).measured());
    }
}

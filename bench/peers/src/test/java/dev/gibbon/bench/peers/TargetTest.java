// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.bench.peers;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.bench.peers.Target.Base;
import dev.gibbon.bench.peers.Target.Outcome;
import org.junit.jupiter.api.Test;

class TargetTest {
    private static final String SCENARIO = "16B-d1-c64";

    private static Target relative(double factor, boolean strict, Base base) {
        return new Target.Relative("gibbon-event", SCENARIO, Metric.SERVER_CPU, factor, strict, base);
    }

    private static Runs runs() {
        return new Runs()
                .with("gibbon-event", "java")
                .with("floor", "c")
                .with("jetty", "java")
                .with("netty-epoll", "java")
                .cpu("gibbon-event", SCENARIO, 6.6)
                .cpu("floor", SCENARIO, 6.0)
                .cpu("jetty", SCENARIO, 9.0)
                .cpu("netty-epoll", SCENARIO, 6.6);
    }

    @Test
    void relativeIsMetUpToItsFactor() {
        Summary summary = runs().summary();

        assertEquals(
                Outcome.MET, relative(1.1, false, Base.FLOOR).judge(summary).outcome());
        assertEquals(
                Outcome.MISSED, relative(1.09, false, Base.FLOOR).judge(summary).outcome());
    }

    @Test
    void aheadOfMeansNotEqual() {
        Summary summary = runs().summary();

        assertEquals(Outcome.MISSED, relative(1, true, Base.JAVA).judge(summary).outcome());
        assertEquals(
                Outcome.MET,
                relative(1, true, Base.JAVA_BUT_NETTY).judge(summary).outcome());
    }

    @Test
    void foundNamesTheBestOfThoseComparedWith() {
        assertEquals(
                "1.00 × (6.60 against 6.60 of netty-epoll)",
                relative(1, true, Base.JAVA).judge(runs().summary()).found());
    }

    @Test
    void whoCompressesLessIsNotComparedWith() {
        String scenario = "json512-deflate";
        Runs runs = new Runs()
                .withCodec("gibbon", "java", "JDK zlib, level 1")
                .withCodec("lazy", "java", "JDK zlib, level 1")
                .withCodec("equal", "java", "JDK zlib, level 1")
                .withCodec("harder", "java", "JDK zlib, level 6")
                .withCodec("ws", "node", "Node's zlib, level 1")
                .compressed("gibbon", scenario, 20, 0.40, "permessage-deflate")
                .compressed("lazy", scenario, 10, 0.43, "permessage-deflate")
                .compressed("ws", scenario, 11, 0.40, "permessage-deflate")
                .compressed("equal", scenario, 24, 0.41, "permessage-deflate")
                .compressed("harder", scenario, 40, 0.35, "permessage-deflate");
        Target target = new Target.Relative("gibbon", scenario, Metric.SERVER_CPU, 1, true, Base.JDK_ZLIB);

        assertEquals(
                "0.83 × (20.0 against 24.0 of equal)",
                target.judge(runs.summary()).found());
        runs.compressed("harder", scenario, 2, 0.35, "permessage-deflate"); // Its median is 21 now.
        assertEquals(
                "0.95 × (20.0 against 21.0 of harder)",
                target.judge(runs.summary()).found());
    }

    @Test
    void withoutAFigureNothingIsMet() {
        assertEquals(
                Outcome.NOT_MEASURED,
                relative(99, false, Base.GORILLA).judge(runs().summary()).outcome());
        assertEquals(
                Outcome.NOT_MEASURED,
                relative(99, false, Base.FLOOR)
                        .judge(new Runs()
                                .with("floor", "c")
                                .cpu("floor", SCENARIO, 6)
                                .summary())
                        .outcome());
    }

    @Test
    void absoluteIsMetUpToItsLimit() {
        Summary summary = new Runs()
                .with("gibbon", "java")
                .idle("gibbon", "idle-8000", 8000, 5000, 4096)
                .summary();

        assertEquals(
                Outcome.MET,
                new Target.Absolute("gibbon", "idle-8000", Metric.HEAP_PER_CONNECTION, 4096, "")
                        .judge(summary)
                        .outcome());
        assertEquals(
                Outcome.MISSED,
                new Target.Absolute("gibbon", "idle-8000", Metric.RSS_PER_CONNECTION, 4999, "")
                        .judge(summary)
                        .outcome());
    }

    @Test
    void heldWantsEveryConnectionAlive() {
        Summary summary = new Runs()
                .with("gibbon", "java")
                .idle("gibbon", "idle-8000", 7999, 1, 1)
                .summary();

        assertEquals(
                Outcome.MISSED,
                new Target.Held("gibbon", "idle-8000", 8000).judge(summary).outcome());
        assertEquals(
                Outcome.MET,
                new Target.Held("gibbon", "idle-8000", 7999).judge(summary).outcome());
    }

    @Test
    void concernsItsSubjectAndItsBaseInItsScenarioOnly() {
        Target target = relative(1, true, Base.RUST);
        Scenario scenario = Scenario.named(SCENARIO);

        assertTrue(target.concerns(Runs.rival("gibbon-event", "java"), scenario));
        assertTrue(target.concerns(Runs.rival("fastwebsockets", "rust"), scenario));
        assertFalse(target.concerns(Runs.rival("gorilla", "go"), scenario));
        assertFalse(target.concerns(Runs.rival("gibbon-event", "java"), Scenario.named("1M-d1-c8")));
    }

    @Test
    void everyTargetNamesAScenarioThatThereIs() {
        assertAll(Target.ALL.stream().map(target -> () -> {
            switch (target) {
                case Target.Relative relative -> Scenario.named(relative.scenario());
                case Target.Absolute absolute -> Scenario.named(absolute.scenario());
                case Target.Held held ->
                    assertEquals(
                            held.connections(), Scenario.named(held.scenario()).connections());
                case Target.Elsewhere elsewhere -> assertFalse(elsewhere.where().isEmpty());
            }
        }));
    }
}

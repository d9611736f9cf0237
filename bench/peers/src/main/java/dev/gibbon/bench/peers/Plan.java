// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.bench.peers;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a run does, in which order and for how long.
 *
 * @param scenarios in their order
 * @param rivals that were built
 * @param rounds of what a target is about; {@link #roundsOf} tells of the others
 * @param warmup before each measured time
 * @param measured each measured time
 */
record Plan(List<Scenario> scenarios, List<Rival> rivals, int rounds, Duration warmup, Duration measured) {
    /** Starting the load, its answer, waking the server, asking its JVM: what a run takes beside its times. */
    private static final Duration OVERHEAD = Duration.ofMillis(1300);

    /** Starting a server until it is ready. */
    private static final Duration START = Duration.ofMillis(800);

    private static final Duration SHORTEST = Duration.ofSeconds(1);
    private static final Duration LONGEST = Duration.ofSeconds(5);

    /** One scenario on one rival, in one round. */
    record Step(Scenario scenario, Rival rival) {}

    /**
     * {@return in how many rounds a rival has a scenario}
     *
     * <p>An hour is not enough for five rounds of everything. Every figure that a target needs is measured in every
     * round, the others once; idle connections once too, since memory is not a matter of chance.
     */
    int roundsOf(Scenario scenario, Rival rival) {
        boolean always = scenario.mode() != Scenario.Mode.IDLE
                && Target.ALL.stream().anyMatch(target -> target.concerns(rival, scenario));
        return always ? rounds : 1;
    }

    /**
     * {@return what a round does: each scenario on all rivals before
     * the next one, and each round begins with another rival}
     */
    List<Step> steps(int round) {
        List<Rival> order = new ArrayList<>(rivals);
        Collections.rotate(order, -(round - 1));
        List<Step> steps = new ArrayList<>();
        for (Scenario scenario : scenarios) {
            for (Rival rival : order) {
                if (rival.can(scenario) && round <= roundsOf(scenario, rival)) {
                    steps.add(new Step(scenario, rival));
                }
            }
        }
        return steps;
    }

    /**
     * {@return the runs that make a server of that setting warm}
     *
     * <p>One for each size of message that is echoed, the smallest first, and one for broadcasts. Where memory is the
     * figure, handshakes: the classes and the compiled code that they need belong to no connection.
     */
    List<Scenario> warmups(Rival rival, Scenario.Setting setting) {
        if (!rival.needsWarmup()) {
            return List.of();
        }
        if (setting.fresh()) {
            return List.of(Scenario.handshakes(setting));
        }
        Map<Integer, Scenario> echoes = new TreeMap<>();
        List<Scenario> broadcasts = new ArrayList<>();
        for (Scenario scenario : scenarios) {
            if (scenario.setting() == setting && rival.can(scenario)) {
                switch (scenario.mode()) {
                    case ECHO ->
                        echoes.merge(scenario.size(), scenario, (old, next) -> next.depth() > old.depth() ? next : old);
                    case BROADCAST -> broadcasts.add(scenario.toFewer());
                    case HANDSHAKE, IDLE -> {}
                }
            }
        }
        List<Scenario> all = new ArrayList<>(echoes.values());
        all.addAll(broadcasts);
        return List.copyOf(all);
    }

    /** {@return how long a server is loaded to make it warm} */
    Duration warmupRun(Scenario scenario) {
        boolean first = scenario.size() <= 16 || scenario.mode() == Scenario.Mode.HANDSHAKE;
        return warmup.multipliedBy(first ? 3 : 1);
    }

    /** {@return about how long all of it takes, the building of the rivals not included} */
    Duration estimate() {
        Duration sum = Duration.ZERO;
        for (int round = 1; round <= rounds; round++) {
            for (Step step : steps(round)) {
                sum = sum.plus(OVERHEAD).plus(warmup).plus(measured).plusSeconds(step.scenario.setupSeconds() - 1L);
                if (step.scenario.setting().fresh()) {
                    sum = sum.plus(startAndWarm(step.rival, step.scenario.setting()));
                }
            }
        }
        for (Rival rival : rivals) {
            for (Scenario.Setting setting : Scenario.Setting.values()) {
                boolean started = !setting.fresh()
                        && scenarios.stream()
                                .anyMatch(scenario -> scenario.setting() == setting && rival.can(scenario));
                if (started) {
                    sum = sum.plus(startAndWarm(rival, setting));
                }
            }
        }
        return sum;
    }

    private Duration startAndWarm(Rival rival, Scenario.Setting setting) {
        Duration sum = START;
        for (Scenario scenario : warmups(rival, setting)) {
            sum = sum.plus(OVERHEAD).plus(warmupRun(scenario));
        }
        return sum;
    }

    /** {@return the same with measured times as long as the budget allows, in steps of half a second} */
    Plan within(Duration budget) {
        Plan best = measuring(SHORTEST);
        for (Duration time = SHORTEST; time.compareTo(LONGEST) <= 0; time = time.plusMillis(500)) {
            Plan longer = measuring(time);
            if (longer.estimate().compareTo(budget) <= 0) {
                best = longer;
            }
        }
        return best;
    }

    Plan measuring(Duration time) {
        return new Plan(scenarios, rivals, rounds, warmup, time);
    }
}

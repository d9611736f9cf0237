// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.bench.peers;

import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;
import javax.management.JMException;
import org.jspecify.annotations.Nullable;

/** Carries out a plan. What fails is noted and the rest goes on. */
final class Session {
    /** After so many failures a rival is spared a scenario, and the run the time it takes to see it hang. */
    private static final int PATIENCE = 2;

    private final Plan plan;
    private final Servers servers;
    private final Load load;
    private final PrintWriter out;
    private final List<Measurement> measurements = new ArrayList<>();
    private final Map<String, Integer> failures = new HashMap<>();

    /** Gets all that was measured after each round. */
    @FunctionalInterface
    interface Recorder {
        void record(int roundsDone, List<Measurement> measurements) throws IOException;
    }

    Session(Plan plan, Servers servers, Load load, PrintWriter out) {
        this.plan = plan;
        this.servers = servers;
        this.load = load;
        this.out = out;
    }

    void run(Recorder recorder) throws IOException, InterruptedException {
        try {
            for (int round = 1; round <= plan.rounds() && !plan.steps(round).isEmpty(); round++) {
                long start = System.nanoTime();
                out.println("round " + round + " of " + plan.rounds());
                for (Plan.Step step : plan.steps(round)) {
                    if (failures.getOrDefault(key(step), 0) < PATIENCE) {
                        Measurement measurement = measure(round, step);
                        measurements.add(measurement);
                        out.println(line(measurement));
                    }
                }
                recorder.record(round, List.copyOf(measurements));
                out.println("round " + round + " took " + (System.nanoTime() - start) / 1_000_000_000 + " s");
            }
        } finally {
            servers.endAll();
        }
    }

    private Measurement measure(int round, Plan.Step step) throws IOException, InterruptedException {
        Scenario scenario = step.scenario();
        Rival rival = step.rival();
        try {
            ServerProcess server = servers.take(rival, scenario.setting(), fresh -> warm(rival, scenario, fresh));
            Measurement measurement = rival.isJvm()
                    ? measureJvm(round, step, server)
                    : new Measurement(round, scenario.name(), rival.name(), measured(scenario, server), null, null);
            servers.giveBack(rival, scenario.setting());
            return measurement;
        } catch (IOException e) {
            servers.discard(rival, scenario.setting());
            failures.merge(key(step), 1, Integer::sum);
            String why = Objects.requireNonNullElse(e.getMessage(), e.getClass().getName());
            return new Measurement(round, scenario.name(), rival.name(), null, null, why);
        }
    }

    private Measurement measureJvm(int round, Plan.Step step, ServerProcess server)
            throws IOException, InterruptedException {
        Scenario scenario = step.scenario();
        try (JvmWatch watch = watch(step, server)) {
            LoadResult result = measured(scenario, server);
            JvmFigures figures = watch == null ? null : watch.figures(result, System.nanoTime());
            return new Measurement(round, scenario.name(), step.rival().name(), result, figures, null);
        }
    }

    /**
     * {@return what watches the server's JVM, or null if that does
     * not tell about itself: the rest can be measured all the same}
     */
    private @Nullable JvmWatch watch(Plan.Step step, ServerProcess server) {
        try {
            return JvmWatch.start(server.pid(), step.scenario(), plan.measured());
        } catch (IOException | JMException e) {
            out.println("  the JVM of " + step.rival().name() + " does not tell about itself: " + e.getMessage());
            return null;
        }
    }

    private LoadResult measured(Scenario scenario, ServerProcess server) throws IOException, InterruptedException {
        LoadResult result = load.run(scenario, server, plan.warmup(), plan.measured());
        if (!server.isAlive()) {
            throw new IOException("the server ended");
        }
        return result;
    }

    private void warm(Rival rival, Scenario scenario, ServerProcess server) throws IOException, InterruptedException {
        for (Scenario warmup : plan.warmups(rival, scenario.setting())) {
            Duration half = plan.warmupRun(warmup).dividedBy(2);
            load.run(warmup, server, half, half);
        }
    }

    private static String key(Plan.Step step) {
        return step.rival().name() + " " + step.scenario().name();
    }

    private static String line(Measurement measurement) {
        String what = "  %-16s %-20s ".formatted(measurement.scenario(), measurement.rival());
        if (measurement.load() == null) {
            return what + "FAILED: " + measurement.failure();
        }
        return what + figure(measurement, Metric.SERVER_CPU) + " µs  " + figure(measurement, Metric.RATE) + "/s";
    }

    private static String figure(Measurement measurement, Metric metric) {
        @Nullable Double value = metric.of(measurement);
        return Numbers.figure(value == null ? OptionalDouble.empty() : OptionalDouble.of(value));
    }
}

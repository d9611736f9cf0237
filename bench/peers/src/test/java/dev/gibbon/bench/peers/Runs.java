// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.bench.peers;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/** Results made up for tests. */
final class Runs {
    private static final LoadResult.Latency LATENCY = new LoadResult.Latency(1, 2, 3, 4, 5);

    private final List<Rival> rivals = new ArrayList<>();
    private final List<Results.Skipped> skipped = new ArrayList<>();
    private final List<Measurement> measurements = new ArrayList<>();

    static Rival rival(String name, String language, String... features) {
        return new Rival(name, language, "1.0", "/echo", null, new TreeSet<>(List.of(features)));
    }

    /** Adds a rival that compresses. */
    Runs withCodec(String name, String language, String codec) {
        rivals.add(new Rival(name, language, "1.0", "/echo", codec, new TreeSet<>(List.of("echo", "deflate"))));
        return this;
    }

    /** Adds a round in which answers came to that part of their bytes. */
    Runs compressed(String rival, String scenario, double micros, double wirePart, String agreed) {
        LoadResult load = new LoadResult(
                64,
                2,
                1000,
                500.0,
                LATENCY,
                1,
                7.0,
                0,
                new LoadResult.Server(1, micros, 1 << 20, null),
                null,
                new LoadResult.Compression(agreed, wirePart));
        measurements.add(new Measurement(1, scenario, rival, load, null, null));
        return this;
    }

    Runs with(String name, String language) {
        rivals.add(rival(name, language, "echo"));
        return this;
    }

    /** Adds a round in which the server took so many microseconds a message, and the client so much of its core. */
    Runs busy(String rival, String scenario, double micros, double clientCores) {
        LoadResult load = new LoadResult(
                64,
                2,
                1000,
                500.0,
                LATENCY,
                2 * clientCores,
                7.0,
                0,
                new LoadResult.Server(1, micros, 1 << 20, null),
                null,
                null);
        measurements.add(new Measurement(1, scenario, rival, load, null, null));
        return this;
    }

    Runs cpu(String rival, String scenario, double... micros) {
        for (double each : micros) {
            busy(rival, scenario, each, 0.5);
        }
        return this;
    }

    Runs idle(String rival, String scenario, int alive, double rss, double heap) {
        LoadResult load = new LoadResult(
                alive, 2, 0, null, null, 0.1, null, 0, new LoadResult.Server(0.1, null, 1 << 20, rss), alive, null);
        measurements.add(new Measurement(1, scenario, rival, load, new JvmFigures(1.0, 0L, 0L, null, heap), null));
        return this;
    }

    Runs failed(String rival, String scenario, String why) {
        measurements.add(new Measurement(1, scenario, rival, null, null, why));
        return this;
    }

    Runs skipped(String name, String why) {
        skipped.add(new Results.Skipped(name, why));
        return this;
    }

    Results results() {
        Machine machine = new Machine("CPU", 2, 4096, "Linux", "JDK 25");
        return new Results(
                new Results.About("2026-01-01", "bench/peers/run", "abc", machine, 5, 5, 1000, 2000),
                List.copyOf(rivals),
                List.copyOf(skipped),
                List.copyOf(measurements));
    }

    Summary summary() {
        return new Summary(results());
    }
}

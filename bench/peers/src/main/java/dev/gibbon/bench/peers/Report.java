// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.bench.peers;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.TreeMap;

/** The page {@code peers.md} and its charts, made of the results alone. */
final class Report {
    /** From here on the client's core, not the server's, may be what limits the rate. */
    private static final double CLIENT_LIMIT = 0.95;

    private static final List<Metric> ECHO_METRICS = List.of(
            Metric.RATE,
            Metric.P50,
            Metric.P99,
            Metric.P999,
            Metric.CLIENT_CPU,
            Metric.RSS,
            Metric.COLLECTIONS,
            Metric.COLLECTION_TIME,
            Metric.ALLOCATED);

    private static final String ABOUT_COMPRESSION =
            "Figures can be compared where *wire/plain*, what is left of the bytes of an answer, is equal.\n\n";

    private static final String NOT_AGREED = "declined";

    private static final List<Metric> IDLE_METRICS =
            List.of(Metric.ALIVE, Metric.HEAP_PER_CONNECTION, Metric.RSS, Metric.SERVER_CORES);

    private final Summary summary;
    private final Results results;

    Report(Results results) {
        this.results = results;
        summary = new Summary(results);
    }

    /** Writes {@code peers.json}, {@code peers.md} and the charts into a directory. */
    static void write(Results results, Path directory) throws IOException {
        Files.createDirectories(directory);
        results.write(directory.resolve("peers.json"));
        Report report = new Report(results);
        for (Scenario scenario : report.scenarios()) {
            Charts.write(report.summary, scenario, directory.resolve(chart(scenario)));
        }
        Files.writeString(directory.resolve("peers.md"), report.markdown());
    }

    private static String chart(Scenario scenario) {
        return "peers-" + scenario.name() + ".svg";
    }

    /** {@return what a scenario's tables and chart are sorted by} */
    static Metric main(Scenario scenario) {
        return scenario.mode() == Scenario.Mode.IDLE ? Metric.RSS_PER_CONNECTION : Metric.SERVER_CPU;
    }

    String markdown() {
        StringBuilder page = new StringBuilder();
        page.append("# Gibbon and its peers\n\n");
        page.append("Made by `bench/peers/run`; `docs/how-to/benchmark-peers.md` says how to read it. ");
        page.append("The raw results are in [peers.json](peers.json).\n\n");
        page.append(about());
        page.append("\n## Targets\n\n");
        boolean compressed =
                scenarios().stream().anyMatch(scenario -> scenario.setting().deflate());
        boolean others =
                !scenarios().stream().allMatch(scenario -> scenario.setting().deflate());
        if (compressed) {
            page.append(ABOUT_COMPRESSION);
        }
        if (results.about().roundsDone() < Target.ROUNDS) {
            page.append("They are about medians of at least ").append(Target.ROUNDS);
            page.append(" rounds; this run had ")
                    .append(results.about().roundsDone())
                    .append(".\n\n");
        }
        page.append(targets(compressed, others || !compressed));
        for (Scenario.Group group : Scenario.Group.values()) {
            List<Scenario> scenarios = scenarios().stream()
                    .filter(scenario -> scenario.group() == group)
                    .toList();
            if (!scenarios.isEmpty()) {
                page.append("\n## ").append(group.title()).append("\n\n");
                page.append(overview(scenarios));
                for (Scenario scenario : scenarios) {
                    page.append("\n### ").append(scenario.name()).append("\n\n");
                    page.append("![").append(main(scenario).title()).append("](");
                    page.append(chart(scenario)).append(")\n\n");
                    page.append(details(scenario));
                }
            }
        }
        page.append("\n## Left out\n\n").append(leftOut());
        return page.toString();
    }

    /** {@return those that have a figure} */
    private List<Scenario> scenarios() {
        return Scenario.ALL.stream()
                .filter(scenario ->
                        !summary.ranking(scenario.name(), main(scenario)).isEmpty())
                .toList();
    }

    private String about() {
        Results.About about = results.about();
        Machine machine = about.machine();
        MarkdownTable table = MarkdownTable.ofText(List.of("", ""));
        table.add(List.of("date", about.date()));
        table.add(List.of("command", "`" + about.command() + "`"));
        table.add(List.of("commit", about.commit()));
        table.add(List.of(
                "machine",
                "%s, %d cores, %d MiB, %s"
                        .formatted(machine.cpu(), machine.cores(), machine.memoryMib(), machine.kernel())));
        table.add(List.of("JDK", machine.jdk()));
        table.add(List.of(
                "rounds",
                "%d of %d; %d ms of warm-up, %d ms measured each time"
                        .formatted(about.roundsDone(), about.rounds(), about.warmupMillis(), about.measuredMillis())));
        table.add(List.of(
                "versions",
                String.join(
                        ", ",
                        results.rivals().stream()
                                .map(rival -> rival.name() + " " + rival.version() + " (" + rival.language() + ")")
                                .toList())));
        return table.render();
    }

    /** {@return the targets of compression, all others, or both} */
    private String targets(boolean compressed, boolean others) {
        MarkdownTable table = MarkdownTable.ofText(List.of("target", "this run", "found"));
        List<Target> targets = Target.ALL.stream()
                .filter(target -> isOfCompression(target) ? compressed : others)
                .toList();
        for (Target target : targets) {
            Target.Verdict verdict = target.judge(summary);
            table.add(List.of(target.text(), verdict.outcome().title(), verdict.found()));
        }
        return table.render();
    }

    private boolean isOfCompression(Target target) {
        return Scenario.ALL.stream()
                .filter(scenario -> scenario.setting().deflate())
                .anyMatch(scenario -> results.rivals().stream().anyMatch(rival -> target.concerns(rival, scenario)));
    }

    /** {@return a group's main figure, a row for each rival, sorted by the first scenario} */
    private String overview(List<Scenario> scenarios) {
        Metric metric = main(scenarios.getFirst());
        List<String> header = new ArrayList<>(List.of(metric.title()));
        scenarios.forEach(scenario -> header.add(scenario.name()));
        MarkdownTable table = MarkdownTable.ofFigures(header);
        List<Rival> rivals = new ArrayList<>();
        for (Scenario scenario : scenarios) {
            for (Rival rival : summary.ranking(scenario.name(), metric)) {
                if (!rivals.contains(rival)) {
                    rivals.add(rival);
                }
            }
        }
        for (Rival rival : rivals) {
            List<String> row = new ArrayList<>(List.of(name(rival)));
            for (Scenario scenario : scenarios) {
                row.add(Numbers.figure(summary.figure(rival.name(), scenario.name(), metric)));
            }
            table.add(row);
        }
        return table.render();
    }

    private String details(Scenario scenario) {
        Metric metric = main(scenario);
        List<Metric> others = scenario.mode() == Scenario.Mode.IDLE ? IDLE_METRICS : ECHO_METRICS;
        List<String> header = new ArrayList<>(List.of("", metric.title(), "× floor", "× gorilla"));
        boolean compressed = scenario.setting().deflate();
        if (compressed) {
            header.addAll(List.of(Metric.WIRE_PART.title(), "codec", "agreed"));
        }
        others.forEach(other -> header.add(other.title()));
        header.add("rounds");
        MarkdownTable table = MarkdownTable.ofFigures(header);
        OptionalDouble floor = base(Target.Base.FLOOR, scenario, metric);
        OptionalDouble gorilla = base(Target.Base.GORILLA, scenario, metric);
        boolean limited = false;
        for (Rival rival : summary.ranking(scenario.name(), metric)) {
            OptionalDouble figure = summary.figure(rival.name(), scenario.name(), metric);
            List<String> row = new ArrayList<>(List.of(
                    name(rival),
                    Numbers.figure(figure),
                    Numbers.ratio(Summary.ratio(figure, floor)),
                    Numbers.ratio(Summary.ratio(figure, gorilla))));
            if (compressed) {
                row.add(Numbers.figure(summary.figure(rival.name(), scenario.name(), Metric.WIRE_PART)));
                row.add(codec(rival, scenario));
                row.add(agreed(rival, scenario));
            }
            for (Metric other : others) {
                String cell = Numbers.figure(summary.figure(rival.name(), scenario.name(), other));
                if (other == Metric.RATE && clientLimited(rival, scenario)) {
                    cell += " †";
                    limited = true;
                }
                row.add(cell);
            }
            row.add(Long.toString(summary.rounds(rival.name(), scenario.name())));
            table.add(row);
        }
        return table.render()
                + (limited ? "\n† the client's core was busy: the rate may be its limit, not the server's.\n" : "");
    }

    /**
     * {@return whose deflate it is, at the level of the scenario}
     * Where the level cannot be set, the codec's description says so.
     */
    private static String codec(Rival rival, Scenario scenario) {
        String codec = Objects.requireNonNullElse(rival.codec(), "unknown");
        return scenario.setting().level6() ? codec.replace("level 1", "level 6") : codec;
    }

    /**
     * {@return the parameters of the extension that the server agreed
     * to; the name of the only one there is goes without saying}
     */
    private String agreed(Rival rival, Scenario scenario) {
        return summary.agreed(rival.name(), scenario.name())
                .map(agreed -> agreed.replaceFirst("^permessage-deflate(; *)?", ""))
                .orElse(NOT_AGREED);
    }

    private boolean clientLimited(Rival rival, Scenario scenario) {
        return scenario.setting().pinned()
                && summary.figure(rival.name(), scenario.name(), Metric.CLIENT_CORES)
                                .orElse(0)
                        > CLIENT_LIMIT;
    }

    private OptionalDouble base(Target.Base base, Scenario scenario, Metric metric) {
        return summary.best(base::has, scenario.name(), metric)
                .map(rival -> summary.figure(rival.name(), scenario.name(), metric))
                .orElse(OptionalDouble.empty());
    }

    private static String name(Rival rival) {
        return rival.isOurs() ? "**" + rival.name() + "**" : rival.name();
    }

    private String leftOut() {
        Map<List<String>, Integer> failures =
                new TreeMap<>((a, b) -> Arrays.compare(a.toArray(String[]::new), b.toArray(String[]::new)));
        for (Measurement run : results.measurements()) {
            if (run.failure() != null) {
                failures.merge(List.of(run.rival(), run.scenario(), run.failure()), 1, Integer::sum);
            }
        }
        if (results.skipped().isEmpty() && failures.isEmpty()) {
            return "Nothing: every rival was built, and no run failed.\n";
        }
        MarkdownTable table = MarkdownTable.ofText(List.of("what", "why"));
        results.skipped().forEach(skipped -> table.add(List.of(skipped.name(), skipped.reason())));
        failures.forEach((run, times) ->
                table.add(List.of(run.get(0) + ", " + run.get(1), "failed " + times + " ×: " + run.get(2))));
        return table.render();
    }
}

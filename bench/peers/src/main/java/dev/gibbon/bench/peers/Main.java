// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.bench.peers;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command {@code bench/peers/run}. */
@Command(
        name = "bench/peers/run",
        description = "Runs the same scenarios against Gibbon and its rivals, interleaved, and writes a report.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
public final class Main implements Callable<Integer> {
    private static final int SKIPPED = 77;
    private static final Duration QUICK_BUDGET = Duration.ofSeconds(270);
    private static final Duration FULL_BUDGET = Duration.ofMinutes(57);
    private static final Duration WARMUP = Duration.ofSeconds(1);

    /** Whom a quick run has, unless {@code --rivals} says more. */
    private static final Set<String> QUICK_RIVALS =
            Set.of("floor", "gibbon", "gibbon-event", "gibbon-batch", "gorilla", "gws", "netty", "helidon", "undertow");

    /** Whom a run about other servers has, and what: those with Gibbon in them, without, and our own. */
    private static final Set<String> HOST_RIVALS = Set.of(
            "gibbon",
            "gibbon-event",
            "gibbon-tomcat",
            "tomcat",
            "gibbon-jetty",
            "jetty",
            "gibbon-netty",
            "netty",
            "gibbon-undertow",
            "undertow");

    private static final List<String> HOST_SCENARIOS =
            List.of("16B-d1-c64", "16B-d16-c64", "16K-d1-c32", "1M-d1-c8", "16B-d1-c1000", "idle-8000");

    @Spec
    private CommandSpec spec;

    private boolean quick;

    @Option(names = "--quick", description = "A few scenarios and rivals once, in less than five minutes.")
    void quick(boolean given) {
        quick = given;
    }

    @Option(names = "--full", description = "All of them, five rounds, in less than an hour. The default.")
    void full(boolean given) {
        quick = !given;
    }

    @Option(
            names = "--compressed",
            description = "Only permessage-deflate, which is a run of its own; --quick and --full as above.")
    private boolean compressed;

    @Option(
            names = "--hosts",
            description = "Only Gibbon inside other servers, beside their own WebSockets and our server; "
                    + "--quick and --full as above.")
    private boolean hosts;

    @Option(names = "--rivals", split = ",", paramLabel = "NAME", description = "Only these, see bench/peers/rivals.")
    private List<String> rivalNames = List.of();

    @Option(
            names = "--scenarios",
            split = ",",
            paramLabel = "NAME",
            description = "Only these; --list tells their names.")
    private List<String> scenarioNames = List.of();

    @Option(names = "--rounds", paramLabel = "N", description = "Rounds of what a target is about: 5, quick 1.")
    private @Nullable Integer rounds;

    @Option(
            names = "--duration",
            paramLabel = "SECONDS",
            description = "Each measured time: as long as fits (1 to 5) unless given, quick 2.")
    private @Nullable Double seconds;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            description = "Where the report goes: docs/benchmarks, its directory compressed or hosts if that is given; "
                    + "build/peers if the run is not a full one.")
    private @Nullable Path out;

    @Option(names = "--from", paramLabel = "FILE", description = "Measures nothing, writes the report of a peers.json.")
    private @Nullable Path from;

    @Option(names = "--list", description = "Lists rivals and scenarios.")
    private boolean list;

    private Main() {}

    /**
     * Runs the command and exits with its code.
     *
     * @param args what stood on the command line
     */
    public static void main(String[] args) {
        System.exit(new CommandLine(new Main()).execute(args));
    }

    @Override
    public Integer call() throws IOException, InterruptedException, GeneralSecurityException {
        PrintWriter console = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
        Path root = Path.of(System.getProperty("peers.root", "")).toAbsolutePath();
        if (from != null) {
            Report.write(Results.read(from), out == null ? from.toAbsolutePath().resolveSibling("") : out);
            return 0;
        }
        Path directory = root.resolve("bench/peers/rivals");
        List<Rival> known = Rival.all(directory);
        if (list) {
            known.forEach(rival -> console.println("rival     " + rival.name()));
            Scenario.ALL.forEach(scenario -> console.println("scenario  " + scenario.name()));
            return 0;
        }
        if (hosts && compressed) {
            throw usage("--hosts and --compressed are two runs");
        }
        if (Machine.here().cores() < 2) {
            throw usage("this machine has one core; the server and the load need one each");
        }
        Path work = Files.createDirectories(root.resolve("build/peers"));
        Children children = new Children();
        children.killAtExit();

        List<Results.Skipped> skipped = new ArrayList<>();
        List<Scenario> scenarios = scenarios(skipped);
        List<Rival> rivals = new ArrayList<>();
        for (Rival rival : chosen(known)) {
            console.println("building " + rival.name());
            String problem =
                    build(children, directory.resolve(rival.name()), work.resolve(rival.name() + "-build.log"));
            if (problem == null) {
                rivals.add(rival);
            } else {
                skipped.add(new Results.Skipped(rival.name(), problem));
                console.println("  left out: " + problem);
            }
        }
        if (rivals.isEmpty()) {
            throw usage("no rival could be built");
        }

        Plan plan = plan(scenarios, rivals);
        console.println("%d rivals, %d scenarios, %d rounds, %d ms measured each time: about %d minutes"
                .formatted(
                        rivals.size(),
                        scenarios.size(),
                        plan.rounds(),
                        plan.measured().toMillis(),
                        plan.estimate().plusSeconds(30).toMinutes()));
        run(plan, skipped, root, directory, work, children, console);
        return 0;
    }

    private void run(
            Plan plan,
            List<Results.Skipped> skipped,
            Path root,
            Path directory,
            Path work,
            Children children,
            PrintWriter console)
            throws IOException, InterruptedException, GeneralSecurityException {
        String date = LocalDateTime.now(ZoneOffset.UTC).truncatedTo(ChronoUnit.MINUTES) + " UTC";
        String commit = System.getProperty("peers.commit", "unknown");
        String command = "bench/peers/run "
                + String.join(" ", spec.commandLine().getParseResult().originalArgs());
        Machine machine = Machine.here();
        Path kept = root.resolve("docs/benchmarks").resolve(compressed ? "compressed" : hosts ? "hosts" : "");
        Path reports = out != null ? out : isWhole() ? kept : work;
        Servers servers = new Servers(children, directory, work, Pem.create(work));
        String gibbon =
                System.getenv().getOrDefault("GIBBON", root.resolve("gibbon").toString());
        Load load = new Load(children, Path.of(gibbon), work.resolve("load.log"));
        new Session(plan, servers, load, console).run((done, measurements) -> {
            Results.About about = new Results.About(
                    date,
                    command.strip(),
                    commit,
                    machine,
                    plan.rounds(),
                    done,
                    plan.warmup().toMillis(),
                    plan.measured().toMillis());
            Report.write(new Results(about, plan.rivals(), skipped, measurements), reports);
        });
        console.println("the report is in " + reports.resolve("peers.md"));
    }

    /** {@return whether this is the run that the figures in the documentation come from} */
    private boolean isWhole() {
        return !quick && rivalNames.isEmpty() && scenarioNames.isEmpty();
    }

    private List<Scenario> scenarios(List<Results.Skipped> skipped) throws IOException {
        List<Scenario> chosen;
        List<String> names = hosts && scenarioNames.isEmpty() ? HOST_SCENARIOS : scenarioNames;
        if (!names.isEmpty()) {
            try {
                chosen = names.stream()
                        .map(Scenario::named)
                        .filter(scenario -> !scenarioNames.isEmpty() || isUsual(scenario))
                        .toList();
            } catch (IllegalArgumentException e) {
                throw usage(String.valueOf(e.getMessage()));
            }
        } else {
            chosen = Scenario.ALL.stream().filter(this::isUsual).toList();
        }
        long limit = Machine.openFiles();
        List<Scenario> possible = new ArrayList<>();
        for (Scenario scenario : chosen) {
            if (scenario.openFiles() <= limit) {
                possible.add(scenario);
            } else {
                skipped.add(new Results.Skipped(
                        scenario.name(),
                        "needs " + scenario.openFiles() + " open files, the limit here is " + limit
                                + " and could not be raised (ulimit -Hn, /etc/security/limits.conf)"));
            }
        }
        return possible;
    }

    private boolean isUsual(Scenario scenario) {
        return switch (scenario.when()) {
            case QUICK -> !compressed;
            case FULL -> !compressed && !quick;
            case COMPRESSED_QUICK -> compressed;
            case COMPRESSED -> compressed && !quick;
            case NAMED -> false;
        };
    }

    private List<Rival> chosen(List<Rival> known) {
        if (hosts && rivalNames.isEmpty()) {
            return known.stream()
                    .filter(rival -> HOST_RIVALS.contains(rival.name()))
                    .toList();
        }
        if (rivalNames.isEmpty()) {
            return known.stream()
                    .filter(rival -> !quick || QUICK_RIVALS.contains(rival.name()))
                    .filter(rival -> !compressed || rival.features().contains("deflate"))
                    .toList();
        }
        List<String> names = known.stream().map(Rival::name).toList();
        for (String name : rivalNames) {
            if (!names.contains(name)) {
                throw usage("no rival '" + name + "'; there are " + String.join(", ", names));
            }
        }
        return known.stream().filter(rival -> rivalNames.contains(rival.name())).toList();
    }

    private Plan plan(List<Scenario> scenarios, List<Rival> rivals) {
        int count = rounds != null ? rounds : quick ? 1 : Target.ROUNDS;
        if (count < 1) {
            throw usage("--rounds must be at least 1: " + count);
        }
        Plan plan = new Plan(scenarios, rivals, count, WARMUP, Duration.ofSeconds(2));
        if (seconds != null) {
            if (!(seconds >= 0.5 && seconds <= 600)) {
                throw usage("--duration must be 0.5 to 600: " + seconds);
            }
            return plan.measuring(Duration.ofMillis((long) (seconds * 1000)));
        }
        return quick && plan.estimate().compareTo(QUICK_BUDGET) <= 0
                ? plan
                : plan.within(quick ? QUICK_BUDGET : FULL_BUDGET);
    }

    /** {@return why a rival cannot be built, or null if it is} */
    private static @Nullable String build(Children children, Path rival, Path log)
            throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                        "taskset",
                        "-c",
                        Machine.allCores(),
                        rival.resolve("build").toString())
                .directory(rival.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                .start();
        children.add(process);
        try {
            int status = process.waitFor();
            return switch (status) {
                case 0 -> null;
                case SKIPPED -> "cannot be built here" + ServerProcess.lastLine(log);
                default -> "its build failed with " + status + ServerProcess.lastLine(log);
            };
        } finally {
            children.remove(process);
        }
    }

    private ParameterException usage(String message) {
        return new ParameterException(spec.commandLine(), message);
    }
}

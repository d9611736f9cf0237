// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.bench.peers;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;

/** Something that a figure of ours must reach. {@link #ALL} is the table of them. */
sealed interface Target {
    /** Of so many rounds at least is the median that a target is about. */
    int ROUNDS = 5;

    /** Two codecs that differ by less compress equally well. */
    double EQUAL = 1.05;

    /** Whether a run met a target. */
    enum Outcome {
        MET("met"),
        MISSED("**missed**"),
        NOT_MEASURED("not measured");

        private final String title;

        Outcome(String title) {
            this.title = title;
        }

        String title() {
            return title;
        }
    }

    /**
     * What a run says about a target.
     *
     * @param found the figures that say so, or why there are none
     */
    record Verdict(Outcome outcome, String found) {}

    /** Whom a figure is compared with: the best of its members. */
    enum Base {
        FLOOR("the C floor"),
        GORILLA("gorilla"),
        NETTY("Netty"),
        JAVA("the best Java rival"),
        JAVA_BUT_NETTY("the best Java rival but Netty"),
        GO_AND_NODE("the best of Go and Node"),
        RUST("the best of Rust"),
        BLOCKING_PEERS("the best of Helidon, Tomcat, Jetty, Tyrus, Java-WebSocket"),
        BARE_WRITES("bare writes in the same loops"),
        JDK_ZLIB("the best with the JDK's zlib"),
        OWN_SERVER("our own server's event face"),
        TOMCAT("Tomcat's own WebSocket"),
        JETTY("Jetty's own WebSocket"),
        UNDERTOW("Undertow's own WebSocket"),
        ANYONE("the best rival");

        private static final Set<String> BLOCKING_NAMES =
                Set.of("helidon", "tomcat", "jetty", "tyrus", "java-websocket");

        private final String title;

        Base(String title) {
            this.title = title;
        }

        boolean has(Rival rival) {
            boolean java = rival.isJvm() && !rival.isOurs();
            boolean netty = rival.name().startsWith("netty");
            return switch (this) {
                case FLOOR -> rival.name().equals("floor");
                case GORILLA -> rival.name().equals("gorilla");
                case NETTY -> netty;
                case JAVA -> java && !BARE_WRITES.has(rival);
                case JAVA_BUT_NETTY -> JAVA.has(rival) && !netty;
                case GO_AND_NODE -> Set.of("go", "node").contains(rival.language());
                case RUST -> rival.language().equals("rust");
                case BLOCKING_PEERS -> BLOCKING_NAMES.contains(rival.name().toLowerCase(Locale.ROOT));
                case BARE_WRITES -> rival.name().equals("bare-writes");
                case JDK_ZLIB -> rival.hasJdkZlib() && !rival.isOurs();
                case OWN_SERVER -> rival.name().equals("gibbon-event");
                case TOMCAT, JETTY, UNDERTOW -> rival.name().equals(name().toLowerCase(Locale.ROOT));
                case ANYONE -> !rival.isOurs();
            };
        }
    }

    /** {@return what must hold, in words} */
    String text();

    /** {@return what a run says} */
    Verdict judge(Summary summary);

    /** {@return whether a rival's figure in a scenario is needed, so that it must be measured in every round} */
    boolean concerns(Rival rival, Scenario scenario);

    /**
     * A figure of ours is at most so many times the base's.
     *
     * @param subject which of our servers
     * @param factor 1 with {@code strict} means ahead of it
     * @param strict whether the very factor is too much
     */
    record Relative(String subject, String scenario, Metric metric, double factor, boolean strict, Base base)
            implements Target {
        @Override
        public String text() {
            return "%s, %s, %s: %s %s × %s"
                    .formatted(
                            subject, scenario, metric.title(), strict ? "<" : "≤", Numbers.plain(factor), base.title);
        }

        @Override
        public Verdict judge(Summary summary) {
            OptionalDouble ours = summary.figure(subject, scenario, metric);
            Optional<Rival> best =
                    summary.best(rival -> base.has(rival) && compressesAsWell(rival, summary), scenario, metric);
            if (ours.isEmpty() || best.isEmpty()) {
                return new Verdict(Outcome.NOT_MEASURED, "no figure of " + (ours.isEmpty() ? subject : base.title));
            }
            OptionalDouble theirs = summary.figure(best.get().name(), scenario, metric);
            OptionalDouble ratio = Summary.ratio(ours, theirs);
            if (ratio.isEmpty()) {
                return new Verdict(Outcome.NOT_MEASURED, best.get().name() + " has a figure of 0");
            }
            double value = ratio.getAsDouble();
            boolean met = strict ? value < factor : value <= factor;
            return new Verdict(
                    met ? Outcome.MET : Outcome.MISSED,
                    "%s × (%s against %s of %s)"
                            .formatted(
                                    Numbers.ratio(ratio),
                                    Numbers.figure(ours),
                                    Numbers.figure(theirs),
                                    best.get().name()));
        }

        /**
         * {@return whether what it sends is as short as what we send} Who
         * compresses less has less to do. True where nobody compresses.
         */
        private boolean compressesAsWell(Rival rival, Summary summary) {
            OptionalDouble ours = summary.figure(subject, scenario, Metric.WIRE_PART);
            OptionalDouble theirs = summary.figure(rival.name(), scenario, Metric.WIRE_PART);
            OptionalDouble ratio = Summary.ratio(theirs, ours);
            return metric != Metric.SERVER_CPU || ratio.isEmpty() || ratio.getAsDouble() <= EQUAL;
        }

        @Override
        public boolean concerns(Rival rival, Scenario of) {
            return of.name().equals(scenario) && (rival.name().equals(subject) || base.has(rival));
        }
    }

    /**
     * A figure of ours is at most a number.
     *
     * @param reason what the number means, if that is not plain
     */
    record Absolute(String subject, String scenario, Metric metric, double limit, String reason) implements Target {
        @Override
        public String text() {
            return "%s, %s, %s: ≤ %s%s"
                    .formatted(
                            subject,
                            scenario,
                            metric.title(),
                            Numbers.plain(limit),
                            reason.isEmpty() ? "" : " (" + reason + ")");
        }

        @Override
        public Verdict judge(Summary summary) {
            OptionalDouble ours = summary.figure(subject, scenario, metric);
            if (ours.isEmpty()) {
                return new Verdict(Outcome.NOT_MEASURED, "no figure of " + subject);
            }
            return new Verdict(ours.getAsDouble() <= limit ? Outcome.MET : Outcome.MISSED, Numbers.figure(ours));
        }

        @Override
        public boolean concerns(Rival rival, Scenario of) {
            return of.name().equals(scenario) && rival.name().equals(subject);
        }
    }

    /**
     * So many connections were held to the end without an error.
     *
     * @param connections at least
     */
    record Held(String subject, String scenario, int connections) implements Target {
        @Override
        public String text() {
            return "%s, %s: %d connections held without an error".formatted(subject, scenario, connections);
        }

        @Override
        public Verdict judge(Summary summary) {
            OptionalDouble held = summary.figure(subject, scenario, Metric.ALIVE);
            if (held.isEmpty()) {
                return new Verdict(Outcome.NOT_MEASURED, "no run without a failure");
            }
            return new Verdict(
                    held.getAsDouble() >= connections ? Outcome.MET : Outcome.MISSED,
                    "%.0f held".formatted(held.getAsDouble()));
        }

        @Override
        public boolean concerns(Rival rival, Scenario of) {
            return of.name().equals(scenario) && rival.name().equals(subject);
        }
    }

    /**
     * Something that another command finds out.
     *
     * @param where which
     */
    record Elsewhere(String text, String where) implements Target {
        @Override
        public Verdict judge(Summary summary) {
            return new Verdict(Outcome.NOT_MEASURED, "see " + where);
        }

        @Override
        public boolean concerns(Rival rival, Scenario scenario) {
            return false;
        }
    }

    /** Every target, in the order of the report. */
    List<Target> ALL = all();

    private static List<Target> all() {
        String event = "gibbon-event";
        String blocking = "gibbon";
        String batching = "gibbon-batch";
        List<Target> all = new ArrayList<>();

        all.add(cpu(event, "16B-d1-c64", 1.10, Base.FLOOR));
        all.add(cpu(event, "16B-d16-c64", 1.25, Base.FLOOR));
        all.add(cpu(event, "16K-d1-c32", 1.30, Base.FLOOR));
        all.add(cpu(event, "1M-d1-c8", 1.30, Base.FLOOR));
        for (String scenario : List.of("16B-d1-c64", "16B-d16-c64", "16K-d1-c32", "1M-d1-c8")) {
            all.add(ahead(event, scenario, Base.JAVA));
            all.add(ahead(event, scenario, Base.GO_AND_NODE));
            // "But for a tie": 5 % is what two runs of the same server differ by.
            all.add(cpu(event, scenario, 1.05, Base.RUST));
        }
        all.add(new Absolute(event, "16B-d1-c64", Metric.ALLOCATED, 1, "0 but for what asking for it costs"));

        all.add(cpu(blocking, "16B-d1-c64", 1.0, Base.GORILLA));
        all.add(ahead(blocking, "16B-d1-c64", Base.JAVA_BUT_NETTY));
        all.add(cpu(batching, "16B-d16-c64", 0.12, Base.GORILLA));
        all.add(cpu(blocking, "16B-d16-c64", 0.9, Base.GORILLA));
        all.add(cpu(blocking, "16K-d1-c32", 0.5, Base.GORILLA));
        all.add(cpu(blocking, "1M-d1-c8", 0.5, Base.GORILLA));
        all.add(ahead(blocking, "16B-unpinned", Base.BLOCKING_PEERS));

        for (String subject : List.of(event, blocking)) {
            for (String scenario : List.of("tls-16B", "tls-512B", "tls-16K", "tls-1M")) {
                all.add(cpu(subject, scenario, 1.1, Base.NETTY));
            }
        }
        all.add(cpu(event, "broadcast-10000", 1.2, Base.BARE_WRITES));

        all.add(new Absolute(event, "idle-8000", Metric.HEAP_PER_CONNECTION, 1024, ""));
        all.add(new Absolute(event, "idle-8000", Metric.RSS_PER_CONNECTION, 2560, "2.5 KiB"));
        all.add(new Absolute(blocking, "idle-8000", Metric.HEAP_PER_CONNECTION, 4096, ""));
        all.add(new Held(event, "idle-100000", 100_000));
        all.add(new Held(blocking, "idle-100000", 100_000));

        for (String subject : List.of(event, blocking)) {
            for (String scenario : List.of("json512-deflate", "json16K-deflate", "json512-level6", "json16K-level6")) {
                all.add(ahead(subject, scenario, Base.JDK_ZLIB));
            }
            for (String scenario : List.of("idle-deflate", "idle-takeover")) {
                all.add(new Relative(subject, scenario, Metric.RSS_PER_CONNECTION, 1.0, true, Base.ANYONE));
            }
        }

        inHosts(all, "gibbon-tomcat", Base.TOMCAT);
        inHosts(all, "gibbon-jetty", Base.JETTY);
        inHosts(all, "gibbon-netty", Base.NETTY);
        inHosts(all, "gibbon-undertow", Base.UNDERTOW);

        all.add(new Elsewhere("≤ 2 socket calls per echo at depth 1, about 2 per batch", "bench/syscalls/run"));
        all.add(new Elsewhere("both faces pass Autobahn 1-10 and the attack tests", "conformance/"));
        return List.copyOf(all);
    }

    /** Inside another server: about what our own server costs, and less than that server's own WebSocket. */
    private static void inHosts(List<Target> all, String subject, Base host) {
        for (String scenario : List.of("16B-d1-c64", "16K-d1-c32")) {
            all.add(cpu(subject, scenario, 1.25, Base.OWN_SERVER));
            all.add(ahead(subject, scenario, host));
        }
        all.add(new Relative(subject, "idle-8000", Metric.HEAP_PER_CONNECTION, 1.0, true, host));
        all.add(new Relative(subject, "idle-8000", Metric.RSS_PER_CONNECTION, 1.0, true, host));
    }

    private static Target cpu(String subject, String scenario, double factor, Base base) {
        return new Relative(subject, scenario, Metric.SERVER_CPU, factor, false, base);
    }

    private static Target ahead(String subject, String scenario, Base base) {
        return new Relative(subject, scenario, Metric.SERVER_CPU, 1.0, true, base);
    }
}

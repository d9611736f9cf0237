// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.bench.peers;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;

/**
 * One load on one kind of server. {@link #ALL} is the table of them.
 *
 * @param name what options and reports call it
 * @param group the section of the report it stands in
 * @param mode what the load does
 * @param connections how many
 * @param depth messages in flight on each
 * @param size bytes of a message
 * @param text whether messages are text
 * @param setting how the server runs
 * @param when which runs have it
 * @param setupSeconds how long connecting and closing take, roughly: for the estimate and for the time limit
 * @param rivals the only ones to run it on; all that can, if empty
 */
record Scenario(
        String name,
        Group group,
        Mode mode,
        int connections,
        int depth,
        int size,
        boolean text,
        Setting setting,
        When when,
        int setupSeconds,
        Set<String> rivals) {
    /** What the load does. */
    enum Mode {
        ECHO,
        BROADCAST,
        HANDSHAKE,
        IDLE
    }

    /** Which runs have a scenario. */
    enum When {
        QUICK,
        FULL,
        /** Only where {@code --scenarios} names it. */
        NAMED
    }

    /** A section of the report. */
    enum Group {
        SMALL("Echo, one core: small messages"),
        LARGE("Echo, one core: large messages"),
        MANY("Echo, one core: 1000 connections"),
        UNPINNED("Echo, all cores"),
        TLS("Echo over TLS, one core"),
        BROADCAST("Broadcast, one core"),
        HANDSHAKE("Opening handshakes, one core"),
        IDLE("Idle connections"),
        DEFLATE("permessage-deflate, one core");

        private final String title;

        Group(String title) {
            this.title = title;
        }

        String title() {
            return title;
        }
    }

    /** How a server runs: servers of one rival that differ in this are different processes. */
    enum Setting {
        /** On core 0 with one loop, worker or carrier; the load has core 1. */
        PINNED,
        /** The same with TLS. */
        PINNED_TLS,
        /** The same with permessage-deflate. */
        PINNED_DEFLATE,
        /** On all cores with the rival's defaults, which it shares with the load. */
        UNPINNED,
        /** Pinned, and a process of its own for each run: memory is the figure. */
        PINNED_FRESH,
        /** The same with permessage-deflate. */
        PINNED_FRESH_DEFLATE;

        boolean pinned() {
            return this != UNPINNED;
        }

        boolean tls() {
            return this == PINNED_TLS;
        }

        boolean deflate() {
            return this == PINNED_DEFLATE || this == PINNED_FRESH_DEFLATE;
        }

        boolean fresh() {
            return this == PINNED_FRESH || this == PINNED_FRESH_DEFLATE;
        }
    }

    private static final int KIB = 1024;
    private static final int MIB = 1024 * KIB;

    /** Connections that are enough to make a server warm. */
    private static final int FEW = 64;

    /** For machines whose hard limit of open files is 20 000 for each process. */
    private static final int MANY_IDLE = 19_000;

    /** Every scenario, in the order in which a round goes through them. */
    static final List<Scenario> ALL = List.of(
            echo("16B-d1-c64", Group.SMALL, 64, 1, 16, Setting.PINNED, When.QUICK),
            echo("16B-d16-c64", Group.SMALL, 64, 16, 16, Setting.PINNED, When.QUICK),
            text("16B-text-d1-c64", 64, 1, 16),
            echo("512B-d1-c64", Group.SMALL, 64, 1, 512, Setting.PINNED, When.FULL),
            echo("16K-d1-c32", Group.LARGE, 32, 1, 16 * KIB, Setting.PINNED, When.QUICK),
            echo("1M-d1-c8", Group.LARGE, 8, 1, MIB, Setting.PINNED, When.QUICK),
            echo("16B-d1-c1000", Group.MANY, 1000, 1, 16, Setting.PINNED, When.FULL),
            echo("16B-d16-c1000", Group.MANY, 1000, 16, 16, Setting.PINNED, When.FULL),
            echo("16B-unpinned", Group.UNPINNED, 64, 1, 16, Setting.UNPINNED, When.FULL),
            echo("tls-16B", Group.TLS, 64, 1, 16, Setting.PINNED_TLS, When.FULL),
            echo("tls-512B", Group.TLS, 64, 1, 512, Setting.PINNED_TLS, When.FULL),
            echo("tls-16K", Group.TLS, 32, 1, 16 * KIB, Setting.PINNED_TLS, When.FULL),
            echo("tls-1M", Group.TLS, 8, 1, MIB, Setting.PINNED_TLS, When.FULL),
            other("broadcast-10000", Group.BROADCAST, Mode.BROADCAST, 10_000, 16, Setting.PINNED, When.FULL, 5),
            other("handshakes", Group.HANDSHAKE, Mode.HANDSHAKE, 64, 0, Setting.PINNED, When.FULL, 1),
            other("idle-8000", Group.IDLE, Mode.IDLE, 8000, 0, Setting.PINNED_FRESH, When.FULL, 5),
            new Scenario(
                    "idle-100000",
                    Group.IDLE,
                    Mode.IDLE,
                    100_000,
                    1,
                    0,
                    false,
                    Setting.PINNED_FRESH,
                    When.FULL,
                    60,
                    Set.of("gibbon", "gibbon-event")),
            new Scenario(
                    "idle-19000",
                    Group.IDLE,
                    Mode.IDLE,
                    MANY_IDLE,
                    1,
                    0,
                    false,
                    Setting.PINNED_FRESH,
                    When.NAMED,
                    15,
                    Set.of("gibbon", "gibbon-event")),
            new Scenario(
                    "json512-deflate",
                    Group.DEFLATE,
                    Mode.ECHO,
                    64,
                    1,
                    512,
                    true,
                    Setting.PINNED_DEFLATE,
                    When.NAMED,
                    1,
                    Set.of()),
            new Scenario(
                    "json16K-deflate",
                    Group.DEFLATE,
                    Mode.ECHO,
                    32,
                    1,
                    16 * KIB,
                    true,
                    Setting.PINNED_DEFLATE,
                    When.NAMED,
                    1,
                    Set.of()),
            other("idle-deflate", Group.IDLE, Mode.IDLE, 8000, 0, Setting.PINNED_FRESH_DEFLATE, When.NAMED, 8));

    private static Scenario echo(
            String name, Group group, int connections, int depth, int size, Setting setting, When when) {
        int setup = 1 + connections / 1000;
        return new Scenario(name, group, Mode.ECHO, connections, depth, size, false, setting, when, setup, Set.of());
    }

    private static Scenario text(String name, int connections, int depth, int size) {
        return new Scenario(
                name, Group.SMALL, Mode.ECHO, connections, depth, size, true, Setting.PINNED, When.FULL, 1, Set.of());
    }

    private static Scenario other(
            String name, Group group, Mode mode, int connections, int size, Setting setting, When when, int setup) {
        return new Scenario(name, group, mode, connections, 1, size, false, setting, when, setup, Set.of());
    }

    /** {@return handshakes on a server of that setting, one after the other on a few connections; no scenario of its own} */
    static Scenario handshakes(Setting setting) {
        return other("warm-handshakes", Group.HANDSHAKE, Mode.HANDSHAKE, FEW, 0, setting, When.NAMED, 1);
    }

    /** {@return the same on a few connections, which is enough to make a server warm} */
    Scenario toFewer() {
        return new Scenario(
                "warm-" + name, group, mode, Math.min(FEW, connections), depth, size, text, setting, when, 1, rivals);
    }

    /** {@return the scenario of that name} @throws IllegalArgumentException if there is none */
    static Scenario named(String name) {
        return ALL.stream()
                .filter(scenario -> scenario.name.equals(name))
                .findAny()
                .orElseThrow(() -> new IllegalArgumentException("no scenario '" + name + "'; there are "
                        + String.join(", ", ALL.stream().map(Scenario::name).toList())));
    }

    /** {@return the features that a rival needs for this} */
    Set<String> needs() {
        Set<String> needs = new TreeSet<>();
        needs.add(mode == Mode.BROADCAST ? "broadcast" : "echo");
        if (setting.tls()) {
            needs.add("tls");
        }
        if (setting.deflate()) {
            needs.add("deflate");
        }
        return needs;
    }

    /** {@return how many files the server and the load each may have open: a socket a connection, and some more} */
    int openFiles() {
        return connections + 500;
    }

    /** {@return the words that tell {@code gibbon load} what to do} */
    List<String> loadArguments(int port, String echoPath) {
        List<String> words = new ArrayList<>();
        words.add((setting.tls() ? "wss" : "ws") + "://127.0.0.1:" + port
                + (mode == Mode.BROADCAST ? "/broadcast" : echoPath));
        words.addAll(List.of("--mode", mode.name().toLowerCase(Locale.ROOT)));
        // As many at a time as there are; it opens and closes them all the time.
        words.addAll(
                List.of(mode == Mode.HANDSHAKE ? "--concurrency" : "--connections", Integer.toString(connections)));
        if (mode == Mode.ECHO) {
            words.addAll(List.of("--depth", Integer.toString(depth)));
        }
        if (size > 0) {
            words.addAll(List.of("--size", Integer.toString(size)));
        }
        if (text) {
            words.add(setting.deflate() ? "--records" : "--text");
        }
        if (setting.tls()) {
            words.add("--insecure");
        }
        if (setting.deflate()) {
            words.add("--deflate");
        }
        // One address pair has 28 000 ephemeral ports by default; half of them, so that those in TIME_WAIT do no harm.
        for (int source = 0; connections > 14_000 && source <= connections / 14_000; source++) {
            words.addAll(List.of("--source", "127.0.0." + (2 + source)));
        }
        return words;
    }
}

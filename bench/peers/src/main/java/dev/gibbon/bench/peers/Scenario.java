// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.bench.peers;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
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
 * @param exchanges messages that are echoed on each connection before it is left alone
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
        int exchanges,
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
        /** Quick and full runs of compression alone. */
        COMPRESSED_QUICK,
        /** Full runs of compression alone. */
        COMPRESSED,
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
        DEFLATE("permessage-deflate, one core: no context takeover"),
        DEFLATE_LEVEL_6("permessage-deflate, one core: no context takeover, level 6"),
        TAKEOVER("permessage-deflate, one core: context takeover"),
        IDLE_DEFLATE("Idle connections with permessage-deflate");

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
        /** Pinned, with permessage-deflate at its fastest, each message by itself. */
        PINNED_DEFLATE,
        /** The same at level 6, which some rivals have and cannot change. */
        PINNED_DEFLATE_6,
        /** The same at its fastest, with context takeover as the library does it unless told otherwise. */
        PINNED_TAKEOVER,
        /** On all cores with the rival's defaults, which it shares with the load. */
        UNPINNED,
        /** Pinned, and a process of its own for each run: memory is the figure. */
        PINNED_FRESH,
        /** The same with permessage-deflate, each message by itself. */
        PINNED_FRESH_DEFLATE,
        /** The same with context takeover. */
        PINNED_FRESH_TAKEOVER;

        boolean pinned() {
            return this != UNPINNED;
        }

        boolean tls() {
            return this == PINNED_TLS;
        }

        boolean deflate() {
            return this == PINNED_DEFLATE || this == PINNED_DEFLATE_6 || this == PINNED_FRESH_DEFLATE || takeover();
        }

        boolean takeover() {
            return this == PINNED_TAKEOVER || this == PINNED_FRESH_TAKEOVER;
        }

        boolean level6() {
            return this == PINNED_DEFLATE_6;
        }

        boolean fresh() {
            return this == PINNED_FRESH || this == PINNED_FRESH_DEFLATE || this == PINNED_FRESH_TAKEOVER;
        }

        /** {@return the variables of the environment that tell a rival how to compress} */
        Map<String, String> environment() {
            if (!deflate()) {
                return Map.of();
            }
            return level6()
                    ? Map.of("PEERS_DEFLATE", "1", "PEERS_DEFLATE_LEVEL", "6")
                    : Map.of("PEERS_DEFLATE", takeover() ? "takeover" : "1");
        }
    }

    private static final int KIB = 1024;
    private static final int MIB = 1024 * KIB;

    /** Bytes of a small message of records. */
    private static final int JSON = 512;

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
                    0,
                    false,
                    Setting.PINNED_FRESH,
                    When.NAMED,
                    15,
                    Set.of("gibbon", "gibbon-event")),
            json("json512-deflate", Group.DEFLATE, JSON, Setting.PINNED_DEFLATE, When.COMPRESSED_QUICK),
            json("json16K-deflate", Group.DEFLATE, 16 * KIB, Setting.PINNED_DEFLATE, When.COMPRESSED_QUICK),
            json("json512-level6", Group.DEFLATE_LEVEL_6, JSON, Setting.PINNED_DEFLATE_6, When.COMPRESSED),
            json("json16K-level6", Group.DEFLATE_LEVEL_6, 16 * KIB, Setting.PINNED_DEFLATE_6, When.COMPRESSED),
            json("json512-takeover", Group.TAKEOVER, JSON, Setting.PINNED_TAKEOVER, When.COMPRESSED),
            json("json16K-takeover", Group.TAKEOVER, 16 * KIB, Setting.PINNED_TAKEOVER, When.COMPRESSED),
            idle("idle-deflate", Setting.PINNED_FRESH_DEFLATE, When.COMPRESSED_QUICK),
            idle("idle-takeover", Setting.PINNED_FRESH_TAKEOVER, When.COMPRESSED));

    private static Scenario echo(
            String name, Group group, int connections, int depth, int size, Setting setting, When when) {
        int setup = 1 + connections / 1000;
        return new Scenario(name, group, Mode.ECHO, connections, depth, size, 0, false, setting, when, setup, Set.of());
    }

    private static Scenario text(String name, int connections, int depth, int size) {
        return new Scenario(
                name,
                Group.SMALL,
                Mode.ECHO,
                connections,
                depth,
                size,
                0,
                true,
                Setting.PINNED,
                When.FULL,
                1,
                Set.of());
    }

    /** Text that looks like records, which compresses as such. */
    private static Scenario json(String name, Group group, int size, Setting setting, When when) {
        int connections = size == JSON ? FEW : FEW / 2;
        return new Scenario(name, group, Mode.ECHO, connections, 1, size, 0, true, setting, when, 1, Set.of());
    }

    /** Connections that have had some messages of records, enough to fill a window of 4 KiB. */
    private static Scenario idle(String name, Setting setting, When when) {
        return new Scenario(name, Group.IDLE_DEFLATE, Mode.IDLE, 8000, 1, JSON, 8, true, setting, when, 12, Set.of());
    }

    private static Scenario other(
            String name, Group group, Mode mode, int connections, int size, Setting setting, When when, int setup) {
        return new Scenario(name, group, mode, connections, 1, size, 0, false, setting, when, setup, Set.of());
    }

    /**
     * {@return handshakes on a server of that setting, one after
     * the other on a few connections; no scenario of its own}
     */
    static Scenario handshakes(Setting setting) {
        boolean json = setting.deflate();
        return new Scenario(
                "warm-handshakes",
                Group.HANDSHAKE,
                Mode.HANDSHAKE,
                FEW,
                1,
                json ? JSON : 0,
                0,
                json,
                setting,
                When.NAMED,
                1,
                Set.of());
    }

    /** {@return the same on a few connections, which is enough to make a server warm} */
    Scenario toFewer() {
        return new Scenario(
                "warm-" + name,
                group,
                mode,
                Math.min(FEW, connections),
                depth,
                size,
                exchanges,
                text,
                setting,
                when,
                1,
                rivals);
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
        if (setting.takeover()) {
            needs.add("takeover");
        }
        if (setting.level6()) {
            needs.add("level6");
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
        if (setting.takeover()) {
            words.add("--takeover");
        }
        if (exchanges > 0) {
            words.addAll(List.of("--exchange", Integer.toString(exchanges)));
        }
        // One address pair has 28 000 ephemeral ports by default;
        // half of them, so that those in TIME_WAIT do no harm.
        for (int source = 0; connections > 14_000 && source <= connections / 14_000; source++) {
            words.addAll(List.of("--source", "127.0.0." + (2 + source)));
        }
        return words;
    }
}

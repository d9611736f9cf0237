// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.bench.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class ScenarioTest {
    private static String load(String scenario) {
        return String.join(" ", Scenario.named(scenario).loadArguments(1234, "/echo"));
    }

    @Test
    void namesAreUnique() {
        assertEquals(
                Scenario.ALL.size(),
                Scenario.ALL.stream().map(Scenario::name).distinct().count());
    }

    @Test
    void anUnknownNameIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> Scenario.named("17B"));
    }

    @Test
    void theLoadIsToldWhatToDo() {
        assertEquals("ws://127.0.0.1:1234/echo --mode echo --connections 64 --depth 16 --size 16", load("16B-d16-c64"));
        assertEquals(
                "wss://127.0.0.1:1234/echo --mode echo --connections 8 --depth 1 --size 1048576 --insecure",
                load("tls-1M"));
        assertEquals(
                "ws://127.0.0.1:1234/broadcast --mode broadcast --connections 10000 --size 16",
                load("broadcast-10000"));
        assertEquals("ws://127.0.0.1:1234/echo --mode handshake --concurrency 64", load("handshakes"));
        assertTrue(load("16B-text-d1-c64").endsWith(" --text"));
    }

    @Test
    void compressedLoadsOfferWhatTheServerIsToldToAgreeTo() {
        assertEquals(
                "ws://127.0.0.1:1234/echo --mode echo --connections 64 --depth 1 --size 512 --records --deflate",
                load("json512-deflate"));
        assertEquals(
                "ws://127.0.0.1:1234/echo --mode echo --connections 32 --depth 1 --size 16384 --records"
                        + " --deflate --takeover",
                load("json16K-takeover"));
        assertEquals(
                "ws://127.0.0.1:1234/echo --mode idle --connections 8000 --size 512 --records --deflate --exchange 8",
                load("idle-deflate"));
        assertEquals(Map.of(), Scenario.Setting.PINNED.environment());
        assertEquals(Map.of("PEERS_DEFLATE", "1"), Scenario.Setting.PINNED_FRESH_DEFLATE.environment());
        assertEquals(Map.of("PEERS_DEFLATE", "takeover"), Scenario.Setting.PINNED_TAKEOVER.environment());
        assertEquals(
                Map.of("PEERS_DEFLATE", "1", "PEERS_DEFLATE_LEVEL", "6"),
                Scenario.Setting.PINNED_DEFLATE_6.environment());
    }

    @Test
    void whoHasNoTakeoverIsSparedIt() {
        Rival rival = Runs.rival("gorilla", "go", "echo", "deflate", "level6");

        assertTrue(rival.can(Scenario.named("json512-deflate")));
        assertTrue(rival.can(Scenario.named("json512-level6")));
        assertFalse(rival.can(Scenario.named("json512-takeover")));
        assertFalse(Runs.rival("ws", "node", "echo", "takeover").can(Scenario.named("json512-takeover")));
    }

    @Test
    void whereMemoryOfCompressionIsTheFigureTheWarmUpCompresses() {
        String words = String.join(
                " ", Scenario.handshakes(Scenario.Setting.PINNED_FRESH_TAKEOVER).loadArguments(1, "/echo"));

        assertTrue(words.endsWith("--size 512 --records --deflate --takeover"), words);
        assertFalse(String.join(
                        " ", Scenario.handshakes(Scenario.Setting.PINNED_FRESH).loadArguments(1, "/echo"))
                .contains("--size"));
    }

    @Test
    void manyConnectionsComeFromSeveralAddresses() {
        List<String> words = Scenario.named("idle-100000").loadArguments(1234, "/echo");

        assertEquals(8, words.stream().filter("--source"::equals).count());
        assertEquals(
                8,
                new TreeSet<>(words.stream()
                                .filter(word -> word.startsWith("127."))
                                .toList())
                        .size());
        assertFalse(load("idle-8000").contains("--source"));
    }

    @Test
    void featuresAreReadFromTheirFile() {
        Rival rival = Rival.parse(
                "gws",
                "/e",
                List.of("echo", "tls ", "", "# no", "language: go", "version: 1.2.3", "codec: x, level 1"));

        assertEquals(new Rival("gws", "go", "1.2.3", "/e", "x, level 1", new TreeSet<>(Set.of("echo", "tls"))), rival);
        assertFalse(rival.hasJdkZlib());
        assertTrue(rival.can(Scenario.named("tls-16B")));
        assertFalse(rival.can(Scenario.named("broadcast-10000")));
        assertFalse(rival.can(Scenario.named("idle-100000")));
    }
}

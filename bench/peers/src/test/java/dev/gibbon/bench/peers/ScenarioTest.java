// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.bench.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
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
        Rival rival = Rival.parse("gws", "/e", List.of("echo", "tls ", "", "language: go", "version: 1.2.3"));

        assertEquals(new Rival("gws", "go", "1.2.3", "/e", new TreeSet<>(Set.of("echo", "tls"))), rival);
        assertTrue(rival.can(Scenario.named("tls-16B")));
        assertFalse(rival.can(Scenario.named("broadcast-10000")));
        assertFalse(rival.can(Scenario.named("idle-100000")));
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.bench.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportTest {
    private static final Results RESULTS = new Runs()
            .with("gorilla", "go")
            .with("gibbon", "java")
            .with("floor", "c")
            .cpu("gorilla", "16B-d1-c64", 8)
            .busy("gibbon", "16B-d1-c64", 7, 0.97)
            .cpu("floor", "16B-d1-c64", 4)
            .failed("gorilla", "1M-d1-c8", "hung")
            .failed("gorilla", "1M-d1-c8", "hung")
            .skipped("ws", "node is missing")
            .results();

    private static List<String> rows(String start) {
        return new Report(RESULTS)
                .markdown()
                .lines()
                .filter(line -> line.startsWith(start))
                .toList();
    }

    @Test
    void rivalsAreSortedByCpuWithRatiosToFloorAndGorilla() {
        String page = new Report(RESULTS).markdown();

        assertTrue(
                page.indexOf("| floor | 4.00 | 1.00 | 0.50 |") < page.indexOf("| **gibbon** | 7.00 | 1.75 | 0.88 |"));
        assertTrue(page.contains("| gorilla | 8.00 | 2.00 | 1.00 |"));
    }

    @Test
    void aBusyClientIsMarked() {
        assertTrue(rows("| **gibbon** | 7.00 | 1.75").getFirst().contains("| 500 † |"));
        assertFalse(rows("| floor | 4.00 | 1.00").getFirst().contains("†"));
    }

    @Test
    void compressionIsToldWithItsRatioCodecAndParameters() {
        Results results = new Runs()
                .withCodec("gibbon", "java", "JDK zlib, level 1")
                .withCodec("ws", "node", "Node's zlib, level 1")
                .compressed("gibbon", "json512-level6", 20, 0.412, "permessage-deflate; server_no_context_takeover")
                .compressed("ws", "json512-level6", 30, 1.008, "")
                .results();
        String page = new Report(results).markdown();

        assertTrue(page.contains(
                "| **gibbon** | 20.0 | – | – | 0.412 | JDK zlib, level 6 | server_no_context_takeover |"));
        assertTrue(page.contains("| ws | 30.0 | – | – | 1.01 | Node's zlib, level 6 | declined |"));
    }

    @Test
    void whatIsMissingIsNamedWithItsReason() {
        assertEquals(List.of("| ws | node is missing |"), rows("| ws"));
        assertEquals(List.of("| gorilla, 1M-d1-c8 | failed 2 ×: hung |"), rows("| gorilla, "));
    }

    @Test
    void scenariosWithoutAFigureHaveNoSection() {
        assertFalse(new Report(RESULTS).markdown().contains("### 1M-d1-c8"));
    }

    @Test
    void resultsAreReadBackAsTheyWereWritten(@TempDir Path directory) throws IOException {
        Report.write(RESULTS, directory);

        assertEquals(RESULTS, Results.read(directory.resolve("peers.json")));
        String chart = Files.readString(directory.resolve("peers-16B-d1-c64.svg"));
        assertTrue(chart.contains("<svg") && chart.contains(">gorilla<"));
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Keeps docs/reference/threats.md honest: its entries, the tests that it names, and the ids that tests quote. */
class ThreatsPageTest {
    private static final Map<String, Integer> ENTRIES = Map.ofEntries(
            Map.entry("HS", 48),
            Map.entry("HC", 28),
            Map.entry("FR", 32),
            Map.entry("U8", 18),
            Map.entry("CL", 26),
            Map.entry("PM", 26),
            Map.entry("RX", 37),
            Map.entry("CC", 28),
            Map.entry("NW", 30),
            Map.entry("SEC", 30),
            Map.entry("WEB", 23),
            Map.entry("H2", 12),
            Map.entry("HUB", 26));

    private static final Pattern ROW = Pattern.compile("(?m)^\\| ((\\w+)-(\\d\\d)) \\|(.*)\\|$");
    private static final Pattern QUOTED = Pattern.compile("\\b(?:HS|HC|FR|U8|CL|PM|RX|CC|NW|SEC|WEB|H2|HUB)-\\d\\d\\b");

    private static Map<String, String> rows() throws IOException {
        Map<String, String> rows = new LinkedHashMap<>();
        Matcher row = ROW.matcher(NamedTests.page("docs/reference/threats.md"));
        while (row.find()) {
            assertEquals(null, rows.put(row.group(1), row.group(4)), row.group(1) + " is there twice");
        }
        return rows;
    }

    @Test
    void everyEntryIsThere() throws IOException {
        List<String> missing = new ArrayList<>();
        Map<String, String> rows = rows();
        ENTRIES.forEach((group, count) -> {
            for (int i = 1; i <= count; i++) {
                String id = "%s-%02d".formatted(group, i);
                if (!rows.containsKey(id)) {
                    missing.add(id);
                }
            }
        });
        assertEquals(List.of(), missing);
        assertEquals(ENTRIES.values().stream().mapToInt(Integer::intValue).sum(), rows.size());
    }

    @Test
    void everyEntryNamesATestOrSaysWhyThereIsNone() throws IOException {
        List<String> bare = new ArrayList<>();
        rows().forEach((id, row) -> {
            boolean later = id.startsWith("H2-") || id.startsWith("HUB-"); // Said once, above their tables.
            if (!later && NamedTests.namedIn(row).isEmpty() && !row.contains("| no test: ")) {
                bare.add(id);
            }
        });
        assertEquals(List.of(), bare);
    }

    @Test
    void everyTestThatIsNamedExists() throws IOException {
        assertEquals(List.of(), new NamedTests().missingFrom(NamedTests.page("docs/reference/threats.md")));
    }

    @Test
    void everyIdThatATestQuotesIsAnEntry() throws IOException {
        TreeSet<String> quoted = new TreeSet<>();
        new NamedTests()
                .all()
                .forEach(source ->
                        QUOTED.matcher(source).results().map(MatchResult::group).forEach(quoted::add));
        quoted.removeAll(rows().keySet());
        assertEquals(List.of(), List.copyOf(quoted));
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Keeps docs/reference/gorilla.md honest: a test that it names is there. */
class GorillaTableTest {
    private static final Pattern TEST = Pattern.compile("`(\\w+Test)(?:\\.(\\w+))?`");

    @Test
    void everyTestNamedInTheTableExists() throws IOException {
        Map<String, String> sources = sources(Path.of("src", "test", "java"));
        Matcher names = TEST.matcher(Files.readString(Path.of("..", "docs", "reference", "gorilla.md")));
        List<String> missing = new ArrayList<>();
        int found = 0;
        while (names.find()) {
            found++;
            String source = sources.get(names.group(1));
            String method = names.group(2);
            boolean there = source != null && (method == null || source.contains("void " + method + "("));
            if (!there) {
                missing.add(names.group());
            }
        }
        assertEquals(List.of(), missing);
        assertTrue(found > 80, "only " + found + " names were found: is the pattern still right?");
    }

    private static Map<String, String> sources(Path root) throws IOException {
        Map<String, String> sources = new HashMap<>();
        try (Stream<Path> files = Files.walk(root)) {
            for (Path file :
                    files.filter(path -> path.toString().endsWith("Test.java")).toList()) {
                String name = file.getFileName().toString().replace(".java", "");
                String before = sources.put(name, Files.readString(file));
                assertNull(before, "two classes are called " + name);
            }
        }
        return sources;
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The test classes of all modules by their names, for pages that name tests: they have to be there. */
final class NamedTests {
    private static final Path ROOT = Path.of("..");

    /** How a page names a test: {@code `SomeTest.method`}, or {@code `SomeTest`} for all of its methods. */
    private static final Pattern NAME = Pattern.compile("`(\\w+Test)(?:\\.(\\w+))?`");

    private static final Pattern SOURCE = Pattern.compile("\\.(java|kt)$");

    private final Map<String, List<String>> sources = new HashMap<>();

    NamedTests() throws IOException {
        for (Path module : modules()) {
            for (Path file : sourceFiles(module.resolve(Path.of("src", "test")))) {
                String name = SOURCE.matcher(file.getFileName().toString()).replaceAll("");
                sources.computeIfAbsent(name, _ -> new ArrayList<>()).add(Files.readString(file));
            }
        }
    }

    /** {@return a page of the repository} */
    static String page(String path) throws IOException {
        return Files.readString(ROOT.resolve(path));
    }

    static List<Path> modules() throws IOException {
        try (Stream<Path> directories = Files.list(ROOT)) {
            return directories
                    .filter(directory -> Files.exists(directory.resolve("pom.xml")))
                    .toList();
        }
    }

    private static List<Path> sourceFiles(Path root) {
        if (!Files.isDirectory(root)) {
            return List.of();
        }
        try (Stream<Path> files = Files.walk(root)) {
            return files.filter(path -> SOURCE.matcher(path.toString()).find()).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** {@return the sources of the classes with that simple name} */
    List<String> sources(String name) {
        return sources.getOrDefault(name, List.of());
    }

    /** {@return the sources of all classes below src/test} */
    Stream<String> all() {
        return sources.values().stream().flatMap(List::stream);
    }

    boolean isThere(String test, String method) {
        return sources(test).stream().anyMatch(source -> method.isEmpty() || source.contains("void " + method + "("));
    }

    /** {@return the tests that a text names} */
    static List<String> namedIn(String text) {
        return NAME.matcher(text).results().map(MatchResult::group).toList();
    }

    /** {@return the tests that a text names and that are not there} */
    List<String> missingFrom(String text) {
        List<String> missing = new ArrayList<>();
        for (String name : namedIn(text)) {
            Matcher parts = NAME.matcher(name);
            String method = parts.matches() && parts.group(2) != null ? parts.group(2) : "";
            if (!isThere(parts.group(1), method)) {
                missing.add(name);
            }
        }
        return missing;
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.bench.peers;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * A server that is measured, as the file {@code features} in its directory describes it.
 *
 * @param name its directory's name
 * @param language {@code java}, {@code go}, {@code rust}, {@code node} or {@code c}
 * @param version of the library that is measured
 * @param path where it echoes: {@code /echo} unless its file {@code path} tells another
 * @param codec whose deflate it uses and at which level, when it is asked for the fastest; absent if it cannot compress
 * @param features what it can do here: {@code echo}, {@code tls}, {@code broadcast}, {@code deflate}, and of the latter
 *     {@code takeover} and {@code level6}
 */
record Rival(
        String name,
        String language,
        String version,
        String path,
        @Nullable String codec,
        SortedSet<String> features) {
    private static final String JDK_ZLIB = "JDK zlib";

    /** {@return the rivals below a directory, by name} */
    static List<Rival> all(Path directory) throws IOException {
        try (var entries = Files.list(directory)) {
            List<Path> found = entries.filter(entry -> Files.isReadable(entry.resolve("features")))
                    .sorted()
                    .toList();
            List<Rival> rivals = new ArrayList<>();
            for (Path rival : found) {
                Path path = rival.resolve("path");
                rivals.add(parse(
                        rival.getFileName().toString(),
                        Files.exists(path) ? Files.readString(path).strip() : "/echo",
                        Files.readAllLines(rival.resolve("features"))));
            }
            return rivals;
        }
    }

    /** {@return the rival that lines such as {@code tls} and {@code language: go} describe} */
    static Rival parse(String name, String path, List<String> lines) {
        String language = "unknown";
        String version = "unknown";
        String codec = null;
        SortedSet<String> features = new TreeSet<>();
        for (String line : lines) {
            String text = line.strip();
            if (text.startsWith("language:")) {
                language = text.substring("language:".length()).strip();
            } else if (text.startsWith("version:")) {
                version = text.substring("version:".length()).strip();
            } else if (text.startsWith("codec:")) {
                codec = text.substring("codec:".length()).strip();
            } else if (!text.isEmpty() && !text.startsWith("#")) {
                features.add(text);
            }
        }
        return new Rival(name, language, version, path, codec, features);
    }

    boolean isOurs() {
        return name.startsWith("gibbon");
    }

    boolean isJvm() {
        return language.equals("java");
    }

    /** {@return whether its messages are compressed by the JDK's zlib} */
    boolean hasJdkZlib() {
        return codec != null && codec.startsWith(JDK_ZLIB);
    }

    /** {@return whether it compiles while it runs, so that a fresh process tells nothing} */
    boolean needsWarmup() {
        return isJvm() || language.equals("node");
    }

    /** {@return whether it has what a scenario asks for} */
    boolean can(Scenario scenario) {
        return features.containsAll(scenario.needs())
                && (scenario.rivals().isEmpty() || scenario.rivals().contains(name));
    }
}

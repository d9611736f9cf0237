// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Keeps the pages together: whoever begins at the README gets to each of them, and no link leads nowhere. */
class PagesTest {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final Pattern LINK = Pattern.compile("\\]\\((?!https?:|mailto:)([^)#\\s]+)(?:#[^)]*)?\\)");

    private static final Pattern THREAD = Pattern.compile("\"(gibbon-[a-z-]+)\"");

    private static List<Path> pages() throws IOException {
        List<Path> pages = new ArrayList<>(List.of(ROOT.resolve("README.md"), ROOT.resolve("CONTRIBUTING.md")));
        try (Stream<Path> files = Files.walk(ROOT.resolve("docs"))) {
            pages.addAll(files.filter(file -> file.toString().endsWith(".md")).toList());
        }
        return pages;
    }

    private static List<Path> linksOf(Path page) throws IOException {
        List<Path> links = new ArrayList<>();
        Matcher link = LINK.matcher(Files.readString(page));
        while (link.find()) {
            links.add(page.resolveSibling(link.group(1)).normalize());
        }
        return links;
    }

    @Test
    void noLinkLeadsNowhere() throws IOException {
        List<String> broken = new ArrayList<>();
        for (Path page : pages()) {
            for (Path target : linksOf(page)) {
                if (!Files.exists(target)) {
                    broken.add(ROOT.relativize(page) + " -> " + ROOT.relativize(target));
                }
            }
        }
        assertEquals(List.of(), broken);
    }

    @Test
    void eachThreadStandsInTheTableOfThreads() throws IOException {
        String page = NamedTests.page("docs/design/threads.md");
        TreeSet<String> missing = new TreeSet<>();
        try (Stream<Path> files = Files.walk(Path.of("src", "main", "java"))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                THREAD.matcher(Files.readString(file))
                        .results()
                        .map(name -> name.group(1))
                        .filter(name -> !page.contains("`" + name))
                        .forEach(missing::add);
            }
        }
        assertEquals(new TreeSet<>(), missing);
    }

    @Test
    void theReadmeLinksEachHowTo() throws IOException {
        List<Path> linked = linksOf(ROOT.resolve("README.md"));
        List<String> missing = new ArrayList<>();
        for (Path page : pages()) {
            if (page.getParent().endsWith("how-to") && !linked.contains(page)) {
                missing.add(ROOT.relativize(page).toString());
            }
        }
        assertEquals(List.of(), missing);
    }

    @Test
    void everyPageIsLinkedFromAnother() throws IOException {
        List<Path> linked = new ArrayList<>();
        for (Path page : pages()) {
            linked.addAll(linksOf(page));
        }
        List<String> missing = new ArrayList<>();
        for (Path page : pages()) {
            if (!linked.contains(page) && !page.equals(ROOT.resolve("README.md"))) {
                missing.add(ROOT.relativize(page).toString());
            }
        }
        assertEquals(List.of(), missing);
    }
}

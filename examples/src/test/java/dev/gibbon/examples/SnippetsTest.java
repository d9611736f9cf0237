// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.examples;

import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Compiles every block marked {@code java} in README.md, the examples' and docs/, so that what they show works. */
class SnippetsTest {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final Pattern PUBLIC_TYPE =
            Pattern.compile("^public (?:final )?(?:class|record|interface) (\\w+)", Pattern.MULTILINE);
    private static final String FENCE = "```";

    /** Its code stands in core's HostPageTest, which runs it, with the types of an imaginary host around it. */
    private static final Path HOST_PAGE = Path.of("docs", "how-to", "host.md");

    /**
     * What a block that is no compilation unit of its own may name
     * without importing it. On one line: lines must stay countable.
     */
    private static final String IMPORTS = Stream.of(
                    "dev.gibbon",
                    "dev.gibbon.reconnect",
                    "dev.gibbon.testkit",
                    "dev.gibbon.jackson",
                    "tools.jackson.core.type",
                    "tools.jackson.databind.json",
                    "java.nio",
                    "java.net",
                    "java.util.concurrent")
            .map(name -> "import " + name + ".*; ")
            .reduce("import module java.base; ", String::concat);

    private record Snippet(Path file, int line, String code) {
        String place() {
            return ROOT.relativize(file) + ":" + line;
        }

        /** As it stands if it has a type or a main; else its statements in a method. */
        String unit() {
            boolean whole = code.lines().anyMatch(line -> line.matches("(public |final )*(class|record|interface) .*"))
                    || code.lines().anyMatch(line -> line.startsWith("void main("));
            if (whole) {
                return code.contains("import ") ? code : IMPORTS + code;
            }
            return IMPORTS + "class Snippet { void statements() throws Exception { " + code + "}}";
        }
    }

    @Test
    void theReadmeHasSnippets() throws IOException {
        assertFalse(snippets(ROOT.resolve("README.md")).isEmpty());
    }

    @TestFactory
    Stream<DynamicTest> compile(@TempDir Path output) throws IOException {
        return documents().stream()
                .flatMap(file -> snippets(file).stream())
                .map(snippet -> DynamicTest.dynamicTest(snippet.place(), () -> compile(snippet, output)));
    }

    private static List<Path> documents() throws IOException {
        List<Path> files = new ArrayList<>(List.of(ROOT.resolve("README.md"), ROOT.resolve("examples/README.md")));
        try (Stream<Path> docs = Files.walk(ROOT.resolve("docs"))) {
            docs.filter(file -> file.toString().endsWith(".md") && !file.endsWith(HOST_PAGE))
                    .sorted()
                    .forEach(files::add);
        }
        return files;
    }

    private static List<Snippet> snippets(Path file) {
        List<Snippet> found = new ArrayList<>();
        List<String> lines = lines(file);
        for (int i = 0; i < lines.size(); i++) {
            if (lines.get(i).strip().equals(FENCE + "java")) {
                int first = i + 1;
                while (!lines.get(++i).strip().equals(FENCE)) {}
                found.add(new Snippet(file, first + 1, String.join("\n", lines.subList(first, i)) + "\n"));
            }
        }
        return found;
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (IOException e) {
            throw new AssertionError("cannot read " + file, e);
        }
    }

    private static void compile(Snippet snippet, Path output) throws IOException {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        DiagnosticCollector<JavaFileObject> found = new DiagnosticCollector<>();
        Path directory = Files.createTempDirectory(output, "snippet");
        List<String> options =
                List.of("-proc:none", "-d", directory.toString(), "-classpath", System.getProperty("java.class.path"));
        compiler.getTask(null, null, found, options, null, List.of(source(snippet)))
                .call();
        List<String> errors = found.getDiagnostics().stream()
                .filter(diagnostic -> diagnostic.getKind() == Diagnostic.Kind.ERROR)
                .map(error -> ROOT.relativize(snippet.file()) + ":" + (snippet.line() + error.getLineNumber() - 1)
                        + ": " + error.getMessage(Locale.ROOT))
                .toList();
        if (!errors.isEmpty()) {
            throw new AssertionError(String.join("\n", errors));
        }
    }

    private static JavaFileObject source(Snippet snippet) {
        Matcher named = PUBLIC_TYPE.matcher(snippet.code());
        String name = named.find() ? named.group(1) : "Snippet";
        return new SimpleJavaFileObject(URI.create("string:///" + name + ".java"), JavaFileObject.Kind.SOURCE) {
            @Override
            public CharSequence getCharContent(boolean ignoreEncodingErrors) {
                return snippet.unit();
            }
        };
    }
}

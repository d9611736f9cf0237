// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The script {@code gibbon} in a clone where all is built, with a JDK that is a script too. */
class LauncherTest {
    private static final long PATIENCE_SECONDS = 60;
    private static final Path SCRIPT = Path.of("..", "gibbon").toAbsolutePath().normalize();

    @TempDir
    private Path directory;

    private Path clone;
    private Path jdk;

    private record Outcome(int status, String output) {}

    @BeforeEach
    void makeClone() throws IOException {
        assumeTrue(Files.isExecutable(Path.of("/bin/bash")) || Files.isExecutable(Path.of("/usr/bin/bash")));
        clone = Files.createDirectories(directory.resolve("work/clone"));
        script(clone.resolve("gibbon"), Files.readString(SCRIPT));
        Path run = Files.createDirectories(clone.resolve("build/run"));
        Files.createDirectories(run.resolve("2-jars"));
        Files.writeString(run.resolve("current"), "2-jars\n");
        Files.writeString(run.resolve("stamp"), "");
        jdk = Files.createDirectories(directory.resolve("jdk"));
        Files.writeString(jdk.resolve("release"), "JAVA_VERSION=\"25\"\n");
        Files.createDirectories(jdk.resolve("bin"));
        script(jdk.resolve("bin/javac"), "#!/bin/sh\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"<&-", ">&-", "2>&-", "<&- >&- 2>&-", ""})
    void descriptorsThatAreClosedAreOpenedOnNothing(String redirections) throws Exception {
        java("cat >/dev/null && echo out && echo error >&2");
        assertEquals(
                0,
                run(clone, Map.of(), clone.resolve("gibbon") + " </dev/null " + redirections)
                        .status());
    }

    @Test
    void closedInputIsEmptyInputAndOtherInputPasses() throws Exception {
        java("cat; echo end");
        assertEquals(new Outcome(0, "end\n"), run(clone, Map.of(), "./gibbon <&-"));
        assertEquals(new Outcome(0, "some\nend\n"), run(clone, Map.of(), "echo some | ./gibbon"));
    }

    @ParameterizedTest
    @CsvSource({"LC_ALL, C", "LC_ALL, POSIX", "LANG, C", "LC_CTYPE, C", "LANG, xx_XX.UTF-8"})
    void argumentsAreUtf8WhereTheLocaleKnowsOnlyAscii(String variable, String locale) throws Exception {
        assumeTrue(run(clone, Map.of("LC_ALL", "C.UTF-8"), "locale charmap")
                .output()
                .equals("UTF-8\n"));
        java("locale charmap 2>/dev/null; shift 4; printf '%s\\n' \"$@\"");
        assertEquals(new Outcome(0, "UTF-8\n-k\nünï\n"), run(clone, Map.of(variable, locale), "./gibbon -k 'ünï'"));
    }

    @Test
    void aLocaleThatKnowsMoreIsLeftAlone() throws Exception {
        Map<String, String> utf8 = Map.of("LC_ALL", "C.UTF-8", "LC_CTYPE", "C");
        assumeTrue(run(clone, utf8, "locale charmap").output().equals("UTF-8\n"));
        java("echo $LC_ALL $LC_CTYPE");
        assertEquals(new Outcome(0, "C.UTF-8 C\n"), run(clone, utf8, "./gibbon"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"clone/gibbon", "link", "./clone/gibbon"})
    void cdpathLeadsNowhereElse(String command) throws Exception {
        Path elsewhere =
                Files.createDirectories(directory.resolve("elsewhere/clone")).getParent();
        Files.createSymbolicLink(directory.resolve("work/link"), Path.of("clone/gibbon"));
        java("echo \"$2\"");
        Outcome outcome = run(
                directory.resolve("work"),
                Map.of("CDPATH", elsewhere + ":" + directory.resolve("work")),
                (command.contains("/") ? "" : "./") + command);
        assertEquals(new Outcome(0, clone.toRealPath().resolve("build/run/2-jars") + "\n"), outcome);
    }

    private void java(String commands) throws IOException {
        script(jdk.resolve("bin/java"), "#!/bin/sh\n" + commands + "\n");
    }

    private static void script(Path file, String text) throws IOException {
        Files.writeString(file, text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private Outcome run(Path where, Map<String, String> environment, String command) throws Exception {
        Path output = Files.createTempFile(directory, "output", "");
        Path commands = Files.writeString(directory.resolve("commands"), command);
        ProcessBuilder builder = new ProcessBuilder(List.of("bash", commands.toString()))
                .directory(where.toFile())
                .redirectOutput(output.toFile())
                .redirectError(output.toFile());
        builder.environment().keySet().removeIf(name -> name.startsWith("LC_") || name.equals("LANG"));
        builder.environment().put("JAVA_HOME", jdk.toString());
        builder.environment().putAll(environment);
        Process process = builder.start();
        assertTrue(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS), "still runs");
        return new Outcome(process.exitValue(), Files.readString(output, StandardCharsets.UTF_8));
    }
}

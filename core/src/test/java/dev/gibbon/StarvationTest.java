// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.testkit.HttpHead;
import dev.gibbon.testkit.ScriptedPeer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** A server whose process runs out of descriptors (EMFILE), and a client of it that must not notice. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@EnabledOnOs({OS.LINUX, OS.MAC})
class StarvationTest {
    private static final int DESCRIPTORS = 120;

    @TempDir
    Path directory;

    private Process process;
    private BufferedReader out;
    private Path errors;
    private int port;

    /** Its classes are in a jar, as they are in production: one by one they would need descriptors of their own. */
    private void start(int loops) throws Exception {
        Path jar = jar();
        errors = directory.resolve("errors");
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        String command = "ulimit -n " + DESCRIPTORS + " && exec '" + java + "' -XX:TieredStopAtLevel=1 -cp '" + jar
                + "' " + StarvedServer.class.getName() + " " + loops;
        process = new ProcessBuilder("sh", "-c", command)
                .redirectError(errors.toFile())
                .start();
        out = process.inputReader();
        port = Integer.parseInt(out.readLine());
    }

    @AfterEach
    void end() throws Exception {
        process.getOutputStream().close();
        boolean ended = process.waitFor(30, TimeUnit.SECONDS);
        process.destroyForcibly();
        assertTrue(ended, "the server does not end");
    }

    private Path jar() throws Exception {
        Path jar = directory.resolve("server.jar");
        try (JarOutputStream to = new JarOutputStream(Files.newOutputStream(jar))) {
            addAll(WebSocketServer.class, to);
            addAll(StarvedServer.class, to);
        }
        return jar;
    }

    /** Adds all classes that are where {@code one} is. */
    private static void addAll(Class<?> one, JarOutputStream to) throws Exception {
        Path classes =
                Path.of(one.getProtectionDomain().getCodeSource().getLocation().toURI());
        try (Stream<Path> files = Files.walk(classes)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                String name = classes.relativize(file).toString();
                if (name.endsWith(".class") && !name.equals("module-info.class")) {
                    to.putNextEntry(new JarEntry(name));
                    long _ = Files.copy(file, to);
                }
            }
        }
    }

    private void command(String line) throws IOException {
        OutputStream in = process.getOutputStream();
        in.write((line + "\n").getBytes(StandardCharsets.UTF_8));
        in.flush();
        assertEquals("done", out.readLine());
    }

    private ScriptedPeer upgrade(String path) throws IOException {
        return ScriptedPeer.overHttp(
                        ServerUnderTest.HOST, port, HttpHead.upgradeRequest(ServerUnderTest.HOST + ":" + port, path))
                .expectUpgraded();
    }

    private static void echo(ScriptedPeer peer) throws IOException {
        peer.sendText("hello");
        peer.expectText("hello");
    }

    /** A connection that the server drops. */
    private void expectDropped() throws IOException {
        try (Socket client = new Socket(ServerUnderTest.HOST, port)) {
            assertEquals(-1, client.getInputStream().read());
        }
    }

    private List<String> warnings() throws IOException {
        return Files.readAllLines(errors).stream()
                .filter(line -> line.startsWith("WARNING"))
                .toList();
    }

    @Test
    void aLoopThatCannotStartCostsOneConnection() throws Exception {
        start(2);
        try (ScriptedPeer control = upgrade("/listener")) {
            echo(control);
            command("starve 1"); // Enough to accept a client, not enough for the selector of the second loop.
            expectDropped();
            echo(control);
            command("feed");
            try (ScriptedPeer peer = upgrade("/listener")) {
                echo(peer);
            }
            echo(control);
        }
        assertEquals(1, warnings().size(), warnings().toString());
    }

    @Test
    void clientsThatCannotBeAcceptedWaitAndAreServedOnceThereIsRoom() throws Exception {
        start(1);
        try (ScriptedPeer control = upgrade("/listener")) { // So the loop runs.
            echo(control);
            command("starve 0");
            // The system has set one aside for the client that a thread waits for in accept.
            try (ScriptedPeer last = upgrade("/listener");
                    Socket waits = new Socket(ServerUnderTest.HOST, port)) {
                echo(last);
                waits.getOutputStream()
                        .write(HttpHead.upgradeRequest(ServerUnderTest.HOST + ":" + port, "/listener")
                                .getBytes(StandardCharsets.ISO_8859_1));
                waits.setSoTimeout(500); // Several attempts to accept it, each of which fails.
                assertThrows(IOException.class, () -> waits.getInputStream().read());
                echo(control);
                command("feed");
                waits.setSoTimeout(0);
                assertEquals('H', waits.getInputStream().read());
            }
            echo(control);
        }
        assertEquals(1, warnings().size(), warnings().toString());
        assertTrue(warnings().getFirst().contains("accepting on"), warnings().toString());
    }

    @Test
    void theFirstVirtualThreadThatWaitsForASocketMayDoSoWithoutDescriptorsToSpare() throws Exception {
        start(1);
        command("starve 3"); // Room for the loop, which hands the client over to a virtual thread.
        try (ScriptedPeer first = upgrade("/echo")) {
            for (int i = 0; i < 20; i++) { // So that the thread does wait now and then.
                echo(first);
            }
            command("feed");
            try (ScriptedPeer peer = upgrade("/echo")) {
                echo(peer);
            }
            echo(first);
        }
        assertEquals(0, warnings().size(), warnings().toString());
    }
}

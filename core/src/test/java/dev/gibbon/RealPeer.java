// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A program that we did not write, on loopback, for as long as a test needs it. */
final class RealPeer implements AutoCloseable {
    private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();
    private static final Duration START = Duration.ofSeconds(60);
    private static final int END_SECONDS = 10;

    private final Process process;
    private final int port;

    private RealPeer(Process process, int port) {
        this.process = process;
        this.port = port;
    }

    /** {@return a port that was free a moment ago} */
    static int freePort() throws IOException {
        try (ServerSocket probe = new ServerSocket(0, 1, LOOPBACK)) {
            return probe.getLocalPort();
        }
    }

    /** Skips the test by hand and fails it in CI: no peer stops judging us without being noticed. */
    static void require(boolean there, String otherwise) {
        if (!there && "true".equals(System.getenv("CI"))) {
            fail(otherwise);
        }
        assumeTrue(there, otherwise);
    }

    /** {@return where the program of a Debian package is, /usr/sbin included, which is not on everybody's PATH} */
    static String program(String name, String debianPackage) {
        String path = System.getenv().getOrDefault("PATH", "") + File.pathSeparator + "/usr/sbin";
        Optional<Path> found = Stream.of(path.split(File.pathSeparator))
                .map(directory -> Path.of(directory, name))
                .filter(Files::isExecutable)
                .findFirst();
        require(found.isPresent(), name + " is missing: apt-get install " + debianPackage);
        return found.orElseThrow().toString();
    }

    /** Starts a program and waits until it listens on {@code port}; what it says is in the file {@code output}. */
    static RealPeer start(Path directory, int port, List<String> command) throws Exception {
        File output = directory.resolve("output").toFile();
        Process process = new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output)
                .start();
        RealPeer peer = new RealPeer(process, port);
        long deadline = System.nanoTime() + START.toNanos();
        while (!listens(port)) {
            if (!process.isAlive() || System.nanoTime() - deadline > 0) {
                peer.close();
                throw new AssertionError(command + ": " + Files.readString(output.toPath()));
            }
            Thread.sleep(20);
        }
        return peer;
    }

    /** Starts a program whose first line is the port that it listens on, and that ends when its standard input does. */
    static RealPeer startThatTellsItsPort(List<String> command) throws Exception {
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        BufferedReader said =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        String port = said.readLine();
        if (port == null) {
            throw new AssertionError(command + " ended with status " + process.waitFor());
        }
        return new RealPeer(process, Integer.parseInt(port));
    }

    private static boolean listens(int port) throws IOException {
        try (Socket probe = new Socket(LOOPBACK, port)) {
            return probe.isConnected();
        } catch (ConnectException _) {
            return false;
        }
    }

    /** Runs a program to its end; {@return its status} What it says is in the file {@code output}. */
    static int run(Path directory, List<String> command) throws Exception {
        return new ProcessBuilder(new ArrayList<>(command))
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(
                        directory.resolve("output").toFile()))
                .start()
                .waitFor();
    }

    int port() {
        return port;
    }

    boolean isAlive() {
        return process.isAlive();
    }

    @Override
    public void close() throws InterruptedException, IOException {
        process.getOutputStream().close();
        process.destroy();
        if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
            process.destroyForcibly();
        }
    }
}

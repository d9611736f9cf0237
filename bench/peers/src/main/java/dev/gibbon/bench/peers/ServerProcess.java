// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.bench.peers;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A running server of one rival.
 *
 * <p>It is stopped by a signal while it is not measured, so that its
 * timers and its garbage collector take nothing from the one that is.
 */
final class ServerProcess {
    private static final Duration START_LIMIT = Duration.ofSeconds(30);

    /**
     * Where memory is the figure. A heap begins with a 64th of the machine's memory
     * and keeps what it has, so the garbage of the handshakes would count as the
     * connections'; so it begins small, and a collection gives back all but a fifth.
     */
    private static final String SMALL_HEAP = "-Xms16m -XX:MinHeapFreeRatio=10 -XX:MaxHeapFreeRatio=20";

    private final Children children;
    private final Process process;
    private final int port;
    private final String echoPath;

    private ServerProcess(Children children, Process process, int port, String echoPath) {
        this.children = children;
        this.process = process;
        this.port = port;
        this.echoPath = echoPath;
    }

    /**
     * Starts a server and returns once it accepts.
     *
     * @param rivals the directory of all rivals
     * @param log where its error output goes
     * @throws IOException if it did not get ready
     */
    static ServerProcess start(Children children, Path rivals, Rival rival, Scenario.Setting setting, Pem pem, Path log)
            throws IOException, InterruptedException {
        int port = freePort();
        List<String> command = new ArrayList<>();
        command.addAll(List.of("taskset", "-c", setting.pinned() ? "0" : Machine.allCores()));
        command.add(rivals.resolve(rival.name()).resolve("serve").toString());
        command.add(Integer.toString(port));
        if (setting.tls()) {
            command.addAll(List.of(pem.certificate().toString(), pem.key().toString()));
        }
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(rivals.resolve(rival.name()).toFile())
                .redirectError(log.toFile());
        Map<String, String> environment = builder.environment();
        environment.keySet().removeIf(name -> name.startsWith("PEERS_"));
        if (setting.pinned()) {
            environment.put("PEERS_LOOPS", "1");
        }
        environment.putAll(setting.environment());
        if (setting.fresh()) {
            environment.put("PEERS_JAVA_OPTS", SMALL_HEAP);
        }
        Process process = builder.start();
        children.add(process);
        ServerProcess server = new ServerProcess(children, process, port, rival.path());
        try {
            server.awaitReady(log);
            return server;
        } catch (IOException | InterruptedException e) {
            server.kill();
            throw e;
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private void awaitReady(Path log) throws IOException, InterruptedException {
        CompletableFuture<Boolean> ready = new CompletableFuture<>();
        // Reads on to the end: a server that says more must not block on a full pipe.
        Thread.ofVirtual().start(() -> {
            try (BufferedReader output = process.inputReader()) {
                for (String line; (line = output.readLine()) != null; ) {
                    if (line.strip().equals("ready") || line.startsWith("listening on ")) {
                        ready.complete(true);
                    }
                }
                ready.complete(false);
            } catch (IOException _) {
                ready.complete(false);
            }
        });
        try {
            if (!ready.get(START_LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new IOException("the server ended before it was ready" + lastLine(log));
            }
        } catch (TimeoutException _) {
            throw new IOException("the server was not ready within " + START_LIMIT.toSeconds() + " s" + lastLine(log));
        } catch (ExecutionException e) {
            throw new IOException(e);
        }
    }

    /** {@return what a file ends with, for the end of a message; nothing if it is empty} */
    static String lastLine(Path log) throws IOException {
        List<String> lines = new String(Files.readAllBytes(log), StandardCharsets.UTF_8)
                .lines()
                .filter(line -> !line.isBlank())
                .toList();
        if (lines.isEmpty()) {
            return "";
        }
        String last = lines.getLast().strip();
        return ": " + (last.length() > 200 ? last.substring(0, 200) : last);
    }

    int port() {
        return port;
    }

    String echoPath() {
        return echoPath;
    }

    long pid() {
        return process.pid();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    void pause() throws IOException, InterruptedException {
        signal("-STOP");
    }

    void resume() throws IOException, InterruptedException {
        signal("-CONT");
    }

    private void signal(String name) throws IOException, InterruptedException {
        if (process.isAlive()) {
            new ProcessBuilder("kill", name, Long.toString(pid()))
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start()
                    .waitFor();
        }
    }

    /** Ends the server, stopped or not, and returns once it is gone. */
    void kill() throws InterruptedException {
        Children.killTree(process);
        process.waitFor(10, TimeUnit.SECONDS);
        children.remove(process);
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.testkit.HttpHead;
import dev.gibbon.testkit.ScriptedPeer;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** {@code runUntilStopped}: signals, in a process of its own, and what ends the wait without one. */
@Timeout(300)
class StopSignalsTest {
    private static final long PATIENCE_SECONDS = 120;

    private final List<Process> started = new ArrayList<>();

    @AfterEach
    void endAll() {
        started.forEach(Process::destroyForcibly);
    }

    private Process start(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                StoppedServer.class.getName()));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        started.add(process);
        return process;
    }

    private static void signal(Process process) throws Exception {
        assertEquals(0, exit(new ProcessBuilder("sh", "-c", "kill -TERM " + process.pid()).start()));
    }

    private static int exit(Process process) throws InterruptedException {
        assertTrue(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS), "still runs");
        return process.exitValue();
    }

    private static ScriptedPeer open(int port) throws IOException {
        String request = HttpHead.upgradeRequest(ServerUnderTest.HOST + ":" + port, "/echo");
        ScriptedPeer peer =
                ScriptedPeer.overHttp(ServerUnderTest.HOST, port, request).expectUpgraded();
        peer.sendText("hello");
        peer.expectText("hello");
        return peer;
    }

    private static void leaves(ScriptedPeer peer, int code) throws IOException {
        assertEquals("", peer.expectClose(code));
        peer.sendClose(code, "");
        peer.expectEnd();
    }

    @Test
    void aSignalClosesTheServerAndWhatStandsBehindItRuns() throws Exception {
        Process process = start();
        try (BufferedReader out = process.inputReader();
                ScriptedPeer peer = open(Integer.parseInt(out.readLine()))) {
            signal(process);
            leaves(peer, 1001);
            assertEquals("ended", out.readLine());
            assertEquals(143, exit(process));
        }
    }

    @Test
    void aSignalDrainsFirstAndTheOtherRoutesGoOnMeanwhile() throws Exception {
        Process process = start("600");
        try (BufferedReader out = process.inputReader()) {
            int port = Integer.parseInt(out.readLine());
            try (ScriptedPeer first = open(port);
                    ScriptedPeer second = open(port)) {
                signal(process);
                leaves(first, 1012);
                second.sendText("still here");
                second.expectText("still here");
                String health = "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
                try (ScriptedPeer plain = ScriptedPeer.overHttp(ServerUnderTest.HOST, port, health)) {
                    assertEquals(200, plain.response().status());
                }
                String late = HttpHead.upgradeRequest(ServerUnderTest.HOST + ":" + port, "/echo");
                try (ScriptedPeer refused = ScriptedPeer.overHttp(ServerUnderTest.HOST, port, late)) {
                    assertEquals(503, refused.response().status());
                }
                signal(process);
                assertEquals(130, exit(process));
                assertNull(out.readLine());
            }
        }
    }

    @Test
    void aSecondSignalEndsAtOnce() throws Exception {
        Process process = start();
        try (BufferedReader out = process.inputReader();
                ScriptedPeer peer = open(Integer.parseInt(out.readLine()))) {
            signal(process);
            // It is not answered, so the end would take the whole shutdown timeout of 10 s.
            assertEquals("", peer.expectClose(1001));
            signal(process);
            assertEquals(130, exit(process));
        }
    }

    @Test
    void theWaitEndsWithTheServerAndWithAnInterrupt() throws Exception {
        try (WebSocketServer server =
                WebSocketServer.builder().bind("localhost", 0).start()) {
            Thread.currentThread().interrupt();
            assertThrows(InterruptedException.class, server::runUntilStopped);
            assertThrows(
                    IllegalArgumentException.class,
                    () -> server.runUntilStopped(CloseCode.ABNORMAL_CLOSURE, Duration.ZERO));
            Thread closing = Thread.ofPlatform().start(server::close);
            server.runUntilStopped();
            server.runUntilStopped(CloseCode.GOING_AWAY, Duration.ZERO);
            assertTrue(closing.join(Duration.ofSeconds(60)));
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.gibbon.testkit.Frame;
import dev.gibbon.testkit.HttpHead;
import dev.gibbon.testkit.ScriptedPeer;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The program itself, in a process of its own: signals, exit status, what stands on its two outputs. */
class ServeProcessTest {
    private static final long PATIENCE_SECONDS = 120;

    private final List<Process> started = new ArrayList<>();

    @AfterEach
    void endAll() {
        started.forEach(Process::destroyForcibly);
    }

    @Test
    void ctrlCClosesEveryConnectionWith1001AndExitsWith0() throws Exception {
        assumeInterruptsArrive();
        closesWith1001AndExitsWith0("INT");
    }

    @Test
    void sigtermDoesTheSame() throws Exception {
        closesWith1001AndExitsWith0("TERM");
    }

    @Test
    void aSecondSignalEndsAtOnce() throws Exception {
        Process process = serve("--port", "0");
        try (ScriptedPeer peer = connect(process.inputReader())) {
            signal(process, "TERM");
            peer.expectClose(1001); // It is not answered, so the end would take the whole shutdown timeout of 10 s.
            signal(process, "TERM");
            assertEquals(130, exit(process)); // The end of the shutdown itself would be 0.
        }
    }

    @Test
    void drainingSpreadsTheEndAndRefusesMore() throws Exception {
        Process process = serve("--port", "0", "--drain", "10m");
        BufferedReader out = process.inputReader();
        assertTrue(out.readLine().startsWith("page "));
        URI echo = URI.create(word(out.readLine()));
        String request = HttpHead.upgradeRequest(echo.getAuthority(), echo.getPath());
        try (ScriptedPeer first = ScriptedPeer.overHttp(echo.getHost(), echo.getPort(), request)
                        .expectUpgraded();
                ScriptedPeer second = ScriptedPeer.overHttp(echo.getHost(), echo.getPort(), request)
                        .expectUpgraded()) {
            for (ScriptedPeer peer : List.of(first, second)) {
                peer.sendText("hello");
                peer.expectText("hello");
            }
            signal(process, "TERM");
            first.expectClose(1001);
            second.sendText("still here");
            second.expectText("still here");
            try (ScriptedPeer late = ScriptedPeer.overHttp(echo.getHost(), echo.getPort(), request)) {
                assertEquals(503, late.response().status());
            }
            signal(process, "TERM");
            assertEquals(130, exit(process));
        }
    }

    @Test
    void verboseShowsWhoWasRefusedAndWhyEachTime() throws Exception {
        Process process = serve("--port", "0", "--verbose");
        BufferedReader out = process.inputReader();
        assertTrue(out.readLine().startsWith("page "));
        URI echo = URI.create(word(out.readLine()));
        assertTrue(out.readLine().startsWith("Messages up to"));
        String foreign = HttpHead.upgradeRequest(echo.getAuthority(), "/echo", "Origin: https://\\evil.example");
        for (int i = 0; i < 2; i++) {
            try (ScriptedPeer peer = ScriptedPeer.overHttp(echo.getHost(), echo.getPort(), foreign)) {
                assertEquals(403, peer.response().status());
            }
            String line = out.readLine();
            assertTrue(line.startsWith("refused: /") && line.contains("with 403: origin \"https://"), line);
            assertTrue(line.contains("evil.example\" may not connect to"), line);
        }
        String request = HttpHead.upgradeRequest(echo.getAuthority(), "/echo");
        try (ScriptedPeer peer =
                ScriptedPeer.overHttp(echo.getHost(), echo.getPort(), request).expectUpgraded()) {
            peer.send(List.of(Frame.of(Frame.TEXT, new byte[] {-1})));
            assertTrue(peer.expectClose(1007).contains("UTF-8"));
        }
        String line = out.readLine();
        assertTrue(line.startsWith("refused: /") && line.contains("closed with 1007"), line);
        assertTrue(process.isAlive());
    }

    @Test
    void theAccessLogShowsEachConnectionFromItsOpeningToItsEnd() throws Exception {
        Process process = serve("--port", "0", "--access-log", "--subprotocol", "chat");
        BufferedReader out = process.inputReader();
        assertTrue(out.readLine().startsWith("page "));
        URI echo = URI.create(word(out.readLine()));
        assertTrue(out.readLine().startsWith("Messages up to"));
        String request = HttpHead.upgradeRequest(echo.getAuthority(), "/echo", "Sec-WebSocket-Protocol: chat");
        try (ScriptedPeer peer =
                ScriptedPeer.overHttp(echo.getHost(), echo.getPort(), request).expectUpgraded()) {
            String opened = out.readLine();
            assertTrue(opened.matches("opened \\d+ peer=/\\S+ path=\"/echo\" subprotocol=chat"), opened);
            peer.sendText("hello");
            peer.expectText("hello");
            peer.sendClose(1000, "");
            peer.expectClose(1000);
        }
        String closed = out.readLine();
        assertTrue(
                closed.matches("closed \\d+ .* code=1000 by=peer duration=\\d+\\.\\d{3}s received=1/5 sent=1/5"),
                closed);
        String nowhere = HttpHead.upgradeRequest(echo.getAuthority(), "/nowhere");
        try (ScriptedPeer peer = ScriptedPeer.overHttp(echo.getHost(), echo.getPort(), nowhere)) {
            assertEquals(404, peer.response().status());
        }
        String refused = out.readLine();
        assertTrue(refused.matches("refused peer=/\\S+ path=\"/nowhere\" status=404 reason=.*"), refused);
    }

    @Test
    void aPortInUseIsOneLineAndStatus1() throws Exception {
        Process first = serve("--port", "0");
        String port = Integer.toString(
                URI.create(word(first.inputReader().readLine())).getPort());
        Process second = serve("--port", port);
        assertEquals(1, exit(second));
        List<String> said = second.errorReader().lines().toList();
        assertEquals(1, said.size(), said.toString());
        assertTrue(said.getFirst().contains("port " + port + " of localhost is in use"), said.toString());
        assertEquals(0, second.inputReader().lines().count());
    }

    private void closesWith1001AndExitsWith0(String name) throws Exception {
        Process process = serve("--port", "0", "--verbose");
        BufferedReader out = process.inputReader();
        try (ScriptedPeer peer = connect(out)) {
            peer.sendText("hello");
            peer.expectText("hello");
            signal(process, name);
            peer.expectClose(1001);
            peer.sendClose(1001, "");
            peer.expectEnd();
        }
        assertEquals(0, exit(process));
        assertTrue(out.lines().toList().contains("recv: hello"));
        assertEquals(List.of(), process.errorReader().lines().toList());
    }

    private Process serve(String... options) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                "dev.gibbon.cli.Main",
                "serve"));
        command.addAll(List.of(options));
        Process process = new ProcessBuilder(command).start();
        started.add(process);
        return process;
    }

    /** Connects to where the program says it is. */
    private static ScriptedPeer connect(BufferedReader out) throws IOException {
        assertTrue(out.readLine().startsWith("page "));
        URI echo = URI.create(word(out.readLine()));
        String request = HttpHead.upgradeRequest(echo.getAuthority(), echo.getPath());
        return ScriptedPeer.overHttp(echo.getHost(), echo.getPort(), request).expectUpgraded();
    }

    private static String word(String line) {
        return line.substring(line.indexOf(' ')).strip();
    }

    private static void signal(Process process, String name) throws Exception {
        assertEquals(0, exit(new ProcessBuilder("sh", "-c", "kill -" + name + " " + process.pid()).start()));
    }

    private static int exit(Process process) throws InterruptedException {
        assertTrue(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS), "still runs");
        return process.exitValue();
    }

    /** A shell without job control starts what is in the background deaf to Ctrl-C, and its children with it. */
    private static void assumeInterruptsArrive() throws IOException {
        Path status = Path.of("/proc/self/status");
        if (Files.exists(status)) {
            String ignored = Files.readAllLines(status, StandardCharsets.ISO_8859_1).stream()
                    .filter(line -> line.startsWith("SigIgn:"))
                    .findFirst()
                    .orElse("SigIgn:\t0");
            boolean deaf = (Long.parseUnsignedLong(word(ignored.replace('\t', ' ')), 16) & 1L << (2 - 1)) != 0;
            assumeFalse(deaf, "this process was started with SIGINT ignored");
        }
    }
}

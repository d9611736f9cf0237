// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.examples.command;

import dev.gibbon.WebSocketServer;
import dev.gibbon.examples.Smoke;
import dev.gibbon.testkit.ScriptedPeer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServerTest {
    /** The program that is bridged: runs wherever the tests do. */
    private static final String UPPER_CASE = """
            void main() {
                for (String line; !(line = IO.readln()).equals("end"); ) {
                    IO.println(line.toUpperCase(java.util.Locale.ROOT));
                }
            }
            """;

    @Test
    void linesGoInAndOutAndTheEndOfTheProgramCloses(@TempDir Path directory) throws Exception {
        Path program = Files.writeString(directory.resolve("Upper.java"), UPPER_CASE);
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        try (WebSocketServer server = Server.start(0, List.of(java, program.toString()));
                ScriptedPeer peer = Smoke.peer(server, "/ws").deadline(Duration.ofSeconds(30))) {
            peer.sendText("hello");
            peer.expectText("HELLO");
            peer.sendText("end");
            peer.expectClose(1000, "the program ended");
            peer.sendClose(1000, "");
            peer.expectEnd();
        }
    }
}

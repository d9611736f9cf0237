// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.examples.filewatch;

import dev.gibbon.WebSocketServer;
import dev.gibbon.examples.Smoke;
import dev.gibbon.testkit.ScriptedPeer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServerTest {
    private static final Duration SOON = Duration.ofMillis(5);

    @Test
    void sendsTheFileAndAgainWhenItChanged(@TempDir Path directory) throws Exception {
        Path file = Files.writeString(directory.resolve("notes.txt"), "first");
        Files.setLastModifiedTime(file, FileTime.fromMillis(1_000_000));
        try (WebSocketServer server = Server.start(0, file, SOON);
                ScriptedPeer peer = Smoke.peer(server, "/ws")) {
            peer.expectText("first");
            change(file, "second", 1_001_000);
            peer.expectText("second");
            peer.sendClose(1000, "");
            peer.expectClose(1000);
        }
    }

    @Test
    void sinceLeavesOutWhatTheClientKnows(@TempDir Path directory) throws Exception {
        Path file = Files.writeString(directory.resolve("notes.txt"), "known");
        Files.setLastModifiedTime(file, FileTime.fromMillis(1_000_000));
        try (WebSocketServer server = Server.start(0, file, SOON);
                ScriptedPeer peer = Smoke.peer(server, "/ws?since=1000000")) {
            peer.expectNothingMore();
            change(file, "new", 1_001_000);
            peer.expectText("new");
        }
    }

    /** All at once, as editors do it: a half-written file would be sent too. */
    private static void change(Path file, String content, long millis) throws Exception {
        Path next = Files.writeString(file.resolveSibling("next"), content);
        Files.setLastModifiedTime(next, FileTime.fromMillis(millis));
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.examples.broadcast;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gibbon.WebSocketServer;
import dev.gibbon.examples.Smoke;
import dev.gibbon.testkit.ScriptedPeer;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class ServerTest {
    @Test
    void everybodyHearsTheSame() throws Exception {
        try (WebSocketServer server = Server.start(0, Duration.ofMillis(200));
                ScriptedPeer one = Smoke.peer(server, "/ws");
                ScriptedPeer other = Smoke.peer(server, "/ws")) {
            Instant first = Instant.parse(one.expectFrame().text());
            Instant second = Instant.parse(other.expectFrame().text());
            while (first.isBefore(second)) {
                first = Instant.parse(one.expectFrame().text());
            }
            while (second.isBefore(first)) {
                second = Instant.parse(other.expectFrame().text());
            }
            assertEquals(first, second);
        }
    }
}

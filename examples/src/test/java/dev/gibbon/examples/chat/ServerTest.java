// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.examples.chat;

import dev.gibbon.WebSocketServer;
import dev.gibbon.examples.Smoke;
import dev.gibbon.testkit.ScriptedPeer;
import org.junit.jupiter.api.Test;

class ServerTest {
    @Test
    void whatOneSaysAllHear() throws Exception {
        try (WebSocketServer server = Server.start(0);
                ScriptedPeer ann = Smoke.peer(server, "/ws");
                ScriptedPeer bob = Smoke.peer(server, "/ws")) {
            bob.sendText("here"); // Once it comes back, Bob is in the room.
            bob.expectText("here");
            ann.sendText("hello");
            bob.expectText("hello");
        }
    }

    @Test
    void whoTalksTooMuchIsShownOut() throws Exception {
        try (WebSocketServer server = Server.start(0);
                ScriptedPeer peer = Smoke.peer(server, "/ws")) {
            peer.sendText("x".repeat(513));
            peer.expectClose(1009);
        }
    }
}

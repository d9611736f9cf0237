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
    void theRoomGoesOnWhenSomebodyLeaves() throws Exception {
        try (WebSocketServer server = Server.start(0);
                ScriptedPeer ann = Smoke.peer(server, "/ws");
                ScriptedPeer bob = Smoke.peer(server, "/ws")) {
            bob.sendText("bye");
            bob.expectText("bye");
            bob.sendClose(1000, "");
            bob.expectClose(1000);
            bob.expectEnd();
            ann.sendText("anybody here?");
            while (!ann.expectFrame().text().equals("anybody here?")) {} // She may have heard Bob.
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

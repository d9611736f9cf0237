// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.examples.echo;

import dev.gibbon.WebSocketServer;
import dev.gibbon.examples.Smoke;
import dev.gibbon.testkit.ScriptedPeer;
import org.junit.jupiter.api.Test;

class ServerTest {
    @Test
    void sendsBackWhatItGets() throws Exception {
        try (WebSocketServer server = Server.start(0);
                ScriptedPeer peer = Smoke.peer(server, "/ws")) {
            peer.sendText("hello");
            peer.expectText("hello");
            peer.sendBinary(new byte[] {0, -1});
            peer.expectBinary(new byte[] {0, -1});
            peer.sendClose(1000, "");
            peer.expectClose(1000);
            peer.expectEnd();
        }
    }
}

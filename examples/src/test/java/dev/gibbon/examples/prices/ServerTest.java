// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.examples.prices;

import dev.gibbon.WebSocketServer;
import dev.gibbon.examples.Smoke;
import dev.gibbon.testkit.ScriptedPeer;
import org.junit.jupiter.api.Test;

class ServerTest {
    @Test
    void whoWatchesIsToldOfPrices() throws Exception {
        try (WebSocketServer server = Server.start(0);
                ScriptedPeer ann = Smoke.peer(server, "/ws");
                ScriptedPeer bob = Smoke.peer(server, "/ws")) {
            ann.sendText("{\"do\":\"watch\",\"fruit\":[\"FIG\",\"MANGO\"]}");
            ann.sendText("{\"do\":\"quote\",\"fruit\":\"FIG\",\"cents\":35}");
            ann.expectText("{\"do\":\"quote\",\"fruit\":\"FIG\",\"cents\":35}"); // Now she watches.
            bob.sendText("{\"do\":\"quote\",\"fruit\":\"BANANA\",\"cents\":20}");
            bob.sendText("{\"do\":\"quote\",\"fruit\":\"MANGO\",\"cents\":90}");
            ann.expectText("{\"do\":\"quote\",\"fruit\":\"MANGO\",\"cents\":90}");
        }
    }

    @Test
    void whoMakesAMistakeIsToldWhere() throws Exception {
        try (WebSocketServer server = Server.start(0);
                ScriptedPeer peer = Smoke.peer(server, "/ws")) {
            peer.sendText("{\"do\":\"watch\",\"fruit\":[\"FIG\",\"BREAD\"]}");
            peer.expectText("{\"at\":\"/fruit/1\",\"why\":\"not understood\"}");
            peer.sendText("{\"do\":\"quote\",\"fruit\":\"FIG\",\"cents\":-1}");
            peer.expectText("{\"at\":\"\",\"why\":\"not understood\"}");
            peer.sendText("{\"do\":\"dance\"}");
            peer.expectText("{\"at\":\"\",\"why\":\"not understood\"}");
            peer.sendText("how much is a fig?");
            peer.expectClose(1007);
        }
    }
}

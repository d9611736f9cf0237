// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.examples;

import dev.gibbon.WebSocketServer;
import dev.gibbon.testkit.HttpHead;
import dev.gibbon.testkit.ScriptedPeer;
import java.io.IOException;

/** A peer of an example that runs on a port of its own. */
public final class Smoke {
    private Smoke() {}

    /** {@return a client on which the example's handshake is done} */
    public static ScriptedPeer peer(WebSocketServer server, String target) throws IOException {
        String authority = "localhost:" + server.port();
        return ScriptedPeer.overHttp("localhost", server.port(), HttpHead.upgradeRequest(authority, target))
                .expectUpgraded();
    }
}

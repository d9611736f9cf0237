// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit.host;

import dev.gibbon.testkit.ScriptedPeer;
import java.io.IOException;

/** A connection beside one that does harm, of the same face: it must not notice. */
final class Healthy implements AutoCloseable {
    private final ScriptedPeer peer;
    private int checks;

    private Healthy(ScriptedPeer peer) {
        this.peer = peer;
    }

    static Healthy beside(Scene scene, Face face) throws IOException {
        Healthy healthy = new Healthy(scene.open(face.at(Served.ECHO)));
        healthy.check();
        return healthy;
    }

    void check() throws IOException {
        String text = "still well " + checks++;
        peer.sendText(text);
        peer.expectText(text);
    }

    /** Looks once more, and closes. */
    @Override
    public void close() throws IOException {
        try (peer) {
            check();
            peer.sendClose(1000, "");
            String _ = peer.expectClose(1000);
        }
    }
}

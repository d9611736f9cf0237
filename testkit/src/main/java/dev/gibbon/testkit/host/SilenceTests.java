// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit.host;

import dev.gibbon.testkit.ScriptedPeer;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A WebSocket outlives what the host allows a request. */
abstract class SilenceTests extends SharedTests {
    private static final Duration IDLE = Duration.ofSeconds(1);

    /** A host with so short a patience may lose it with an opening handshake on a busy machine. */
    private static final int ATTEMPTS = 20;

    SilenceTests(HostSuite suite) {
        super(suite);
    }

    @ParameterizedTest
    @EnumSource
    void theHostsOwnTimeoutsEndNoWebSocket(Wire wire) throws Exception {
        try (Scene scene = suite.fresh(wire, Optional.of(IDLE))) {
            List<ScriptedPeer> peers = new ArrayList<>();
            for (Face face : Face.values()) {
                peers.add(patiently(() -> scene.open(face.at(Served.ECHO))));
            }
            silence(scene);
            for (int i = 0; i < 2; i++) {
                for (ScriptedPeer peer : peers) {
                    peer.sendText("still here");
                    peer.expectText("still here");
                }
                silence(scene);
            }
            for (ScriptedPeer peer : peers) {
                peer.sendClose(1000, "");
                String _ = peer.expectClose(1000);
                peer.expectEnd();
                peer.close();
            }
            scene.awaitNone();
        }
    }

    /** Waits until the host has ended a transport that carried a page, for want of another request; and longer. */
    private void silence(Scene scene) throws Exception {
        if (suite.can(Ability.PLAIN_GET) && suite.can(Ability.IDLE_TIMEOUT)) {
            try (ScriptedPeer browser = patiently(() -> scene.send(OpeningTests.pageRequest(scene)))) {
                OpeningTests.expectPage(browser, browser.response());
                browser.expectEndOrReset();
            }
        }
        Thread.sleep(IDLE.multipliedBy(2));
    }

    private interface Attempt {
        ScriptedPeer open() throws IOException;
    }

    private static ScriptedPeer patiently(Attempt attempt) throws IOException {
        for (int i = 1; ; i++) {
            try {
                return attempt.open();
            } catch (IOException | AssertionError e) {
                if (i == ATTEMPTS) {
                    throw e;
                }
            }
        }
    }
}

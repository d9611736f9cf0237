// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit.host;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gibbon.testkit.ScriptedPeer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The end of all: peers learn of it, and nothing is left. */
abstract class StopTests extends SharedTests {
    private static final int PEERS = 5;

    StopTests(HostSuite suite) {
        super(suite);
    }

    @ParameterizedTest
    @EnumSource
    void peersGet1001AndNothingIsLeft(Wire wire) throws Exception {
        // What hosts make once and keep, such as a pool, is there after the first time.
        closeOurs(wire);
        Left before = new Left();
        closeOurs(wire);
        before.awaitNothingMore(suite);
    }

    private void closeOurs(Wire wire) throws Exception {
        try (Scene scene = suite.fresh(wire, Optional.empty())) {
            List<ScriptedPeer> peers = peers(scene);
            FutureTask<Void> closing = inBackground(scene::closeConnections);
            for (ScriptedPeer peer : peers) {
                String _ = peer.expectClose(1001);
                peer.sendClose(1001, "");
                peer.expectEnd();
                peer.close();
            }
            closing.get();
            assertEquals(0, scene.connectionCount());
            scene.awaitIdle();
            if (suite.can(Ability.HOST_GOES_ON)) {
                goesOn(scene);
            }
        }
    }

    /** The server answers still, but opens no WebSocket any more. */
    private void goesOn(Scene scene) throws Exception {
        try (ScriptedPeer late = scene.send(scene.upgradeRequest(Served.ECHO))) {
            assertEquals(503, late.response().status(), late.response().toString());
        }
        if (suite.can(Ability.PLAIN_GET)) {
            try (ScriptedPeer browser = scene.send(OpeningTests.pageRequest(scene))) {
                OpeningTests.expectPage(browser, browser.response());
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void ourSideNoticesThatTheHostHasStopped(Wire wire) throws Exception {
        suite.requires(Ability.HOST_STOPS_FIRST);
        stopTheirs(wire);
        Left before = new Left();
        stopTheirs(wire);
        before.awaitNothingMore(suite);
    }

    private void stopTheirs(Wire wire) throws Exception {
        try (Scene scene = suite.fresh(wire, Optional.empty());
                Lines _ = Lines.record()) {
            List<ScriptedPeer> peers = peers(scene);
            FutureTask<Void> stopping = inBackground(scene::stop);
            scene.awaitNone();
            scene.awaitIdle();
            stopping.get();
            for (ScriptedPeer peer : peers) {
                peer.close();
            }
        }
    }

    private static List<ScriptedPeer> peers(Scene scene) throws Exception {
        List<ScriptedPeer> peers = new ArrayList<>();
        for (int i = 0; i < PEERS; i++) {
            for (Face face : Face.values()) {
                ScriptedPeer peer = scene.open(face.at(Served.ECHO));
                peer.sendText("here");
                peer.expectText("here");
                peers.add(peer);
            }
        }
        assertEquals(2 * PEERS, scene.connectionCount());
        return peers;
    }

    private interface Ends {
        void end() throws Exception;
    }

    private static FutureTask<Void> inBackground(Ends ends) {
        FutureTask<Void> task = new FutureTask<>(() -> {
            ends.end();
            return null;
        });
        Thread _ = Thread.ofPlatform().daemon().name("suite-stop").start(task);
        return task;
    }
}

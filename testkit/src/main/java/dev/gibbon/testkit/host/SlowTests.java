// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.Connection;
import dev.gibbon.PreparedMessage;
import dev.gibbon.testkit.Frame;
import dev.gibbon.testkit.ScriptedPeer;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What waits for a side that does not read is bounded, nothing of it is lost, and the others go on. */
abstract class SlowTests extends SharedTests {
    SlowTests(HostSuite suite) {
        super(suite);
    }

    @ParameterizedTest
    @EnumSource
    void writersWaitForAPeerThatDoesNotRead(Way way) throws Exception {
        Scene scene = suite.shared(way.wire);
        scene.served.floods.clear();
        try (Healthy healthy = Healthy.beside(scene, way.face);
                ScriptedPeer slow = scene.open(way.face.at(Served.FLOOD))) {
            slow.sendText(String.valueOf(Pages.MANY));
            Flood flood = Await.next("nothing is written", scene.served.floods);
            if (way.face == Face.LISTENER) {
                Await.until("no write was refused", () -> flood.refused.get() > 0);
            }
            int written = Await.still("nothing was written", flood.written::get);
            assertTrue(written < Pages.BOUND, written + " of " + Pages.MANY + " are under way");
            boundedQueue(flood.connection);
            healthy.check();
            for (int i = 0; i < Pages.MANY; i++) {
                slow.expectFrame(Pages.frame(i));
            }
            healthy.check();
        }
    }

    /** The queue, as much again that a listener may write in a turn, and one page. */
    private static void boundedQueue(Connection connection) {
        long queued = connection.queuedBytes();
        assertTrue(queued <= 2 * Scene.QUEUE_BYTES + 2 * Pages.BYTES, "queued: " + queued);
    }

    @ParameterizedTest
    @EnumSource
    void broadcastsAreMissedByAPeerThatDoesNotRead(Way way) throws Exception {
        Scene scene = suite.shared(way.wire);
        Scene.Pair slow = scene.pair(way.face.at(Served.COMMAND));
        Scene.Pair quick = scene.pair(way.face.at(Served.COMMAND));
        try (ScriptedPeer slowPeer = slow.peer();
                ScriptedPeer quickPeer = quick.peer()) {
            for (int i = 0; i < Pages.MANY; i++) {
                int _ = scene.served.group.broadcast(PreparedMessage.binary(Pages.page(i)));
                quickPeer.expectFrame(Pages.frame(i));
            }
            long missed = slow.connection().missedBroadcasts();
            assertTrue(missed > Pages.MANY - Pages.BOUND, "missed: " + missed);
            assertEquals(0, quick.connection().missedBroadcasts());
            boundedQueue(slow.connection());
            for (int i = 0; i < Pages.MANY - missed; i++) {
                Frame page = slowPeer.expectFrame();
                assertEquals(Pages.BYTES, page.payload().length, page.toString());
            }
            slowPeer.sendText("caught up");
            slowPeer.expectText("caught up");
        }
    }

    @ParameterizedTest
    @EnumSource
    void aPeerWaitsForAHandlerThatDoesNotRead(Wire wire) throws Exception {
        Scene scene = suite.shared(wire);
        try (Healthy healthy = Healthy.beside(scene, Face.HANDLER);
                ScriptedPeer peer = scene.open(Served.HOLD)) {
            AtomicInteger sent = new AtomicInteger();
            FutureTask<Void> sending = new FutureTask<>(() -> {
                while (sent.get() < Pages.MANY) {
                    peer.send(Pages.frame(sent.get()));
                    sent.incrementAndGet();
                }
                return null;
            });
            Thread _ = Thread.ofVirtual().start(sending);
            int taken = Await.still("nothing was sent", sent::get);
            assertTrue(taken < Pages.BOUND, taken + " of " + Pages.MANY + " are under way");
            healthy.check();
            scene.served.released.release();
            sending.get();
            peer.sendText("all");
            peer.expectText(Pages.MANY + " in order");
        }
    }
}

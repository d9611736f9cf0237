// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.CloseCode;
import dev.gibbon.CloseStatus;
import dev.gibbon.Connection;
import dev.gibbon.testkit.Frame;
import dev.gibbon.testkit.ScriptedPeer;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.logging.LogRecord;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Connections end as they are ended, by either side, and harm nobody else. */
abstract class EndTests extends SharedTests {
    EndTests(HostSuite suite) {
        super(suite);
    }

    private static CloseStatus end(Connection connection) throws Exception {
        return connection.closed().get(60, TimeUnit.SECONDS);
    }

    /** Waits for the end that the server makes, and makes the other: until then the server's side lingers. */
    private static void leave(ScriptedPeer peer) throws IOException {
        peer.expectEnd();
        peer.close();
    }

    // ---- In the closing handshake

    @ParameterizedTest
    @EnumSource
    void theClientCloses(Way way) throws Exception {
        Scene scene = suite.shared(way.wire);
        for (CloseStatus status : List.of(
                new CloseStatus(CloseCode.NORMAL, ""),
                new CloseStatus(CloseCode.GOING_AWAY, "the page is left"),
                new CloseStatus(new CloseCode(4999), "ö".repeat(61)))) {
            Scene.Pair pair = scene.pair(way.face.at(Served.COMMAND));
            try (ScriptedPeer peer = pair.peer()) {
                peer.sendClose(status.code().value(), status.reason());
                String _ = peer.expectClose(status.code().value());
                leave(peer);
                assertEquals(status, end(pair.connection()));
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void theClientClosesWithoutACode(Way way) throws Exception {
        Scene.Pair pair = suite.shared(way.wire).pair(way.face.at(Served.COMMAND));
        try (ScriptedPeer peer = pair.peer()) {
            peer.sendClose();
            peer.expectCloseWithoutCode();
            leave(peer);
            assertEquals(CloseStatus.EMPTY, end(pair.connection()));
        }
    }

    @ParameterizedTest
    @EnumSource
    void theServerCloses(Way way) throws Exception {
        Scene scene = suite.shared(way.wire);
        for (CloseStatus status : List.of(
                new CloseStatus(CloseCode.NORMAL, "done"),
                new CloseStatus(CloseCode.POLICY_VIOLATION, ""),
                new CloseStatus(new CloseCode(3000), "ö".repeat(61)))) {
            Scene.Pair pair = scene.pair(way.face.at(Served.COMMAND));
            try (ScriptedPeer peer = pair.peer()) {
                peer.sendText("close " + status.code().value() + " " + status.reason());
                peer.expectClose(status.code().value(), status.reason());
                peer.sendClose(status.code().value(), "agreed");
                leave(peer);
                assertEquals("agreed", end(pair.connection()).reason());
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void anotherThreadOfTheServerCloses(Way way) throws Exception {
        Scene.Pair pair = suite.shared(way.wire).pair(way.face.at(Served.COMMAND));
        try (ScriptedPeer peer = pair.peer()) {
            Thread closing = Thread.ofVirtual().start(() -> pair.connection().close(CloseCode.GOING_AWAY, "enough"));
            peer.expectClose(1001, "enough");
            peer.sendClose(1001, "");
            leave(peer);
            closing.join();
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatWasSentBeforeTheCloseArrives(Way way) throws Exception {
        Scene.Pair pair = suite.shared(way.wire).pair(way.face.at(Served.COMMAND));
        try (ScriptedPeer peer = pair.peer()) {
            FutureTask<Void> closing = new FutureTask<>(() -> {
                pair.connection().writeBinary(Pages.page(1));
                pair.connection().writeBinary(Pages.page(2));
                pair.connection().close(CloseCode.NORMAL, "");
                return null;
            });
            Thread _ = Thread.ofVirtual().start(closing);
            peer.expectFrame(Pages.frame(1));
            peer.expectFrame(Pages.frame(2));
            peer.expectClose(1000, "");
            peer.sendClose(1000, "");
            leave(peer);
            closing.get();
        }
    }

    @ParameterizedTest
    @EnumSource
    void aHandlerThatReturnsCloses(Wire wire) throws Exception {
        try (ScriptedPeer peer = suite.shared(wire).open(Face.HANDLER.at(Served.COMMAND))) {
            peer.sendText("return");
            peer.expectClose(1000, "");
            peer.sendClose(1000, "");
            leave(peer);
        }
    }

    // ---- By failures

    @ParameterizedTest
    @EnumSource
    void codeThatThrowsCosts1011AndALogLine(Way way) throws Exception {
        Scene scene = suite.shared(way.wire);
        try (Healthy healthy = Healthy.beside(scene, way.face);
                Lines lines = Lines.record();
                ScriptedPeer peer = scene.open(way.face.at(Served.COMMAND))) {
            peer.sendText("throw");
            String _ = peer.expectClose(1011);
            peer.sendClose(1011, "");
            leave(peer);
            LogRecord line = lines.warning(warning -> warning.getThrown() != null
                    && Served.THROWN.equals(warning.getThrown().getMessage()));
            String said = line.getMessage();
            assertTrue(said.matches(".*; WebSocket \\d+ SERVER .*, peer /" + Scene.ADDRESS + ":\\d+.*"), said);
            String where = line.getThrown().getStackTrace()[0].getClassName();
            assertEquals(Served.class.getName(), where);
            healthy.check();
        }
    }

    @ParameterizedTest
    @EnumSource
    void aPeerThatBreaksARuleIsTold(Way way) throws Exception {
        Scene scene = suite.shared(way.wire);
        try (Healthy healthy = Healthy.beside(scene, way.face);
                Lines _ = Lines.record()) {
            for (Frame bad : List.of(
                    Frame.text("without a mask"),
                    Frame.of(0x3, new byte[0]).withMaskingKey(1),
                    Frame.continuation(new byte[1]).withMaskingKey(1))) {
                try (ScriptedPeer peer = scene.open(way.face.at(Served.ECHO))) {
                    peer.sendAsIs(bad);
                    String _ = peer.expectClose(1002);
                    peer.sendClose(1002, "");
                    peer.expectEndOrReset();
                }
                healthy.check();
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void theServerDropsAConnection(Way way) throws Exception {
        Scene scene = suite.shared(way.wire);
        try (Healthy healthy = Healthy.beside(scene, way.face)) {
            Scene.Pair pair = scene.pair(way.face.at(Served.COMMAND));
            try (ScriptedPeer peer = pair.peer()) {
                peer.sendText("abort");
                peer.expectEndOrReset();
                assertEquals(CloseStatus.LOST, end(pair.connection()));
            }
            healthy.check();
        }
    }

    @ParameterizedTest
    @EnumSource
    void thePeerResetsAConnection(Way way) throws Exception {
        Scene scene = suite.shared(way.wire);
        try (Healthy healthy = Healthy.beside(scene, way.face)) {
            Scene.Pair pair = scene.pair(way.face.at(Served.COMMAND));
            pair.peer().sendText("here");
            pair.peer().expectText("here");
            pair.peer().reset();
            assertEquals(CloseStatus.LOST, end(pair.connection()));
            healthy.check();
        }
    }

    @ParameterizedTest
    @EnumSource
    void thePeerLeavesWithoutAClose(Way way) throws Exception {
        Scene scene = suite.shared(way.wire);
        try (Healthy healthy = Healthy.beside(scene, way.face)) {
            Scene.Pair pair = scene.pair(way.face.at(Served.COMMAND));
            pair.peer().close();
            assertEquals(CloseStatus.LOST, end(pair.connection()));
            healthy.check();
        }
    }
}

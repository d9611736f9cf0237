// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.testkit.Frame;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What one turn of a loop does to connections other than the one whose listener is called. */
@Timeout(300)
class LoopTurnsTest {
    private static final int OTHERS = 100;

    /** So many pieces make a queue congested, until they have left: then there is room, and the listener is told. */
    private static final int PIECES = 15;

    private static final byte[] PIECE = new byte[1000];

    private static List<Rig.Other> others(Rig rig) throws IOException {
        List<Rig.Other> others = new ArrayList<>();
        for (int i = 0; i < OTHERS; i++) {
            Rig.Other other = rig.other(ConnectionOptions.defaults());
            other.connection().listen(new Probe());
            others.add(other);
        }
        return others;
    }

    private static void end(Rig rig, List<Rig.Other> others) throws Exception {
        for (Rig.Other other : others) {
            other.connection().abort();
            other.peer().close();
        }
        rig.connection.abort();
        Rig.End _ = rig.end(rig.read());
        rig.expectAllGivenBack();
    }

    /** The loop calls onWritable while it flushes what the turn of another connection held back. */
    @ParameterizedTest
    @EnumSource
    void nothingIsLostThatOnWritableWritesToManyOthers(Role role) throws Exception {
        List<Rig.Other> all = new CopyOnWriteArrayList<>();
        Probe telling = new Probe(new Probe.Script() {
            @Override
            void writable(Connection connection) throws IOException {
                for (Rig.Other other : all) {
                    other.connection().writeText("there is room");
                }
            }
        });
        List<Rig.Other> full = new CopyOnWriteArrayList<>();
        Probe probe = new Probe(new Probe.Script() {
            @Override
            void message(Connection connection, MessageView message) throws IOException {
                for (int i = 0; i < PIECES; i++) {
                    full.getFirst().connection().writeBinary(PIECE);
                }
            }
        });
        try (Rig rig = new Rig(new Side(Face.LOOP, role), ConnectionOptions.defaults(), probe)) {
            Rig.Other slow = rig.other(ConnectionOptions.builder()
                    .maxQueuedBytes(10_000, QueuePolicy.BLOCK)
                    .build());
            slow.connection().listen(telling);
            full.add(slow);
            all.addAll(others(rig));
            for (int round = 0; round < 5; round++) {
                rig.peer.sendText("make it full");
                for (int i = 0; i < PIECES; i++) {
                    slow.peer().expectBinary(PIECE);
                }
                for (Rig.Other other : all) {
                    other.peer().expectText("there is room");
                }
            }
            all.add(slow);
            end(rig, all);
        }
    }

    /** What the other connection has to say comes after the call, and the caller's view stays as it was. */
    @ParameterizedTest
    @EnumSource
    void listenerMayGiveAnotherConnectionToTheSameLoop(Role role) throws Exception {
        List<Rig.Other> waiting = new CopyOnWriteArrayList<>();
        List<String> seen = new CopyOnWriteArrayList<>();
        List<String> order = new CopyOnWriteArrayList<>();
        Probe probe = new Probe(new Probe.Script() {
            @Override
            void message(Connection connection, MessageView message) throws IOException {
                order.add("call");
                Probe second = new Probe(new Probe.Script() {
                    @Override
                    void open(Connection other) throws IOException {
                        order.add("open");
                        other.writeText("opened");
                    }

                    @Override
                    void message(Connection other, MessageView text) {
                        order.add(text.text());
                    }
                });
                waiting.getFirst().connection().listen(second);
                waiting.getFirst().connection().writeText("from the caller");
                seen.add(message.text());
                order.add("return");
                connection.writeMessage(message);
            }
        });
        try (Rig rig = new Rig(new Side(Face.LOOP, role), ConnectionOptions.defaults(), probe)) {
            Rig.Other other = rig.other(ConnectionOptions.defaults());
            waiting.add(other);
            other.peer().send(Frame.text("first"), Frame.text("second"), Frame.text("third"));
            assertEquals("first", other.connection().readMessage().text()); // The others are with it, most likely.
            rig.peer.sendText("give it away");
            rig.peer.expectText("give it away");
            other.peer().expectText("from the caller");
            other.peer().expectText("opened");
            Rig.await(() -> order.size() == 5, order::toString);
            assertEquals(List.of("give it away"), seen);
            assertEquals(List.of("call", "return", "open", "second", "third"), order);
            end(rig, waiting);
        }
    }

    /** Nobody waits for a writer, whom a peer that does not read can hold for as long as it likes. */
    @ParameterizedTest
    @EnumSource
    void listenerMayGiveAwayAConnectionThatAnotherThreadWritesTo(Role role) throws Exception {
        List<Rig.Other> waiting = new CopyOnWriteArrayList<>();
        Probe second = new Probe();
        Probe probe = new Probe(new Probe.Script() {
            @Override
            void message(Connection connection, MessageView message) throws IOException {
                if (message.text().equals("give it away")) {
                    waiting.getFirst().connection().listen(second);
                }
                connection.writeMessage(message);
            }
        });
        try (Rig rig = new Rig(new Side(Face.LOOP, role), ConnectionOptions.defaults(), probe)) {
            Rig.Other other = rig.other(ConnectionOptions.defaults());
            waiting.add(other);
            byte[] large = new byte[32 << 20];
            Rig.Task<Boolean> writing = Rig.go(() -> other.connection().writeBinary(large));
            Rig.await(() -> other.connection().sender().output().bytesWritten() > 0, () -> "nothing is written");
            writing.awaitParked(); // Else the write is queued, as those of a listener's connection are.
            rig.peer.sendText("give it away");
            rig.peer.expectText("give it away");
            rig.peer.sendText("still there");
            rig.peer.expectText("still there");
            rig.neighbours.echo();
            assertTrue(!writing.done());
            other.peer().expectBinary(large);
            assertTrue(writing.get());
            other.peer().sendText("hello");
            Rig.await(() -> second.calls.contains("text"), () -> "calls " + second.calls);
            second.expectOrderly();
            end(rig, waiting);
        }
    }

    /** Nobody waits for a closing handshake either. */
    @ParameterizedTest
    @EnumSource
    void listenerMayGiveAwayAConnectionThatAnotherThreadCloses(Role role) throws Exception {
        List<Rig.Other> waiting = new CopyOnWriteArrayList<>();
        Probe second = new Probe();
        Probe probe = new Probe(new Probe.Script() {
            @Override
            void message(Connection connection, MessageView message) throws IOException {
                if (message.text().equals("give it away")) {
                    waiting.getFirst().connection().listen(second);
                }
                connection.writeMessage(message);
            }
        });
        try (Rig rig = new Rig(new Side(Face.LOOP, role), ConnectionOptions.defaults(), probe)) {
            Rig.Other other = rig.other(ConnectionOptions.defaults());
            waiting.add(other);
            Rig.Task<Boolean> closing = Rig.go(other.connection()::close);
            other.peer().expectClose(1000);
            closing.awaitParked();
            rig.peer.sendText("give it away");
            rig.peer.expectText("give it away");
            rig.peer.sendText("still there");
            rig.peer.expectText("still there");
            rig.neighbours.echo();
            assertTrue(!closing.done());
            other.peer().sendClose(1000, "");
            other.peer().close();
            assertTrue(closing.get());
            assertTrue(second.awaitEnd().failure().isEmpty());
            assertEquals(List.of("open", "close"), List.copyOf(second.calls));
            end(rig, waiting);
        }
    }
}

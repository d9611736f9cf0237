// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.testkit.Frame;
import dev.gibbon.testkit.ScriptedPeer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a group's members get: in which order, and how much of it when they are slow. */
@Timeout(300)
class BroadcastTest {
    private static Group of(Connection... members) {
        Group group = new Group();
        for (Connection member : members) {
            group.join(member);
        }
        return group;
    }

    private static void finish(Rig rig) throws Exception {
        rig.connection.abort();
        Rig.End _ = rig.end(rig.read());
        rig.expectAllGivenBack();
    }

    @Nested
    class Order {
        private static final int ROUNDS = 200;

        @ParameterizedTest
        @Sides
        void broadcastsAndWritesOfAThreadKeepItsOrder(Side side) throws Exception {
            try (Rig rig = new Rig(side)) {
                Group group = of(rig.connection);
                Rig.Task<Boolean> writing = Rig.go(() -> {
                    for (int i = 0; i < ROUNDS; i++) {
                        group.broadcast(PreparedMessage.text("A" + i));
                        rig.connection.writeText("B" + i);
                        group.broadcast(PreparedMessage.text("C" + i));
                        group.broadcast(PreparedMessage.text("D" + i));
                        rig.connection.writePrepared(PreparedMessage.text("E" + i));
                        group.broadcast(PreparedMessage.text("F" + i));
                        String last = "G" + i;
                        rig.connection.writeMessage(MessageType.TEXT, message -> message.write(last));
                    }
                });
                for (int i = 0; i < ROUNDS; i++) {
                    for (String name : List.of("A", "B", "C", "D", "E", "F", "G")) {
                        rig.peer.expectText(name + i);
                    }
                }
                assertTrue(writing.get());
                rig.peer.expectNothingMore();
                finish(rig);
            }
        }

        @ParameterizedTest
        @Sides(
                of = {Face.THREAD, Face.LOOP},
                because = "only a listener is called")
        void broadcastsAndWritesOfAListenerKeepItsOrder(Side side) throws Exception {
            Group group = new Group();
            Probe probe = new Probe(new Probe.Script() {
                @Override
                void message(Connection connection, MessageView message) throws IOException {
                    group.broadcast(PreparedMessage.text("1"));
                    connection.writeText("2");
                    group.broadcast(PreparedMessage.text("3"));
                    connection.writeMessage(message);
                }
            });
            try (Rig rig = new Rig(side, ConnectionOptions.defaults(), probe)) {
                group.join(rig.connection);
                for (int i = 0; i < ROUNDS; i++) {
                    rig.peer.sendText("4");
                    for (String text : List.of("1", "2", "3", "4")) {
                        rig.peer.expectText(text);
                    }
                }
                finish(rig);
            }
        }

        @ParameterizedTest
        @Sides
        void severalThreadsKeepEachItsOwnOrder(Side side) throws Exception {
            int threads = 4;
            try (Rig rig = new Rig(side)) {
                Group group = of(rig.connection);
                List<Rig.Task<Boolean>> writing = new ArrayList<>();
                for (int t = 0; t < threads; t++) {
                    int thread = t;
                    writing.add(Rig.go(() -> {
                        for (int i = 0; i < ROUNDS; i++) {
                            String text = thread + " " + i;
                            if (i % 3 == 0) {
                                rig.connection.writeText(text);
                            } else {
                                group.broadcast(PreparedMessage.text(text));
                            }
                        }
                    }));
                }
                int[] next = new int[threads];
                for (int i = 0; i < threads * ROUNDS; i++) {
                    String text = rig.peer.expectFrame().text();
                    int thread = text.charAt(0) - '0';
                    assertEquals(thread + " " + next[thread]++, text);
                }
                for (Rig.Task<Boolean> writer : writing) {
                    assertTrue(writer.get());
                }
                finish(rig);
            }
        }

        /** A listener cannot wait for a message that another thread has open; what it writes and broadcasts does. */
        @ParameterizedTest
        @EnumSource
        void whatWaitsBehindAMessageKeepsItsOrder(Role role) throws Exception {
            Group group = new Group();
            Probe probe = new Probe(new Probe.Script() {
                @Override
                void message(Connection connection, MessageView message) throws IOException {
                    connection.writeText("1");
                    group.broadcast(PreparedMessage.text("2"));
                    connection.writePrepared(PreparedMessage.text("3"));
                    group.broadcast(PreparedMessage.text("4"));
                    connection.writeMessage(message);
                }
            });
            try (Rig rig = new Rig(new Side(Face.LOOP, role), ConnectionOptions.defaults(), probe)) {
                group.join(rig.connection);
                MessageWriter open = rig.connection.nextWriter(MessageType.TEXT);
                open.write("begun, ");
                open.flush();
                rig.peer.sendText("5");
                rig.awaitRead();
                open.write("ended");
                open.close();
                rig.connection.writeText("6");
                assertEquals("begun, ", text(rig.peer.expectFrame()));
                assertEquals("ended", text(rig.peer.expectFrame()));
                for (String text : List.of("1", "2", "3", "4", "5", "6")) {
                    rig.peer.expectText(text);
                }
                finish(rig);
            }
        }

        private static String text(Frame frame) {
            return new String(frame.payload(), java.nio.charset.StandardCharsets.UTF_8);
        }

        @ParameterizedTest
        @Sides
        void whatWasBroadcastLeavesBeforeTheCloseFrame(Side side) throws Exception {
            try (Rig rig = new Rig(side)) {
                Group group = of(rig.connection);
                group.broadcast(PreparedMessage.text("last words"));
                Rig.Task<Boolean> closing = Rig.go(rig.connection::close);
                rig.peer.expectText("last words");
                assertEquals("", rig.peer.expectClose(1000));
                assertEquals(0, group.broadcast(PreparedMessage.text("late")));
                rig.peer.sendClose(1000, "");
                rig.peer.close();
                assertTrue(closing.get());
            }
        }

        /** RFC 7692 §7.2.2: a message may refer to those before it, so they must leave as they were compressed. */
        @ParameterizedTest
        @Sides
        void compressedMessagesAreReadInTheirOrder(Side side) throws Exception {
            try (CompressionScene scene = new CompressionScene(side)) {
                Group group = of(scene.connection);
                String same = "the same words again and again, and once more the same words, ";
                Rig.Task<Boolean> writing = Rig.go(() -> {
                    for (int i = 0; i < ROUNDS; i++) {
                        group.broadcast(PreparedMessage.text(same + same + "A" + i));
                        scene.connection.writeText(same + same + "B" + i);
                    }
                });
                CompressionScene.Reading reading = scene.reading(CompressionScene.TAKEOVER);
                for (int i = 0; i < ROUNDS; i++) {
                    assertEquals(same + same + "A" + i, reading.nextText());
                    assertEquals(same + same + "B" + i, reading.nextText());
                }
                assertEquals(2 * ROUNDS, reading.compressed());
                assertTrue(writing.get());
                scene.connection.abort();
                scene.expectAllGivenBack();
            }
        }
    }

    @Nested
    class SlowMembers {
        private static final int MAX_QUEUED = 100_000;
        private static final byte[] SMALL = new byte[16];

        private static ConnectionOptions options(QueuePolicy policy) {
            return ConnectionOptions.builder()
                    .maxQueuedBytes(MAX_QUEUED, policy)
                    .build();
        }

        /** Broadcasts until members miss messages, and some more; {@return how many members got each} */
        private static List<Integer> flood(Group group) {
            List<Integer> got = new ArrayList<>();
            for (int after = 0; after < 1000 && group.size() > 0; ) {
                int missed = group.broadcast(PreparedMessage.binary(number(got.size())));
                after += missed > 0 ? 1 : 0;
                got.add(group.size() - missed);
            }
            return got;
        }

        private static byte[] number(int i) {
            return ByteBuffer.allocate(SMALL.length).putInt(i).array();
        }

        private static void expectGot(ScriptedPeer peer, List<Integer> got) {
            for (int i = 0; i < got.size(); i++) {
                if (got.get(i) == 1) {
                    peer.expectBinary(number(i));
                }
            }
        }

        /** A message of 16 bytes costs more than these, so they alone do not bound what waits. */
        @ParameterizedTest
        @Sides
        void missWhatHasNoRoomAndItIsCounted(Side side) throws Exception {
            Probe probe = new Probe();
            try (Rig rig = side.face() == Face.LOOP
                    ? Rig.congested(side.role(), options(QueuePolicy.BLOCK), probe)
                    : new Rig(side, options(QueuePolicy.BLOCK), probe)) {
                rig.peer.deadline(java.time.Duration.ofSeconds(30));
                Rig.Task<List<Integer>> flooding = Rig.start(() -> flood(of(rig.connection)));
                List<Integer> got = flooding.get();
                int missed = (int) got.stream().filter(members -> members == 0).count();
                assertEquals(missed, rig.connection.missedBroadcasts());
                assertTrue(rig.connection.queuedBytes() <= MAX_QUEUED + 100, "bounded");
                if (side.face() == Face.LOOP) { // Its output is stuck; the threads' pump may empty it at any time.
                    assertEquals(0, probe.writable.get());
                }
                expectGot(rig.peer, got);
                rig.peer.expectNothingMore();
                if (side.face() == Face.LOOP) {
                    Rig.await(() -> probe.writable.get() == 1, () -> "nobody is told that there is room");
                }
                assertEquals(0, of(rig.connection).broadcast(PreparedMessage.text("again")));
                rig.peer.expectText("again");
                finish(rig);
            }
        }

        /**
         * The loop may be slower than the thread that broadcasts: what waits for it is bounded as what waits for a
         * peer.
         */
        @ParameterizedTest
        @EnumSource
        void areThoseOfALoopThatDoesNotComeToThem(Role role) throws Exception {
            CountDownLatch inside = new CountDownLatch(1);
            CountDownLatch gate = new CountDownLatch(1);
            AtomicLong toldOf = new AtomicLong();
            Probe probe = new Probe(new Probe.Script() {
                @Override
                void message(Connection connection, MessageView message) throws IOException {
                    inside.countDown();
                    try {
                        assertTrue(gate.await(Rig.SECONDS, TimeUnit.SECONDS));
                    } catch (InterruptedException e) {
                        throw new IOException(e);
                    }
                }

                @Override
                void writable(Connection connection) {
                    toldOf.set(connection.missedBroadcasts());
                }
            });
            try (Rig rig = new Rig(new Side(Face.LOOP, role), options(QueuePolicy.BLOCK), probe)) {
                rig.peer.sendText("hold the loop up");
                assertTrue(inside.await(Rig.SECONDS, TimeUnit.SECONDS));
                List<Integer> got = flood(of(rig.connection));
                int accepted =
                        (int) got.stream().filter(members -> members == 1).count();
                assertTrue(accepted <= MAX_QUEUED / (SMALL.length + 64) + 1, accepted + " messages wait");
                gate.countDown();
                expectGot(rig.peer, got);
                Rig.await(() -> probe.writable.get() > 0, () -> "nobody is told that there is room");
                assertEquals(got.size() - accepted, toldOf.get());
                finish(rig);
            } finally {
                gate.countDown();
            }
        }

        @ParameterizedTest
        @EnumSource
        void areDroppedIfThatIsTheirPolicy(Role role) throws Exception {
            try (Rig rig = Rig.congested(role, options(QueuePolicy.DROP), new Probe())) {
                Rig.Other other = rig.other(options(QueuePolicy.BLOCK));
                other.connection().listen(new Probe());
                Group group = of(rig.connection);
                List<Integer> _ = flood(group);
                rig.expectClosed();
                group.join(other.connection());
                assertEquals(0, group.broadcast(PreparedMessage.text("to who is left")));
                other.peer().expectText("to who is left");
                other.connection().abort();
                other.peer().close();
                ConnectionClosedException e = rig.end(rig.read()).failure(ConnectionClosedException.class);
                assertTrue(String.valueOf(e.getMessage()).contains("too slowly"), e.getMessage());
                rig.expectAllGivenBack();
            }
        }

        /** One slow member is nobody else's matter. */
        @ParameterizedTest
        @Sides
        void doNotKeepOthersFromTheirMessages(Side side) throws Exception {
            try (Rig rig = new Rig(side, options(QueuePolicy.BLOCK))) {
                Rig.Other slow = rig.other(options(QueuePolicy.BLOCK));
                if (side.face() != Face.PULL) {
                    slow.connection().listen(new Probe());
                }
                Group both = of(slow.connection(), rig.connection);
                byte[] message = new byte[50_000];
                int missed = 0;
                for (int i = 0; i < 300; i++) { // More than any system takes for a peer that does not read.
                    missed += both.broadcast(PreparedMessage.binary(message));
                    rig.peer.expectBinary(message);
                }
                assertTrue(missed > 0);
                assertEquals(missed, slow.connection().missedBroadcasts());
                assertEquals(0, rig.connection.missedBroadcasts());
                slow.connection().abort();
                slow.peer().close();
                finish(rig);
            }
        }

        /** A large one is not copied; a client's is masked as the peer takes it. */
        @ParameterizedTest
        @Sides
        void getLargeMessagesWholeOnceTheyRead(Side side) throws Exception {
            byte[] large = new byte[300_000];
            new java.util.Random(3).nextBytes(large);
            ConnectionOptions options = ConnectionOptions.builder()
                    .maxQueuedBytes(1 << 20, QueuePolicy.BLOCK)
                    .build();
            try (Rig rig = side.face() == Face.LOOP
                    ? Rig.congested(side.role(), options, new Probe())
                    : new Rig(side, options)) {
                Group group = of(rig.connection);
                PreparedMessage message = PreparedMessage.binary(large);
                for (int i = 0; i < 3; i++) {
                    assertEquals(0, group.broadcast(message));
                }
                for (int i = 0; i < 3; i++) {
                    rig.peer.expectBinary(large);
                }
                finish(rig);
            }
        }
    }
}

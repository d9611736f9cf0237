// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.testkit.Frame;
import dev.gibbon.testkit.TransportPair;
import dev.gibbon.testkit.WriteCall;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(300)
class SenderTest {
    private static byte[] random(int length) {
        byte[] bytes = new byte[length];
        new SplittableRandom(0x6455).nextBytes(bytes);
        return bytes;
    }

    private static void finish(Rig rig) throws Exception {
        rig.connection.abort();
        rig.expectAllGivenBack();
    }

    @Nested
    class OneWrite {
        @ParameterizedTest(name = "server message of {0} bytes is one frame and one write")
        @ValueSource(ints = {0, 1, 125, 126, 16_384, 16_385, 65_535, 65_536, 3 << 20})
        void serverMessageIsOneFrameInOneWriteCall(int length) throws Exception {
            TransportPair pair =
                    TransportPair.builder().capacity(4 << 20).logWrites().build();
            try (Rig rig = new Rig(Role.SERVER, ConnectionOptions.defaults(), pair)) {
                byte[] payload = random(length);
                rig.connection.writeBinary(ByteBuffer.wrap(payload).asReadOnlyBuffer());
                List<WriteCall> writes = rig.transport().writeLog();
                assertEquals(1, writes.size());
                assertEquals(writes.getFirst().offered(), writes.getFirst().taken());
                rig.peer.expectBinary(payload);
                rig.peer.expectNothingMore();
                finish(rig);
            }
        }

        @ParameterizedTest
        @EnumSource
        void preparedMessageIsOneFrameInOneWriteCall(Role role) throws Exception {
            TransportPair pair = TransportPair.builder().logWrites().build();
            try (Rig rig = new Rig(role, ConnectionOptions.defaults(), pair)) {
                PreparedMessage prepared = PreparedMessage.text("to everybody");
                rig.connection.writePrepared(prepared);
                rig.connection.writePrepared(prepared);
                rig.peer.expectText("to everybody");
                rig.peer.expectText("to everybody");
                assertEquals(2, rig.transport().writeLog().size());
                finish(rig);
            }
        }

        @ParameterizedTest
        @EnumSource
        void framesOfWritersThatWaitLeaveTogether(Role role) throws Exception {
            TransportPair pair =
                    TransportPair.builder().capacity(2000).logWrites().build();
            try (Rig rig = new Rig(role, ConnectionOptions.defaults(), pair)) {
                byte[] first = new byte[2500];
                List<Rig.Task<Boolean>> writers = new ArrayList<>();
                writers.add(Rig.go(() -> rig.connection.writeBinary(first)));
                rig.transport().awaitBlockedWriter();
                for (int i = 0; i < 10; i++) {
                    writers.add(Rig.go(() -> rig.connection.writeText("waiting")));
                    writers.getLast().awaitParked();
                }
                int before = rig.transport().writeLog().size();
                rig.peer.expectBinary(first);
                for (int i = 0; i < 10; i++) {
                    rig.peer.expectText("waiting");
                }
                for (Rig.Task<Boolean> writer : writers) {
                    assertTrue(writer.get());
                }
                List<WriteCall> after = rig.transport()
                        .writeLog()
                        .subList(before, rig.transport().writeLog().size());
                assertEquals(10, after.getLast().offered() / (role == Role.CLIENT ? 13 : 9), "ten frames in one write");
                finish(rig);
            }
        }
    }

    @Nested
    class Section5_3_Masking {
        @Test
        void clientLeavesTheCallersBytesAloneAndDrawsAKeyForEveryFrame() throws Exception {
            TransportPair pair = TransportPair.builder().capacity(2 << 20).build();
            try (Rig rig = new Rig(Role.CLIENT, ConnectionOptions.defaults(), pair)) {
                Set<Integer> keys = new HashSet<>();
                int frames = 0;
                for (int length : new int[] {0, 1, 7, 100, 16_384, 16_385, 70_000, 300_000}) {
                    byte[] payload = random(length);
                    byte[] mine = payload.clone();
                    ByteBuffer buffer = ByteBuffer.wrap(mine);
                    rig.connection.writeBinary(buffer);
                    assertFalse(buffer.hasRemaining());
                    assertArrayEquals(payload, mine);
                    rig.connection.writePrepared(PreparedMessage.binary(payload));
                    for (int i = 0; i < 2; i++) {
                        Frame frame = rig.peer.expectFrame();
                        assertArrayEquals(payload, frame.payload());
                        keys.add(frame.maskingKey().orElseThrow());
                        frames++;
                    }
                }
                assertEquals(frames, keys.size(), "keys are fresh");
                finish(rig);
            }
        }
    }

    @Nested
    class Section5_4_Fragmentation {
        @ParameterizedTest
        @EnumSource
        void threadThatBeginsAMessageEndsTheOneItLeftOpen(Role role) throws Exception {
            try (Rig rig = new Rig(role)) {
                MessageWriter left = rig.connection.nextWriter(MessageType.TEXT);
                left.write("left open");
                rig.connection.writeText("next");
                rig.peer.expectText("left open");
                rig.peer.expectText("next");
                assertThrows(IllegalStateException.class, () -> left.write("late"));
                left.close();
                MessageWriter second = rig.connection.nextWriter(MessageType.BINARY);
                second.write(ByteBuffer.wrap(new byte[] {1}));
                MessageWriter third = rig.connection.nextWriter(MessageType.BINARY);
                third.close();
                rig.peer.expectBinary(new byte[] {1});
                rig.peer.expectBinary(new byte[0]);
                rig.peer.expectNothingMore();
                finish(rig);
            }
        }

        @ParameterizedTest
        @EnumSource
        void messagesOfOtherThreadsWaitForTheEndOfAnOpenOne(Role role) throws Exception {
            TransportPair pair = TransportPair.builder().capacity(1 << 20).build();
            try (Rig rig = new Rig(role, ConnectionOptions.defaults(), pair)) {
                MessageWriter writer = rig.connection.nextWriter(MessageType.BINARY);
                Rig.Task<Boolean> text = Rig.go(() -> rig.connection.writeText("other"));
                text.awaitParked();
                writer.write(ByteBuffer.wrap(random(200_000)));
                writer.flush();
                assertFalse(text.done());
                writer.close();
                assertTrue(text.get());
                int length = 0;
                Frame frame = rig.peer.expectFrame();
                for (; !frame.fin(); frame = rig.peer.expectFrame()) {
                    length += frame.payload().length;
                }
                assertEquals(200_000, length + frame.payload().length);
                rig.peer.expectText("other");
                finish(rig);
            }
        }

        @ParameterizedTest
        @EnumSource
        void writerWhoseConnectionIsLostGivesItsBufferBack(Role role) throws Exception {
            try (Rig rig = new Rig(role)) {
                MessageWriter writer = rig.connection.nextWriter(MessageType.BINARY);
                writer.write(ByteBuffer.wrap(new byte[10]));
                rig.connection.abort();
                assertThrows(ConnectionClosedException.class, writer::close);
                writer.close();
                rig.expectAllGivenBack();
            }
        }
    }

    @Nested
    class BatchWrites {
        private final ConnectionOptions options =
                ConnectionOptions.builder().batchWrites(true).batchBytes(1000).build();

        @ParameterizedTest
        @EnumSource
        void heldBackFramesLeaveInOneWriteOnFlush(Role role) throws Exception {
            TransportPair pair = TransportPair.builder().logWrites().build();
            try (Rig rig = new Rig(role, options, pair)) {
                for (int i = 0; i < 16; i++) {
                    rig.connection.writeText("m" + i);
                }
                rig.peer.expectNothingMore();
                rig.connection.flush();
                assertEquals(1, rig.transport().writeLog().size());
                for (int i = 0; i < 16; i++) {
                    rig.peer.expectText("m" + i);
                }
                finish(rig);
            }
        }

        @ParameterizedTest
        @EnumSource
        void heldBackFramesLeaveAtTheBound(Role role) throws Exception {
            try (Rig rig = new Rig(role, options)) {
                byte[] payload = new byte[300];
                for (int i = 0; i < 3; i++) {
                    rig.connection.writeBinary(payload);
                }
                rig.peer.expectNothingMore();
                rig.connection.writeBinary(payload);
                for (int i = 0; i < 4; i++) {
                    rig.peer.expectBinary(payload);
                }
                finish(rig);
            }
        }

        @ParameterizedTest
        @EnumSource
        void answersToAllThatCameInOneReadLeaveInOneWrite(Role role) throws Exception {
            TransportPair pair = TransportPair.builder().logWrites().build();
            try (Rig rig = new Rig(role, options, pair)) {
                List<Frame> requests = new ArrayList<>();
                for (int i = 0; i < 16; i++) {
                    requests.add(Frame.text("m" + i));
                }
                rig.peer.send(requests);
                Rig.Task<Boolean> echo = Rig.go(() -> {
                    for (Message m = rig.connection.readMessage(); m != null; m = rig.connection.readMessage()) {
                        rig.connection.writeMessage(m);
                    }
                });
                for (int i = 0; i < 16; i++) {
                    rig.peer.expectText("m" + i);
                }
                assertEquals(1, rig.transport().counters().reads());
                assertEquals(1, rig.transport().writeLog().size());
                rig.peer.sendClose();
                rig.peer.expectCloseWithoutCode();
                assertTrue(echo.get());
                rig.expectAllGivenBack();
            }
        }

        @ParameterizedTest
        @EnumSource
        void nothingIsHeldBackWhileTheReaderIsParked(Role role) throws Exception {
            try (Rig rig = new Rig(role, options)) {
                Rig.Task<Rig.End> reading = rig.read();
                rig.transport().awaitBlockedReader();
                rig.connection.writeText("from another thread");
                rig.peer.expectText("from another thread");
                rig.connection.abort();
                assertTrue(reading.get().failure().isPresent());
                rig.expectAllGivenBack();
            }
        }

        @ParameterizedTest
        @EnumSource
        void cl19closeSendsWhatIsHeldBackFirst(Role role) throws Exception {
            try (Rig rig = new Rig(role, options)) {
                rig.connection.writeText("held back");
                Rig.Task<Boolean> closing = Rig.go(() -> rig.connection.close());
                rig.peer.expectText("held back");
                rig.peer.expectClose(1000, "");
                rig.peer.sendClose(1000, "");
                rig.peer.close();
                assertTrue(closing.get());
                rig.expectAllGivenBack();
            }
        }

        @ParameterizedTest
        @EnumSource
        void withoutItEveryWriteHasLeftWhenItReturns(Role role) throws Exception {
            TransportPair pair = TransportPair.builder().logWrites().build();
            try (Rig rig = new Rig(role, ConnectionOptions.defaults(), pair)) {
                for (int i = 1; i <= 3; i++) {
                    rig.connection.writeText("now");
                    assertEquals(i, rig.transport().writeLog().size());
                }
                finish(rig);
            }
        }
    }

    @Nested
    class WriteTimeout {
        @ParameterizedTest
        @EnumSource
        void endsTheConnectionOfAWriteThatIsUnderWayAndWhoWaitsBehindIt(Role role) throws Exception {
            TransportPair pair = TransportPair.builder().capacity(100).build();
            try (Rig rig = new Rig(role, ConnectionOptions.defaults(), pair)) {
                rig.connection.setWriteTimeout(Duration.ofMillis(500));
                Rig.Task<Boolean> writing = Rig.go(() -> rig.connection.writeBinary(new byte[1000]));
                rig.transport().awaitBlockedWriter();
                Rig.Task<Boolean> waiting = Rig.go(() -> rig.connection.writeText("behind it"));
                writing.awaitParked();
                waiting.awaitParked();
                rig.clock.advance(Duration.ofMillis(499));
                assertFalse(writing.done());
                rig.clock.advance(Duration.ofMillis(1));
                WriteTimeoutException _ = writing.failure(WriteTimeoutException.class);
                WriteTimeoutException _ = waiting.failure(WriteTimeoutException.class);
                assertThrows(WriteTimeoutException.class, () -> rig.connection.writeText("late"));
                rig.expectAllGivenBack();
            }
        }

        @ParameterizedTest
        @EnumSource
        void isThatOfEachWriteAndNoMoment(Role role) throws Exception {
            try (Rig rig = new Rig(role)) {
                rig.connection.setWriteTimeout(Duration.ofSeconds(1));
                rig.connection.writeText("in time");
                rig.clock.advance(Duration.ofSeconds(3));
                rig.connection.writeText("this too");
                rig.peer.expectText("in time");
                rig.peer.expectText("this too");
                finish(rig);
            }
        }

        @ParameterizedTest
        @EnumSource
        void endsTheCallAloneOfAWriterThatWaitsForAnOpenMessage(Role role) throws Exception {
            try (Rig rig = new Rig(role)) {
                MessageWriter open = rig.connection.nextWriter(MessageType.BINARY);
                rig.connection.setWriteTimeout(Duration.ofSeconds(1));
                Rig.Task<Boolean> waiting = Rig.go(() -> rig.connection.writeText("other"));
                Rig.Task<Boolean> streaming = Rig.go(() -> {
                    MessageWriter _ = rig.connection.nextWriter(MessageType.BINARY);
                });
                waiting.awaitParked();
                streaming.awaitParked();
                rig.clock.advance(Duration.ofSeconds(1));
                WriteTimeoutException _ = waiting.failure(WriteTimeoutException.class);
                WriteTimeoutException _ = streaming.failure(WriteTimeoutException.class);
                assertEquals(ConnectionState.OPEN, rig.connection.state());
                open.close();
                rig.connection.writeText("next");
                rig.peer.expectBinary(new byte[0]);
                rig.peer.expectText("next");
                finish(rig);
            }
        }

        @ParameterizedTest
        @EnumSource
        void ofACenturyIsNone(Role role) throws Exception {
            try (Rig rig = new Rig(role)) {
                MessageWriter open = rig.connection.nextWriter(MessageType.BINARY);
                rig.connection.setWriteTimeout(Duration.ofSeconds(1));
                rig.connection.setWriteTimeout(ChronoUnit.FOREVER.getDuration());
                Rig.Task<Boolean> waiting = Rig.go(() -> rig.connection.writeText("other"));
                waiting.awaitParked();
                rig.clock.advance(Duration.ofSeconds(2));
                open.close();
                assertTrue(waiting.get());
                rig.peer.expectBinary(new byte[0]);
                rig.peer.expectText("other");
                finish(rig);
            }
        }

        @Test
        void isRefusedIfThereIsNoTimeInIt() {
            try (Rig rig = new Rig(Role.SERVER)) {
                assertThrows(IllegalArgumentException.class, () -> rig.connection.setWriteTimeout(Duration.ZERO));
                assertThrows(
                        IllegalArgumentException.class, () -> rig.connection.setWriteTimeout(Duration.ofSeconds(-1)));
            }
        }
    }
}

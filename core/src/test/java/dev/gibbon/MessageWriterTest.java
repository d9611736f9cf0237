// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.testkit.Frame;
import dev.gibbon.testkit.ScriptedPeer;
import java.io.IOException;
import java.io.OutputStream;
import java.io.Writer;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;

/** Messages that are written piece by piece: how they end, and how they are given up. */
@Timeout(300)
class MessageWriterTest {
    /** What an application throws when it cannot go on. */
    private static final class NotToday extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    private static void finish(Rig rig) throws Exception {
        rig.connection.abort();
        Rig.End _ = rig.end(rig.read());
        rig.expectAllGivenBack();
    }

    /**
     * The peer gets the beginning and then the Close frame that makes it forget that; both sides see the connection
     * fail.
     */
    private static void expectFailedHalfWay(Rig rig, String beginning) throws Exception {
        Frame begun = rig.peer.expectFrame();
        assertEquals(beginning, new String(begun.payload(), StandardCharsets.UTF_8));
        assertFalse(begun.fin());
        assertEquals("", rig.peer.expectClose(1011));
        assertThrows(ConnectionClosedException.class, () -> rig.connection.writeText("more"));
        Rig.Task<Rig.End> reading = rig.read();
        rig.peer.sendClose(1011, "");
        ConnectionClosedException why = rig.end(reading).failure(ConnectionClosedException.class);
        assertTrue(String.valueOf(why.getMessage()).contains("half-way"), why.getMessage());
        rig.expectAllGivenBack();
    }

    @Nested
    class AMessageThatIsGivenUp {
        @ParameterizedTest
        @Sides
        void halfWayFailsTheConnection(Side side) throws Exception {
            try (Rig rig = new Rig(side)) {
                try (MessageWriter message = rig.connection.nextWriter(MessageType.TEXT)) {
                    message.write("{\"id\":1,");
                    message.flush();
                    message.write("\"name\":");
                    message.abandon();
                    message.abandon();
                    assertThrows(IllegalStateException.class, () -> message.write("x"));
                }
                expectFailedHalfWay(rig, "{\"id\":1,");
            }
        }

        @ParameterizedTest
        @Sides
        void byAnExceptionOfItsContentFailsTheConnection(Side side) throws Exception {
            try (Rig rig = new Rig(side)) {
                MessageWriter.Content broken = message -> {
                    message.write("{\"id\":1,");
                    message.flush();
                    throw new NotToday();
                };
                assertThrows(NotToday.class, () -> rig.connection.writeMessage(MessageType.TEXT, broken));
                expectFailedHalfWay(rig, "{\"id\":1,");
            }
        }

        @ParameterizedTest
        @Sides
        void beforeAnythingHasLeftNeverWas(Side side) throws Exception {
            try (Rig rig = new Rig(side)) {
                IOException why = new IOException("the database is gone");
                MessageWriter.Content broken = message -> {
                    message.write("{\"id\":1,");
                    throw why;
                };
                for (int i = 0; i < 3; i++) {
                    assertSame(
                            why,
                            assertThrows(
                                    IOException.class, () -> rig.connection.writeMessage(MessageType.TEXT, broken)));
                }
                rig.connection.writeMessage(MessageType.TEXT, message -> message.write("{}"));
                rig.peer.expectText("{}");
                rig.connection.writeText("next");
                rig.peer.expectText("next");
                rig.peer.expectNothingMore();
                finish(rig);
            }
        }

        @ParameterizedTest
        @Sides
        void letsThoseGoOnThatWaitForItsEnd(Side side) throws Exception {
            for (boolean begun : new boolean[] {false, true}) {
                try (Rig rig = new Rig(side)) {
                    MessageWriter message = rig.connection.nextWriter(MessageType.TEXT);
                    message.write("begun");
                    if (begun) {
                        message.flush();
                    }
                    Rig.Task<Boolean> waiting = Rig.go(() -> rig.connection.writeText("other"));
                    waiting.awaitParked();
                    message.abandon();
                    if (begun) {
                        ConnectionClosedException _ = waiting.failure(ConnectionClosedException.class);
                    } else {
                        assertTrue(waiting.get());
                        rig.peer.expectText("other");
                    }
                    finish(rig);
                }
            }
        }

        /** RFC 7692 §7.2.2: what the compressor took in of it must not be part of the next message. */
        @ParameterizedTest
        @Sides
        void leavesNothingInTheCompressor(Side side) throws Exception {
            try (CompressionScene scene = new CompressionScene(side)) {
                byte[] zeros = new byte[200_000];
                CompressionScene.Reading reading = scene.reading(CompressionScene.TAKEOVER);
                scene.connection.writeText("before, and before");
                assertEquals("before, and before", reading.nextText());
                MessageWriter message = scene.connection.nextWriter(MessageType.BINARY);
                message.write(ByteBuffer.wrap(zeros)); // Of so much of the same nothing comes out yet.
                message.abandon();
                scene.connection.writeText("after, and before");
                assertEquals("after, and before", reading.nextText());
                scene.peer.expectNothingMore();
                scene.connection.abort();
                scene.expectAllGivenBack();
            }
        }
    }

    /**
     * On a loop a fragment may find the queue full. What was sent of its message must not hold the connection for ever.
     */
    @Nested
    class AMessageThatIsRefusedHalfWay {
        private static final ConnectionOptions REFUSE = ConnectionOptions.builder()
                .maxQueuedBytes(100_000, QueuePolicy.REFUSE)
                .build();

        @ParameterizedTest
        @Sides(of = Face.LOOP, because = "a thread waits for room")
        void compressedFailsTheConnection(Side side) throws Exception {
            try (CompressionScene scene =
                    new CompressionScene(side, CompressionScene.TAKEOVER, CompressionScene.OPTIONS, REFUSE)) {
                expectFailed(scene.connection, scene.peer);
                scene.expectAllGivenBack();
            }
        }

        @ParameterizedTest
        @Sides(of = Face.LOOP, because = "a thread waits for room")
        void plainFailsTheConnection(Side side) throws Exception {
            try (Rig rig = Rig.congested(side.role(), REFUSE, new Probe())) {
                expectFailed(rig.connection, rig.peer);
                Rig.End _ = rig.end(rig.read());
                rig.expectAllGivenBack();
            }
        }

        private static void expectFailed(Connection connection, ScriptedPeer peer) throws Exception {
            byte[] noise = new byte[50_000];
            new Random(2).nextBytes(noise);
            MessageWriter message = connection.nextWriter(MessageType.BINARY);
            assertThrows(QueueFullException.class, () -> {
                while (true) {
                    message.write(ByteBuffer.wrap(noise));
                }
            });
            message.close();
            Rig.Task<Boolean> other = Rig.go(() -> connection.writeText("other"));
            ConnectionClosedException _ = other.failure(ConnectionClosedException.class);
            Frame last = peer.expectFrame();
            while (last.opcode() != Frame.CLOSE) {
                assertFalse(last.fin());
                last = peer.expectFrame();
            }
            assertEquals(1011, last.closeCode().orElseThrow());
            peer.sendClose(1011, "");
        }
    }

    @Nested
    class ARefusedPiece {
        private void expectGivenUp(Side side, String piece) throws Exception {
            try (Rig rig = new Rig(side)) {
                IllegalArgumentException first = assertThrows(IllegalArgumentException.class, () -> {
                    try (MessageWriter message = rig.connection.nextWriter(MessageType.TEXT)) {
                        message.write("whole, ");
                        message.write(piece);
                        message.write("more");
                    }
                });
                assertInstanceOf(IllegalArgumentException.class, first);
                rig.connection.writeText("next");
                rig.peer.expectText("next");
                rig.peer.expectNothingMore();
                finish(rig);
            }
        }

        @ParameterizedTest
        @Sides
        void isNotLeftOutOfTheMessage(Side side) throws Exception {
            expectGivenUp(side, "lone \udc00 surrogate");
            expectGivenUp(side, "lone \ud800 surrogate");
        }

        @ParameterizedTest
        @Sides
        void halfASurrogatePairAtTheEndIsNotLeftOutEither(Side side) throws Exception {
            try (Rig rig = new Rig(side)) {
                MessageWriter message = rig.connection.nextWriter(MessageType.TEXT);
                message.write("cut \ud83d");
                assertThrows(IllegalArgumentException.class, message::close);
                message.close();
                rig.connection.writeText("next");
                rig.peer.expectText("next");
                MessageWriter left = rig.connection.nextWriter(MessageType.TEXT);
                left.write("cut \ud83d");
                rig.connection.writeText("after the one that was left");
                rig.peer.expectText("after the one that was left");
                finish(rig);
            }
        }

        @ParameterizedTest
        @Sides
        void inAWriterThatSwallowsExceptionsIsNotLeftOut(Side side) throws Exception {
            try (Rig rig = new Rig(side)) {
                Writer writer = rig.connection.nextWriter(MessageType.TEXT).writer();
                assertThrows(IllegalArgumentException.class, () -> writer.write("\udc00"));
                writer.write("on");
                assertThrows(IllegalArgumentException.class, writer::close);
                rig.connection.writeText("next");
                rig.peer.expectText("next");
                finish(rig);
            }
        }

        @ParameterizedTest
        @Sides
        void bytesBehindHalfASurrogatePairAreRefused(Side side) throws Exception {
            try (Rig rig = new Rig(side)) {
                MessageWriter message = rig.connection.nextWriter(MessageType.TEXT);
                message.write("\ud83d");
                assertThrows(IllegalArgumentException.class, () -> message.write(ByteBuffer.allocate(1)));
                assertThrows(IllegalArgumentException.class, message::close);
                finish(rig);
            }
        }
    }

    @Nested
    class Text {
        @ParameterizedTest
        @Sides
        void surrogatePairMayBeSplitBetweenPieces(Side side) throws Exception {
            String text = "a\ud83d\ude00b\ud83c\udf7a";
            try (Rig rig = new Rig(side)) {
                for (int cut = 0; cut <= text.length(); cut++) {
                    MessageWriter message = rig.connection.nextWriter(MessageType.TEXT);
                    message.write(text.substring(0, cut));
                    message.write("");
                    message.write(text.substring(cut));
                    message.close();
                    rig.peer.expectText(text);
                }
                Writer writer = rig.connection.nextWriter(MessageType.TEXT).writer();
                for (int i = 0; i < text.length(); i++) {
                    writer.write(text.charAt(i));
                }
                writer.append(text, 1, 3).write(text.toCharArray(), 3, 1);
                writer.close();
                rig.peer.expectText(text + "\ud83d\ude00b");
                finish(rig);
            }
        }

        @ParameterizedTest
        @Sides
        void flushSendsAllButHalfASurrogatePair(Side side) throws Exception {
            try (Rig rig = new Rig(side)) {
                MessageWriter message = rig.connection.nextWriter(MessageType.TEXT);
                message.write("a\ud83d");
                message.flush();
                message.write("\ude00");
                message.close();
                assertEquals("a", new String(rig.peer.expectFrame().payload(), StandardCharsets.UTF_8));
                assertEquals("\ud83d\ude00", new String(rig.peer.expectFrame().payload(), StandardCharsets.UTF_8));
                finish(rig);
            }
        }
    }

    @Nested
    class Bytes {
        @ParameterizedTest
        @Sides
        void contentThatReturnsIsSentWhole(Side side) throws Exception {
            byte[] bytes = new byte[40_000];
            new Random(1).nextBytes(bytes);
            try (Rig rig = new Rig(side)) {
                rig.connection.writeMessage(MessageType.BINARY, message -> {
                    OutputStream out = message.outputStream();
                    out.write(bytes, 0, 100);
                    out.flush();
                    out.write(bytes, 100, bytes.length - 100);
                });
                Frame first = rig.peer.expectFrame();
                assertArrayEquals(Arrays.copyOf(bytes, 100), first.payload());
                int length = 100;
                for (Frame next = first; !next.fin(); ) {
                    next = rig.peer.expectFrame();
                    assertArrayEquals(
                            Arrays.copyOfRange(bytes, length, length + next.payload().length), next.payload());
                    length += next.payload().length;
                }
                assertEquals(bytes.length, length);
                finish(rig);
            }
        }
    }
}

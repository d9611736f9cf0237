// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.connection.Input;
import dev.gibbon.testkit.Frame;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Peers that do not read from a connection on a loop, over sockets
 * that hold little; on the same loop a neighbour that must not notice.
 */
@Timeout(300)
class BackpressureTest {
    private static final int MAX_QUEUED = 100_000;
    private static final int PIECE = 10_000;

    private static ConnectionOptions options(QueuePolicy policy) {
        return ConnectionOptions.builder().maxQueuedBytes(MAX_QUEUED, policy).build();
    }

    private static byte[] piece(int i) {
        byte[] bytes = new byte[PIECE];
        Arrays.fill(bytes, (byte) i);
        return bytes;
    }

    private static Probe.Script echo() {
        return new Probe.Script() {
            @Override
            void message(Connection connection, MessageView message) throws IOException {
                connection.writeMessage(message);
            }
        };
    }

    private static void finish(Rig rig) throws Exception {
        rig.connection.abort();
        Rig.End _ = rig.end(rig.read());
        rig.expectAllGivenBack();
    }

    /** Writes until the queue is full, on a thread of its own. */
    private static int fill(Rig rig) throws Exception {
        for (int i = 0; ; i++) {
            if (rig.connection.queuedBytes() > MAX_QUEUED) {
                return i;
            }
            rig.connection.writeBinary(piece(i));
        }
    }

    @ParameterizedTest
    @EnumSource
    void refusedWritesQueueNothingAndTheListenerIsToldOnceThereIsRoom(Role role) throws Exception {
        try (Rig rig = Rig.congested(role, options(QueuePolicy.REFUSE), new Probe())) {
            int queued = fill(rig);
            for (int i = 0; i < 3; i++) {
                long before = rig.connection.queuedBytes();
                assertThrows(QueueFullException.class, () -> rig.connection.writeBinary(new byte[1]));
                assertEquals(before, rig.connection.queuedBytes());
            }
            assertTrue(rig.connection.queuedBytes() <= MAX_QUEUED + PIECE + 14);
            rig.neighbours.echo();
            assertEquals(0, rig.probe.writable.get());
            for (int i = 0; i < queued; i++) {
                rig.peer.expectBinary(piece(i));
            }
            Rig.await(() -> rig.probe.writable.get() == 1, () -> "nobody is told that there is room");
            assertEquals(0, rig.connection.queuedBytes());
            rig.connection.writeText("again");
            rig.peer.expectText("again");
            rig.awaitLoop();
            assertEquals(1, rig.probe.writable.get());
            finish(rig);
        }
    }

    @ParameterizedTest
    @EnumSource
    void threadThatIsBlockedGoesOnOnceThereIsRoom(Role role) throws Exception {
        try (Rig rig = Rig.congested(role, options(QueuePolicy.BLOCK), new Probe())) {
            int queued = fill(rig);
            Rig.Task<Boolean> waiting = Rig.go(() -> rig.connection.writeText("waited"));
            waiting.awaitParked();
            rig.neighbours.echo();
            assertFalse(waiting.done());
            for (int i = 0; i < queued; i++) {
                rig.peer.expectBinary(piece(i));
            }
            assertTrue(waiting.get());
            rig.peer.expectText("waited");
            finish(rig);
        }
    }

    @ParameterizedTest
    @EnumSource
    void threadThatIsBlockedGivesUpAloneWhenItsTimeIsUp(Role role) throws Exception {
        try (Rig rig = Rig.congested(role, options(QueuePolicy.BLOCK), new Probe())) {
            int queued = fill(rig);
            rig.connection.setWriteTimeout(Duration.ofSeconds(1));
            Rig.Task<Boolean> waiting = Rig.go(() -> rig.connection.writeText("too late"));
            waiting.awaitParked();
            rig.clock.advance(Duration.ofSeconds(1));
            WriteTimeoutException _ = waiting.failure(WriteTimeoutException.class);
            assertEquals(ConnectionState.OPEN, rig.connection.state());
            for (int i = 0; i < queued; i++) {
                rig.peer.expectBinary(piece(i));
            }
            rig.connection.writeText("next");
            rig.peer.expectText("next");
            finish(rig);
        }
    }

    @ParameterizedTest
    @EnumSource
    void threadThatIsBlockedLearnsOfTheEnd(Role role) throws Exception {
        try (Rig rig = Rig.congested(role, options(QueuePolicy.BLOCK), new Probe())) {
            int _ = fill(rig);
            Rig.Task<Boolean> waiting = Rig.go(() -> rig.connection.writeText("waited"));
            waiting.awaitParked();
            for (int i = 0; i < 14; i++) {
                rig.clock.advance(Duration.ofSeconds(1));
            }
            WriteTimeoutException _ = waiting.failure(WriteTimeoutException.class);
            WriteTimeoutException _ = rig.end(rig.read()).failure(WriteTimeoutException.class);
            rig.expectAllGivenBack();
        }
    }

    @ParameterizedTest
    @EnumSource
    void peerThatReadsTooSlowlyIsDropped(Role role) throws Exception {
        try (Rig rig = Rig.congested(role, options(QueuePolicy.DROP), new Probe())) {
            int _ = fill(rig);
            ConnectionClosedException _ =
                    assertThrows(ConnectionClosedException.class, () -> rig.connection.writeText("too much"));
            rig.expectClosed();
            rig.neighbours.echo();
            ConnectionClosedException e = rig.end(rig.read()).failure(ConnectionClosedException.class);
            assertTrue(String.valueOf(e.getMessage()).contains("too slowly"), e.getMessage());
            rig.expectAllGivenBack();
        }
    }

    /**
     * What the socket does not take of a large echo stays where the
     * message was put together, until the peer reads or is gone.
     */
    @ParameterizedTest
    @CsvSource({"CLIENT, true", "SERVER, true", "CLIENT, false", "SERVER, false"})
    void largeEchoThatWaitsIsGivenBackOnceItHasLeft(Role role, boolean read) throws Exception {
        byte[] large = new byte[900_000];
        new Random(5).nextBytes(large);
        Probe probe = new Probe(echo());
        try (Rig rig = Rig.congested(role, ConnectionOptions.defaults(), probe)) {
            Rig.Task<Boolean> sending = Rig.go(() -> rig.peer.sendBinary(large));
            assertTrue(sending.get());
            Rig.await(() -> rig.connection.queuedBytes() > 0, () -> "nothing is echoed");
            rig.awaitLoop();
            Rig.Task<Boolean> more = Rig.go(() -> rig.peer.sendBinary(new byte[20_000])); // It is not read meanwhile.
            long waits = rig.connection.queuedBytes();
            long kept = rig.onLoop(() -> rig.loop.assemblies().leased());
            assertEquals(
                    role == Role.SERVER, kept >= waits && kept >= large.length, kept + " bytes are kept for " + waits);
            if (read) {
                rig.peer.expectBinary(large);
                rig.peer.expectBinary(new byte[20_000]);
                assertTrue(more.get());
                Rig.await(() -> rig.connection.queuedBytes() == 0, () -> "something still waits");
                assertEquals(0, rig.onLoop(() -> rig.loop.assemblies().leased()));
            }
            rig.connection.abort();
            Rig.End _ = rig.end(rig.read());
            rig.expectAllGivenBack();
        }
    }

    /** RX-20: a peer that sends and does not read fills the queue to its bound, and then is not read from. */
    @ParameterizedTest
    @EnumSource
    void echoStopsReadingAndGoesOn(Role role) throws Exception {
        int count = 1000;
        Probe probe = new Probe(echo());
        try (Rig rig = Rig.congested(role, options(QueuePolicy.BLOCK), probe)) {
            rig.peer.deadline(Duration.ofSeconds(60));
            Rig.Task<Boolean> sending = Rig.go(() -> {
                for (int i = 0; i < count; i++) {
                    rig.peer.sendBinary(piece(i));
                }
            });
            long before;
            do { // Until every buffer between the two is full; the test's time is the bound.
                before = rig.bytesRead();
                rig.neighbours.echo();
                rig.awaitLoop();
                assertTrue(rig.connection.queuedBytes() <= MAX_QUEUED + PIECE + 14);
            } while (before != rig.bytesRead() || rig.connection.input().waiting() != Input.Waiting.NO);
            assertTrue(rig.connection.queuedBytes() > 0);
            assertFalse(sending.done());
            for (int i = 0; i < count; i++) {
                rig.peer.expectBinary(piece(i));
            }
            assertTrue(sending.get());
            finish(rig);
            assertEquals(count, probe.awaitEnd().messages().size());
        }
    }

    /** The queue's bound is far below what may be held back for company: a refusal must not be the last word. */
    @ParameterizedTest
    @EnumSource
    void listenerThatIsRefusedIsAlwaysToldWhenThereIsRoom(Role role) throws Exception {
        AtomicInteger refused = new AtomicInteger();
        Probe probe = new Probe(new Probe.Script() {
            @Override
            void message(Connection connection, MessageView message) throws IOException {
                if (message.text().equals("first")) {
                    connection.writeBinary(new byte[1000]);
                    assertThrows(QueueFullException.class, () -> connection.writeText("refused"));
                    refused.incrementAndGet();
                }
            }

            @Override
            void writable(Connection connection) throws IOException {
                if (refused.getAndSet(0) > 0) {
                    connection.writeText("written again");
                }
            }
        });
        ConnectionOptions options = ConnectionOptions.builder()
                .maxQueuedBytes(500, QueuePolicy.REFUSE)
                .build();
        try (Rig rig = new Rig(new Side(Face.LOOP, role), options, probe)) {
            ByteArrayOutputStream both = new ByteArrayOutputStream();
            for (String text : List.of("first", "second")) {
                Frame frame = Frame.text(text);
                both.writeBytes((role == Role.SERVER ? frame.withMaskingKey(5) : frame).encode());
            }
            rig.peer.sendRaw(both.toByteArray());
            rig.peer.expectBinary(new byte[1000]);
            rig.peer.expectText("written again");
            finish(rig);
        }
    }

    /** What waits behind another thread's message is no reason to be told of room again and again. */
    @ParameterizedTest
    @EnumSource
    void queueBehindAnOpenMessageIsNotTakenForRoom(Role role) throws Exception {
        Probe probe = new Probe(new Probe.Script() {
            @Override
            void message(Connection connection, MessageView message) throws IOException {
                write(connection);
            }

            @Override
            void writable(Connection connection) throws IOException {
                write(connection);
            }

            private void write(Connection connection) throws IOException {
                try {
                    while (connection.queuedBytes() < 10_000_000) {
                        connection.writeBinary(piece(1));
                    }
                } catch (QueueFullException _) {
                    // Told when there is room.
                }
            }
        });
        try (Rig rig = new Rig(new Side(Face.LOOP, role), options(QueuePolicy.REFUSE), probe)) {
            MessageWriter open = rig.connection.nextWriter(MessageType.TEXT);
            rig.peer.sendText("go");
            Rig.await(() -> rig.connection.queuedBytes() > MAX_QUEUED, () -> "nothing is queued");
            rig.awaitLoop();
            assertEquals(0, probe.writable.get());
            rig.neighbours.echo();
            open.write("text");
            open.close();
            rig.peer.expectText("text");
            rig.peer.expectBinary(piece(1));
            rig.neighbours.echo();
            finish(rig);
        }
    }

    @ParameterizedTest
    @EnumSource
    void messagesOfThreadsThatWaitForRoomStayWhole(Role role) throws Exception {
        ConnectionOptions options = ConnectionOptions.builder()
                .maxQueuedBytes(20_000, QueuePolicy.BLOCK)
                .build();
        int threads = 8;
        int count = 60;
        try (Rig rig = Rig.congested(role, options, new Probe())) {
            rig.peer.deadline(Duration.ofSeconds(60));
            List<Rig.Task<Boolean>> writers = new ArrayList<>();
            for (int t = 0; t < threads; t++) {
                int thread = t;
                writers.add(Rig.go(() -> {
                    for (int i = 0; i < count; i++) {
                        byte[] payload = payload(thread, i);
                        if (i % 2 == thread % 2) {
                            rig.connection.writeBinary(payload);
                            continue;
                        }
                        try (MessageWriter writer = rig.connection.nextWriter(MessageType.BINARY)) {
                            writer.write(ByteBuffer.wrap(payload, 0, 2));
                            writer.flush();
                            writer.write(ByteBuffer.wrap(payload, 2, payload.length - 2));
                        }
                    }
                }));
            }
            Rig.Task<Boolean> sending = Rig.go(() -> {
                for (int i = 0; i < count; i++) {
                    rig.peer.sendPing(new byte[] {(byte) i});
                }
            });
            int[] next = new int[threads];
            while (Arrays.stream(next).sum() < threads * count) {
                Frame frame = rig.peer.expectFrame(); // Its judge refuses a message inside another.
                if (frame.opcode() == Frame.PONG) {
                    continue;
                }
                ByteArrayOutputStream message = new ByteArrayOutputStream();
                message.writeBytes(frame.payload());
                for (boolean fin = frame.fin(); !fin; ) {
                    frame = rig.peer.expectFrame();
                    if (frame.opcode() != Frame.PONG) {
                        assertEquals(Frame.CONTINUATION, frame.opcode());
                        message.writeBytes(frame.payload());
                        fin = frame.fin();
                    }
                }
                byte[] bytes = message.toByteArray();
                assertArrayEquals(payload(bytes[0], next[bytes[0]]++), bytes);
            }
            assertTrue(sending.get());
            for (Rig.Task<Boolean> writer : writers) {
                assertTrue(writer.get());
            }
            finish(rig);
        }
    }

    private static byte[] payload(int thread, int i) {
        byte[] bytes = new byte[i % 5 == 0 ? 40_000 + i : 100 + 37 * i];
        Arrays.fill(bytes, (byte) i);
        bytes[0] = (byte) thread;
        return bytes;
    }

    @ParameterizedTest
    @EnumSource
    void largePayloadIsTheCallersAgainOnceTheWriteReturned(Role role) throws Exception {
        try (Rig rig = Rig.congested(role, ConnectionOptions.defaults(), new Probe())) {
            byte[] payload = new byte[3 << 20];
            Arrays.fill(payload, (byte) 7);
            byte[] original = payload.clone();
            rig.connection.writeBinary(payload);
            Arrays.fill(payload, (byte) 9);
            assertTrue(rig.connection.queuedBytes() > 0);
            rig.peer.expectBinary(original);
            finish(rig);
        }
    }

    @ParameterizedTest(name = "CL-18 Close cannot be written, {0}")
    @EnumSource
    void closeThatCannotBeWrittenEndsInTime(Role role) throws Exception {
        try (Rig rig = Rig.congested(role, options(QueuePolicy.REFUSE), new Probe())) {
            int _ = fill(rig);
            Rig.Task<Boolean> closing = Rig.go(() -> rig.connection.close(CloseCode.NORMAL, "bye"));
            Rig.await(() -> rig.connection.state() == ConnectionState.CLOSING, () -> "it does not begin to close");
            rig.neighbours.echo();
            assertFalse(closing.done());
            rig.clock.advance(ConnectionOptions.defaults().closeTimeout());
            assertTrue(closing.get());
            assertTrue(rig.end(rig.read()).failure().isPresent());
            rig.expectAllGivenBack();
        }
    }

    @ParameterizedTest(name = "RX-14 pongs that the peer does not read are bounded and the newest is kept, {0}")
    @EnumSource
    void pongsThatThePeerDoesNotReadAreBounded(Role role) throws Exception {
        try (Rig rig = Rig.congested(role, ConnectionOptions.defaults(), new Probe())) {
            byte[] large = new byte[1 << 20];
            rig.connection.writeBinary(large); // The queue is not full, so pings are still read.
            for (int i = 0; i < 100; i++) {
                rig.peer.sendPing(new byte[] {(byte) i});
            }
            rig.neighbours.echo();
            if (rig.connection.queuedBytes() <= 512 << 10) {
                rig.awaitRead();
            }
            rig.peer.expectBinary(large);
            byte[] last = {-1};
            int pongs = 0;
            while (last[0] != 99) {
                Frame pong = rig.peer.expectFrame();
                assertEquals(Frame.PONG, pong.opcode());
                last = pong.payload();
                pongs++;
            }
            assertTrue(pongs <= 100);
            finish(rig);
        }
    }
}

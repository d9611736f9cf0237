// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.connection.SecureMaskingKeys;
import dev.gibbon.connection.WebSocketConnection;
import dev.gibbon.loop.LoopEngine;
import dev.gibbon.testkit.Frame;
import dev.gibbon.testkit.LengthForm;
import dev.gibbon.testkit.ManualClock;
import dev.gibbon.testkit.Recorder;
import dev.gibbon.testkit.ScriptedPeer;
import dev.gibbon.testkit.Splitter;
import dev.gibbon.testkit.TransportPair;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What gorilla/websocket's own tests pin, pinned here; docs/reference/gorilla.md is the list. All of it in memory. */
@Timeout(300)
class GorillaContractTest {
    private static final int[] SIZES = {
        0, 1, 2, 124, 125, 126, 127, 128, 129, 65_534, 65_535, 65_536, 65_537, 3 * 65_536 + 5
    };

    /** A way to send a message. */
    private enum Way {
        AT_ONCE {
            @Override
            void send(Connection connection, byte[] payload) throws IOException {
                connection.writeBinary(payload);
            }
        },
        COPIED_FROM_A_STREAM {
            @Override
            void send(Connection connection, byte[] payload) throws IOException {
                try (MessageWriter message = connection.nextWriter(MessageType.BINARY);
                        InputStream source = new ByteArrayInputStream(payload)) {
                    long _ = source.transferTo(message.outputStream());
                }
            }
        },
        IN_TWO_PIECES {
            @Override
            void send(Connection connection, byte[] payload) throws IOException {
                try (MessageWriter message = connection.nextWriter(MessageType.BINARY)) {
                    message.write(ByteBuffer.wrap(payload, 0, payload.length / 2));
                    message.write(ByteBuffer.wrap(payload, payload.length / 2, payload.length - payload.length / 2));
                }
            }
        },
        AS_TEXT {
            @Override
            void send(Connection connection, byte[] payload) throws IOException {
                try (MessageWriter message = connection.nextWriter(MessageType.TEXT)) {
                    message.write(new String(payload, StandardCharsets.US_ASCII));
                }
            }
        },
        PREPARED {
            @Override
            void send(Connection connection, byte[] payload) throws IOException {
                connection.writePrepared(PreparedMessage.binary(payload));
            }
        };

        abstract void send(Connection connection, byte[] payload) throws IOException;
    }

    private static byte[] ascii(int size) {
        byte[] bytes = new byte[size];
        for (int i = 0; i < size; i++) {
            bytes[i] = (byte) (' ' + i % 95);
        }
        return bytes;
    }

    private static Connection over(TransportPair pair, Role role) {
        return Connection.over(pair.end(role), role, ConnectionOptions.defaults());
    }

    private static <T> FutureTask<T> start(Callable<T> task) {
        FutureTask<T> running = new FutureTask<>(task);
        Thread _ = Thread.startVirtualThread(running);
        return running;
    }

    private static <T> T done(FutureTask<T> task) throws Exception {
        return task.get(60, TimeUnit.SECONDS);
    }

    static Stream<Arguments> framings() {
        return Stream.of(Role.values())
                .flatMap(sender -> Stream.of(Way.values()).map(way -> Arguments.of(sender, way)));
    }

    // TestFraming

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("framings")
    void everySizeGoesThroughWrittenAndReadInEveryWay(Role sender, Way way) throws Exception {
        try (TransportPair pair = TransportPair.create()) {
            Connection from = over(pair, sender);
            Connection to = over(pair, sender.peer());
            for (int size : SIZES) {
                byte[] payload = ascii(size);
                for (int chunk : new int[] {size, size / 2, 1, 0}) {
                    FutureTask<Boolean> sending = start(() -> {
                        way.send(from, payload);
                        return true;
                    });
                    assertArrayEquals(payload, read(to, chunk), size + " bytes read by " + chunk);
                    assertTrue(done(sending));
                }
                assertArrayEquals(ascii(size), payload, "what was sent is unchanged");
            }
        }
    }

    /** Reads a message whole, or in pieces of {@code chunk} bytes. */
    private static byte[] read(Connection connection, int chunk) throws IOException {
        if (chunk == 0) {
            return connection.readMessage().bytes();
        }
        MessageReader reader = connection.nextReader();
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        ByteBuffer piece = ByteBuffer.allocate(chunk);
        while (reader.read(piece.clear()) >= 0) {
            all.write(piece.array(), 0, piece.position());
        }
        return all.toByteArray();
    }

    @ParameterizedTest
    @EnumSource(Role.class)
    void aMessageWrittenAtOnceIsOneFrameOfMinimalLengthForm(Role role) throws Exception {
        try (TransportPair pair = TransportPair.create()) {
            Connection connection = over(pair, role);
            ScriptedPeer peer = ScriptedPeer.over(pair.end(role.peer()), role.peer());
            for (int size : SIZES) {
                FutureTask<Boolean> sending = start(() -> {
                    connection.writeBinary(ascii(size));
                    return true;
                });
                Frame frame = peer.expectFrame();
                assertTrue(done(sending));
                assertTrue(frame.fin());
                assertEquals(role == Role.CLIENT, frame.masked());
                assertArrayEquals(ascii(size), frame.payload());
            }
        }
    }

    // TestControl, TestConcurrencyWriteControl, TestWriteControlDeadline

    @ParameterizedTest
    @EnumSource(Role.class)
    void aPongReachesTheControlListenerAlsoBetweenFragments(Role sender) throws Exception {
        try (TransportPair pair = TransportPair.create()) {
            Connection from = over(pair, sender);
            Connection to = over(pair, sender.peer());
            Recorder recorder = new Recorder();
            to.setControlListener(new ControlListener() {
                @Override
                public void onPong(Connection connection, ByteBuffer payload) {
                    recorder.record(
                            "pong", StandardCharsets.UTF_8.decode(payload).toString());
                }
            });
            from.pong(ByteBuffer.wrap("alone".getBytes(StandardCharsets.UTF_8)));
            try (MessageWriter message = from.nextWriter(MessageType.TEXT)) {
                message.write("a");
                message.flush();
                from.pong(ByteBuffer.wrap("between".getBytes(StandardCharsets.UTF_8)));
                message.write("b");
            }
            assertEquals("ab", to.readMessage().text());
            recorder.expect("pong", "alone");
            recorder.expect("pong", "between");
            recorder.expectNothingElse();
        }
    }

    @ParameterizedTest
    @EnumSource(Role.class)
    void controlFramesOfManyThreadsAreAllWellFormed(Role role) throws Exception {
        try (TransportPair pair = TransportPair.create()) {
            Connection connection = over(pair, role);
            List<FutureTask<Boolean>> writers = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                byte id = (byte) i;
                writers.add(start(() -> {
                    for (int n = 0; n < 10; n++) {
                        connection.ping(ByteBuffer.wrap(new byte[] {id, (byte) n}));
                    }
                    return true;
                }));
            }
            ScriptedPeer peer = ScriptedPeer.over(pair.end(role.peer()), role.peer());
            int[] next = new int[10];
            for (int i = 0; i < 100; i++) {
                byte[] payload = peer.expectPing();
                assertEquals(next[payload[0]]++, payload[1], "in the order of its thread");
            }
            for (FutureTask<Boolean> writer : writers) {
                assertTrue(done(writer));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Role.class)
    void aWriteInTimeGoesThroughAndOneThatIsNotEndsTheConnection(Role role) throws Exception {
        TransportPair narrow = TransportPair.builder().capacity(100).build();
        try (Rig rig = new Rig(role, ConnectionOptions.defaults(), narrow)) {
            rig.connection.setWriteTimeout(Duration.ofSeconds(1));
            rig.connection.ping(ByteBuffer.allocate(0));
            rig.clock.advance(Duration.ofSeconds(2));
            rig.connection.ping(ByteBuffer.allocate(1));
            assertEquals(0, rig.peer.expectPing().length);
            assertEquals(1, rig.peer.expectPing().length);
            Rig.Task<Boolean> stuck = Rig.go(() -> rig.connection.writeBinary(new byte[1000]));
            rig.transport().awaitBlockedWriter();
            Rig.Task<Boolean> ping = Rig.go(() -> rig.connection.ping(ByteBuffer.allocate(2)));
            stuck.awaitParked();
            ping.awaitParked();
            rig.clock.advance(Duration.ofSeconds(1));
            WriteTimeoutException _ = ping.failure(WriteTimeoutException.class);
            WriteTimeoutException _ = stuck.failure(WriteTimeoutException.class);
            assertThrows(WriteTimeoutException.class, () -> rig.connection.writeText("later too"));
        }
    }

    // TestWriteBufferPool, TestWriteBufferPoolError

    private static WebSocketConnection leasing(LoopEngine engine, TransportPair pair, Role role) {
        return engine.open(
                pair.end(role), role, ConnectionOptions.defaults(), Optional.empty(), ByteBuffer.allocate(0));
    }

    @ParameterizedTest
    @EnumSource(Role.class)
    void aWriteBufferIsLeasedForAMessageAloneAndComesBack(Role role) throws Exception {
        LoopEngine engine = new LoopEngine(new ManualClock(), new SecureMaskingKeys());
        try (TransportPair pair = TransportPair.builder().capacity(1 << 20).build()) {
            Connection connection = leasing(engine, pair, role);
            assertEquals(0, engine.buffers().leased(), "none for an idle connection");
            MessageWriter message = connection.nextWriter(MessageType.BINARY);
            message.write(ByteBuffer.wrap(ascii(10)));
            assertEquals(1, engine.buffers().leased());
            message.close();
            assertEquals(0, engine.buffers().leased());
            connection.writeBinary(ascii(10));
            connection.writeBinary(ascii(300_000));
            Way.IN_TWO_PIECES.send(connection, ascii(300_000));
            assertEquals(0, engine.buffers().leased());
        }
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("framings")
    void aWriteBufferComesBackWhenTheWriteFails(Role role, Way way) throws Exception {
        for (int size : new int[] {10, 300_000}) {
            LoopEngine engine = new LoopEngine(new ManualClock(), new SecureMaskingKeys());
            try (TransportPair pair = TransportPair.create()) {
                Connection connection = leasing(engine, pair, role);
                pair.end(role.peer()).close();
                assertThrows(WebSocketException.class, () -> way.send(connection, ascii(size)));
                assertThrows(WebSocketException.class, () -> way.send(connection, ascii(size)));
                assertEquals(0, engine.buffers().leased(), size + " bytes");
            }
        }
    }

    @Test
    void aMessageThatFailsBetweenItsFragmentsGivesItsBufferBack() throws Exception {
        LoopEngine engine = new LoopEngine(new ManualClock(), new SecureMaskingKeys());
        try (TransportPair pair = TransportPair.create()) {
            Connection connection = leasing(engine, pair, Role.SERVER);
            MessageWriter message = connection.nextWriter(MessageType.BINARY);
            message.write(ByteBuffer.wrap(ascii(10)));
            message.flush();
            message.write(ByteBuffer.wrap(ascii(10)));
            pair.client().close();
            assertThrows(WebSocketException.class, message::flush);
            assertEquals(0, engine.buffers().leased());
            assertThrows(IllegalStateException.class, () -> message.write(ByteBuffer.wrap(ascii(1))));
            message.close();
        }
    }

    // TestCloseFrameBeforeFinalMessageFrame

    @ParameterizedTest
    @EnumSource(Role.class)
    void aCloseFrameBetweenFragmentsEndsTheMessageAndEveryLaterRead(Role role) throws Exception {
        try (TransportPair pair = TransportPair.create()) {
            Connection connection = over(pair, role);
            ScriptedPeer peer = ScriptedPeer.over(pair.end(role.peer()), role.peer());
            peer.send(Frame.text("begin").withFin(false), Frame.close(4_000, "gone"));
            MessageReader reader = connection.nextReader();
            assertEquals(5, reader.read(ByteBuffer.allocate(64)));
            ConnectionClosedException first =
                    assertThrows(ConnectionClosedException.class, () -> reader.read(ByteBuffer.allocate(64)));
            assertEquals(new CloseStatus(new CloseCode(4_000), "gone"), first.closeStatus());
            assertSame(first, assertThrows(ConnectionClosedException.class, connection::nextReader));
            assertSame(first, assertThrows(ConnectionClosedException.class, connection::readMessage));
        }
    }

    // TestEOFWithinFrame, TestEOFBeforeFinalFrame, TestFailedConnectionReadPanic

    private static byte[] twoFragmentsFor(Role reader) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (Frame frame : Frame.text("hello, gibbon").fragment(5)) {
            Frame sent = reader == Role.SERVER ? frame.withMaskingKey(0x31415926) : frame;
            bytes.writeBytes(sent.encode());
        }
        return bytes.toByteArray();
    }

    @ParameterizedTest
    @EnumSource(Role.class)
    void theEndOfTheStreamAtAnyByteIs1006ForEver(Role role) throws Exception {
        byte[] whole = twoFragmentsFor(role);
        for (int cut = 0; cut < whole.length; cut++) {
            for (boolean streamed : new boolean[] {false, true}) {
                try (TransportPair pair = TransportPair.create()) {
                    Connection connection = over(pair, role);
                    ScriptedPeer peer = ScriptedPeer.over(pair.end(role.peer()), role.peer());
                    peer.sendRaw(Arrays.copyOf(whole, cut));
                    peer.shutdownOutput();
                    ConnectionClosedException first = assertThrows(
                            ConnectionClosedException.class, () -> read(connection, streamed ? 3 : 0), "cut at " + cut);
                    assertEquals(CloseStatus.LOST, first.closeStatus());
                    assertEquals(Optional.of(CloseStatus.LOST), connection.closeStatus());
                    assertSame(first, assertThrows(ConnectionClosedException.class, connection::readMessage));
                }
            }
        }
    }

    @Test
    void readingADeadConnectionForEverReportsTheSameForEver() throws Exception {
        try (TransportPair pair = TransportPair.create()) {
            Connection connection = over(pair, Role.SERVER);
            pair.client().close();
            ConnectionClosedException first = assertThrows(ConnectionClosedException.class, connection::readMessage);
            for (int i = 0; i < 20_000; i++) {
                assertSame(first, assertThrows(ConnectionClosedException.class, connection::readMessage));
            }
        }
    }

    // TestWriteAfterMessageWriterClose

    @Test
    void aWriterThatWasClosedOrLeftForTheNextRefusesToWrite() throws Exception {
        try (TransportPair pair = TransportPair.create()) {
            Connection connection = over(pair, Role.SERVER);
            ScriptedPeer peer = ScriptedPeer.over(pair.client(), Role.CLIENT);
            MessageWriter closed = connection.nextWriter(MessageType.TEXT);
            closed.write("first");
            closed.close();
            assertThrows(IllegalStateException.class, () -> closed.write("more"));
            MessageWriter left = connection.nextWriter(MessageType.TEXT);
            left.write("second");
            MessageWriter next = connection.nextWriter(MessageType.TEXT);
            assertThrows(IllegalStateException.class, () -> left.write("more"));
            next.write("third");
            next.close();
            closed.close();
            left.close();
            peer.expectText("first");
            peer.expectText("second");
            peer.expectText("third");
            peer.expectNothingMore();
        }
    }

    // TestReadLimit

    @ParameterizedTest
    @EnumSource(Role.class)
    void aMessageOfTheLimitPassesAndOneByteMoreIs1009(Role role) throws Exception {
        try (TransportPair pair = TransportPair.create()) {
            Connection connection = over(pair, role);
            ScriptedPeer peer = ScriptedPeer.over(pair.end(role.peer()), role.peer());
            connection.setMaxMessageBytes(512);
            List<Frame> fits = Frame.binary(ascii(512)).fragment(256);
            peer.send(fits.getFirst(), Frame.pong(new byte[] {1}), fits.getLast());
            assertArrayEquals(ascii(512), connection.readMessage().bytes());
            peer.send(Frame.binary(ascii(513)).fragment(256));
            MessageReader reader = connection.nextReader();
            InputStream stream = reader.inputStream();
            assertEquals(256, stream.readNBytes(256).length);
            assertThrows(MessageTooBigException.class, stream::read);
            assertThrows(MessageTooBigException.class, connection::nextReader);
            String _ = peer.expectClose(1009);
        }
    }

    @ParameterizedTest
    @EnumSource(Role.class)
    void aFirstFrameBeyondTheLimitIsRefusedByItsHeaderAlone(Role role) throws Exception {
        try (TransportPair pair = TransportPair.create()) {
            Connection connection = over(pair, role);
            ScriptedPeer peer = ScriptedPeer.over(pair.end(role.peer()), role.peer());
            connection.setMaxMessageBytes(512);
            peer.sendRaw(role == Role.SERVER ? "82 fe 02 01 00 00 00 00" : "82 7e 02 01");
            assertThrows(MessageTooBigException.class, connection::nextReader);
            String _ = peer.expectClose(1009);
        }
    }

    @ParameterizedTest
    @EnumSource(Role.class)
    void aNegativeLengthInAContinuationDoesNotDefeatTheLimit(Role role) throws Exception {
        try (TransportPair pair = TransportPair.create()) {
            Connection connection = over(pair, role);
            ScriptedPeer peer = ScriptedPeer.over(pair.end(role.peer()), role.peer());
            connection.setMaxMessageBytes(512);
            peer.send(Frame.binary(ascii(100)).withFin(false));
            Frame negative = Frame.continuation(new byte[0]);
            peer.sendRaw(
                    (role == Role.SERVER ? negative.withMaskingKey(7) : negative).encode(LengthForm.BITS_64, -100));
            MessageReader reader = connection.nextReader();
            InputStream stream = reader.inputStream();
            assertEquals(100, stream.readNBytes(100).length);
            ProtocolException e = assertThrows(ProtocolException.class, stream::read);
            assertEquals(CloseCode.PROTOCOL_ERROR, e.closeCode());
            String _ = peer.expectClose(1002);
        }
    }

    // TestAddrs: over a socket that is in UpgraderTest; here, a transport without any.

    @Test
    void aTransportWithoutAddressesHasNone() throws Exception {
        try (TransportPair pair = TransportPair.create()) {
            Connection connection = over(pair, Role.CLIENT);
            assertEquals(Optional.empty(), connection.localAddress());
            assertEquals(Optional.empty(), connection.peerAddress());
            assertEquals(Optional.empty(), connection.tlsSession());
        }
    }

    // TestBufioReadBytes, TestPartialJSONRead

    @Test
    void aLongLineIsReadThroughABufferedReader() throws Exception {
        try (TransportPair pair = TransportPair.create()) {
            Connection from = over(pair, Role.CLIENT);
            Connection to = over(pair, Role.SERVER);
            String line = new String(ascii(200_000), StandardCharsets.US_ASCII);
            FutureTask<Boolean> sending = start(() -> {
                from.writeText(line + "\nrest");
                return true;
            });
            BufferedReader reader = new BufferedReader(to.nextReader().reader(), 16);
            assertEquals(line, reader.readLine());
            assertEquals("rest", reader.readLine());
            assertNull(reader.readLine());
            assertTrue(done(sending));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 3, 7, 40})
    void aMessageReadInPartOrCutShortLeavesTheConnectionUsable(int read) throws Exception {
        try (TransportPair pair =
                TransportPair.builder().reads(Splitter.atMost(5)).build()) {
            Connection from = over(pair, Role.CLIENT);
            Connection to = over(pair, Role.SERVER);
            String cut = "{\"A\":1,\"B\":\"a string that never ends";
            from.writeText(cut);
            from.writeText("next");
            MessageReader first = to.nextReader();
            InputStream stream = first.inputStream();
            assertEquals(Math.min(read, cut.length()), stream.readNBytes(read).length);
            assertEquals("next", to.readMessage().text(), "what is left of the first is skipped");
            assertThrows(IllegalStateException.class, stream::read, "a stale reader fails loudly");
        }
    }

    // TestJoinMessages

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7})
    void joinedMessagesAreOneStreamWithATerminatorBehindEach(int chunk) throws Exception {
        for (String terminator : new String[] {"", "\n", "-end-"}) {
            List<String> messages = List.of("hello", "", "w", "orld");
            try (TransportPair pair = TransportPair.create()) {
                Connection from = over(pair, Role.CLIENT);
                Connection to = over(pair, Role.SERVER);
                StringBuilder expected = new StringBuilder();
                for (String message : messages) {
                    from.writeText(message);
                    expected.append(message).append(terminator);
                }
                FutureTask<Boolean> closing = start(() -> {
                    from.close();
                    return true;
                });
                InputStream joined = to.joinMessages(terminator);
                StringBuilder all = new StringBuilder();
                byte[] piece = new byte[chunk];
                for (int n = joined.read(piece); n >= 0; n = joined.read(piece)) {
                    all.append(new String(piece, 0, n, StandardCharsets.US_ASCII));
                }
                assertEquals(expected.toString(), all.toString());
                assertEquals(-1, joined.read(piece));
                assertTrue(done(closing));
            }
        }
    }

    // TestPreparedMessage, BenchmarkBroadcast

    @ParameterizedTest
    @ValueSource(ints = {0, 5, 125, 126, 65_536, 300_000})
    void aPreparedMessageIsByteForByteWhatAServerWouldHaveWritten(int size) throws Exception {
        byte[] payload = ascii(size);
        PreparedMessage prepared = PreparedMessage.binary(payload);
        byte[] original = payload.clone();
        new Random(1).nextBytes(payload); // Changing the caller's array afterwards has no effect.
        try (TransportPair pair = TransportPair.builder().capacity(1 << 20).build()) {
            Connection server = over(pair, Role.SERVER);
            server.writeBinary(original);
            server.writePrepared(prepared);
            server.writePrepared(prepared);
            byte[] all = new byte[pair.client().available()];
            ByteBuffer into = ByteBuffer.wrap(all);
            while (into.hasRemaining()) {
                int _ = pair.client().read(into);
            }
            int one = all.length / 3;
            byte[] written = Arrays.copyOf(all, one);
            assertArrayEquals(written, Arrays.copyOfRange(all, one, 2 * one));
            assertArrayEquals(written, Arrays.copyOfRange(all, 2 * one, all.length));
        }
    }

    @Test
    void aClientMasksAPreparedMessageAnewEachTime() throws Exception {
        PreparedMessage prepared = PreparedMessage.text("to all");
        try (TransportPair pair = TransportPair.create()) {
            Connection client = over(pair, Role.CLIENT);
            ScriptedPeer peer = ScriptedPeer.over(pair.server(), Role.SERVER);
            client.writePrepared(prepared);
            client.writePrepared(prepared);
            client.writePrepared(prepared);
            Frame first = peer.expectFrame();
            Frame second = peer.expectFrame();
            Frame third = peer.expectFrame();
            assertEquals("to all", first.text());
            assertEquals("to all", third.text());
            assertFalse(first.maskingKey().equals(second.maskingKey())
                    && second.maskingKey().equals(third.maskingKey()));
        }
    }

    // TestConcurrentWritePanic

    @ParameterizedTest
    @EnumSource(Role.class)
    void aSecondWriterWaitsWhileTheFirstIsBlockedInTheTransport(Role role) throws Exception {
        try (TransportPair pair = TransportPair.builder().capacity(64).build()) {
            Connection connection = over(pair, role);
            FutureTask<Boolean> first = start(() -> {
                connection.writeBinary(ascii(1_000));
                return true;
            });
            pair.end(role).awaitBlockedWriter();
            FutureTask<Boolean> second = start(() -> {
                connection.writeText("second");
                return true;
            });
            ScriptedPeer peer = ScriptedPeer.over(pair.end(role.peer()), role.peer());
            peer.expectBinary(ascii(1_000));
            peer.expectText("second");
            assertTrue(done(first) && done(second));
        }
    }

    // Echo example, WriteMessage's contract of §5

    @Test
    void aServersMessageOfAnySizeIsOneWrite() throws Exception {
        try (TransportPair pair = TransportPair.builder().capacity(1 << 20).build()) {
            Connection server = over(pair, Role.SERVER);
            for (int size : new int[] {0, 125, 65_536, 500_000}) {
                long before = pair.server().counters().writes();
                server.writeBinary(ascii(size));
                assertEquals(before + 1, pair.server().counters().writes(), size + " bytes");
                ByteBuffer sink = ByteBuffer.allocate(1 << 20);
                while (pair.client().available() > 0) {
                    int _ = pair.client().read(sink);
                }
            }
        }
    }

    @Test
    void afterACloseFrameEveryWriteSaysThatOneWasSent() throws Exception {
        try (TransportPair pair = TransportPair.create()) {
            Connection connection = over(pair, Role.SERVER);
            ScriptedPeer peer = ScriptedPeer.over(pair.client(), Role.CLIENT);
            FutureTask<Boolean> closing = start(() -> {
                connection.close(CloseCode.GOING_AWAY, "moving");
                return true;
            });
            peer.expectClose(1001, "moving");
            List<Executable> writes = List.of(
                    () -> connection.writeText("late"),
                    () -> connection.writeBinary(ascii(1)),
                    () -> connection.nextWriter(MessageType.TEXT),
                    () -> connection.writePrepared(PreparedMessage.text("late")),
                    () -> connection.ping(ByteBuffer.allocate(0)),
                    () -> connection.pong(ByteBuffer.allocate(0)));
            for (Executable write : writes) {
                ConnectionClosedException e = assertThrows(ConnectionClosedException.class, write);
                assertEquals(Optional.of(new CloseStatus(CloseCode.GOING_AWAY, "moving")), e.closeSent());
            }
            peer.expectNothingMore();
            peer.sendClose(1001, "");
            peer.shutdownOutput();
            assertTrue(done(closing));
        }
    }
}

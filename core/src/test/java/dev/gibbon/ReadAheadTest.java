// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.gibbon.connection.Input;
import dev.gibbon.connection.RequestContext;
import dev.gibbon.connection.WebSocketConnection;
import dev.gibbon.loop.Carriers;
import dev.gibbon.testkit.Frame;
import dev.gibbon.testkit.ScriptedPeer;
import dev.gibbon.testkit.TransportPair;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What is received and not taken yet is bounded, whatever a peer sends, and however it is read in the end. */
@Timeout(120)
class ReadAheadTest {
    private static final int BOUND = ConnectionOptions.defaults().maxReadAheadBytes();

    /** The largest step by which a bound may be crossed: one that a message is inflated in. */
    private static final int STEP = 64 * 1024;

    private static AliveScene.Shared shared;

    @BeforeAll
    static void open(@TempDir Path directory) throws Exception {
        shared = new AliveScene.Shared(directory);
    }

    @AfterAll
    static void end() throws Exception {
        shared.close();
    }

    private static byte[] noise(int bytes) {
        byte[] noise = new byte[bytes];
        new Random(bytes).nextBytes(noise); // Not to be compressed.
        return noise;
    }

    private static void awaitPause(AliveScene scene) {
        awaitPause(scene.connection);
    }

    private static void awaitPause(WebSocketConnection connection) {
        Input input = connection.input();
        Rig.await(
                () -> input.reads() > 0 && input.waiting() == Input.Waiting.NO,
                () -> "reading does not pause, after " + input.reads() + " reads");
    }

    private static void expectBounded(AliveScene scene, int bound) throws Exception {
        long held = scene.engine.readAheadBytes();
        assertTrue(held <= bound + STEP, held + " bytes are kept for a connection that may have " + bound);
        long leased = scene.leasedAssemblies();
        assertTrue(leased <= bound + STEP, leased + " bytes of buffers for " + bound);
    }

    @ParameterizedTest
    @MethodSource("dev.gibbon.Across#all")
    void messagesThatNobodyTakesPauseReadingAndAreAllThereLater(Across across) throws Exception {
        try (AliveScene scene = new AliveScene(shared, across)) {
            int count = 1000;
            Rig.Task<Boolean> sending = Rig.go(() -> {
                for (int i = 0; i < count; i++) {
                    scene.peer.send(scene.frame(Frame.BINARY, numbered(i)));
                }
            });
            awaitPause(scene);
            expectBounded(scene, BOUND);
            for (int i = 0; i < count; i++) {
                assertArrayEquals(
                        numbered(i),
                        Objects.requireNonNull(scene.connection.readMessage()).bytes());
                if (i % 100 == 0) {
                    expectBounded(scene, BOUND);
                }
            }
            assertTrue(sending.get());
            scene.expectAlive();
            scene.connection.abort();
            scene.expectAllGivenBack();
        }
    }

    private static byte[] numbered(int number) {
        byte[] message = noise(1 + number % 1500);
        message[0] = (byte) number;
        return message;
    }

    @ParameterizedTest
    @MethodSource("dev.gibbon.Across#all")
    void aMessageBeyondTheBoundIsNotCollectedAhead(Across across) throws Exception {
        try (AliveScene scene = new AliveScene(shared, across)) {
            byte[] payload = noise(1 << 20);
            Rig.Task<Boolean> sending = Rig.go(() -> scene.peer.sendRaw(scene.wire(Frame.BINARY, payload)));
            awaitPause(scene);
            expectBounded(scene, BOUND);
            assertArrayEquals(
                    payload,
                    Objects.requireNonNull(scene.connection.readMessage()).bytes());
            assertTrue(sending.get());
            scene.expectAlive();
            scene.connection.abort();
            scene.expectAllGivenBack();
        }
    }

    /** The bytes wait until somebody reads again, and are unmasked then. */
    @ParameterizedTest
    @EnumSource
    void aReaderThatLeavesAsItsMessageIsReadIntoItsPlaceLosesNothing(Role role) throws Exception {
        HostEnd host = new HostEnd();
        WebSocketConnection connection = WebSocketConnection.open(
                shared.engine,
                Carriers.of(shared.engine, host),
                role,
                ConnectionOptions.defaults(),
                Optional.empty(),
                null,
                ByteBuffer.allocate(0),
                RequestContext.NONE);
        ScriptedPeer peer = ScriptedPeer.over(host.far(), role.peer());
        byte[] payload = noise(100_000);
        Frame frame = Frame.binary(payload);
        byte[] wire = (role == Role.SERVER ? frame.withMaskingKey(0x37fa213d) : frame).encode();
        peer.sendRaw(Arrays.copyOf(wire, 40_000));
        awaitPause(connection);
        Rig.Task<Boolean> reading = Rig.go(() -> {
            assertThrows(InterruptedCallException.class, connection::readMessage);
        });
        Rig.await(() -> host.unread() == 0, () -> "it is not read");
        Rig.await(() -> connection.input().waiting() == Input.Waiting.FOR_THE_REST_OF_A_MESSAGE, () -> "it pauses");
        host.afterNextRead(() -> {
            reading.thread.interrupt();
            Rig.await(reading::done, () -> "the read does not end");
        });
        peer.sendRaw(Arrays.copyOfRange(wire, 40_000, 80_000));
        assertTrue(reading.get());
        awaitPause(connection);
        Rig.Task<Boolean> rest = Rig.go(() -> peer.sendRaw(Arrays.copyOfRange(wire, 80_000, wire.length)));
        assertArrayEquals(
                payload, Objects.requireNonNull(connection.readMessage()).bytes());
        assertTrue(rest.get());
        connection.abort();
        Rig.await(() -> shared.engine.connections().isEmpty(), () -> "left over");
    }

    @ParameterizedTest
    @MethodSource("dev.gibbon.Across#all")
    void aPeerThatMakesMuchOfLittleIsBoundedToo(Across across) throws Exception {
        try (AliveScene scene = new AliveScene(shared, across)) {
            byte[] zeros = new byte[1 << 20]; // Compressed a thousandth of it.
            Rig.Task<Boolean> sending = Rig.go(() -> scene.peer.send(scene.frame(Frame.BINARY, zeros)));
            awaitPause(scene);
            expectBounded(scene, BOUND);
            assertArrayEquals(
                    zeros,
                    Objects.requireNonNull(scene.connection.readMessage()).bytes());
            assertTrue(sending.get());
            scene.expectAlive();
        }
    }

    @ParameterizedTest
    @MethodSource("dev.gibbon.Across#all")
    void aStreamedMessageTakesConstantMemory(Across across) throws Exception {
        ConnectionOptions options =
                ConnectionOptions.builder().maxMessageBytes(Long.MAX_VALUE).build();
        int mebibytes = 8;
        byte[] part = noise(1 << 20);
        // In the buffers of both systems, and in what is kept for the reader.
        long mayBeOnTheWay = 2L << 20;
        AtomicLong sent = new AtomicLong();
        try (AliveScene scene = new AliveScene(shared, across, options)) {
            Rig.Task<Boolean> sending = Rig.go(() -> {
                byte[] whole = new byte[mebibytes << 20];
                for (int i = 0; i < mebibytes; i++) {
                    System.arraycopy(part, 0, whole, i << 20, part.length);
                }
                byte[] wire = scene.wire(Frame.BINARY, whole);
                for (int at = 0; at < wire.length; at += 16 * 1024) {
                    scene.peer.sendRaw(Arrays.copyOfRange(wire, at, Math.min(wire.length, at + 16 * 1024)));
                    sent.set(at);
                }
            });
            MessageReader reader = Objects.requireNonNull(scene.connection.nextReader());
            ByteBuffer buffer = ByteBuffer.allocate(32 * 1024);
            long got = 0;
            for (int n = reader.read(buffer.clear()); n >= 0; n = reader.read(buffer.clear())) {
                for (int i = 0; i < n; i += 997) {
                    assertEquals(part[(int) ((got + i) % part.length)], buffer.get(i));
                }
                got += n;
                assertTrue(sent.get() - got < mayBeOnTheWay, sent.get() - got + " bytes are ahead of the reader");
                assertTrue(scene.leasedAssemblies() <= STEP, "it is put together");
            }
            assertEquals((long) mebibytes << 20, got);
            assertTrue(sending.get());
            scene.expectAlive();
        }
    }

    @Test
    void aLargeMessageIsPutTogetherInTheArrayThatTheCallerGets() throws Exception {
        Across across = new Across(Role.CLIENT, Across.Carriage.LOOP, false);
        for (int bytes : List.of(1 << 20, 32 << 20)) {
            ConnectionOptions options =
                    ConnectionOptions.builder().maxMessageBytes(bytes).build();
            try (AliveScene scene = new AliveScene(shared, across, options)) {
                byte[] wire = scene.wire(Frame.BINARY, new byte[bytes]);
                // The second time nothing is made but the message.
                long allocated = 0;
                for (int i = 0; i < 2; i++) {
                    Rig.Task<Boolean> sending = Rig.go(() -> scene.peer.sendRaw(wire));
                    awaitPause(scene);
                    long before = loopAllocated(scene);
                    assertEquals(
                            bytes,
                            Objects.requireNonNull(scene.connection.readMessage())
                                    .length());
                    allocated = loopAllocated(scene) - before;
                    assertTrue(sending.get());
                }
                // A place for more than 4 MiB grows with what has come, since announcing it costs
                // the peer nothing.
                long most = bytes <= 4 << 20 ? bytes + STEP : 3L * bytes;
                assertTrue(allocated >= bytes && allocated <= most, allocated + " bytes for a message of " + bytes);
            }
        }
    }

    private static long loopAllocated(AliveScene scene) throws Exception {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        return scene.onLoop(threads::getCurrentThreadAllocatedBytes);
    }

    @ParameterizedTest
    @MethodSource("dev.gibbon.Across#plain")
    void aPeerWhoseMessagesNobodyTakesIsNotBlamedForPongsBehindThem(Across across) throws Exception {
        try (AliveScene scene = new AliveScene(shared, across)) {
            Rig.Task<Boolean> sending = Rig.go(() -> {
                scene.peer.sendBinary(noise(300_000));
                for (int i = 0; i < 10; i++) {
                    scene.peer.sendPong(scene.peer.expectPing());
                }
                scene.sendText("at last");
            });
            awaitPause(scene);
            for (int i = 0; i < 1200; i++) { // 20 minutes, with a Ping every 25 seconds.
                scene.clock.advance(Duration.ofSeconds(1));
                Rig.await(() -> !scene.connection.sender().output().writing(), () -> "a Ping does not leave");
            }
            assertEquals(ConnectionState.OPEN, scene.connection.state());
            assertEquals(
                    300_000,
                    Objects.requireNonNull(scene.connection.readMessage()).length());
            scene.read("at last");
            assertTrue(sending.get());
            assertEquals(ConnectionState.OPEN, scene.connection.state());
        }
    }

    @ParameterizedTest
    @MethodSource("dev.gibbon.Across#plain")
    void aPeerThatLeavesBehindWhatNobodyTakesIsSeenByKeepalive(Across across) throws Exception {
        try (AliveScene scene = new AliveScene(shared, across)) {
            Rig.Task<Boolean> sending = Rig.go(() -> {
                try {
                    scene.peer.sendBinary(noise(300_000));
                } catch (IOException _) {
                    // It leaves meanwhile.
                }
            });
            awaitPause(scene);
            scene.peer.close();
            assertTrue(sending.get());
            while (scene.connection.state() != ConnectionState.CLOSED) {
                scene.clock.advance(Duration.ofSeconds(5));
                Thread _ = scene.onLoop(Thread::currentThread);
            }
            assertEquals(Optional.of(CloseStatus.LOST), scene.connection.closeStatus());
            scene.expectAllGivenBack();
        }
    }

    @Test
    void whatAllConnectionsOfAnEngineHoldIsBoundedAndNoneIsDeadByIt() throws Exception {
        long all = 64L << 20;
        int each = 8 << 20;
        ConnectionOptions options = ConnectionOptions.builder()
                .maxReadAheadBytes(each)
                .maxMessageBytes(each)
                .build();
        Across across = new Across(Role.SERVER, Across.Carriage.MEMORY, false);
        List<AliveScene> scenes = new ArrayList<>();
        try (AliveScene quiet = new AliveScene(shared, across)) {
            for (int i = 0; i < 10; i++) {
                AliveScene scene = new AliveScene(shared, across, options);
                scenes.add(scene);
                Rig.Task<Boolean> _ = Rig.go(() -> {
                    byte[] wire = scene.wire(Frame.BINARY, new byte[64 * 1024]);
                    for (int sent = 0; sent < each + (1 << 20); sent += wire.length) {
                        scene.peer.sendRaw(wire);
                    }
                });
            }
            for (AliveScene scene : scenes) {
                awaitPause(scene);
            }
            long held = shared.engine.readAheadBytes();
            assertTrue(held <= all + 10L * 256 * 1024, held + " bytes");
            assertTrue(held >= all, held + " bytes");
            // A connection that was not read before still answers, sees messages, and is read as
            // ever.
            quiet.expectAlive();
            for (AliveScene scene : scenes) {
                for (int got = 0; got < each; got += 64 * 1024) {
                    assertNotEquals(null, scene.connection.readMessage());
                }
            }
            quiet.expectAlive();
        } finally {
            for (AliveScene scene : scenes) {
                scene.close();
            }
        }
        Rig.await(() -> shared.engine.readAheadBytes() == 0, () -> shared.engine.readAheadBytes() + " bytes");
    }

    @Test
    void unreadMessagesOfManyConnectionsCostWhatTheOptionSays() throws Exception {
        int connections = 200;
        int megabyte = 1 << 20;
        List<WebSocketConnection> open = new ArrayList<>();
        List<TransportPair> pairs = new ArrayList<>();
        for (int i = 0; i < connections; i++) {
            TransportPair pair = TransportPair.builder().capacity(1024).build();
            pairs.add(pair);
            open.add(shared.engine.open(
                    pair.server(),
                    Role.SERVER,
                    ConnectionOptions.defaults(),
                    Optional.empty(),
                    ByteBuffer.allocate(0)));
            Rig.Task<Boolean> _ = Rig.go(() -> {
                byte[] wire = Frame.binary(new byte[megabyte]).withMaskingKey(7).encode();
                ByteBuffer[] left = {ByteBuffer.wrap(wire)};
                while (left[0].hasRemaining()) {
                    long _ = pair.client().write(left, 0, 1);
                }
            });
        }
        try {
            expectMuchUnread(open);
        } finally {
            open.forEach(WebSocketConnection::abort);
            pairs.forEach(TransportPair::close);
        }
        Rig.await(() -> shared.engine.readAheadBytes() == 0, () -> shared.engine.readAheadBytes() + " bytes");
    }

    private static void expectMuchUnread(List<WebSocketConnection> open) {
        for (WebSocketConnection connection : open) {
            awaitPause(connection);
        }
        long held = shared.engine.readAheadBytes();
        assertTrue(held <= (long) open.size() * BOUND, held + " bytes are held");
        long leased = shared.engine.loops().next().assemblies().leased();
        assertTrue(leased <= (long) open.size() * BOUND, leased + " bytes of buffers");
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.CompressionScene.Face;
import dev.gibbon.extension.deflate.DeflateAgreement;
import dev.gibbon.extension.deflate.MessageDeflater;
import dev.gibbon.extension.deflate.ZlibPool;
import dev.gibbon.testkit.Frame;
import dev.gibbon.testkit.ScriptedPeer;
import dev.gibbon.testkit.TransportPair;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The threat catalogue's attacks by compression (PM) on whole connections, in both roles and on every face, with a neighbour beside them. */
@Timeout(60)
class CompressionThreatsTest {
    private static final int L_MSG = 1 << 20;

    /** One final block of no bytes, by the fixed code. */
    private static final byte[] EMPTY_FINAL_BLOCK = {3, 0};

    static Stream<Arguments> facesAndRoles() {
        return Stream.of(Face.values()).flatMap(face -> Stream.of(Role.values()).map(role -> Arguments.of(face, role)));
    }

    private static CompressionScene scene(Face face, Role role) throws Exception {
        return new CompressionScene(face, role, CompressionScene.TAKEOVER, ConnectionOptions.defaults());
    }

    private static CompressionScene sceneWithoutTakeover(Face face, Role role) throws Exception {
        return new CompressionScene(face, role, CompressionScene.NO_TAKEOVER, ConnectionOptions.defaults());
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] hex(String digits) {
        return HexFormat.of().parseHex(digits.replace(" ", ""));
    }

    private static byte[] joined(byte[]... parts) {
        int length = Arrays.stream(parts).mapToInt(part -> part.length).sum();
        byte[] all = new byte[length];
        int at = 0;
        for (byte[] part : parts) {
            System.arraycopy(part, 0, all, at, part.length);
            at += part.length;
        }
        return all;
    }

    @ParameterizedTest(name = "PM-01 a bomb, {0} {1}")
    @MethodSource("facesAndRoles")
    void bombIsRefusedWhileItIsInflated(Face face, Role role) throws Exception {
        try (CompressionScene scene = scene(face, role)) {
            byte[] bomb = CompressionScene.deflated(scene.peersDeflater(false), new byte[256 << 20]);
            assertTrue(bomb.length < L_MSG);
            scene.peer.send(CompressionScene.compressed(Frame.BINARY, bomb));
            MessageTooBigException failure = scene.expectRefused(1009, MessageTooBigException.class);
            assertEquals(L_MSG, failure.limit());
        }
    }

    @ParameterizedTest(name = "PM-02 the limit and one byte more, {0} {1}")
    @MethodSource("facesAndRoles")
    void theLimitCountsWhatIsInflatedOverAllFragments(Face face, Role role) throws Exception {
        try (CompressionScene scene = scene(face, role)) {
            MessageDeflater deflater = scene.peersDeflater(true);
            byte[] most = new byte[L_MSG];
            byte[] payload = CompressionScene.deflated(deflater, most);
            scene.peer.send(CompressionScene.compressed(Frame.BINARY, payload));
            assertArrayEquals(most, scene.next().bytes());
            scene.peer.send(CompressionScene.compressed(Frame.BINARY, payload)
                    .fragment(IntStream.range(1, payload.length).toArray()));
            assertArrayEquals(most, scene.next().bytes());
            byte[] tooMuch = CompressionScene.deflated(deflater, new byte[L_MSG + 1]);
            scene.peer.send(CompressionScene.compressed(Frame.BINARY, tooMuch)
                    .fragment(IntStream.range(1, tooMuch.length).toArray()));
            MessageTooBigException _ = scene.expectRefused(1009, MessageTooBigException.class);
        }
    }

    @ParameterizedTest(name = "PM-03 more fragments than allowed, {0} {1}")
    @MethodSource("facesAndRoles")
    void fragmentsOfCompressedMessagesAreCounted(Face face, Role role) throws Exception {
        try (CompressionScene scene = scene(face, role)) {
            List<Frame> frames = new ArrayList<>();
            frames.add(CompressionScene.compressed(Frame.BINARY, hex("00 0000 ffff"))
                    .withFin(false));
            for (int i = 0; i < 16_384; i++) {
                frames.add(Frame.continuation(hex("00 0000 ffff")).withFin(false));
            }
            scene.peer.send(frames);
            ProtocolException _ = scene.expectRefused(1008, ProtocolException.class);
        }
    }

    @ParameterizedTest(name = "PM-01 blocks without content for ever, {0} {1}")
    @MethodSource("facesAndRoles")
    void blocksThatSayNothingAreBoundedOnTheWire(Face face, Role role) throws Exception {
        try (CompressionScene scene = scene(face, role)) {
            byte[] nothing = new byte[L_MSG / 5 * 5];
            for (int i = 0; i < nothing.length; i += 5) {
                nothing[i + 3] = (byte) 0xFF;
                nothing[i + 4] = (byte) 0xFF;
            }
            scene.peer.send(
                    CompressionScene.compressed(Frame.BINARY, nothing).withFin(false),
                    Frame.continuation(nothing).withFin(false));
            MessageTooBigException _ = scene.expectRefused(1009, MessageTooBigException.class);
        }
    }

    @ParameterizedTest(name = "PM-05 empty messages, {0} {1}")
    @MethodSource("facesAndRoles")
    void emptyMessagesAreEmptyAndWhatFollowsIsRight(Face face, Role role) throws Exception {
        try (CompressionScene scene = scene(face, role)) {
            MessageDeflater deflater = scene.peersDeflater(true);
            scene.peer.send(CompressionScene.compressed(Frame.TEXT, new byte[0]));
            assertEquals("", scene.next().text());
            scene.peer.send(CompressionScene.compressed(Frame.TEXT, new byte[1]));
            assertEquals("", scene.next().text());
            scene.peer.send(
                    CompressionScene.compressed(Frame.BINARY, new byte[0]).withFin(false),
                    Frame.continuation(new byte[0]).withFin(false),
                    Frame.continuation(new byte[0]));
            assertEquals(0, scene.next().length());
            scene.peer.send(
                    CompressionScene.compressed(Frame.TEXT, CompressionScene.deflated(deflater, utf8("what follows"))));
            assertEquals("what follows", scene.next().text());
            scene.peer.sendClose();
            scene.peer.expectCloseWithoutCode();
            scene.expectAllGivenBack();
        }
    }

    @ParameterizedTest(name = "PM-06 RSV1 on a continuation, {0} {1}")
    @MethodSource("facesAndRoles")
    void rsv1OnAContinuationIsRefused(Face face, Role role) throws Exception {
        try (CompressionScene scene = scene(face, role)) {
            scene.peer.send(
                    Frame.of(Frame.TEXT, utf8("a")).withFin(false),
                    Frame.continuation(new byte[1]).withRsv(true, false, false));
            ProtocolException _ = scene.expectRefused(1002, ProtocolException.class);
        }
    }

    @ParameterizedTest(name = "PM-22 RSV1 on a Ping, {0} {1}")
    @MethodSource("facesAndRoles")
    void rsv1OnAControlFrameIsRefused(Face face, Role role) throws Exception {
        try (CompressionScene scene = scene(face, role)) {
            scene.peer.send(Frame.ping(new byte[0]).withRsv(true, false, false));
            ProtocolException _ = scene.expectRefused(1002, ProtocolException.class);
        }
    }

    @ParameterizedTest(name = "PM-08 final blocks at the end and in the middle, {0} {1}")
    @MethodSource("facesAndRoles")
    void finalBlocksAreNotTheEndOfTheMessage(Face face, Role role) throws Exception {
        try (CompressionScene scene = scene(face, role)) {
            byte[] hello = hex("01 0500 faff 48656c6c6f"); // a final stored block
            scene.peer.send(CompressionScene.compressed(Frame.TEXT, hello));
            assertEquals("Hello", scene.next().text());
            scene.peer.send(CompressionScene.compressed(Frame.TEXT, joined(hello, hello, new byte[1])));
            assertEquals("HelloHello", scene.next().text());
            scene.peer.send(CompressionScene.compressed(Frame.TEXT, joined(hello, EMPTY_FINAL_BLOCK)));
            assertEquals("Hello", scene.next().text());
        }
    }

    @ParameterizedTest(name = "PM-09 lengths around the size of a step, {0} {1}")
    @MethodSource("facesAndRoles")
    void noByteIsLostOrDoubledAtTheEdgeOfABuffer(Face face, Role role) throws Exception {
        Random random = new Random(9);
        try (CompressionScene scene = scene(face, role)) {
            MessageDeflater deflater = scene.peersDeflater(true);
            for (int steps = 1; steps <= 4; steps++) {
                for (int more = -1; more <= 1; more++) {
                    byte[] plain = new byte[steps * 16 * 1024 + more];
                    random.nextBytes(plain);
                    for (int i = 0; i < plain.length; i++) {
                        plain[i] &= 3;
                    }
                    scene.peer.send(
                            CompressionScene.compressed(Frame.BINARY, CompressionScene.deflated(deflater, plain)));
                    assertArrayEquals(plain, scene.next().bytes());
                }
            }
        }
    }

    @ParameterizedTest(name = "PM-10 a frame behind a compressed one, {0} {1}")
    @MethodSource("facesAndRoles")
    void whatFollowsInTheSameBufferStaysAsItIs(Face face, Role role) throws Exception {
        try (CompressionScene scene = scene(face, role)) {
            MessageDeflater deflater = scene.peersDeflater(true);
            List<Frame> frames = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                frames.add(
                        i % 2 == 0
                                ? CompressionScene.compressed(
                                        Frame.TEXT, CompressionScene.deflated(deflater, utf8("compressed " + i)))
                                : Frame.text("plain " + i));
            }
            scene.peer.send(frames);
            for (int i = 0; i < 200; i++) {
                assertEquals(
                        (i % 2 == 0 ? "compressed " : "plain ") + i,
                        scene.next().text());
            }
        }
    }

    @ParameterizedTest(name = "PM-12, PM-13 data that is no DEFLATE, {0} {1}")
    @MethodSource("facesAndRoles")
    void corruptDataIsRefusedAndHarmsNobodyElse(Face face, Role role) throws Exception {
        List<byte[]> broken = List.of(
                hex("07"), // a block of the reserved type
                hex("00 0500 0000 48656c6c6f"), // a stored block whose lengths disagree
                hex("4b 04 a2 00 00"), // refers back to before the start, by the fixed code
                hex("05 ff ff ff ff ff ff ff ff ff"), // trees that cannot be
                hex("00 0500 faff 4865"), // cut in the middle
                hex("01 0500 faff 48656c6c6f ffffffff")); // and something behind the final block
        for (byte[] payload : broken) {
            try (CompressionScene scene = scene(face, role)) {
                scene.peer.send(CompressionScene.compressed(Frame.BINARY, payload));
                ProtocolException failure = scene.expectRefused(1007, ProtocolException.class);
                assertTrue(String.valueOf(failure.getMessage()).contains("RFC 7692"), failure::getMessage);
            }
        }
    }

    @ParameterizedTest(name = "PM-14 plain messages between compressed ones, {0} {1}")
    @MethodSource("facesAndRoles")
    void plainMessagesLeaveTheContextAsItIs(Face face, Role role) throws Exception {
        try (CompressionScene scene = scene(face, role)) {
            MessageDeflater deflater = scene.peersDeflater(true);
            String text = "the same text again, which a context makes very short";
            int first = 0;
            for (int i = 0; i < 4; i++) {
                byte[] payload = CompressionScene.deflated(deflater, utf8(text));
                first = i == 0 ? payload.length : first;
                assertTrue(i == 0 || payload.length < first / 2, "it refers back");
                scene.peer.send(CompressionScene.compressed(Frame.TEXT, payload), Frame.text("plain"));
                assertEquals(text, scene.next().text());
                assertEquals("plain", scene.next().text());
            }
        }
    }

    @ParameterizedTest(name = "PM-15 the window of earlier messages without takeover, {0} {1}")
    @MethodSource("facesAndRoles")
    void referringBackWithoutTakeoverIsRefused(Face face, Role role) throws Exception {
        try (CompressionScene scene = sceneWithoutTakeover(face, role)) {
            MessageDeflater deflater = scene.peersDeflater(true);
            byte[] text = utf8("a text that is sent twice, a text that is sent twice");
            scene.peer.send(CompressionScene.compressed(Frame.BINARY, CompressionScene.deflated(deflater, text)));
            assertArrayEquals(text, scene.next().bytes());
            scene.peer.send(CompressionScene.compressed(Frame.BINARY, CompressionScene.deflated(deflater, text)));
            ProtocolException _ = scene.expectRefused(1007, ProtocolException.class);
        }
    }

    @ParameterizedTest(name = "PM-19 aborts in the middle of messages, {0} {1}")
    @MethodSource("facesAndRoles")
    void abortsGiveEverythingBack(Face face, Role role) throws Exception {
        for (int stage = 0; stage < 4; stage++) {
            try (CompressionScene scene = scene(face, role)) {
                byte[] payload = CompressionScene.deflated(scene.peersDeflater(true), utf8("x".repeat(100_000)));
                if (stage > 0) {
                    Frame begun = CompressionScene.compressed(Frame.TEXT, Arrays.copyOf(payload, 3 * stage))
                            .withFin(false);
                    scene.peer.send(begun);
                    Rig.await(() -> scene.pool.leased() == 1, () -> "no message is in flight");
                }
                if (stage == 2) {
                    scene.peer.close();
                } else {
                    scene.connection.abort();
                }
                scene.expectAllGivenBack();
            }
        }
    }

    @ParameterizedTest(name = "PM-19 a message that streams out is aborted, {0} {1}")
    @MethodSource("facesAndRoles")
    void abortsInTheMiddleOfAWriterGiveEverythingBack(Face face, Role role) throws Exception {
        try (CompressionScene scene = scene(face, role)) {
            MessageWriter writer = scene.connection.nextWriter(MessageType.TEXT);
            writer.write("begun");
            writer.flush();
            assertEquals(1, scene.pool.leased());
            Frame begun = scene.peer.expectFrame();
            assertTrue(begun.rsv1());
            scene.connection.abort();
            Rig.await(() -> scene.pool.leased() == 0, () -> scene.pool.leased() + " zlib objects are out");
            assertThrows(WebSocketException.class, writer::close);
            scene.expectAllGivenBack();
        }
    }

    @ParameterizedTest(name = "PM-20 a codec that another connection used, {0} {1}")
    @MethodSource("facesAndRoles")
    void nothingOfAnotherConnectionIsInAPooledCodec(Face face, Role role) throws Exception {
        DeflateAgreement without = CompressionScene.NO_TAKEOVER;
        try (CompressionScene scene = new CompressionScene(face, role, without, ConnectionOptions.defaults())) {
            // The neighbour has just inflated a text with the one decompressor that there is.
            scene.neighbourEchoes();
            scene.peer.send(CompressionScene.compressed(Frame.BINARY, hex("4b 04 a2 00 00")));
            ProtocolException _ = scene.expectRefused(1007, ProtocolException.class);
        }
    }

    @ParameterizedTest(name = "PM-24 a stream cut at every byte, Pings between, {0} {1}")
    @MethodSource("facesAndRoles")
    void oneStreamOverManyFragmentsWithPingsBetween(Face face, Role role) throws Exception {
        try (CompressionScene scene = scene(face, role)) {
            MessageDeflater deflater = scene.peersDeflater(true);
            String text = "κόσμε and 🦧 and " + "more of the same, ".repeat(40);
            for (int round = 0; round < 3; round++) {
                byte[] payload = CompressionScene.deflated(deflater, utf8(text));
                List<Frame> frames = new ArrayList<>();
                for (Frame part : CompressionScene.compressed(Frame.TEXT, payload)
                        .fragment(IntStream.range(1, payload.length).toArray())) {
                    frames.add(part);
                    if (frames.size() == 9) {
                        frames.add(Frame.ping(new byte[] {(byte) round}));
                    }
                    frames.add(Frame.continuation(new byte[0]).withFin(false));
                }
                frames.removeLast(); // Nothing may follow the last fragment.
                scene.peer.send(frames);
                scene.peer.expectPong(new byte[] {(byte) round});
                assertEquals(text, scene.next().text());
            }
        }
    }

    @ParameterizedTest(name = "U8 text that is no UTF-8 once inflated, {0} {1}")
    @MethodSource("facesAndRoles")
    void inflatedTextIsValidated(Face face, Role role) throws Exception {
        try (CompressionScene scene = scene(face, role)) {
            byte[] bad = joined(utf8("a".repeat(20_000)), new byte[] {(byte) 0xC0, (byte) 0xAF});
            scene.peer.send(
                    CompressionScene.compressed(Frame.TEXT, CompressionScene.deflated(scene.peersDeflater(true), bad)));
            ProtocolException failure = scene.expectRefused(1007, ProtocolException.class);
            assertTrue(String.valueOf(failure.getMessage()).contains("UTF-8"), failure::getMessage);
        }
    }

    @ParameterizedTest(name = "PM-26 bytes that cannot be compressed, at the limit, {0} {1}")
    @MethodSource("facesAndRoles")
    void whatCannotBeCompressedMayBeAsLongAsTheLimit(Face face, Role role) throws Exception {
        byte[] noise = new byte[L_MSG];
        new Random(26).nextBytes(noise);
        try (CompressionScene scene = scene(face, role)) {
            byte[] payload = CompressionScene.deflated(scene.peersDeflater(true), noise);
            assertTrue(payload.length > L_MSG);
            scene.peer.send(CompressionScene.compressed(Frame.BINARY, payload));
            assertArrayEquals(noise, scene.next().bytes());
            Rig.Task<Boolean> writing = Rig.go(() -> scene.connection.writeBinary(Arrays.copyOf(noise, 50_000)));
            Frame sent = scene.peer.expectFrame();
            assertTrue(!sent.rsv1(), "what does not get shorter goes out as it is");
            assertArrayEquals(Arrays.copyOf(noise, 50_000), sent.unmasked().payload());
            assertTrue(writing.get());
        }
    }

    @ParameterizedTest(name = "PM-07 RSV1 without negotiation, to a {0}")
    @EnumSource
    void rsv1WithoutNegotiationIsRefused(Role role) throws Exception {
        try (Rig rig = new Rig(role)) {
            Rig.Task<Rig.End> reading = rig.read();
            rig.peer.send(Frame.text("a").withRsv(true, false, false));
            ProtocolException _ = rig.expectRefused(1002, reading);
        }
    }

    private static WebSocketConnection opened(Engine engine, Transport transport, Role role) throws IOException {
        ConnectionOptions large =
                ConnectionOptions.builder().maxMessageBytes(1L << 30).build();
        return CompressionScene.open(engine, transport, role, CompressionScene.NO_TAKEOVER, large);
    }

    /** {@return frames of which each says 64 MiB} In one go a hundred of them would take ten seconds and more. */
    private static List<Frame> bombs(int count) {
        byte[] bomb = CompressionScene.deflated(
                new MessageDeflater(new ZlibPool(9, 1), CompressionScene.NO_TAKEOVER.client(), false),
                new byte[64 << 20]);
        return Collections.nCopies(count, CompressionScene.compressed(Frame.BINARY, bomb));
    }

    @Test
    @DisplayName("RX-18, PM-04 bombs on a loop leave a neighbour on it its echoes")
    void bombsOnALoopAreInflatedInTurns() throws Exception {
        Engine engine = Engine.onSystem(1);
        Transport[] attack = CompressionScene.sockets();
        Transport[] beside = CompressionScene.sockets();
        try (WebSocketConnection attacked = opened(engine, attack[0], Role.SERVER);
                ScriptedPeer attacker = ScriptedPeer.over(attack[1], Role.CLIENT);
                WebSocketConnection neighbour = opened(engine, beside[0], Role.SERVER);
                WebSocketConnection neighboursPeer = opened(Engine.onSystem(1), beside[1], Role.CLIENT)) {
            AtomicLong inflated = new AtomicLong();
            attacked.listen(new Listener() {
                @Override
                public void onPart(Connection ws, MessageView part) {
                    inflated.addAndGet(part.length());
                }

                @Override
                public long wholeMessageBytes() {
                    return 0;
                }
            });
            neighbour.listen(new CompressionScene.Echo());
            attacker.send(bombs(64));
            Rig.await(() -> inflated.get() > 0, () -> "nothing is inflated");
            List<Long> bytesPerEcho = new ArrayList<>();
            for (int i = 0; i < 50; i++) {
                long before = inflated.get();
                neighboursPeer.writeText("echo");
                Message _ = neighboursPeer.readMessage();
                bytesPerEcho.add(inflated.get() - before);
            }
            Collections.sort(bytesPerEcho);
            assertTrue(inflated.get() < 64L * (64 << 20), "it went on all the time");
            // What is inflated while one echo goes round: a few turns of the loop.
            assertTrue(bytesPerEcho.get(25) < 4 << 20, "an echo waits for " + bytesPerEcho.get(25) + " bytes");
            attacked.abort();
        }
    }

    @Test
    @DisplayName("RX-18, PM-04 bombs for blocking readers leave a neighbour its echoes")
    void bombsForReadersAreInflatedInTurns() throws Exception {
        Engine engine = Engine.onSystem(1);
        int floods = 2 * Runtime.getRuntime().availableProcessors();
        TransportPair beside = TransportPair.create();
        AtomicLong inflated = new AtomicLong();
        List<WebSocketConnection> attacked = new ArrayList<>();
        List<Frame> bombs = bombs(64);
        try (WebSocketConnection neighbour = opened(engine, beside.server(), Role.SERVER);
                WebSocketConnection neighboursPeer = opened(Engine.onSystem(1), beside.client(), Role.CLIENT)) {
            for (int i = 0; i < floods; i++) {
                TransportPair pair = TransportPair.builder().capacity(8 << 20).build();
                WebSocketConnection connection = opened(engine, pair.server(), Role.SERVER);
                attacked.add(connection);
                ScriptedPeer.over(pair.client(), Role.CLIENT).send(bombs);
                Rig.Task<Boolean> _ = Rig.go(() -> {
                    ByteBuffer sink = ByteBuffer.allocate(64 * 1024);
                    for (MessageReader m = connection.nextReader(); m != null; m = connection.nextReader()) {
                        for (int n = m.read(sink.clear()); n >= 0; n = m.read(sink.clear())) {
                            inflated.addAndGet(n);
                        }
                    }
                });
            }
            Rig.Task<Boolean> _ = Rig.go(() -> {
                for (Message m = neighbour.readMessage(); m != null; m = neighbour.readMessage()) {
                    neighbour.writeMessage(m);
                }
            });
            Rig.await(() -> inflated.get() > 0, () -> "nothing is inflated");
            Rig.Task<Integer> echoing = Rig.start(() -> {
                int echoes = 0;
                for (; echoes < 20; echoes++) {
                    neighboursPeer.writeText("echo");
                    Message _ = neighboursPeer.readMessage();
                }
                return echoes;
            });
            assertEquals(20, echoing.get());
            assertTrue(inflated.get() < floods * 64L * (64 << 20), "it went on all the time");
        } finally {
            attacked.forEach(WebSocketConnection::abort);
        }
    }
}

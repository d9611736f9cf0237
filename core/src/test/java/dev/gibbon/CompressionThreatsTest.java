// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.connection.WebSocketConnection;
import dev.gibbon.deflate.DeflateAgreement;
import dev.gibbon.deflate.MessageDeflater;
import dev.gibbon.loop.LoopEngine;
import dev.gibbon.spi.Transport;
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
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;

/**
 * The threat catalogue's attacks by compression (PM) on whole connections,
 * in both roles and on every face, with a neighbour beside them.
 */
@Timeout(300)
class CompressionThreatsTest {
    private static final int L_MSG = 1 << 20;

    /** One final block of no bytes, by the fixed code. */
    private static final byte[] EMPTY_FINAL_BLOCK = {3, 0};

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

    @ParameterizedTest(name = "PM-01 a bomb, {0}")
    @Sides
    void bombIsRefusedWhileItIsInflated(Side side) throws Exception {
        try (CompressionScene scene = new CompressionScene(side)) {
            byte[] bomb = CompressionScene.zeros(256);
            assertTrue(bomb.length < L_MSG);
            scene.peer.send(CompressionScene.compressed(Frame.BINARY, bomb));
            MessageTooBigException failure = scene.expectRefused(1009, MessageTooBigException.class);
            assertEquals(L_MSG, failure.limit());
        }
    }

    @ParameterizedTest(name = "PM-02 the limit and one byte more, {0}")
    @Sides
    void theLimitCountsWhatIsInflatedOverAllFragments(Side side) throws Exception {
        try (CompressionScene scene = new CompressionScene(side)) {
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

    @ParameterizedTest(name = "PM-03 more fragments than allowed, {0}")
    @Sides
    void fragmentsOfCompressedMessagesAreCounted(Side side) throws Exception {
        try (CompressionScene scene = new CompressionScene(side)) {
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

    @ParameterizedTest(name = "PM-01 blocks without content for ever, {0}")
    @Sides
    void blocksThatSayNothingAreBoundedOnTheWire(Side side) throws Exception {
        try (CompressionScene scene = new CompressionScene(side)) {
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

    @ParameterizedTest(name = "PM-05 empty messages, {0}")
    @Sides
    void emptyMessagesAreEmptyAndWhatFollowsIsRight(Side side) throws Exception {
        try (CompressionScene scene = new CompressionScene(side)) {
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

    @ParameterizedTest(name = "PM-06 RSV1 on a continuation, {0}")
    @Sides
    void rsv1OnAContinuationIsRefused(Side side) throws Exception {
        try (CompressionScene scene = new CompressionScene(side)) {
            scene.peer.send(
                    Frame.of(Frame.TEXT, utf8("a")).withFin(false),
                    Frame.continuation(new byte[1]).withRsv(true, false, false));
            ProtocolException _ = scene.expectRefused(1002, ProtocolException.class);
        }
    }

    @ParameterizedTest(name = "PM-22 RSV1 on a Ping, {0}")
    @Sides
    void rsv1OnAControlFrameIsRefused(Side side) throws Exception {
        try (CompressionScene scene = new CompressionScene(side)) {
            scene.peer.send(Frame.ping(new byte[0]).withRsv(true, false, false));
            ProtocolException _ = scene.expectRefused(1002, ProtocolException.class);
        }
    }

    @ParameterizedTest(name = "PM-08 final blocks at the end and in the middle, {0}")
    @Sides
    void finalBlocksAreNotTheEndOfTheMessage(Side side) throws Exception {
        try (CompressionScene scene = new CompressionScene(side)) {
            byte[] hello = hex("01 0500 faff 48656c6c6f"); // a final stored block
            scene.peer.send(CompressionScene.compressed(Frame.TEXT, hello));
            assertEquals("Hello", scene.next().text());
            scene.peer.send(CompressionScene.compressed(Frame.TEXT, joined(hello, hello, new byte[1])));
            assertEquals("HelloHello", scene.next().text());
            scene.peer.send(CompressionScene.compressed(Frame.TEXT, joined(hello, EMPTY_FINAL_BLOCK)));
            assertEquals("Hello", scene.next().text());
            scene.expectAllGivenBack();
        }
    }

    @ParameterizedTest(name = "PM-09 lengths around the size of a step, {0}")
    @Sides
    void noByteIsLostOrDoubledAtTheEdgeOfABuffer(Side side) throws Exception {
        Random random = new Random(9);
        try (CompressionScene scene = new CompressionScene(side)) {
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
            scene.expectAllGivenBack();
        }
    }

    @ParameterizedTest(name = "PM-10 a frame behind a compressed one, {0}")
    @Sides
    void whatFollowsInTheSameBufferStaysAsItIs(Side side) throws Exception {
        try (CompressionScene scene = new CompressionScene(side)) {
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
            scene.expectAllGivenBack();
        }
    }

    @ParameterizedTest(name = "PM-12, PM-13 data that is no DEFLATE, {0}")
    @Sides
    void corruptDataIsRefusedAndHarmsNobodyElse(Side side) throws Exception {
        List<byte[]> broken = List.of(
                hex("07"), // a block of the reserved type
                hex("00 0500 0000 48656c6c6f"), // a stored block whose lengths disagree
                hex("4b 04 a2 00 00"), // refers back to before the start, by the fixed code
                hex("05 ff ff ff ff ff ff ff ff ff"), // trees that cannot be
                hex("00 0500 faff 4865"), // cut in the middle
                hex("01 0500 faff 48656c6c6f ffffffff")); // and something behind the final block
        for (byte[] payload : broken) {
            try (CompressionScene scene = new CompressionScene(side)) {
                scene.peer.send(CompressionScene.compressed(Frame.BINARY, payload));
                ProtocolException failure = scene.expectRefused(1007, ProtocolException.class);
                assertTrue(String.valueOf(failure.getMessage()).contains("RFC 7692"), failure::getMessage);
            }
        }
    }

    @ParameterizedTest(name = "PM-14 plain messages between compressed ones, {0}")
    @Sides
    void plainMessagesLeaveTheContextAsItIs(Side side) throws Exception {
        try (CompressionScene scene = new CompressionScene(side)) {
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
            scene.expectAllGivenBack();
        }
    }

    @ParameterizedTest(name = "PM-15 the window of earlier messages without takeover, {0}")
    @Sides
    void referringBackWithoutTakeoverIsRefused(Side side) throws Exception {
        try (CompressionScene scene = new CompressionScene(side, CompressionScene.NO_TAKEOVER)) {
            MessageDeflater deflater = scene.peersDeflater(true);
            byte[] text = utf8("a text that is sent twice, a text that is sent twice");
            scene.peer.send(CompressionScene.compressed(Frame.BINARY, CompressionScene.deflated(deflater, text)));
            assertArrayEquals(text, scene.next().bytes());
            scene.peer.send(CompressionScene.compressed(Frame.BINARY, CompressionScene.deflated(deflater, text)));
            ProtocolException _ = scene.expectRefused(1007, ProtocolException.class);
        }
    }

    @ParameterizedTest(name = "PM-19 aborts in the middle of messages, {0}")
    @Sides
    void abortsGiveEverythingBack(Side side) throws Exception {
        for (int stage = 0; stage < 4; stage++) {
            try (CompressionScene scene = new CompressionScene(side)) {
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

    @ParameterizedTest(name = "PM-19 a message that streams out is aborted, {0}")
    @Sides
    void abortsInTheMiddleOfAWriterGiveEverythingBack(Side side) throws Exception {
        try (CompressionScene scene = new CompressionScene(side)) {
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

    @ParameterizedTest(name = "PM-20 a codec that another connection used, {0}")
    @Sides
    void nothingOfAnotherConnectionIsInAPooledCodec(Side side) throws Exception {
        try (CompressionScene scene = new CompressionScene(side, CompressionScene.NO_TAKEOVER)) {
            // The neighbour has just inflated a text with the one decompressor that there is.
            scene.neighbourEchoes();
            scene.peer.send(CompressionScene.compressed(Frame.BINARY, hex("4b 04 a2 00 00")));
            ProtocolException _ = scene.expectRefused(1007, ProtocolException.class);
        }
    }

    /** How an application may keep a secret apart from text that others choose. */
    private enum Care {
        NONE,
        CONDITION,
        SWITCH,
        NO_TAKEOVER
    }

    @ParameterizedTest(name = "PM-23 the length of what others choose tells nothing of a secret, {0}")
    @Sides
    void messageThatIsLeftUncompressedIsNotTold(Side side) throws Exception {
        for (Care care : Care.values()) {
            int right = bytesForGuess(side, care, "token=7f3a9c5164");
            int wrong = bytesForGuess(side, care, "token=0b8e2d4697");
            if (care == Care.NONE) {
                assertTrue(right < wrong, "without care it tells: " + right + " and " + wrong + " bytes");
            } else {
                assertEquals(wrong, right, "bytes with " + care);
            }
        }
    }

    /** {@return how many bytes a text of the attacker's takes behind one that holds the secret} */
    private static int bytesForGuess(Side side, Care care, String guess) throws Exception {
        PermessageDeflate options = CompressionScene.OPTIONS.toBuilder()
                .condition((type, _) -> care != Care.CONDITION || type == MessageType.TEXT)
                .build();
        DeflateAgreement agreement =
                care == Care.NO_TAKEOVER ? CompressionScene.NO_TAKEOVER : CompressionScene.TAKEOVER;
        try (CompressionScene scene = new CompressionScene(side, agreement, options, ConnectionOptions.defaults())) {
            CompressionScene.Reading reading = scene.reading(agreement);
            byte[] secret = utf8("set-cookie: token=7f3a9c5164; and more of it, and more of it");
            scene.connection.setWriteCompression(care != Care.SWITCH);
            scene.connection.writeBinary(secret);
            scene.connection.setWriteCompression(true);
            assertArrayEquals(secret, reading.next());
            boolean compressed = care == Care.NONE || care == Care.NO_TAKEOVER;
            assertEquals(compressed ? 1 : 0, reading.compressed());
            String text = "you looked for " + guess + ", you looked for nothing else";
            scene.connection.writeText(text);
            assertEquals(text, reading.nextText());
            assertEquals(compressed ? 2 : 1, reading.compressed());
            scene.expectAllGivenBack();
            return reading.payloadBytes();
        }
    }

    @ParameterizedTest(name = "PM-24 a stream cut at every byte, Pings between, {0}")
    @Sides
    void oneStreamOverManyFragmentsWithPingsBetween(Side side) throws Exception {
        try (CompressionScene scene = new CompressionScene(side)) {
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
            scene.expectAllGivenBack();
        }
    }

    @ParameterizedTest(name = "U8 text that is no UTF-8 once inflated, {0}")
    @Sides
    void inflatedTextIsValidated(Side side) throws Exception {
        try (CompressionScene scene = new CompressionScene(side)) {
            byte[] bad = joined(utf8("a".repeat(20_000)), new byte[] {(byte) 0xC0, (byte) 0xAF});
            scene.peer.send(
                    CompressionScene.compressed(Frame.TEXT, CompressionScene.deflated(scene.peersDeflater(true), bad)));
            ProtocolException failure = scene.expectRefused(1007, ProtocolException.class);
            assertTrue(String.valueOf(failure.getMessage()).contains("UTF-8"), failure::getMessage);
        }
    }

    @ParameterizedTest(name = "PM-26 bytes that cannot be compressed, at the limit, {0}")
    @Sides
    void whatCannotBeCompressedMayBeAsLongAsTheLimit(Side side) throws Exception {
        byte[] noise = new byte[L_MSG];
        new Random(26).nextBytes(noise);
        try (CompressionScene scene = new CompressionScene(side)) {
            byte[] payload = CompressionScene.deflated(scene.peersDeflater(true), noise);
            assertTrue(payload.length > L_MSG);
            scene.peer.send(CompressionScene.compressed(Frame.BINARY, payload));
            assertArrayEquals(noise, scene.next().bytes());
            Rig.Task<Boolean> writing = Rig.go(() -> scene.connection.writeBinary(Arrays.copyOf(noise, 50_000)));
            Frame sent = scene.peer.expectFrame();
            assertTrue(!sent.rsv1(), "what does not get shorter goes out as it is");
            assertArrayEquals(Arrays.copyOf(noise, 50_000), sent.unmasked().payload());
            assertTrue(writing.get());
            scene.expectAllGivenBack();
        }
    }

    @ParameterizedTest(name = "PM-07 RSV1 without negotiation, {0}")
    @Sides
    void rsv1WithoutNegotiationIsRefused(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            Rig.Task<Rig.End> reading = rig.read();
            rig.peer.send(Frame.text("a").withRsv(true, false, false));
            ProtocolException _ = rig.expectRefused(1002, reading);
        }
    }

    private static WebSocketConnection opened(LoopEngine engine, Transport transport, Role role) throws IOException {
        ConnectionOptions large =
                ConnectionOptions.builder().maxMessageBytes(1L << 30).build();
        return CompressionScene.open(engine, transport, role, CompressionScene.NO_TAKEOVER, large);
    }

    /** {@return frames of which each says 64 MiB} In one go a hundred of them would take ten seconds and more. */
    private static List<Frame> bombs(int count) {
        return Collections.nCopies(count, CompressionScene.compressed(Frame.BINARY, CompressionScene.zeros(64)));
    }

    @ParameterizedTest(name = "RX-18, PM-04 bombs leave a neighbour on the same loop its echoes, {0}")
    @Sides(of = Face.LOOP, because = "they are inflated in turns of the loop")
    void bombsOnALoopAreInflatedInTurns(Side side) throws Exception {
        LoopEngine engine = LoopEngine.onSystem(1);
        Transport[] attack = CompressionScene.sockets();
        Transport[] beside = CompressionScene.sockets();
        try (WebSocketConnection attacked = opened(engine, attack[0], side.role());
                ScriptedPeer attacker = ScriptedPeer.over(attack[1], side.role().peer());
                WebSocketConnection neighbour = opened(engine, beside[0], Role.SERVER);
                WebSocketConnection neighboursPeer = opened(LoopEngine.onSystem(1), beside[1], Role.CLIENT)) {
            AtomicLong inflated = new AtomicLong();
            attacked.listen(new Counter(inflated));
            neighbour.listen(new CompressionScene.Echo());
            attacker.send(bombs(64));
            Rig.await(() -> inflated.get() > 0, () -> "nothing is inflated");
            List<Long> bytesPerEcho = new ArrayList<>();
            for (int i = 0; i < 50; i++) {
                long before = inflated.get();
                echo(neighboursPeer);
                bytesPerEcho.add(inflated.get() - before);
            }
            Collections.sort(bytesPerEcho);
            assertTrue(inflated.get() < 64L * (64 << 20), "it went on all the time");
            // What is inflated while one echo goes round: a few turns of the loop. Other work on
            // the machine makes echoes late, but nothing makes them early: the best fifth counts.
            assertTrue(bytesPerEcho.get(10) < 4 << 20, "an echo waits for " + bytesPerEcho.get(10) + " bytes");
            attacked.abort();
        }
    }

    /**
     * As many bombs as carriers is the worst case: a carrier whose own queue never empties looks at no other queue, and
     * then a thread that has just begun waits until the bombs are through.
     */
    @ParameterizedTest(name = "RX-18, PM-04 bombs leave others their turns, {0}")
    @Sides(
            of = {Face.PULL, Face.THREAD},
            because = "they are inflated on virtual threads, which take turns")
    void bombsForReadersAreInflatedInTurns(Side side) throws Exception {
        int carriers = Runtime.getRuntime().availableProcessors();
        for (int floods : new int[] {carriers, 2 * carriers}) {
            LoopEngine engine = LoopEngine.onSystem(1);
            AtomicLong inflated = new AtomicLong();
            List<WebSocketConnection> attacked = bombed(engine, side.role(), floods);
            try {
                othersGetTheirTurns(engine, inflated, () -> {
                    for (WebSocketConnection connection : attacked) {
                        readParts(connection, side.face(), inflated);
                    }
                    return true;
                });
            } finally {
                attacked.forEach(WebSocketConnection::abort);
            }
        }
    }

    /** {@return connections whose peers have sent 64 bombs each, which nobody reads yet} */
    private static List<WebSocketConnection> bombed(LoopEngine engine, Role role, int count) throws IOException {
        List<Frame> bombs = bombs(64);
        List<WebSocketConnection> attacked = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            TransportPair pair = TransportPair.builder().capacity(8 << 20).build();
            attacked.add(opened(engine, pair.end(role), role));
            ScriptedPeer.over(pair.end(role.peer()), role.peer()).send(bombs);
        }
        return attacked;
    }

    private static void readParts(WebSocketConnection connection, Face face, AtomicLong inflated) throws IOException {
        if (face == Face.THREAD) {
            connection.listen(new Counter(inflated));
            return;
        }
        Rig.Task<Boolean> _ = Rig.go(() -> {
            ByteBuffer sink = ByteBuffer.allocate(64 * 1024);
            for (MessageReader m = connection.nextReader(); m != null; m = connection.nextReader()) {
                for (int n = m.read(sink.clear()); n >= 0; n = m.read(sink.clear())) {
                    inflated.addAndGet(n);
                }
            }
        });
    }

    private static void othersGetTheirTurns(LoopEngine engine, AtomicLong inflated, Callable<Boolean> attack)
            throws Exception {
        TransportPair beside = TransportPair.create();
        try (WebSocketConnection neighbour = opened(engine, beside.server(), Role.SERVER);
                WebSocketConnection neighboursPeer = opened(LoopEngine.onSystem(1), beside.client(), Role.CLIENT)) {
            Rig.Task<Boolean> _ = Rig.go(() -> {
                for (Message m = neighbour.readMessage(); m != null; m = neighbour.readMessage()) {
                    neighbour.writeMessage(m);
                }
            });
            assertTrue(attack.call());
            Rig.await(() -> inflated.get() > 0, () -> "nothing is inflated");
            long longest = 0;
            for (int turn = 0; turn < 1000; turn++) {
                long before = inflated.get();
                if (turn % 10 == 0) {
                    echo(neighboursPeer);
                } else {
                    assertTrue(Rig.start(() -> true).get(), "a thread that begins");
                }
                longest = Math.max(longest, inflated.get() - before);
            }
            // About one as a rule, and no more than what the carriers do while the others'
            // threads have no core to run on. Of a bomb that lets nobody in it is thousands.
            assertTrue(longest < 512 << 20, "somebody waited while " + (longest >> 20) + " MiB were inflated");
        }
    }

    private static void echo(WebSocketConnection neighboursPeer) throws IOException {
        neighboursPeer.writeText("echo");
        assertNotNull(neighboursPeer.readMessage());
    }

    /** Counts what comes, in parts. */
    private record Counter(AtomicLong bytes) implements Listener {
        @Override
        public void onPart(Connection ws, MessageView part) {
            bytes.addAndGet(part.length());
        }

        @Override
        public long wholeMessageBytes() {
            return 0;
        }
    }
}

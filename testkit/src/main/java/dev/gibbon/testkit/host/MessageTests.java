// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit.host;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.Connection;
import dev.gibbon.Message;
import dev.gibbon.testkit.Frame;
import dev.gibbon.testkit.ScriptedPeer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Messages come back as they went. */
abstract class MessageTests extends SharedTests {
    private static final List<Integer> SIZES = List.of(0, 1, 125, 126, 65_535, 65_536, 1 << 20, 16 << 20);
    private static final int MASKING_KEY = 0x01020304;

    /** As the issue of each host's bugs had it: messages that are read while others come. */
    private static final int PIPELINED = 3000;

    private static final int PIPELINED_BYTES = 504;

    MessageTests(HostSuite suite) {
        super(suite);
    }

    @ParameterizedTest
    @EnumSource
    void binaryOfEverySizeComesBack(Way way) throws Exception {
        Scene scene = suite.shared(way.wire);
        try (ScriptedPeer peer = scene.open(way.face.at(Served.ECHO))) {
            for (int size : SIZES) {
                byte[] payload = new byte[size];
                new Random(size).nextBytes(payload);
                peer.sendBinary(payload);
                peer.expectBinary(payload);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void textOfEverySizeComesBack(Way way) throws Exception {
        Scene scene = suite.shared(way.wire);
        try (ScriptedPeer peer = scene.open(way.face.at(Served.ECHO))) {
            for (int size : SIZES) {
                String text = "é".repeat(size / 2);
                peer.sendText(text);
                peer.expectText(text);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void fragmentsWithAPingBetweenThemComeBackAsOneMessage(Way way) throws Exception {
        Scene scene = suite.shared(way.wire);
        try (ScriptedPeer peer = scene.open(way.face.at(Served.ECHO))) {
            peer.send(Frame.text("one ").withFin(false));
            peer.sendPing(new byte[] {1, 2, 3});
            peer.expectPong(new byte[] {1, 2, 3});
            peer.send(Frame.continuation("two".getBytes(StandardCharsets.US_ASCII)));
            peer.expectText("one two");
        }
    }

    @ParameterizedTest
    @EnumSource
    void framesThatCameWithTheHeadComeFirst(Way way) throws Exception {
        suite.requires(Ability.FRAMES_WITH_THE_HEAD);
        Scene scene = suite.shared(way.wire);
        StringBuilder request = new StringBuilder(scene.upgradeRequest(way.face.at(Served.ECHO)));
        for (int i = 0; i < 3; i++) {
            byte[] frame = Frame.text("early " + i).withMaskingKey(MASKING_KEY).encode();
            request.append(new String(frame, StandardCharsets.ISO_8859_1));
        }
        try (ScriptedPeer peer = scene.send(request.toString()).expectUpgraded()) {
            for (int i = 0; i < 3; i++) {
                peer.expectText("early " + i);
            }
            peer.sendText("late");
            peer.expectText("late");
        }
    }

    @ParameterizedTest
    @EnumSource
    void messagesAreReadWhileOthersCome(Way way) throws Exception {
        Scene scene = suite.shared(way.wire);
        try (ScriptedPeer peer = scene.open(way.face.at(Served.ECHO))) {
            FutureTask<Void> sending = new FutureTask<>(() -> {
                for (int i = 0; i < PIPELINED; i += 100) {
                    peer.send(numbered(i, i + 100));
                }
                return null;
            });
            Thread _ = Thread.ofVirtual().start(sending);
            for (Frame frame : numbered(0, PIPELINED)) {
                peer.expectFrame(frame);
            }
            sending.get();
        }
    }

    private static List<Frame> numbered(int from, int to) {
        List<Frame> frames = new ArrayList<>();
        for (int i = from; i < to; i++) {
            byte[] payload = new byte[PIPELINED_BYTES];
            Arrays.fill(payload, (byte) i);
            frames.add(Frame.binary(payload));
        }
        return frames;
    }

    // ---- Compression (RFC 7692)

    @ParameterizedTest
    @EnumSource
    void theContextIsCarriedFromMessageToMessage(Way way) throws Exception {
        Scene scene = suite.shared(way.wire);
        byte[] random = new byte[1000];
        new Random(1).nextBytes(random);
        byte[] digits = HexFormat.of().formatHex(random).getBytes(StandardCharsets.US_ASCII);
        try (ScriptedPeer peer = scene.open(way.face.at(Served.ECHO), "Sec-WebSocket-Extensions: permessage-deflate");
                Deflates deflates = new Deflates()) {
            String agreed =
                    peer.response().header("Sec-WebSocket-Extensions").orElseThrow(() -> new AssertionError("refused"));
            assertTrue(!agreed.contains("no_context_takeover"), agreed);
            peer.allowRsv1();
            for (int i = 0; i < 5; i++) {
                byte[] compressed = deflates.compress(digits);
                peer.send(Frame.of(Frame.TEXT, compressed).withRsv(true, false, false));
                Frame back = peer.expectFrame();
                assertTrue(back.rsv1() && back.fin(), back.toString());
                assertArrayEquals(digits, deflates.decompress(back.payload()));
                boolean refersBack = i > 0;
                assertEquals(refersBack, back.payload().length < digits.length / 4, back.toString());
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void compressedMessagesOfEverySizeComeBack(Way way) throws Exception {
        Scene scene = suite.shared(way.wire);
        try (Connection ws = scene.dial(way.face.at(Served.ECHO))) {
            assertEquals(1, ws.extensions().size());
            for (int size : SIZES) {
                String text = "0123456789abcdef".repeat(size / 16);
                ws.writeText(text);
                Message message = ws.readMessage();
                assertTrue(message != null && message.text().equals(text), "text of " + size);
            }
        }
    }
}

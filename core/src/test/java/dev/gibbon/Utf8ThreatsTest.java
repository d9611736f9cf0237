// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.testkit.Frame;
import dev.gibbon.testkit.LengthForm;
import dev.gibbon.testkit.Splitter;
import java.io.Reader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The threat catalogue's texts (U8), each sent to a whole connection of either role, with healthy neighbours beside it.
 */
@Timeout(300)
class Utf8ThreatsTest {
    private static final byte[] NOTHING = {};

    private record Threat(String id, String input, Role role, List<Frame> frames) {
        @Override
        public String toString() {
            return id + " " + input + ", to a " + role;
        }
    }

    private static Frame text(String hex) {
        return Frame.of(Frame.TEXT, HexFormat.ofDelimiter(" ").parseHex(hex));
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static List<Threat> badTextIsRefusedWith1007() {
        List<Threat> threats = new ArrayList<>();
        for (Role role : Role.values()) {
            for (String bad : List.of("c0 80", "c1 bf", "e0 80 80", "e0 9f bf", "f0 80 80 80", "f0 8f bf bf")) {
                threats.add(new Threat("U8-02", "overlong " + bad, role, List.of(text(bad))));
            }
            for (String bad : List.of("ed a0 80", "ed ad bf", "ed b0 80", "ed bf bf")) {
                threats.add(new Threat("U8-03", "surrogate " + bad, role, List.of(text(bad))));
            }
            for (String bad : List.of("f4 90 80 80", "f5 80 80 80", "f8 88 80 80 80", "fe", "ff")) {
                threats.add(new Threat("U8-04", "above U+10FFFF " + bad, role, List.of(text(bad))));
            }
            for (String bad : List.of("80", "bf", "61 80 61", "c2 41", "e2 82 41", "f0 9f a6 41", "e2 41 ac")) {
                threats.add(new Threat("U8-05", "out of place " + bad, role, List.of(text(bad))));
            }
            for (String bad : List.of("c3", "e2", "e2 82", "f0", "f0 9f", "f0 9f a6")) {
                threats.add(new Threat("U8-06", "cut after " + bad, role, List.of(text(bad))));
                threats.add(new Threat(
                        "U8-06",
                        "cut by an empty end after " + bad,
                        role,
                        List.of(text(bad).withFin(false), Frame.continuation(NOTHING))));
                threats.add(new Threat(
                        "U8-06", "cut by another message after " + bad, role, List.of(text(bad), text("80"))));
            }
            threats.add(new Threat(
                    "U8-09",
                    "bad fragment, no other follows",
                    role,
                    List.of(text("61 ff").withFin(false))));
        }
        return threats;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void badTextIsRefusedWith1007(Threat threat) throws Exception {
        for (Face face : Face.values()) {
            for (Splitter feed : List.of(Splitter.whole(), Splitter.bytewise())) {
                Side side = new Side(face, threat.role());
                try (Rig rig = new Rig(side, ConnectionOptions.defaults(), feed)) {
                    Rig.Task<Rig.End> reading = rig.read();
                    rig.peer.send(threat.frames());
                    ProtocolException e = rig.expectRefused(1007, reading);
                    assertTrue(String.valueOf(e.getMessage()).contains("§8.1"), e.getMessage());
                }
            }
        }
    }

    @ParameterizedTest(name = "U8-10 bad byte in a frame that is still arriving, to a {0}")
    @Sides
    void badByteIsFoundBeforeTheRestOfItsFrameComes(Side side) throws Exception {
        Role role = side.role();
        try (Rig rig = new Rig(side)) {
            Rig.Task<Rig.End> reading = rig.read();
            Frame begin = text("61 62 ff");
            rig.peer.sendRaw(
                    (role == Role.SERVER ? begin.withMaskingKey(7) : begin).encode(LengthForm.BITS_16, 60_000));
            ProtocolException _ = rig.expectRefused(1007, reading);
        }
    }

    @ParameterizedTest(name = "U8-07 code points split across fragments, to a {0}")
    @Sides
    void codePointsAreDeliveredAcrossFragments(Side side) throws Exception {
        Frame whole = Frame.text("é€🦍\uDBFF\uDFFF");
        int length = whole.payload().length;
        try (Rig rig = new Rig(side)) {
            Rig.Task<Rig.End> reading = rig.read();
            for (int cut = 0; cut <= length; cut++) {
                rig.peer.send(whole.fragment(cut));
            }
            rig.peer.send(whole.fragment(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12));
            expectTexts(rig, reading, length + 2, whole.text());
        }
    }

    @ParameterizedTest(name = "U8-08 code points split across reads, to a {0}")
    @Sides
    void codePointsAreDeliveredAcrossReads(Side side) throws Exception {
        String text = "é€🦍".repeat(200);
        for (int bytes = 1; bytes <= 11; bytes++) {
            try (Rig rig = new Rig(side, ConnectionOptions.defaults(), Splitter.atMost(bytes))) {
                Rig.Task<Rig.End> reading = rig.read();
                rig.peer.sendText(text);
                rig.peer.send(Frame.text(text).fragment(7, 500, 501));
                expectTexts(rig, reading, 2, text);
            }
        }
    }

    @ParameterizedTest(name = "U8-11 supplementary character at the end of every buffer, to a {0}")
    @Sides(of = Face.PULL, because = "only a thread reads a message piece by piece")
    void supplementaryCharacterAtTheEndOfEveryBufferMakesProgress(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            for (int size = 1; size <= 64; size++) {
                String text = "a".repeat(size - 1) + "🦍" + "b".repeat(size);
                rig.peer.sendText(text);
                rig.peer.sendText(text);
                assertEquals(text, bytewise(nextReader(rig), size));
                assertEquals(text, charwise(nextReader(rig), size));
            }
            rig.neighbours.echo();
            rig.peer.sendClose();
            expectTexts(rig, rig.read(), 0, "");
        }
    }

    private static MessageReader nextReader(Rig rig) throws Exception {
        return Objects.requireNonNull(rig.connection.nextReader());
    }

    private static String bytewise(MessageReader reader, int size) throws Exception {
        StringBuilder all = new StringBuilder();
        ByteBuffer buffer = ByteBuffer.allocate(size);
        for (int n = reader.read(buffer); n >= 0; n = reader.read(buffer.clear())) {
            assertTrue(n > 0, "no progress");
            all.append(new String(buffer.array(), 0, n, StandardCharsets.ISO_8859_1));
        }
        return new String(all.toString().getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
    }

    private static String charwise(MessageReader reader, int size) throws Exception {
        StringBuilder all = new StringBuilder();
        char[] buffer = new char[size];
        try (Reader chars = reader.reader()) {
            for (int n = chars.read(buffer); n >= 0; n = chars.read(buffer)) {
                assertTrue(n > 0, "no progress");
                all.append(buffer, 0, n);
            }
        }
        return all.toString();
    }

    private static void expectTexts(Rig rig, Rig.Task<Rig.End> reading, int count, String text) throws Exception {
        rig.neighbours.echo();
        if (count > 0) {
            rig.peer.sendClose();
        }
        rig.peer.expectCloseWithoutCode();
        Rig.End end = rig.end(reading);
        assertTrue(end.failure().isEmpty(), () -> "" + end.failure());
        assertEquals(count, end.messages().size());
        for (Message message : end.messages()) {
            assertEquals(text, message.text());
            assertEquals(utf8(text).length, message.length());
        }
        rig.expectSame(end);
        rig.expectAllGivenBack();
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.testkit.Frame;
import dev.gibbon.testkit.LengthForm;
import dev.gibbon.testkit.Splitter;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The threat catalogue's frames (FR), each sent to a whole
 * connection of either role, with healthy neighbours beside it.
 */
@Timeout(300)
class FrameThreatsTest {
    private static final byte[] NOTHING = {};
    private static final int L_MSG = 1 << 20;

    /** An input, the role that gets it, and the close code that must answer it. */
    private record Threat(String id, String input, Role role, int code, byte[] bytes) {
        @Override
        public String toString() {
            return id + " " + input + ", to a " + role + ": " + code;
        }
    }

    private static final class Catalogue {
        private final List<Threat> threats = new ArrayList<>();

        void add(String id, String input, int code, Role role, byte[]... parts) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            Arrays.asList(parts).forEach(bytes::writeBytes);
            threats.add(new Threat(id, input, role, code, bytes.toByteArray()));
        }
    }

    private static Frame masked(Role role, Frame frame) {
        return role == Role.SERVER ? frame.withMaskingKey(0x37fa213d) : frame;
    }

    private static byte[] wire(Role role, Frame frame) {
        return masked(role, frame).encode();
    }

    private static byte[] declaring(Role role, Frame frame, LengthForm form, long length) {
        return masked(role, frame).encode(form, length);
    }

    static List<Threat> frameThatBreaksARuleIsRefused() {
        Catalogue all = new Catalogue();
        Frame text = Frame.text("a");
        all.add("FR-02", "frame without a mask", 1002, Role.SERVER, text.encode());
        all.add(
                "FR-02",
                "ping without a mask",
                1002,
                Role.SERVER,
                Frame.ping(NOTHING).encode());
        all.add(
                "FR-03",
                "frame with a mask",
                1002,
                Role.CLIENT,
                text.withMaskingKey(1).encode());
        all.add(
                "FR-03",
                "frame with mask 0",
                1002,
                Role.CLIENT,
                text.withMaskingKey(0).encode());
        for (Role role : Role.values()) {
            for (int rsv = 1; rsv < 8; rsv++) {
                Frame frame = text.withRsv((rsv & 4) != 0, (rsv & 2) != 0, (rsv & 1) != 0);
                all.add("FR-04", "RSV bits " + rsv, 1002, role, wire(role, frame));
            }
            for (int opcode : new int[] {3, 4, 5, 6, 7, 11, 12, 13, 14, 15}) {
                all.add("FR-05", "opcode " + opcode, 1002, role, wire(role, Frame.of(opcode, NOTHING)));
                for (long length : new long[] {1L << 31, 1L << 40}) {
                    byte[] header = declaring(role, Frame.of(opcode, NOTHING), LengthForm.BITS_64, length);
                    String input = "opcode " + opcode + " of " + length + " bytes";
                    all.add("FR-06", input + ", two bytes of header", 1002, role, Arrays.copyOf(header, 2));
                    all.add("FR-06", input + ", payload streamed", 1002, role, header, new byte[40_000]);
                }
            }
            for (int length : new int[] {0, 1, 125}) {
                byte[] frame = declaring(role, Frame.binary(new byte[length]), LengthForm.BITS_16, length);
                all.add("FR-07", "16-bit form of " + length, 1002, role, frame);
            }
            for (long length : new long[] {Long.MIN_VALUE, -1, Long.MIN_VALUE + 1}) {
                byte[] frame = declaring(role, Frame.binary(NOTHING), LengthForm.BITS_64, length);
                all.add("FR-08", "length " + Long.toUnsignedString(length), 1002, role, frame);
            }
            for (long length : new long[] {(1L << 31) - 1, 1L << 31, 1L << 32, Long.MAX_VALUE}) {
                byte[] frame = declaring(role, Frame.binary(NOTHING), LengthForm.BITS_64, length);
                all.add("FR-09", "length " + length, 1009, role, frame);
            }
            byte[] start = wire(role, Frame.binary(new byte[10]).withFin(false));
            for (long length : new long[] {L_MSG - 9, L_MSG, Long.MAX_VALUE - 9, Long.MAX_VALUE}) {
                byte[] next = declaring(role, Frame.continuation(NOTHING), LengthForm.BITS_64, length);
                all.add("FR-10", "10 bytes and then " + length, 1009, role, start, next);
            }
            for (long length : new long[] {0, 1, 125, 126, 65_535}) {
                byte[] frame = declaring(role, Frame.binary(NOTHING), LengthForm.BITS_64, length);
                all.add("FR-11", "64-bit form of " + length, 1002, role, frame);
            }
            for (int opcode : new int[] {Frame.CLOSE, Frame.PING, Frame.PONG}) {
                Frame control = Frame.of(opcode, NOTHING);
                all.add(
                        "FR-12",
                        "control " + opcode + " of 126",
                        1002,
                        role,
                        Arrays.copyOf(declaring(role, control, LengthForm.BITS_16, 126), 2));
                all.add(
                        "FR-12",
                        "control " + opcode + " in 64-bit form",
                        1002,
                        role,
                        Arrays.copyOf(declaring(role, control, LengthForm.BITS_64, 1 << 20), 2));
                all.add("FR-13", "control " + opcode + " without FIN", 1002, role, wire(role, control.withFin(false)));
            }
            byte[] message = wire(role, text);
            all.add("FR-14", "continuation of nothing", 1002, role, wire(role, Frame.continuation(NOTHING)));
            all.add(
                    "FR-14",
                    "continuation that goes on",
                    1002,
                    role,
                    wire(role, Frame.continuation(NOTHING).withFin(false)));
            all.add(
                    "FR-14",
                    "continuation behind a message",
                    1002,
                    role,
                    message,
                    wire(role, Frame.continuation(NOTHING)));
            for (Frame fresh : List.of(text, Frame.binary(NOTHING), text.withFin(false))) {
                all.add(
                        "FR-15",
                        "inside a fragmented text: " + fresh,
                        1002,
                        role,
                        wire(role, text.withFin(false)),
                        wire(role, fresh));
                all.add("FR-15", "inside a fragmented binary: " + fresh, 1002, role, start, wire(role, fresh));
            }
            for (String foreign : List.of("474554202f20485454502f312e310d0a", "160301", "00000000", "ffffffff")) {
                all.add(
                        "FR-26",
                        "no frame: " + foreign,
                        1002,
                        role,
                        HexFormat.of().parseHex(foreign));
            }
            for (Frame big : List.of(Frame.binary(new byte[5]), Frame.text("hello"))) {
                all.add(
                        "FR-30",
                        "L.msg + 1 in one " + (big.opcode() == Frame.TEXT ? "text" : "binary"),
                        1009,
                        role,
                        declaring(role, big, LengthForm.BITS_64, L_MSG + 1));
            }
            all.add(
                    "FR-30",
                    "L.msg + 1 in fragments",
                    1009,
                    role,
                    wire(role, Frame.binary(new byte[1]).withFin(false)),
                    declaring(role, Frame.continuation(NOTHING), LengthForm.BITS_64, L_MSG));
        }
        return all.threats;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void frameThatBreaksARuleIsRefused(Threat threat) throws Exception {
        for (Face face : Face.values()) {
            for (Splitter feed : List.of(Splitter.whole(), Splitter.random(0x6455, 5))) {
                expectRefused(threat, new Side(face, threat.role()), feed);
            }
        }
    }

    private static void expectRefused(Threat threat, Side side, Splitter feed) throws Exception {
        try (Rig rig = new Rig(side, ConnectionOptions.defaults(), feed)) {
            Rig.Task<Rig.End> reading = rig.read();
            rig.peer.sendRaw(threat.bytes());
            if (threat.code() == 1009) {
                MessageTooBigException e = rig.expectRefused(1009, reading, MessageTooBigException.class);
                assertEquals(L_MSG, e.limit());
            } else {
                ProtocolException e = rig.expectRefused(threat.code(), reading);
                assertTrue(String.valueOf(e.getMessage()).contains("§5"), e.getMessage());
            }
        }
    }

    @ParameterizedTest(name = "FR-30 exactly L.msg, to a {0}")
    @Sides
    void messageOfExactlyTheLimitIsDelivered(Side side) throws Exception {
        byte[] payload = new byte[L_MSG];
        new SplittableRandom(0x6455).nextBytes(payload);
        try (Rig rig = new Rig(side)) {
            Rig.Task<Rig.End> reading = rig.read();
            rig.peer.sendBinary(payload);
            rig.neighbours.echo();
            rig.peer.send(Frame.binary(payload).fragment(0, 1, 70_000, 70_000, L_MSG - 1, L_MSG));
            rig.peer.send(Frame.of(Frame.TEXT, new byte[L_MSG]));
            rig.peer.sendClose(1000, "");
            rig.peer.expectClose(1000);
            Rig.End end = expectCleanEnd(rig, reading);
            assertEquals(3, end.messages().size());
            assertArrayEquals(payload, end.messages().get(0).bytes());
            assertArrayEquals(payload, end.messages().get(1).bytes());
            assertTrue(end.messages().get(2).isText());
            assertEquals(L_MSG, end.messages().get(2).length());
        }
    }

    @ParameterizedTest(name = "FR-06 a reserved opcode whose payload of {0} bytes is streamed holds no buffer")
    @ValueSource(longs = {1L << 31, 1L << 40})
    void payloadOfARefusedFrameIsNotStored(long length) throws Exception {
        for (Face face : Face.values()) {
            try (Rig rig = new Rig(new Side(face, Role.SERVER))) {
                Rig.Task<Rig.End> reading = rig.read();
                rig.peer.sendRaw(declaring(Role.SERVER, Frame.of(3, NOTHING), LengthForm.BITS_64, length));
                rig.peer.expectClose(1002);
                rig.peer.sendRaw(new byte[900_000]);
                // A turn that throws bytes away has a buffer while it reads them.
                Rig.await(() -> rig.engine.buffers().leased() == 0, () -> "a buffer is out");
                Rig.End end = rig.end(reading);
                rig.expectSame(end);
                rig.expectAllGivenBack();
            }
        }
    }

    private static Rig.End expectCleanEnd(Rig rig, Rig.Task<Rig.End> reading) throws Exception {
        Rig.End end = rig.end(reading);
        assertTrue(end.failure().isEmpty(), () -> "" + end.failure());
        rig.expectSame(end);
        rig.expectAllGivenBack();
        return end;
    }
}

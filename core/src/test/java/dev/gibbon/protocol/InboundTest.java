// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.gibbon.MessageTooBigException;
import dev.gibbon.ProtocolException;
import dev.gibbon.Role;
import dev.gibbon.testkit.Frame;
import dev.gibbon.testkit.LengthForm;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class InboundTest {
    private static final byte[] NOTHING = {};

    private static byte[] bytes(int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (31 * i + 7);
        }
        return bytes;
    }

    private static byte[] hex(String hex) {
        return java.util.HexFormat.of().parseHex(hex.replace(" ", ""));
    }

    private static Frame more(Frame frame) {
        return frame.withFin(false);
    }

    private static Frame text(String hex) {
        return Frame.of(Frame.TEXT, hex(hex));
    }

    @Nested
    class Section5_4_Fragmentation {
        @ParameterizedTest
        @EnumSource
        void unfragmentedMessageIsOneFrameWithFin(Role role) {
            Transcript.to(role)
                    .frames(Frame.text("Hello"), Frame.binary(bytes(3)))
                    .expect("TEXT Hello", "BINARY 072645");
        }

        @ParameterizedTest
        @EnumSource
        void fragmentsMakeTheSameMessageAsOneFrame(Role role) {
            for (int length : new int[] {0, 1, 125, 126, 127, 1000, 65_535, 65_536}) {
                Frame whole = Frame.binary(bytes(length));
                int middle = length / 2;
                Transcript.to(role).frames(whole).expect(Transcript.message(whole));
                Transcript.to(role).frames(whole.fragment(middle)).expect(Transcript.message(whole));
                Transcript.to(role)
                        .frames(whole.fragment(0, 0, middle, middle, length, length))
                        .expect(Transcript.message(whole));
            }
        }

        @ParameterizedTest
        @EnumSource
        void controlFramesPassBetweenFragments(Role role) {
            Transcript.to(role)
                    .frames(
                            more(Frame.text("Hel")),
                            Frame.ping(bytes(2)),
                            more(Frame.continuation(NOTHING)),
                            Frame.pong(NOTHING),
                            Frame.continuation("lo".getBytes(StandardCharsets.US_ASCII)))
                    .expect("PING 0726", "PONG ", "TEXT Hello");
        }

        /** Every kind of frame in every state of the reassembly; "-" is a frame that is not an event of its own. */
        @ParameterizedTest(name = "{0}, then {1}: {2}")
        @CsvSource({
            "between messages,    TEXT,        TEXT b",
            "between messages,    TEXT more,   unfinished TEXT b",
            "between messages,    BINARY,      BINARY 62",
            "between messages,    BINARY more, unfinished BINARY 62",
            "between messages,    CONT,        fail 1002",
            "between messages,    CONT more,   fail 1002",
            "between messages,    PING,        PING 62",
            "between messages,    PONG,        PONG 62",
            "between messages,    PING more,   fail 1002",
            "between messages,    PONG more,   fail 1002",
            "between messages,    CLOSE more,  fail 1002",
            "between messages,    CLOSE,       CLOSE 1005 (no status received)",
            "in a text message,   TEXT,        fail 1002",
            "in a text message,   TEXT more,   fail 1002",
            "in a text message,   BINARY,      fail 1002",
            "in a text message,   BINARY more, fail 1002",
            "in a text message,   CONT,        TEXT ab",
            "in a text message,   CONT more,   unfinished TEXT ab",
            "in a text message,   PING,        PING 62 | unfinished TEXT a",
            "in a text message,   PONG,        PONG 62 | unfinished TEXT a",
            "in a text message,   PING more,   fail 1002",
            "in a text message,   PONG more,   fail 1002",
            "in a text message,   CLOSE more,  fail 1002",
            "in a text message,   CLOSE,       CLOSE 1005 (no status received) | unfinished TEXT a",
            "in a binary message, TEXT,        fail 1002",
            "in a binary message, TEXT more,   fail 1002",
            "in a binary message, BINARY,      fail 1002",
            "in a binary message, BINARY more, fail 1002",
            "in a binary message, CONT,        BINARY 6162",
            "in a binary message, CONT more,   unfinished BINARY 6162",
            "in a binary message, PING,        PING 62 | unfinished BINARY 61",
            "in a binary message, PONG,        PONG 62 | unfinished BINARY 61",
            "in a binary message, PING more,   fail 1002",
            "in a binary message, PONG more,   fail 1002",
            "in a binary message, CLOSE more,  fail 1002",
            "in a binary message, CLOSE,       CLOSE 1005 (no status received) | unfinished BINARY 61",
            "after a message,     CONT,        TEXT a | fail 1002",
            "after a message,     CONT more,   TEXT a | fail 1002",
            "after a message,     BINARY,      TEXT a | BINARY 62",
        })
        void frameOrder(String state, String frame, String events) {
            for (Role role : Role.values()) {
                Transcript transcript = Transcript.to(role);
                switch (state) {
                    case "between messages" -> {}
                    case "in a text message" -> transcript.frames(more(Frame.text("a")));
                    case "in a binary message" -> transcript.frames(more(Frame.binary(hex("61"))));
                    case "after a message" -> transcript.frames(Frame.text("a"));
                    default -> throw new AssertionError(state);
                }
                String[] words = frame.split(" ", -1);
                byte[] payload = words[0].equals("CLOSE") ? NOTHING : hex("62");
                int opcode = switch (words[0]) {
                    case "TEXT" -> Frame.TEXT;
                    case "BINARY" -> Frame.BINARY;
                    case "CONT" -> Frame.CONTINUATION;
                    case "PING" -> Frame.PING;
                    case "PONG" -> Frame.PONG;
                    case "CLOSE" -> Frame.CLOSE;
                    default -> throw new AssertionError(frame);
                };
                transcript
                        .frames(Frame.of(opcode, payload).withFin(words.length == 1))
                        .expect(events.split(" \\| ", -1));
            }
        }

        @ParameterizedTest
        @EnumSource
        void messageIsBegunByItsHeaderAlone(Role role) throws Exception {
            Inbound inbound = inbound(role, Transcript.LIMITS);
            byte[] frame = masked(role, Frame.binary(bytes(5))).encode();
            ByteBuffer header = ByteBuffer.wrap(frame, 0, frame.length - 5);
            assertEquals(Inbound.Event.DATA, inbound.next(header));
            assertEquals(0, inbound.length());
            assertTrue(inbound.first());
            assertFalse(inbound.last());
            assertEquals(5, inbound.frameBytesToCome());
            assertTrue(inbound.frameEndsMessage());
            ByteBuffer payload = ByteBuffer.wrap(frame, frame.length - 5, 5);
            assertEquals(Inbound.Event.DATA, inbound.next(payload));
            assertFalse(inbound.first());
            assertTrue(inbound.last());
            assertEquals(5, inbound.length());
            assertEquals(0, inbound.frameBytesToCome());
        }

        @ParameterizedTest
        @EnumSource
        void tellsWhetherItStandsInsideAMessage(Role role) throws Exception {
            Inbound inbound = inbound(role, Transcript.LIMITS);
            assertFalse(inbound.midMessage());
            byte[] first = masked(role, more(Frame.binary(bytes(1)))).encode();
            assertEquals(Inbound.Event.INPUT_NEEDED, inbound.next(ByteBuffer.wrap(first, 0, 1)));
            assertTrue(inbound.midMessage(), "part of a header");
            ByteBuffer rest = ByteBuffer.wrap(first, 1, first.length - 1);
            assertEquals(Inbound.Event.DATA, inbound.next(rest));
            rest.position(rest.limit());
            assertTrue(inbound.midMessage(), "between fragments");
            ByteBuffer end =
                    ByteBuffer.wrap(masked(role, Frame.continuation(NOTHING)).encode());
            assertEquals(Inbound.Event.DATA, inbound.next(end));
            assertTrue(inbound.last());
            assertFalse(inbound.midMessage());
        }
    }

    @Nested
    class Section5_5_ControlFrames {
        @ParameterizedTest
        @EnumSource
        void pingAndPongCarryUpTo125Bytes(Role role) {
            for (int length = 0; length <= 125; length += 25) {
                byte[] payload = bytes(length);
                Transcript.to(role)
                        .frames(Frame.ping(payload), Frame.pong(payload))
                        .expect(Transcript.ping(payload), Transcript.pong(payload));
            }
        }

        @ParameterizedTest
        @ValueSource(ints = {Frame.CLOSE, Frame.PING, Frame.PONG})
        void longerControlFrameFailsWith1002(int opcode) {
            for (Role role : Role.values()) {
                Transcript.to(role).frames(Frame.of(opcode, bytes(126))).expect("fail 1002");
                Transcript.to(role)
                        .declaring(Frame.of(opcode, NOTHING), LengthForm.BITS_64, 65_536)
                        .expect("fail 1002");
            }
        }

        @ParameterizedTest
        @EnumSource
        void closeFrameTellsCodeAndReason(Role role) {
            Transcript.to(role).frames(Frame.close()).expect("CLOSE 1005 (no status received)");
            Transcript.to(role).frames(Frame.close(1001, "")).expect("CLOSE 1001 (going away)");
            Transcript.to(role).frames(Frame.close(4999, "bye ✓")).expect("CLOSE 4999: bye ✓");
        }

        @ParameterizedTest
        @CsvSource({
            "03,          1002",
            "03 e7,       1002", // 999
            "03 ed,       1002", // 1005
            "03 ee,       1002", // 1006
            "03 f7,       1002", // 1015
            "ff ff,       1002",
            "03 e8 ff,    1007",
            "03 e8 e2 82, 1007"
        })
        void badCloseBodyFails(String body, int code) {
            for (Role role : Role.values()) {
                Transcript.to(role)
                        .frames(Frame.of(Frame.CLOSE, hex(body)), Frame.text("never"))
                        .expect("fail " + code);
            }
        }

        @ParameterizedTest
        @EnumSource
        void whateverFollowsACloseFrameIsDiscardedUnseen(Role role) {
            Transcript.to(role)
                    .frames(Frame.close(1000, ""), Frame.text("late"), Frame.close(1002, "again"))
                    .raw("ff ff ff ff ff ff ff ff ff ff")
                    .expect("CLOSE 1000 (normal)");
        }

        @ParameterizedTest
        @EnumSource
        void dataBehindOurCloseFrameIsDiscardedAndControlFramesAreNot(Role role) {
            Transcript.to(role)
                    .afterOurClose()
                    .frames(more(Frame.text("Hel")), Frame.ping(NOTHING))
                    .frames(Frame.continuation(bytes(0)), Frame.binary(bytes(1000)), Frame.close(1000, "ok"))
                    .expect("PING ", "CLOSE 1000 (normal): ok");
        }

        @ParameterizedTest
        @EnumSource
        void dataBehindOurCloseFrameIsJudgedAllTheSame(Role role) {
            Transcript.to(role)
                    .afterOurClose()
                    .frames(Frame.continuation(NOTHING))
                    .expect("fail 1002");
            Transcript.to(role).afterOurClose().frames(text("ff")).expect("fail 1007");
        }
    }

    @Nested
    class Section5_1_And_5_2_Frames {
        @Test
        void maskThatIsMissingOrOneTooManyFailsWith1002() {
            Transcript.to(Role.SERVER).asIs(Frame.text("a")).expect("fail 1002");
            Transcript.to(Role.CLIENT).asIs(Frame.text("a").withMaskingKey(0)).expect("fail 1002");
        }

        @ParameterizedTest
        @ValueSource(ints = {3, 4, 5, 6, 7, 11, 12, 13, 14, 15})
        void reservedOpcodeFailsWith1002(int opcode) {
            for (Role role : Role.values()) {
                Transcript.to(role).frames(Frame.of(opcode, NOTHING)).expect("fail 1002");
                Transcript.to(role)
                        .frames(more(Frame.text("a")), Frame.of(opcode, NOTHING))
                        .expect("fail 1002");
            }
        }

        @ParameterizedTest
        @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7})
        void reservedBitFailsWith1002(int bits) {
            for (Role role : Role.values()) {
                for (int opcode : new int[] {1, 2, 8, 9, 10}) {
                    Frame frame = Frame.of(opcode, NOTHING).withRsv((bits & 4) != 0, (bits & 2) != 0, (bits & 1) != 0);
                    Transcript.to(role).frames(frame).expect("fail 1002");
                }
                Transcript.to(role)
                        .frames(
                                more(Frame.text("a")),
                                Frame.continuation(NOTHING).withRsv((bits & 4) != 0, (bits & 2) != 0, (bits & 1) != 0))
                        .expect("fail 1002");
            }
        }

        @ParameterizedTest
        @EnumSource
        void maskIsTakenOffAcrossEverySplit(Role role) {
            Frame frame = Frame.binary(bytes(300));
            Transcript.to(role)
                    .frames(frame, frame, frame.withFin(true))
                    .expect(Transcript.message(frame), Transcript.message(frame), Transcript.message(frame));
        }
    }

    @Nested
    class Section8_1_Utf8 {
        private static final String SAMPLE = "κόσμε \uD7FF\uE000\uFFFD\uDBFF\uDFFF \uFEFF\u0000 日本 🦍";

        @ParameterizedTest
        @EnumSource
        void textIsDeliveredWholeOrInPieces(Role role) {
            Frame whole = Frame.text(SAMPLE);
            Transcript.to(role).frames(whole).expect(Transcript.message(whole));
            for (int cut = 0; cut <= whole.payload().length; cut++) {
                Transcript.to(role).frames(whole.fragment(cut)).expect(Transcript.message(whole));
            }
            Transcript.to(role)
                    .frames(whole.fragment(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16))
                    .expect(Transcript.message(whole));
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "80",
                    "bf",
                    "c0 80",
                    "c1 bf",
                    "e0 80 80",
                    "e0 9f bf",
                    "f0 80 80 80",
                    "f0 8f bf bf",
                    "ed a0 80",
                    "ed bf bf",
                    "f4 90 80 80",
                    "f5 80 80 80",
                    "fe",
                    "ff",
                    "c2 41",
                    "e2 82 41",
                    "41 80 41"
                })
        void badTextFailsWith1007(String bad) {
            for (Role role : Role.values()) {
                Transcript.to(role).frames(Frame.text("ok"), text(bad)).expect("TEXT ok", "fail 1007");
                Transcript.to(role)
                        .frames(more(Frame.text("ok")), Frame.continuation(hex(bad)))
                        .expect("fail 1007");
            }
        }

        @ParameterizedTest
        @EnumSource
        void badTextFailsInTheFrameThatBringsIt(Role role) {
            Transcript.to(role).frames(more(text("ff"))).expect("fail 1007"); // no final frame is waited for
            Transcript.to(role)
                    .declaring(text("41 ff"), LengthForm.BITS_16, 1000) // nor the rest of this one
                    .expect("fail 1007");
        }

        @ParameterizedTest
        @ValueSource(strings = {"c3", "e2 82", "f0 9f a6", "41 f0"})
        void codePointCutByTheEndFailsWith1007(String cut) {
            for (Role role : Role.values()) {
                Transcript.to(role).frames(text(cut)).expect("fail 1007");
                Transcript.to(role)
                        .frames(more(text(cut)), Frame.continuation(NOTHING))
                        .expect("fail 1007");
            }
        }

        @ParameterizedTest
        @EnumSource
        void codePointMustNotGoOnInTheNextMessage(Role role) {
            Transcript.to(role).frames(text("c3"), text("a9")).expect("fail 1007");
        }

        @ParameterizedTest
        @EnumSource
        void binaryMayHoldAnything(Role role) {
            Transcript.to(role)
                    .frames(Frame.binary(hex("c3 ff c0 80")), Frame.text("é"))
                    .expect("BINARY c3ffc080", "TEXT é");
        }

        @ParameterizedTest
        @EnumSource
        void controlPayloadsAreNotText(Role role) {
            Transcript.to(role)
                    .frames(more(text("c3")), Frame.ping(hex("ff")), Frame.continuation(hex("a9")))
                    .expect("PING ff", "TEXT é");
        }
    }

    @Nested
    class Section10_4_Limits {
        private static final Limits SMALL = new Limits(60, 100, 4, 3);

        @ParameterizedTest
        @EnumSource
        void frameAtItsLimitPassesAndOneByteMoreFailsWith1009(Role role) {
            Frame full = Frame.binary(bytes(60));
            Transcript.to(role).limits(SMALL).frames(full).expect(Transcript.message(full));
            Transcript.to(role).limits(SMALL).frames(Frame.binary(bytes(61))).expect("fail 1009 limit 60");
        }

        @ParameterizedTest
        @EnumSource
        void messageAtItsLimitPassesAndOneByteMoreFailsWith1009(Role role) {
            Frame full = Frame.binary(bytes(100));
            Transcript.to(role).limits(SMALL).frames(full.fragment(50)).expect(Transcript.message(full));
            Transcript.to(role)
                    .limits(SMALL)
                    .frames(Frame.binary(bytes(101)).fragment(50))
                    .expect("fail 1009 limit 100");
            Transcript.to(role)
                    .limits(SMALL)
                    .frames(full.fragment(50, 100).subList(0, 2))
                    .frames(Frame.continuation(bytes(1)))
                    .expect("fail 1009 limit 100");
        }

        @ParameterizedTest
        @EnumSource
        void everyMessageHasTheWholeLimit(Role role) {
            Frame full = Frame.binary(bytes(60));
            Transcript.to(role)
                    .limits(SMALL)
                    .frames(full, full, full)
                    .expect(Transcript.message(full), Transcript.message(full), Transcript.message(full));
        }

        @ParameterizedTest
        @ValueSource(longs = {(1L << 31) - 1, 1L << 31, 1L << 32, 1L << 40, Long.MAX_VALUE})
        void lengthIsJudgedByTheHeaderBeforeAnyPayload(long declared) {
            for (Role role : Role.values()) {
                Transcript.to(role)
                        .declaring(Frame.binary(NOTHING), LengthForm.BITS_64, declared)
                        .expect("fail 1009 limit " + (1 << 20));
            }
        }

        @ParameterizedTest
        @EnumSource
        void sumOfFragmentsDoesNotOverflow(Role role) {
            Limits endless = new Limits(Long.MAX_VALUE, Long.MAX_VALUE, 10, 10);
            Transcript.to(role)
                    .limits(endless)
                    .frames(more(Frame.binary(bytes(1))))
                    .declaring(more(Frame.continuation(NOTHING)), LengthForm.BITS_64, Long.MAX_VALUE)
                    .expect("fail 1009 limit " + Long.MAX_VALUE);
        }

        @ParameterizedTest
        @EnumSource
        void fragmentsAreCountedEmptyOnesToo(Role role) {
            Frame empty = Frame.binary(NOTHING);
            Transcript.to(role).limits(SMALL).frames(empty.fragment(0, 0, 0)).expect("BINARY ");
            Transcript.to(role).limits(SMALL).frames(empty.fragment(0, 0, 0, 0)).expect("fail 1008");
            Frame five = Frame.binary(bytes(5));
            Transcript.to(role).limits(SMALL).frames(five.fragment(1, 2, 3)).expect(Transcript.message(five));
            Transcript.to(role).limits(SMALL).frames(five.fragment(1, 2, 3, 4)).expect("fail 1008");
        }

        @ParameterizedTest
        @EnumSource
        void controlFramesAreNoFragments(Role role) {
            Frame four = Frame.binary(bytes(4));
            List<Frame> frames = new ArrayList<>(four.fragment(1, 2, 3));
            frames.add(2, Frame.ping(NOTHING));
            frames.add(2, Frame.pong(NOTHING));
            Transcript.to(role).limits(SMALL).frames(frames).expect("PONG ", "PING ", Transcript.message(four));
        }

        @ParameterizedTest
        @EnumSource
        void pingsAndPongsBeyondTheAllowanceFailWith1008(Role role) {
            Frame ping = Frame.ping(NOTHING);
            Frame pong = Frame.pong(NOTHING);
            Transcript.to(role)
                    .limits(SMALL)
                    .frames(ping, pong, pong, Frame.text("a"), ping)
                    .expect("PING ", "PONG ", "PONG ", "TEXT a", "fail 1008");
        }

        @ParameterizedTest
        @EnumSource
        void closeFrameNeedsNoAllowance(Role role) {
            Frame ping = Frame.ping(NOTHING);
            Transcript.to(role)
                    .limits(SMALL)
                    .frames(ping, ping, ping, Frame.close())
                    .expect("PING ", "PING ", "PING ", "CLOSE 1005 (no status received)");
        }

        @ParameterizedTest
        @EnumSource
        void allowanceComesBackWithTime(Role role) throws Exception {
            AtomicLong now = new AtomicLong(Long.MAX_VALUE - 5); // a nanosecond clock may run over
            Inbound inbound = new Protocol(role, SMALL, () -> 0, now::get).inbound();
            byte[] ping = masked(role, Frame.ping(NOTHING)).encode();
            for (int i = 0; i < 3; i++) {
                assertEquals(Inbound.Event.PING, inbound.next(ByteBuffer.wrap(ping.clone())));
            }
            now.addAndGet(20_000_000_000L);
            assertEquals(Inbound.Event.PING, inbound.next(ByteBuffer.wrap(ping.clone())));
            assertThrows(ProtocolException.class, () -> inbound.next(ByteBuffer.wrap(ping.clone())));
        }

        @ParameterizedTest
        @EnumSource
        void changedLimitsMeetTheNextFrame(Role role) throws Exception {
            Inbound inbound = inbound(role, SMALL);
            ByteBuffer first =
                    ByteBuffer.wrap(masked(role, more(Frame.binary(bytes(50)))).encode());
            assertEquals(Inbound.Event.DATA, inbound.next(first));
            first.position(first.limit());
            inbound.limits(new Limits(60, 55, 4, 3));
            ByteBuffer next =
                    ByteBuffer.wrap(masked(role, Frame.continuation(bytes(6))).encode());
            MessageTooBigException e = assertThrows(MessageTooBigException.class, () -> inbound.next(next));
            assertEquals(55, e.limit());
        }

        @ParameterizedTest
        @EnumSource
        void framesAllocateNothing(Role role) throws Exception {
            Inbound inbound = inbound(role, Transcript.LIMITS);
            byte[] frames = concat(
                    masked(role, Frame.text("a text of some twenty bytes")).encode(),
                    masked(role, Frame.binary(bytes(100))).encode());
            ByteBuffer in = ByteBuffer.allocate(frames.length);
            ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            for (int i = 0; i < 1000; i++) {
                feed(inbound, in, frames);
            }
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < 1000; i++) {
                feed(inbound, in, frames);
            }
            long allocated = threads.getCurrentThreadAllocatedBytes() - before;
            assertTrue(allocated < 4096, allocated + " bytes for 2000 frames");
        }

        private void feed(Inbound inbound, ByteBuffer in, byte[] frames) throws Exception {
            in.clear().put(frames).flip();
            while (inbound.next(in) == Inbound.Event.DATA) {
                in.position(in.position() + inbound.length());
            }
        }
    }

    /** The transcript of all that is legal, cut into two feeds at every place there is. */
    @ParameterizedTest
    @MethodSource
    void everySplitTellsTheSame(Role role, int cut) throws Exception {
        byte[] wire = everything(role);
        Inbound inbound = inbound(role, Transcript.LIMITS);
        List<Inbound.Event> events = new ArrayList<>();
        int messages = 0;
        for (byte[] part : List.of(Arrays.copyOf(wire, cut), Arrays.copyOfRange(wire, cut, wire.length))) {
            ByteBuffer in = ByteBuffer.wrap(part);
            for (Inbound.Event event = inbound.next(in);
                    event != Inbound.Event.INPUT_NEEDED;
                    event = inbound.next(in)) {
                if (event == Inbound.Event.DATA) {
                    in.position(in.position() + inbound.length());
                    messages += inbound.last() ? 1 : 0;
                } else {
                    events.add(event);
                }
            }
        }
        assertEquals(3, messages);
        assertEquals(List.of(Inbound.Event.PING, Inbound.Event.PONG, Inbound.Event.CLOSE), events);
        assertEquals("bye", inbound.closeStatus().reason());
    }

    static List<Object[]> everySplitTellsTheSame() {
        List<Object[]> cuts = new ArrayList<>();
        for (Role role : Role.values()) {
            for (int cut = 0; cut <= everything(role).length; cut++) {
                cuts.add(new Object[] {role, cut});
            }
        }
        return cuts;
    }

    private static byte[] everything(Role role) {
        return concat(
                masked(role, Frame.text("日本")).encode(),
                masked(role, more(Frame.binary(bytes(3)))).encode(),
                masked(role, Frame.ping(bytes(4))).encode(),
                masked(role, Frame.continuation(bytes(130))).encode(),
                masked(role, Frame.pong(NOTHING)).encode(),
                masked(role, Frame.text("")).encode(),
                masked(role, Frame.close(1000, "bye")).encode());
    }

    private static Inbound inbound(Role role, Limits limits) {
        return new Protocol(role, limits, () -> 0, () -> 0).inbound();
    }

    private static Frame masked(Role role, Frame frame) {
        return role == Role.SERVER ? frame.withMaskingKey(0x37fa213d) : frame;
    }

    private static byte[] concat(byte[]... parts) {
        int length = 0;
        for (byte[] part : parts) {
            length += part.length;
        }
        ByteBuffer all = ByteBuffer.allocate(length);
        for (byte[] part : parts) {
            all.put(part);
        }
        return all.array();
    }
}

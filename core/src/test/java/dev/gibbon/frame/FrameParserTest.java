// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.frame;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.gibbon.CloseCode;
import dev.gibbon.ProtocolException;
import dev.gibbon.Role;
import java.io.ByteArrayOutputStream;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class FrameParserTest {
    private static final int RSV1 = 0x40;
    private static final long SEED = 0x6455;

    /** RFC 6455 §5.7, each example as it stands there. */
    @Nested
    class Section5_7_Examples {
        @Test
        void unmaskedTextMessageInOneFrame() throws ProtocolException {
            assertFrames(Role.CLIENT, "81 05 48 65 6c 6c 6f", text(true, Opcode.TEXT, "Hello"));
        }

        @Test
        void maskedTextMessageInOneFrame() throws ProtocolException {
            assertFrames(Role.SERVER, "81 85 37 fa 21 3d 7f 9f 4d 51 58", text(true, Opcode.TEXT, "Hello"));
        }

        @Test
        void unmaskedTextMessageInTwoFragments() throws ProtocolException {
            assertFrames(
                    Role.CLIENT,
                    "01 03 48 65 6c  80 02 6c 6f",
                    text(false, Opcode.TEXT, "Hel"),
                    text(true, Opcode.CONTINUATION, "lo"));
        }

        @Test
        void unmaskedPing() throws ProtocolException {
            assertFrames(Role.CLIENT, "89 05 48 65 6c 6c 6f", text(true, Opcode.PING, "Hello"));
        }

        @Test
        void maskedPong() throws ProtocolException {
            assertFrames(Role.SERVER, "8a 85 37 fa 21 3d 7f 9f 4d 51 58", text(true, Opcode.PONG, "Hello"));
        }

        @Test
        void binaryMessageOf256Bytes() throws ProtocolException {
            byte[] payload = randomBytes(256);
            assertFrames(Role.CLIENT, concat(hex("82 7e 01 00"), payload), new Frame(true, Opcode.BINARY, payload));
        }

        @Test
        void binaryMessageOf64KiB() throws ProtocolException {
            byte[] payload = randomBytes(65536);
            assertFrames(
                    Role.CLIENT,
                    concat(hex("82 7f 00 00 00 00 00 01 00 00"), payload),
                    new Frame(true, Opcode.BINARY, payload));
        }
    }

    /** Every value of every header field against {@link Oracle}, in every cut. */
    @Nested
    class Section5_2_BaseFraming {
        @ParameterizedTest
        @ValueSource(ints = {0, 0x40, 0x20, 0x70})
        void everyHeaderIsReadOrRefusedAsTheOracleSaysForAServer(int permittedRsvBits) {
            everyHeader(Role.SERVER, permittedRsvBits);
        }

        @ParameterizedTest
        @ValueSource(ints = {0, 0x40, 0x20, 0x70})
        void everyHeaderIsReadOrRefusedAsTheOracleSaysForAClient(int permittedRsvBits) {
            everyHeader(Role.CLIENT, permittedRsvBits);
        }

        private void everyHeader(Role role, int permittedRsvBits) {
            Random random = new Random(SEED);
            for (int firstByte = 0; firstByte < 256; firstByte++) {
                byte[] start = {(byte) firstByte};
                boolean refused = Oracle.read(role, permittedRsvBits, start) instanceof Outcome.Refused;
                // What follows a refused byte is not read, so a few
                // forms show it; a stack trace per refusal is slow.
                List<byte[]> lengths = refused ? lengthForms().subList(4, 6) : lengthForms();
                for (int maskBit : new int[] {0, 0x80}) {
                    for (byte[] length : lengths) {
                        byte[] header = header(firstByte, maskBit, length, random);
                        assertAllCutsAgree(role, permittedRsvBits, header, random);
                    }
                }
            }
        }

        @Test
        void everyPairOfFirstBytesIsReadOrRefusedAsTheOracleSays() {
            for (Role role : Role.values()) {
                for (int pair = 0; pair < 1 << 16; pair++) {
                    byte[] bytes = {(byte) (pair >>> 8), (byte) pair};
                    assertEquals(
                            Oracle.read(role, RSV1, bytes),
                            feed(role, RSV1, bytes, new int[] {2}, FrameParserTest::heap),
                            () -> role + " " + HexFormat.of().formatHex(bytes));
                }
            }
        }

        @ParameterizedTest
        @EnumSource(Role.class)
        void boundaryLengthsAreReadInTheirShortestForm(Role role) throws ProtocolException {
            long[] lengths = {0, 1, 125, 126, 127, 65535, 65536, Integer.MAX_VALUE, 1L << 31, 1L << 32, Long.MAX_VALUE};
            for (long length : lengths) {
                ByteBuffer in = ByteBuffer.allocate(FrameHeader.MAX_HEADER_BYTES);
                if (role == Role.SERVER) {
                    FrameSerializer.putMaskedHeader(in, Opcode.BINARY, true, 0, length, 0x01020304);
                } else {
                    FrameSerializer.putHeader(in, Opcode.BINARY, true, 0, length);
                }
                FrameParser parser = new FrameParser(role, 0);
                assertTrue(parser.parseHeader(in.flip()));
                assertEquals(length, parser.payloadLength());
                assertEquals(length, parser.payloadRemaining());
                assertEquals(length == 0, parser.idle());
                assertFalse(in.hasRemaining());
            }
        }

        @ParameterizedTest
        @CsvSource({
            "82 7e 00 00, 0, 126",
            "82 7e 00 7d, 125, 126",
            "82 7f 00 00 00 00 00 00 00 00, 0, 65536",
            "82 7f 00 00 00 00 00 00 00 7d, 125, 65536",
            "82 7f 00 00 00 00 00 00 ff ff, 65535, 65536"
        })
        void lengthNotInShortestFormFailsWith1002(String header, long length, long least) {
            assertRefused(
                    Role.CLIENT,
                    0,
                    header,
                    "payload length " + length + " is not in its shortest form, this one begins at " + least
                            + " (§5.2)");
        }

        @ParameterizedTest
        @CsvSource({
            "82 7f 80 00 00 00 00 00 00 00, 9223372036854775808",
            "82 7f 80 00 00 00 00 00 00 05, 9223372036854775813",
            "82 7f ff ff ff ff ff ff ff ff, 18446744073709551615"
        })
        void lengthWithTopBitFailsWith1002(String header, String length) {
            assertRefused(
                    Role.CLIENT,
                    0,
                    header,
                    "payload length " + length + " has its top bit set, must be at most 9223372036854775807 (§5.2)");
        }

        @ParameterizedTest
        @ValueSource(ints = {3, 4, 5, 6, 7, 11, 12, 13, 14, 15})
        void reservedOpcodeFailsWith1002AtTheFirstByte(int opcode) {
            for (Role role : Role.values()) {
                String firstByte = HexFormat.of().toHexDigits((byte) (0x80 | opcode));
                assertRefused(role, 0x70, firstByte, "opcode " + opcode + " is reserved (§5.2)");
            }
        }

        @ParameterizedTest
        @CsvSource({
            "c1, 0, RSV1 set on TEXT; permitted: none",
            "a2, 0, RSV2 set on BINARY; permitted: none",
            "91, 0, RSV3 set on TEXT; permitted: none",
            "f0, 0, RSV1+RSV2+RSV3 set on CONTINUATION; permitted: none",
            "e1, 64, RSV2 set on TEXT; permitted: RSV1",
            "c1, 48, RSV1 set on TEXT; permitted: RSV2+RSV3"
        })
        void reservedBitNotPermittedFailsWith1002AtTheFirstByte(String firstByte, int permitted, String message) {
            assertRefused(Role.SERVER, permitted, firstByte, message.replace(';', ',') + " (§5.2)");
        }

        @Test
        void rsv1OnContinuationFailsWith1002EvenIfPermitted() {
            assertRefused(Role.SERVER, RSV1, "c0", "RSV1 set on CONTINUATION, permitted: none (§5.2)");
            assertRefused(Role.SERVER, 0x70, "d0", "RSV1 set on CONTINUATION, permitted: RSV2+RSV3 (§5.2)");
        }

        @Test
        void permittedReservedBitsAreToldToTheCaller() throws ProtocolException {
            FrameParser parser = new FrameParser(Role.CLIENT, 0x70);
            assertTrue(parser.parseHeader(heap(hex("c1 00"))));
            assertTrue(parser.rsv1());
            assertEquals(FrameHeader.RSV1_BIT, parser.rsv());
            assertTrue(parser.parseHeader(heap(hex("30 00"))));
            assertFalse(parser.rsv1());
            assertEquals(FrameHeader.RSV2_BIT | FrameHeader.RSV3_BIT, parser.rsv());
        }

        @Test
        void bitsThatAreNoRsvBitsCannotBePermitted() {
            assertThrows(IllegalArgumentException.class, () -> new FrameParser(Role.SERVER, 0x80));
            assertThrows(IllegalArgumentException.class, () -> new FrameParser(Role.SERVER, 0x0F));
        }
    }

    @Nested
    class Section5_1_Masking {
        @Test
        void unmaskedFrameFromAClientFailsWith1002AtTheSecondByte() {
            assertRefused(Role.SERVER, 0, "81 05", "MASK 0 in a frame from a client, must be 1 (§5.1)");
            assertRefused(Role.SERVER, 0, "81 00", "MASK 0 in a frame from a client, must be 1 (§5.1)");
            assertRefused(Role.SERVER, 0, "81 7f", "MASK 0 in a frame from a client, must be 1 (§5.1)");
        }

        @Test
        void maskedFrameFromAServerFailsWith1002AtTheSecondByte() {
            assertRefused(Role.CLIENT, 0, "81 85", "MASK 1 in a frame from a server, must be 0 (§5.1)");
            assertRefused(Role.CLIENT, 0, "81 80", "MASK 1 in a frame from a server, must be 0 (§5.1)");
            assertRefused(Role.CLIENT, 0, "81 fe", "MASK 1 in a frame from a server, must be 0 (§5.1)");
        }
    }

    @Nested
    class Section5_3_Unmasking {
        @Test
        void payloadIsUnmaskedInPlaceAndThePositionStays() throws ProtocolException {
            byte[] bytes = hex("82 83 01 02 03 04  11 22 33  55 66");
            ByteBuffer in = heap(bytes);
            FrameParser parser = new FrameParser(Role.SERVER, 0);
            assertTrue(parser.parseHeader(in));
            assertEquals(6, in.position());
            assertEquals(3, parser.unmaskPayload(in));
            assertEquals(6, in.position());
            assertEquals("828301020304" + "102030" + "5566", HexFormat.of().formatHex(bytes));
            assertEquals(0, parser.payloadRemaining());
            assertEquals(3, parser.payloadLength());
            assertTrue(parser.idle());
            assertEquals(0, parser.unmaskPayload(in));
        }

        @Test
        void keyPhaseIsCarriedOverEveryCutOfThePayload() throws ProtocolException {
            byte[] plain = randomBytes(40);
            ByteBuffer wire = ByteBuffer.allocate(64);
            FrameSerializer.putMaskedHeader(wire, Opcode.BINARY, true, 0, plain.length, 0xA1B2C3D4);
            int start = wire.position();
            Masking.mask(ByteBuffer.wrap(plain), wire, 0xA1B2C3D4, 0);
            byte[] bytes = Arrays.copyOf(wire.array(), wire.position());
            for (int first = start; first <= bytes.length; first++) {
                for (int second = first; second <= bytes.length; second++) {
                    int[] cuts = {first, second, bytes.length};
                    List<Frame> frames = readFrames(Role.SERVER, bytes, cuts);
                    assertEquals(List.of(new Frame(true, Opcode.BINARY, plain)), frames, () -> Arrays.toString(cuts));
                }
            }
        }

        @Test
        void phaseIsThatOfTheFrameNotOfTheConnection() throws ProtocolException {
            assertFrames(
                    Role.SERVER,
                    "82 81 01 02 03 04 11  82 85 05 06 07 08 11 22 33 44 55",
                    new Frame(true, Opcode.BINARY, hex("10")),
                    new Frame(true, Opcode.BINARY, hex("14 24 34 4c 50")));
        }

        @Test
        void zeroKeyLeavesThePayloadAsItIs() throws ProtocolException {
            assertFrames(Role.SERVER, "82 83 00 00 00 00 11 22 33", new Frame(true, Opcode.BINARY, hex("11 22 33")));
        }

        @Test
        void clientReadsPayloadFromAReadOnlyBuffer() throws ProtocolException {
            ByteBuffer in = heap(hex("82 03 11 22 33")).asReadOnlyBuffer();
            FrameParser parser = new FrameParser(Role.CLIENT, 0);
            assertTrue(parser.parseHeader(in));
            assertEquals(3, parser.unmaskPayload(in));
        }

        @Test
        void payloadLongerThanAnyBufferIsCountedDown() throws ProtocolException {
            ByteBuffer in = heap(hex("82 ff 7f ff ff ff ff ff ff ff 00 00 00 00  01 02 03"));
            FrameParser parser = new FrameParser(Role.SERVER, 0);
            assertTrue(parser.parseHeader(in));
            assertEquals(3, parser.unmaskPayload(in));
            assertEquals(Long.MAX_VALUE - 3, parser.payloadRemaining());
            assertEquals(Long.MAX_VALUE, parser.payloadLength());
            assertFalse(parser.idle());
        }
    }

    @Nested
    class Section5_5_ControlFrames {
        @ParameterizedTest
        @CsvSource({"08, CLOSE", "09, PING", "0a, PONG"})
        void fragmentedControlFrameFailsWith1002AtTheFirstByte(String firstByte, String opcode) {
            assertRefused(Role.SERVER, 0, firstByte, opcode + " is fragmented: FIN 0, must be 1 (§5.5)");
        }

        @ParameterizedTest
        @CsvSource({
            "88 7e, CLOSE payload length in 16-bit form; must be at most 125 (§5.5)",
            "89 7e, PING payload length in 16-bit form; must be at most 125 (§5.5)",
            "8a 7f, PONG payload length in 64-bit form; must be at most 125 (§5.5)"
        })
        void controlFrameOfMoreThan125BytesFailsWith1002AtTheSecondByte(String header, String message) {
            assertRefused(Role.CLIENT, 0, header, message.replace(';', ','));
        }

        @ParameterizedTest
        @CsvSource({"c8, RSV1, CLOSE", "a9, RSV2, PING", "9a, RSV3, PONG"})
        void reservedBitOnControlFrameFailsWith1002EvenIfPermitted(String firstByte, String bit, String opcode) {
            assertRefused(Role.SERVER, 0x70, firstByte, bit + " set on " + opcode + ", permitted: none (§5.2)");
        }

        @Test
        void controlFrameOf125BytesIsRead() throws ProtocolException {
            byte[] payload = randomBytes(125);
            assertFrames(Role.CLIENT, concat(hex("89 7d"), payload), new Frame(true, Opcode.PING, payload));
        }
    }

    @Nested
    class Use {
        @Test
        void idleExactlyBetweenFrames() throws ProtocolException {
            byte[] bytes = hex("81 fe 00 7e 01 02 03 04");
            FrameParser parser = new FrameParser(Role.SERVER, 0);
            assertTrue(parser.idle());
            assertFalse(parser.parseHeader(heap(new byte[0])));
            assertTrue(parser.idle());
            for (int i = 0; i < bytes.length; i++) {
                assertEquals(i == bytes.length - 1, parser.parseHeader(heap(bytes[i])));
                assertFalse(parser.idle());
            }
            assertEquals(125, parser.unmaskPayload(ByteBuffer.allocate(125)));
            assertFalse(parser.idle());
            assertEquals(1, parser.unmaskPayload(ByteBuffer.allocate(125)));
            assertTrue(parser.idle());
        }

        @Test
        void noPayloadIsHandedOutWhileTheHeaderIsIncomplete() throws ProtocolException {
            FrameParser parser = new FrameParser(Role.SERVER, 0);
            assertFalse(parser.parseHeader(heap(hex("82 85 01 02"))));
            assertEquals(0, parser.payloadRemaining());
            assertEquals(0, parser.unmaskPayload(heap(hex("03 04 05"))));
        }

        @Test
        void headerAskedForBeforeThePayloadIsTakenIsMisuse() throws ProtocolException {
            FrameParser parser = new FrameParser(Role.CLIENT, 0);
            ByteBuffer in = heap(hex("82 01 11"));
            assertTrue(parser.parseHeader(in));
            assertThrows(IllegalStateException.class, () -> parser.parseHeader(in));
            assertEquals(1, in.remaining());
        }

        @Test
        void refusedParserReadsNothingMore() {
            FrameParser parser = new FrameParser(Role.CLIENT, 0);
            assertThrows(ProtocolException.class, () -> parser.parseHeader(heap(hex("83"))));
            ByteBuffer good = heap(hex("81 00"));
            assertThrows(IllegalStateException.class, () -> parser.parseHeader(good));
            assertEquals(2, good.remaining());
            assertEquals(0, parser.unmaskPayload(good));
            assertFalse(parser.idle());
        }

        @Test
        void nothingIsAllocatedPerFrame() throws ProtocolException {
            int frames = 100_000;
            ByteBuffer in = ByteBuffer.allocateDirect(1 << 16);
            while (in.remaining() >= 64) {
                FrameSerializer.putMaskedHeader(in, Opcode.TEXT, true, 0, 16, 0x5A6B7C8D);
                in.position(in.position() + 16);
                FrameSerializer.putMaskedHeader(in, Opcode.PING, true, 0, 0, 0x5A6B7C8D);
            }
            in.flip();
            FrameParser parser = new FrameParser(Role.SERVER, 0);
            ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            long least = Long.MAX_VALUE; // the first rounds warm up; a compiler at work may charge us for one of them
            for (int round = 0; round < 10; round++) {
                long before = threads.getCurrentThreadAllocatedBytes();
                parse(parser, in, frames);
                least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
            }
            assertTrue(least <= 256, "bytes allocated for " + frames + " frames: " + least);
        }

        private static void parse(FrameParser parser, ByteBuffer in, int frames) throws ProtocolException {
            for (int i = 0; i < frames; i++) {
                if (!in.hasRemaining()) {
                    in.rewind();
                }
                assertTrue(parser.parseHeader(in));
                in.position(in.position() + parser.unmaskPayload(in));
            }
        }
    }

    /** A frame as the reader of a connection sees it. */
    private record Frame(boolean fin, Opcode opcode, String payload) {
        Frame(boolean fin, Opcode opcode, byte[] payload) {
            this(fin, opcode, HexFormat.of().formatHex(payload));
        }
    }

    /** What comes of header bytes, and how many of them were consumed until it was known. */
    private sealed interface Outcome {
        record Header(int consumed, boolean fin, int rsv, int opcode, long length) implements Outcome {}

        record Refused(int consumed, CloseCode code) implements Outcome {}

        record Incomplete(int consumed) implements Outcome {}
    }

    /** RFC 6455 §5.2 read off the page, with arrays and no state: what the parser is compared with. */
    private static final class Oracle {
        static Outcome read(Role role, int permittedRsvBits, byte[] bytes) {
            if (bytes.length < 1) {
                return new Outcome.Incomplete(0);
            }
            boolean fin = bit(bytes[0], 7);
            int opcode = bytes[0] & 15;
            boolean control = opcode >= 8;
            if (!List.of(0, 1, 2, 8, 9, 10).contains(opcode) || (control && !fin)) {
                return refused(1);
            }
            for (int rsv = 1; rsv <= 3; rsv++) {
                boolean permitted = bit(permittedRsvBits, 7 - rsv) && !control && !(rsv == 1 && opcode == 0);
                if (bit(bytes[0], 7 - rsv) && !permitted) {
                    return refused(1);
                }
            }
            if (bytes.length < 2) {
                return new Outcome.Incomplete(1);
            }
            boolean masked = bit(bytes[1], 7);
            int shortLength = bytes[1] & 127;
            if (masked != (role == Role.SERVER) || (control && shortLength > 125)) {
                return refused(2);
            }
            int lengthBytes = shortLength == 126 ? 2 : shortLength == 127 ? 8 : 0;
            if (bytes.length < 2 + lengthBytes) {
                return new Outcome.Incomplete(bytes.length);
            }
            long length = shortLength;
            if (lengthBytes > 0) {
                length = 0;
                for (int i = 0; i < lengthBytes; i++) {
                    length = length * 256 + (bytes[2 + i] & 255);
                }
                if (length < 0 || length < (lengthBytes == 2 ? 126 : 65536)) {
                    return refused(2 + lengthBytes);
                }
            }
            int headerBytes = 2 + lengthBytes + (masked ? 4 : 0);
            if (bytes.length < headerBytes) {
                return new Outcome.Incomplete(bytes.length);
            }
            return new Outcome.Header(headerBytes, fin, bytes[0] & 0x70, opcode, length);
        }

        private static boolean bit(int bits, int number) {
            return (bits >> number & 1) == 1;
        }

        private static Outcome refused(int consumed) {
            return new Outcome.Refused(consumed, new CloseCode(1002));
        }
    }

    /** Every form of a length, legal or not, without the mask bit. */
    private static List<byte[]> lengthForms() {
        List<byte[]> forms = new ArrayList<>();
        for (int length : new int[] {0, 1, 2, 124, 125}) {
            forms.add(new byte[] {(byte) length});
        }
        for (int length : new int[] {0, 1, 125, 126, 127, 255, 256, 32767, 32768, 65535}) {
            forms.add(ByteBuffer.allocate(3)
                    .put((byte) 126)
                    .putShort((short) length)
                    .array());
        }
        for (long length : new long[] {
            0, 125, 126, 65535, 65536, Integer.MAX_VALUE, 1L << 31, 1L << 32, Long.MAX_VALUE, Long.MIN_VALUE, -1
        }) {
            forms.add(ByteBuffer.allocate(9).put((byte) 127).putLong(length).array());
        }
        return forms;
    }

    private static byte[] header(int firstByte, int maskBit, byte[] length, Random random) {
        ByteBuffer header = ByteBuffer.allocate(1 + length.length + (maskBit == 0 ? 0 : 4));
        header.put((byte) firstByte).put(length).put(1, (byte) (length[0] | maskBit));
        if (maskBit != 0) {
            header.putInt(random.nextInt());
        }
        return header.array();
    }

    private static void assertAllCutsAgree(Role role, int permittedRsvBits, byte[] header, Random random) {
        byte[] bytes = Arrays.copyOf(header, header.length + 3); // what follows a header must not be touched
        Outcome expected = Oracle.read(role, permittedRsvBits, bytes);
        List<int[]> feeds = new ArrayList<>();
        feeds.add(new int[] {bytes.length});
        feeds.add(everyByte(bytes.length));
        for (int cut = 0; cut <= header.length; cut++) {
            feeds.add(new int[] {cut, bytes.length});
        }
        feeds.add(randomCuts(bytes.length, random));
        for (int[] cuts : feeds) {
            assertEquals(
                    expected,
                    feed(role, permittedRsvBits, bytes, cuts, FrameParserTest::heap),
                    () -> role + " " + HexFormat.of().formatHex(header) + " cut at " + Arrays.toString(cuts));
        }
        int[] whole = {bytes.length};
        assertEquals(expected, feed(role, permittedRsvBits, bytes, whole, FrameParserTest::direct));
        assertEquals(expected, feed(role, permittedRsvBits, bytes, whole, FrameParserTest::littleEndian));
        for (int length = 0; length <= header.length; length++) {
            byte[] part = Arrays.copyOf(header, length);
            assertEquals(
                    Oracle.read(role, permittedRsvBits, part),
                    feed(role, permittedRsvBits, part, new int[] {length}, FrameParserTest::heap));
        }
    }

    /** Feeds {@code bytes} in the pieces that end at {@code cuts} until something comes of them. */
    private static Outcome feed(
            Role role, int permittedRsvBits, byte[] bytes, int[] cuts, Function<byte[], ByteBuffer> kind) {
        FrameParser parser = new FrameParser(role, permittedRsvBits);
        int from = 0;
        for (int cut : cuts) {
            ByteBuffer in = kind.apply(Arrays.copyOfRange(bytes, from, cut));
            try {
                if (parser.parseHeader(in)) {
                    assertEquals(parser.payloadLength(), parser.payloadRemaining());
                    return new Outcome.Header(
                            from + in.position(),
                            parser.fin(),
                            parser.rsv(),
                            parser.opcode().value(),
                            parser.payloadLength());
                }
            } catch (ProtocolException e) {
                return new Outcome.Refused(from + in.position(), e.closeCode());
            }
            assertFalse(in.hasRemaining(), "an incomplete header takes all there is");
            from = cut;
        }
        return new Outcome.Incomplete(from);
    }

    private static void assertFrames(Role role, String hex, Frame... expected) throws ProtocolException {
        assertFrames(role, hex(hex), expected);
    }

    /** Reads the frames whole, byte by byte, at every cut (near the start, if they are long) and at random cuts. */
    private static void assertFrames(Role role, byte[] bytes, Frame... expected) throws ProtocolException {
        List<Frame> frames = List.of(expected);
        assertEquals(frames, readFrames(role, bytes, new int[] {bytes.length}));
        assertEquals(frames, readFrames(role, bytes, everyByte(bytes.length)));
        for (int cut = 0; cut <= Math.min(bytes.length, 40); cut++) {
            assertEquals(frames, readFrames(role, bytes, new int[] {cut, bytes.length}));
        }
        Random random = new Random(SEED);
        for (int i = 0; i < 20; i++) {
            assertEquals(frames, readFrames(role, bytes, randomCuts(bytes.length, random)));
        }
    }

    private static List<Frame> readFrames(Role role, byte[] bytes, int[] cuts) throws ProtocolException {
        FrameParser parser = new FrameParser(role, 0);
        List<Frame> frames = new ArrayList<>();
        ByteArrayOutputStream payload = new ByteArrayOutputStream();
        boolean inPayload = false;
        int from = 0;
        for (int cut : cuts) {
            byte[] piece = Arrays.copyOfRange(bytes, from, cut);
            ByteBuffer in = heap(piece);
            from = cut;
            while (in.hasRemaining()) {
                if (!inPayload) {
                    inPayload = parser.parseHeader(in);
                }
                if (inPayload) {
                    int count = parser.unmaskPayload(in);
                    payload.write(piece, in.position(), count);
                    in.position(in.position() + count);
                    if (parser.payloadRemaining() == 0) {
                        frames.add(new Frame(parser.fin(), parser.opcode(), payload.toByteArray()));
                        payload.reset();
                        inPayload = false;
                    }
                }
            }
        }
        assertTrue(parser.idle());
        return frames;
    }

    /** The refusal comes with the last byte of {@code hex}, whole and byte by byte, and not one byte sooner. */
    private static void assertRefused(Role role, int permittedRsvBits, String hex, String message) {
        byte[] bytes = hex(hex);
        ProtocolException whole = assertThrows(
                ProtocolException.class, () -> new FrameParser(role, permittedRsvBits).parseHeader(heap(bytes)));
        assertEquals(CloseCode.PROTOCOL_ERROR, whole.closeCode());
        assertEquals(message, whole.getMessage());
        FrameParser parser = new FrameParser(role, permittedRsvBits);
        ProtocolException bytewise = assertThrows(ProtocolException.class, () -> {
            for (int i = 0; i < bytes.length; i++) {
                assertFalse(parser.parseHeader(heap(bytes[i])), "byte " + i);
            }
        });
        assertEquals(message, bytewise.getMessage());
        assertEquals(
                new Outcome.Incomplete(bytes.length - 1),
                feed(role, permittedRsvBits, bytes, new int[] {bytes.length - 1}, FrameParserTest::heap));
    }

    private static Frame text(boolean fin, Opcode opcode, String payload) {
        return new Frame(fin, opcode, payload.getBytes(UTF_8));
    }

    private static int[] everyByte(int length) {
        int[] cuts = new int[length];
        Arrays.setAll(cuts, i -> i + 1);
        return cuts;
    }

    private static int[] randomCuts(int length, Random random) {
        int[] cuts = random.ints(1 + random.nextInt(6), 0, length + 1).sorted().toArray();
        cuts[cuts.length - 1] = length;
        return cuts;
    }

    @ParameterizedTest
    @CsvSource({
        "81, true",
        "01, true",
        "82, true",
        "02, true",
        "C1, true", // RSV1 is negotiated here
        "80, false",
        "00, false",
        "88, false",
        "89, false",
        "8A, false",
        "83, false",
        "A1, false",
        "C0, false"
    })
    void aMessageBeginsWithAFrameOfDataThatIsPermitted(String first, boolean may) {
        FrameParser parser = new FrameParser(Role.SERVER, 0x40);
        assertEquals(may, parser.mayBeginMessageWith(hex(first)[0]));
    }

    private static ByteBuffer heap(byte... bytes) {
        return ByteBuffer.wrap(bytes);
    }

    private static ByteBuffer direct(byte[] bytes) {
        return ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
    }

    private static ByteBuffer littleEndian(byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static byte[] hex(String hex) {
        return HexFormat.of().parseHex(hex.replace(" ", ""));
    }

    private static byte[] concat(byte[] head, byte[] tail) {
        return ByteBuffer.allocate(head.length + tail.length)
                .put(head)
                .put(tail)
                .array();
    }

    private static byte[] randomBytes(int length) {
        byte[] bytes = new byte[length];
        new Random(SEED).nextBytes(bytes);
        return bytes;
    }
}

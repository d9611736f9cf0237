// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.frame;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class Utf8ValidatorTest {
    /** What a byte sequence is, as far as it goes. */
    private enum Verdict {
        COMPLETE,
        CUT,
        INVALID
    }

    /** RFC 3629 §4, against the JDK's strict decoder and against the encodings of all code points. */
    @Nested
    class Rfc3629_Syntax {
        @Test
        void everySequenceOfOneAndTwoBytesIsJudgedAsByTheDecoder() {
            for (int first = 0; first < 256; first++) {
                assertAgrees((byte) first);
                for (int second = 0; second < 256; second++) {
                    assertAgrees((byte) first, (byte) second);
                }
            }
        }

        @Test
        void everySequenceOfBoundaryBytesUpToFourIsJudgedAsByTheDecoder() {
            byte[] boundaries = HexFormat.of().parseHex("007f808f909fa0bfc0c1c2dfe0e1ecedeeeff0f1f3f4f5ff");
            for (byte a : boundaries) {
                for (byte b : boundaries) {
                    for (byte c : boundaries) {
                        assertAgrees(a, b, c);
                        for (byte d : boundaries) {
                            assertAgrees(a, b, c, d);
                        }
                    }
                }
            }
        }

        @Test
        void everyCodePointIsAcceptedAndEverySurrogateIsNot() {
            Utf8Validator validator = new Utf8Validator();
            for (int codePoint = 0; codePoint <= Character.MAX_CODE_POINT; codePoint++) {
                byte[] bytes = encode(codePoint);
                boolean surrogate = codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE;
                validator.reset();
                assertEquals(!surrogate, validator.accept(ByteBuffer.wrap(bytes), 0, bytes.length));
                assertEquals(
                        !surrogate, validator.complete(), () -> HexFormat.of().formatHex(bytes));
            }
        }

        @ParameterizedTest
        @CsvSource({
            "7f",
            "c280",
            "dfbf",
            "e0a080",
            "ed9fbf",
            "ee8080",
            "efbfbf",
            "f0908080",
            "f48fbfbf", // ends of the ranges
            "00",
            "efbbbf",
            "efbfbe",
            "efb790",
            "f09fbfbf",
            "ee8080",
            "f3b08080" // NUL, BOM, noncharacters, private use
        })
        void legalSequenceIsComplete(String hex) {
            assertEquals(Verdict.COMPLETE, whole(HexFormat.of().parseHex(hex)));
        }

        /** {@code failsAt} is the index of the first byte after which no valid text can follow. */
        @ParameterizedTest
        @CsvSource({
            "80, 0", // continuation byte with nothing to continue
            "bf, 0",
            "4180, 1",
            "c080, 0", // overlong: two bytes
            "c1bf, 0",
            "e08080, 1", // overlong: three bytes
            "e09fbf, 1",
            "f0808080, 1", // overlong: four bytes
            "f08fbfbf, 1",
            "eda080, 1", // surrogates
            "edbfbf, 1",
            "f4908080, 1", // above U+10FFFF
            "f5808080, 0",
            "f8888080, 0", // five and six bytes, as RFC 2279 had them
            "fc84808080, 0",
            "fe, 0",
            "ff, 0",
            "c241, 1", // start byte without its continuation
            "e28241, 2",
            "f09f9841, 3",
            "c2c2, 1",
            "e282e2, 2",
            "ceba e1bdb9 cf83 cebc ceb5 eda080 656469746564, 12", // Greek, a surrogate, ASCII
            "ceba e1bdb9 cf83 cebc ceb5 f4908080 656469746564, 12" // Greek, above U+10FFFF, ASCII
        })
        void illegalSequenceFailsAtItsFirstImpossibleByte(String hex, int failsAt) {
            byte[] bytes = HexFormat.of().parseHex(hex.replace(" ", ""));
            assertEquals(failsAt, failureIndex(bytes));
            assertEquals(Verdict.INVALID, whole(bytes));
        }
    }

    /** RFC 6455 §8.1: text is judged as it comes. */
    @Nested
    class Section8_1_Incremental {
        private static final String MIXED = "Hello-\u00b5@\u00df\u00f6\u00e4 \u20ac\ud7ff\ue000 "
                + "\ud83d\ude00\udbff\udfff plain ASCII for longer than eight bytes \u03ba\u1f79\u03c3\u03bc\u03b5";

        @Test
        void validTextIsAcceptedInEveryTwoCuts() {
            byte[] bytes = MIXED.getBytes(UTF_8);
            ByteBuffer buffer = ByteBuffer.wrap(bytes);
            Utf8Validator validator = new Utf8Validator();
            for (int first = 0; first <= bytes.length; first++) {
                for (int second = first; second <= bytes.length; second++) {
                    validator.reset();
                    assertTrue(validator.accept(buffer, 0, first));
                    assertEquals(first == bytes.length || isBoundary(bytes, first), validator.complete());
                    assertTrue(validator.accept(buffer, first, second));
                    assertTrue(validator.accept(buffer, second, bytes.length));
                    assertTrue(validator.complete());
                }
            }
        }

        @Test
        void mutatedTextIsJudgedAlikeInEveryCut() {
            Random random = new Random(0x3629);
            byte[] valid = MIXED.getBytes(UTF_8);
            for (int round = 0; round < 2000; round++) {
                byte[] bytes = Arrays.copyOfRange(valid, 0, 1 + random.nextInt(valid.length));
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
                Verdict expected = oracle(bytes);
                assertEquals(expected, whole(bytes), () -> HexFormat.of().formatHex(bytes));
                assertEquals(expected, byteByByte(bytes));
                assertEquals(
                        oracleFailureIndex(bytes),
                        failureIndex(bytes),
                        () -> HexFormat.of().formatHex(bytes));
                int cut = random.nextInt(bytes.length + 1);
                Utf8Validator validator = new Utf8Validator();
                validator.accept(ByteBuffer.wrap(bytes), 0, cut);
                validator.accept(ByteBuffer.wrap(bytes), cut, bytes.length);
                assertEquals(expected, verdict(validator));
            }
        }

        @Test
        void randomTextInRandomBuffersIsAccepted() {
            Random random = new Random(0x8_1);
            for (int round = 0; round < 300; round++) {
                byte[] bytes = randomText(random, 200).getBytes(UTF_8);
                ByteBuffer direct = ByteBuffer.allocateDirect(bytes.length)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .put(bytes);
                Utf8Validator validator = new Utf8Validator();
                for (int from = 0; from < bytes.length; ) {
                    int to = Math.min(bytes.length, from + 1 + random.nextInt(40));
                    assertTrue(validator.accept(direct, from, to));
                    from = to;
                }
                assertTrue(validator.complete());
            }
        }

        @ParameterizedTest
        @ValueSource(strings = {"c2", "e2", "e282", "e0", "ed", "f0", "f09f", "f09f98", "f4"})
        void cutCodePointIsAcceptedButNotComplete(String hex) {
            assertEquals(Verdict.CUT, whole(HexFormat.of().parseHex(hex)));
            assertEquals(Verdict.CUT, whole(HexFormat.of().parseHex("4142434445464748494a" + hex)));
        }

        @Test
        void supplementaryCharacterAtTheEndOfEveryBufferSizeIsFollowedOn() {
            byte[] smile = "\ud83d\ude00".getBytes(UTF_8);
            for (int size = 1; size <= 64; size++) {
                for (int inside = 1; inside <= Math.min(size, 4); inside++) {
                    byte[] text = new byte[size - inside + 4 + 3];
                    Arrays.fill(text, (byte) 'a');
                    System.arraycopy(smile, 0, text, size - inside, 4);
                    Utf8Validator validator = new Utf8Validator();
                    assertTrue(validator.accept(ByteBuffer.wrap(text), 0, size));
                    assertEquals(inside == 4, validator.complete());
                    assertTrue(validator.accept(ByteBuffer.wrap(text), size, text.length));
                    assertTrue(validator.complete());
                }
            }
        }

        @Test
        void oneBadByteInLongAsciiIsFoundAtEveryPosition() {
            for (int length : new int[] {42, 48, 64, 100}) {
                for (int position = 0; position <= 40; position++) {
                    byte[] bytes = new byte[length];
                    Arrays.fill(bytes, (byte) 'x');
                    bytes[position] = (byte) 0xFF;
                    assertEquals(Verdict.INVALID, whole(bytes), "at " + position + " of " + length);
                    assertEquals(position, failureIndex(bytes));
                    bytes[position] = (byte) 0xC3; // a start byte that ASCII follows
                    assertEquals(Verdict.INVALID, whole(bytes), "at " + position + " of " + length);
                    assertEquals(position + 1, failureIndex(bytes));
                    bytes[position + 1] = (byte) 0xA4;
                    assertEquals(Verdict.COMPLETE, whole(bytes), "at " + position + " of " + length);
                }
            }
        }

        @Test
        void asciiInsideACodePointIsRefusedHoweverMuchOfItThereIs() {
            for (String start : List.of("c3", "e2", "e282", "f0", "f09f98")) {
                byte[] cut = HexFormat.of().parseHex(start);
                for (int before = 0; before <= 20; before++) {
                    for (int ascii = 1; ascii <= 40; ascii++) {
                        // Two bytes of a code point at the start, so that
                        // the whole does not begin with a run of ASCII.
                        ByteBuffer text = ByteBuffer.allocate(2 + before + cut.length + ascii);
                        text.put("\u00e4".getBytes(UTF_8))
                                .put("x".repeat(before).getBytes(UTF_8));
                        text.put(cut).put("x".repeat(ascii).getBytes(UTF_8));
                        assertEquals(Verdict.INVALID, whole(text.array()), start + " after " + before);
                        Utf8Validator validator = new Utf8Validator();
                        int asciiFrom = text.capacity() - ascii;
                        assertTrue(validator.accept(text, 0, asciiFrom));
                        assertFalse(validator.accept(text, asciiFrom, text.capacity()), start + " cut");
                    }
                }
            }
        }

        @Test
        void failureStaysUntilReset() {
            Utf8Validator validator = new Utf8Validator();
            assertFalse(validator.accept(ByteBuffer.wrap(new byte[] {(byte) 0xFF}), 0, 1));
            assertFalse(validator.accept(ByteBuffer.wrap("all fine from here on".getBytes(UTF_8)), 0, 21));
            assertFalse(validator.accept(ByteBuffer.allocate(0), 0, 0));
            assertFalse(validator.complete());
            validator.reset();
            assertTrue(validator.complete());
            assertTrue(validator.accept(ByteBuffer.wrap("fine".getBytes(UTF_8)), 0, 4));
        }

        @Test
        void resetForgetsACutCodePoint() {
            Utf8Validator validator = new Utf8Validator();
            assertTrue(validator.accept(ByteBuffer.wrap(new byte[] {(byte) 0xF0}), 0, 1));
            validator.reset();
            assertTrue(validator.accept(ByteBuffer.wrap(new byte[] {'a'}), 0, 1));
            assertTrue(validator.complete());
        }

        @Test
        void onlyTheRangeIsLookedAtAndNothingMoves() {
            byte[] bytes = HexFormat.of().parseHex("ffff" + "c3a4" + "61626364656667686970" + "ffff");
            ByteBuffer buffer = ByteBuffer.wrap(bytes).position(1).limit(15);
            Utf8Validator validator = new Utf8Validator();
            assertTrue(validator.accept(buffer, 2, 14));
            assertTrue(validator.complete());
            assertTrue(validator.accept(buffer, 5, 5));
            assertEquals(1, buffer.position());
            assertEquals(15, buffer.limit());
            assertThrows(IndexOutOfBoundsException.class, () -> validator.accept(buffer, 2, 16));
        }
    }

    @Nested
    class Section5_6_StringsToSend {
        @ParameterizedTest
        @CsvSource({"'', -1", "plain, -1", "a\ud83d\ude00b, -1", "\ud83d\ude00\udbff\udfff, -1", "\ud7ff\ue000, -1"})
        void wellFormedStringHasNone(String s, int index) {
            assertEquals(index, Utf8Validator.invalidSurrogateIndex(s));
        }

        @Test
        void loneSurrogateIsFoundWhereItStands() {
            assertEquals(0, Utf8Validator.invalidSurrogateIndex("\ud83d"));
            assertEquals(0, Utf8Validator.invalidSurrogateIndex("\ude00"));
            assertEquals(1, Utf8Validator.invalidSurrogateIndex("a\ud83d"));
            assertEquals(1, Utf8Validator.invalidSurrogateIndex("a\ud83db"));
            assertEquals(0, Utf8Validator.invalidSurrogateIndex("\ud83d\ud83d\ude00"));
            assertEquals(2, Utf8Validator.invalidSurrogateIndex("\ud83d\ude00\ude00"));
            assertEquals(3, Utf8Validator.invalidSurrogateIndex(CharBuffer.wrap("abc\udfff")));
        }
    }

    private static void assertAgrees(byte... bytes) {
        Verdict expected = oracle(bytes);
        assertEquals(expected, whole(bytes), () -> HexFormat.of().formatHex(bytes));
        assertEquals(
                oracleFailureIndex(bytes),
                failureIndex(bytes),
                () -> HexFormat.of().formatHex(bytes));
        // The same behind and before ASCII, where the eight-byte steps have their say.
        byte[] framed = new byte[bytes.length + 27];
        Arrays.fill(framed, (byte) 'x');
        System.arraycopy(bytes, 0, framed, 11, bytes.length);
        assertEquals(
                expected == Verdict.COMPLETE ? Verdict.COMPLETE : Verdict.INVALID,
                whole(framed),
                () -> HexFormat.of().formatHex(framed));
    }

    /** The strict decoder's verdict on a text that may go on. */
    private static Verdict oracle(byte[] bytes) {
        CharsetDecoder decoder = UTF_8.newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
        ByteBuffer in = ByteBuffer.wrap(bytes);
        CoderResult result = decoder.decode(in, CharBuffer.allocate(bytes.length + 1), false);
        if (result.isError()) {
            return Verdict.INVALID;
        }
        if (!in.hasRemaining()) {
            return Verdict.COMPLETE;
        }
        // The decoder may put off its judgment of an unfinished
        // sequence: it can go on if some ending makes it valid.
        byte[] rest = new byte[in.remaining()];
        in.get(rest);
        return canGoOn(rest) ? Verdict.CUT : Verdict.INVALID;
    }

    private static boolean canGoOn(byte[] start) {
        for (String ending : List.of("80", "8080", "808080", "a080", "9f80", "908080", "8f8080")) {
            byte[] tail = HexFormat.of().parseHex(ending);
            byte[] candidate = Arrays.copyOf(start, start.length + tail.length);
            System.arraycopy(tail, 0, candidate, start.length, tail.length);
            if (isOneCodePoint(candidate)) {
                return true;
            }
        }
        return false;
    }

    private static boolean isOneCodePoint(byte[] bytes) {
        String decoded = new String(bytes, UTF_8);
        return decoded.codePointCount(0, decoded.length()) == 1
                && decoded.codePointAt(0) != 0xFFFD
                && Arrays.equals(bytes, decoded.getBytes(UTF_8));
    }

    /** The shortest prefix that is invalid ends with the first impossible byte; -1 if there is none. */
    private static int oracleFailureIndex(byte[] bytes) {
        for (int length = 1; length <= bytes.length; length++) {
            if (oracle(Arrays.copyOf(bytes, length)) == Verdict.INVALID) {
                return length - 1;
            }
        }
        return -1;
    }

    private static int failureIndex(byte[] bytes) {
        Utf8Validator validator = new Utf8Validator();
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        for (int i = 0; i < bytes.length; i++) {
            if (!validator.accept(buffer, i, i + 1)) {
                return i;
            }
        }
        return -1;
    }

    private static Verdict whole(byte[] bytes) {
        Utf8Validator validator = new Utf8Validator();
        boolean accepted = validator.accept(ByteBuffer.wrap(bytes), 0, bytes.length);
        Verdict verdict = verdict(validator);
        assertEquals(accepted, verdict != Verdict.INVALID);
        return verdict;
    }

    private static Verdict byteByByte(byte[] bytes) {
        Utf8Validator validator = new Utf8Validator();
        for (byte b : bytes) {
            validator.accept(ByteBuffer.wrap(new byte[] {b}), 0, 1);
        }
        return verdict(validator);
    }

    private static Verdict verdict(Utf8Validator validator) {
        if (validator.complete()) {
            return Verdict.COMPLETE;
        }
        return validator.accept(ByteBuffer.allocate(0), 0, 0) ? Verdict.CUT : Verdict.INVALID;
    }

    /** The bit patterns of RFC 3629 §3, for any number up to U+10FFFF, surrogates too. */
    private static byte[] encode(int c) {
        if (c < 0x80) {
            return new byte[] {(byte) c};
        }
        if (c < 0x800) {
            return new byte[] {(byte) (0xC0 | c >> 6), tail(c)};
        }
        if (c < 0x10000) {
            return new byte[] {(byte) (0xE0 | c >> 12), tail(c >> 6), tail(c)};
        }
        return new byte[] {(byte) (0xF0 | c >> 18), tail(c >> 12), tail(c >> 6), tail(c)};
    }

    private static byte tail(int bits) {
        return (byte) (0x80 | (bits & 0x3F));
    }

    private static boolean isBoundary(byte[] bytes, int index) {
        return (bytes[index] & 0xC0) != 0x80;
    }

    private static String randomText(Random random, int codePoints) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < codePoints; i++) {
            int range = new int[] {0x80, 0x80, 0x800, 0xD800, 0x110000}[random.nextInt(5)];
            int c = random.nextInt(range);
            text.appendCodePoint(c >= 0xD800 && c <= 0xDFFF ? 'x' : c);
        }
        return text.toString();
    }
}

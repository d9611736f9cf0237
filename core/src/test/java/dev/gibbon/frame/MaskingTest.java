// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.frame;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.BufferOverflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class MaskingTest {
    private static final int KEY = 0x37FA213D;
    private static final int[] LENGTHS =
            IntStream.concat(IntStream.rangeClosed(0, 130), IntStream.of(1024)).toArray();

    /** Where the bytes of a buffer lie and how it reads its words. */
    enum Kind {
        HEAP,
        DIRECT,
        HEAP_SLICE,
        DIRECT_SLICE,
        HEAP_LITTLE_ENDIAN,
        DIRECT_LITTLE_ENDIAN;

        ByteBuffer holding(byte[] bytes) {
            ByteBuffer buffer = switch (this) {
                case HEAP, HEAP_LITTLE_ENDIAN -> ByteBuffer.allocate(bytes.length);
                case DIRECT, DIRECT_LITTLE_ENDIAN -> ByteBuffer.allocateDirect(bytes.length);
                case HEAP_SLICE -> ByteBuffer.allocate(bytes.length + 5).slice(3, bytes.length);
                case DIRECT_SLICE -> ByteBuffer.allocateDirect(bytes.length + 5).slice(3, bytes.length);
            };
            if (this == HEAP_LITTLE_ENDIAN || this == DIRECT_LITTLE_ENDIAN) {
                buffer.order(ByteOrder.LITTLE_ENDIAN);
            }
            return buffer.put(bytes).clear();
        }
    }

    @Nested
    class Section5_3_InPlace {
        @ParameterizedTest
        @EnumSource
        void equalsTheByteLoopAtEveryLengthOffsetAndPhase(Kind kind) {
            for (int length : LENGTHS) {
                for (int offset = 0; offset < 8; offset++) {
                    byte[] bytes = randomBytes(offset + length + 9);
                    for (int phase = 0; phase < 4; phase++) {
                        ByteBuffer buffer = kind.holding(bytes);
                        Masking.mask(buffer, offset, offset + length, KEY, phase);
                        assertArrayEquals(
                                byteLoop(bytes, offset, offset + length, KEY, phase),
                                content(buffer),
                                "length " + length + ", offset " + offset + ", phase " + phase);
                    }
                }
            }
        }

        @ParameterizedTest
        @EnumSource
        void positionLimitAndOrderStay(Kind kind) {
            ByteBuffer buffer = kind.holding(new byte[40]).limit(35).position(20);
            ByteOrder order = buffer.order();
            Masking.mask(buffer, 3, 33, KEY, 1);
            assertEquals(20, buffer.position());
            assertEquals(35, buffer.limit());
            assertEquals(order, buffer.order());
        }

        @Test
        void phaseCountsFromTheStartOfThePayloadHoweverFarThatIs() {
            byte[] bytes = randomBytes(21);
            for (long phase : new long[] {4, 7, (1L << 32) + 1, Long.MAX_VALUE}) {
                ByteBuffer buffer = ByteBuffer.wrap(bytes.clone());
                Masking.mask(buffer, 0, 21, KEY, phase);
                assertArrayEquals(byteLoop(bytes, 0, 21, KEY, (int) (phase % 4)), buffer.array());
            }
        }

        @Test
        void everyKeyByteMeetsItsOwnPlace() {
            ByteBuffer buffer = ByteBuffer.allocate(10);
            Masking.mask(buffer, 0, 10, 0x01020304, 0);
            assertEquals("01020304010203040102", HexFormat.of().formatHex(buffer.array()));
        }

        @Test
        void zeroKeyTouchesNothing() {
            ByteBuffer readOnly = ByteBuffer.wrap(randomBytes(30)).asReadOnlyBuffer();
            byte[] before = content(readOnly);
            Masking.mask(readOnly, 0, 30, 0, 0); // would throw if it wrote
            assertArrayEquals(before, content(readOnly));
        }

        @Test
        void rangeOutsideTheLimitIsMisuse() {
            ByteBuffer buffer = ByteBuffer.allocate(20).limit(10);
            assertThrows(IndexOutOfBoundsException.class, () -> Masking.mask(buffer, 0, 11, KEY, 0));
            assertThrows(IndexOutOfBoundsException.class, () -> Masking.mask(buffer, -1, 5, KEY, 0));
            assertThrows(IndexOutOfBoundsException.class, () -> Masking.mask(buffer, 6, 5, KEY, 0));
            assertArrayEquals(new byte[20], buffer.array());
        }
    }

    @Nested
    class Section5_3_Copying {
        @ParameterizedTest
        @EnumSource
        void equalsTheByteLoopAtEveryLengthAndPhase(Kind kind) {
            for (int length : LENGTHS) {
                byte[] bytes = randomBytes(length);
                for (int phase = 0; phase < 4; phase++) {
                    ByteBuffer src = kind.holding(bytes).asReadOnlyBuffer();
                    for (Kind into : Kind.values()) {
                        ByteBuffer dst = into.holding(new byte[length + 12]).position(5);
                        Masking.mask(src.clear(), dst, KEY, phase);
                        assertEquals(0, src.remaining());
                        assertEquals(5 + length, dst.position());
                        byte[] expected = new byte[length + 12];
                        System.arraycopy(byteLoop(bytes, 0, length, KEY, phase), 0, expected, 5, length);
                        assertArrayEquals(expected, content(dst), "length " + length + ", phase " + phase);
                    }
                    assertArrayEquals(bytes, content(src));
                }
            }
        }

        @Test
        void onlyWhatRemainsIsTaken() {
            ByteBuffer src = ByteBuffer.wrap(randomBytes(30)).position(7).limit(19);
            ByteBuffer dst = ByteBuffer.allocate(12);
            Masking.mask(src, dst, KEY, 0);
            assertEquals(19, src.position());
            assertArrayEquals(byteLoop(Arrays.copyOfRange(src.array(), 7, 19), 0, 12, KEY, 0), dst.array());
        }

        @Test
        void zeroKeyCopies() {
            byte[] bytes = randomBytes(13);
            ByteBuffer dst = ByteBuffer.allocate(13);
            Masking.mask(ByteBuffer.wrap(bytes), dst, 0, 2);
            assertArrayEquals(bytes, dst.array());
        }

        @Test
        void noRoomMovesNothing() {
            ByteBuffer src = ByteBuffer.wrap(randomBytes(13));
            ByteBuffer dst = ByteBuffer.allocate(12);
            assertThrows(BufferOverflowException.class, () -> Masking.mask(src, dst, KEY, 0));
            assertEquals(13, src.remaining());
            assertEquals(12, dst.remaining());
            assertArrayEquals(new byte[12], dst.array());
        }
    }

    /** The RFC's own formula: octet i meets octet i mod 4 of the key. */
    private static byte[] byteLoop(byte[] bytes, int from, int to, int key, int phase) {
        byte[] keyBytes = {(byte) (key >> 24), (byte) (key >> 16), (byte) (key >> 8), (byte) key};
        byte[] out = bytes.clone();
        for (int i = from; i < to; i++) {
            out[i] ^= keyBytes[(i - from + phase) % 4];
        }
        return out;
    }

    private static byte[] content(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.capacity()];
        buffer.duplicate().clear().get(bytes);
        return bytes;
    }

    private static byte[] randomBytes(int length) {
        byte[] bytes = new byte[length];
        new Random(length).nextBytes(bytes);
        return bytes;
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.frame;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.ProtocolException;
import dev.gibbon.Role;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class FrameSerializerTest {
    private static final int KEY = 0x37FA213D;

    @Nested
    class Section5_7_Examples {
        @Test
        void headersAreThoseOfTheExamples() {
            assertEquals("8105", unmasked(Opcode.TEXT, true, 0, 5));
            assertEquals("818537fa213d", masked(Opcode.TEXT, true, 0, 5));
            assertEquals("0103", unmasked(Opcode.TEXT, false, 0, 3));
            assertEquals("8002", unmasked(Opcode.CONTINUATION, true, 0, 2));
            assertEquals("8905", unmasked(Opcode.PING, true, 0, 5));
            assertEquals("8a8537fa213d", masked(Opcode.PONG, true, 0, 5));
            assertEquals("827e0100", unmasked(Opcode.BINARY, true, 0, 256));
            assertEquals("827f0000000000010000", unmasked(Opcode.BINARY, true, 0, 65536));
        }
    }

    @Nested
    class Section5_2_BaseFraming {
        @ParameterizedTest
        @CsvSource({
            "0, 8200",
            "1, 8201",
            "125, 827d",
            "126, 827e007e",
            "127, 827e007f",
            "32768, 827e8000",
            "65535, 827effff",
            "65536, 827f0000000000010000",
            "2147483647, 827f000000007fffffff",
            "2147483648, 827f0000000080000000",
            "9223372036854775807, 827f7fffffffffffffff"
        })
        void lengthTakesItsShortestForm(long length, String header) {
            assertEquals(header, unmasked(Opcode.BINARY, true, 0, length));
            assertEquals(header.length() / 2, FrameSerializer.headerBytes(length, false));
            assertEquals(header.length() / 2 + 4, FrameSerializer.headerBytes(length, true));
        }

        @Test
        void reservedBitsStandAsGiven() {
            assertEquals("c100", unmasked(Opcode.TEXT, true, FrameHeader.RSV1_BIT, 0));
            assertEquals("2000", unmasked(Opcode.CONTINUATION, false, FrameHeader.RSV2_BIT, 0));
            assertEquals("f200", unmasked(Opcode.BINARY, true, 0x70, 0));
        }

        @Test
        void byteOrderOfTheBufferDoesNotMatterAndStays() {
            for (long length : new long[] {5, 256, 65536}) {
                ByteBuffer little = ByteBuffer.allocate(14).order(ByteOrder.LITTLE_ENDIAN);
                FrameSerializer.putMaskedHeader(little, Opcode.TEXT, true, 0, length, KEY);
                assertEquals(ByteOrder.LITTLE_ENDIAN, little.order());
                assertEquals(masked(Opcode.TEXT, true, 0, length), hex(little));
            }
        }

        @Test
        void positionMovesPastTheHeaderFromWhereItWas() {
            ByteBuffer dst = ByteBuffer.allocateDirect(20).position(3);
            FrameSerializer.putHeader(dst, Opcode.TEXT, true, 0, 300);
            assertEquals(7, dst.position());
            assertEquals("000000" + "817e012c", hex(dst));
        }

        @ParameterizedTest
        @EnumSource
        void parserReadsEveryHeaderBack(Role role) throws ProtocolException {
            for (Opcode opcode : Opcode.values()) {
                for (boolean fin : opcode.isControl() ? new boolean[] {true} : new boolean[] {true, false}) {
                    for (long length : opcode.isControl() ? new long[] {0, 125} : new long[] {0, 126, 1L << 40}) {
                        int rsv = opcode == Opcode.TEXT ? FrameHeader.RSV1_BIT : 0;
                        ByteBuffer wire = ByteBuffer.allocate(FrameHeader.MAX_HEADER_BYTES);
                        if (role == Role.CLIENT) {
                            FrameSerializer.putMaskedHeader(wire, opcode, fin, rsv, length, KEY);
                        } else {
                            FrameSerializer.putHeader(wire, opcode, fin, rsv, length);
                        }
                        FrameParser parser = new FrameParser(role.peer(), FrameHeader.RSV1_BIT);
                        assertTrue(parser.parseHeader(wire.flip()));
                        assertEquals(opcode, parser.opcode());
                        assertEquals(fin, parser.fin());
                        assertEquals(rsv, parser.rsv());
                        assertEquals(length, parser.payloadLength());
                    }
                }
            }
        }

        @Test
        void bitsThatAreNoRsvBitsAreMisuse() {
            assertMisuse(Opcode.TEXT, true, 0x80, 0);
            assertMisuse(Opcode.TEXT, true, 0x01, 0);
        }

        @Test
        void negativeLengthIsMisuse() {
            assertMisuse(Opcode.TEXT, true, 0, -1);
        }
    }

    @Nested
    class Section5_5_ControlFrames {
        @ParameterizedTest
        @EnumSource(names = {"CLOSE", "PING", "PONG"})
        void fragmentedOrLongOrExtendedControlFrameIsMisuse(Opcode opcode) {
            assertMisuse(opcode, false, 0, 0);
            assertMisuse(opcode, true, 0, 126);
            assertMisuse(opcode, true, FrameHeader.RSV1_BIT, 0);
        }
    }

    private static void assertMisuse(Opcode opcode, boolean fin, int rsvBits, long length) {
        ByteBuffer dst = ByteBuffer.allocate(14);
        assertThrows(
                IllegalArgumentException.class, () -> FrameSerializer.putHeader(dst, opcode, fin, rsvBits, length));
        assertThrows(
                IllegalArgumentException.class,
                () -> FrameSerializer.putMaskedHeader(dst, opcode, fin, rsvBits, length, KEY));
        assertEquals(0, dst.position());
    }

    private static String unmasked(Opcode opcode, boolean fin, int rsvBits, long length) {
        ByteBuffer dst = ByteBuffer.allocate(FrameHeader.MAX_HEADER_BYTES);
        FrameSerializer.putHeader(dst, opcode, fin, rsvBits, length);
        return hex(dst);
    }

    private static String masked(Opcode opcode, boolean fin, int rsvBits, long length) {
        ByteBuffer dst = ByteBuffer.allocate(FrameHeader.MAX_HEADER_BYTES);
        FrameSerializer.putMaskedHeader(dst, opcode, fin, rsvBits, length, KEY);
        return hex(dst);
    }

    private static String hex(ByteBuffer written) {
        byte[] bytes = new byte[written.position()];
        written.get(0, bytes);
        return HexFormat.of().formatHex(bytes);
    }
}

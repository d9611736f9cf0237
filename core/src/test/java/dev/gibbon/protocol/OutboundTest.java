// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.protocol;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.Role;
import dev.gibbon.frame.FrameHeader;
import dev.gibbon.frame.Opcode;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class OutboundTest {
    private static final int KEY = 0x37fa213d;
    private static final byte[] HELLO = {'H', 'e', 'l', 'l', 'o'};

    private final AtomicInteger keys = new AtomicInteger(KEY);
    private final ByteBuffer dst = ByteBuffer.allocate(64);

    private Outbound outbound(Role role) {
        return new Protocol(role, Transcript.LIMITS, keys::getAndIncrement, () -> 0).outbound();
    }

    private String written() {
        return HexFormat.ofDelimiter(" ").formatHex(Arrays.copyOf(dst.array(), dst.position()));
    }

    private void frame(Outbound outbound, Opcode opcode, boolean fin, byte[] payload) {
        int key = outbound.putHeader(dst, opcode, fin, 0, payload.length);
        outbound.putPayload(dst, ByteBuffer.wrap(payload), key, 0);
    }

    @Nested
    class Section5_3_Masking {
        @Test
        void serverDoesNotMask() {
            Outbound outbound = outbound(Role.SERVER);
            assertFalse(outbound.masks());
            frame(outbound, Opcode.TEXT, true, HELLO);
            assertEquals("81 05 48 65 6c 6c 6f", written());
            assertEquals(KEY, keys.get(), "no key is drawn");
        }

        @Test
        void clientMasks() {
            Outbound outbound = outbound(Role.CLIENT);
            assertTrue(outbound.masks());
            frame(outbound, Opcode.TEXT, true, HELLO);
            assertEquals("81 85 37 fa 21 3d 7f 9f 4d 51 58", written());
        }

        @Test
        void everyFrameHasAKeyOfItsOwnControlFramesAndEmptyOnesToo() {
            Outbound outbound = outbound(Role.CLIENT);
            frame(outbound, Opcode.TEXT, false, new byte[0]);
            frame(outbound, Opcode.PING, true, new byte[0]);
            frame(outbound, Opcode.CONTINUATION, true, new byte[0]);
            assertEquals("01 80 37 fa 21 3d 89 80 37 fa 21 3e 80 80 37 fa 21 3f", written());
        }

        @Test
        void payloadComesInPiecesAndKeepsItsContent() {
            Outbound outbound = outbound(Role.CLIENT);
            int key = outbound.putHeader(dst, Opcode.TEXT, true, 0, HELLO.length);
            byte[] payload = HELLO.clone();
            ByteBuffer src = ByteBuffer.wrap(payload);
            src.limit(3);
            outbound.putPayload(dst, src, key, 0);
            src.limit(5);
            outbound.putPayload(dst, src, key, 3);
            assertFalse(src.hasRemaining());
            assertEquals("81 85 37 fa 21 3d 7f 9f 4d 51 58", written());
            assertArrayEquals(HELLO, payload);
        }
    }

    @Nested
    class Section5_4_Fragmentation {
        /** What may follow what: `open` says whether a message has begun. */
        @ParameterizedTest(name = "message open {0}: {1} fin {2} is legal {3}, then open {4}")
        @CsvSource({
            "false, TEXT,         true,  true,  false",
            "false, TEXT,         false, true,  true",
            "false, BINARY,       true,  true,  false",
            "false, BINARY,       false, true,  true",
            "false, CONTINUATION, true,  false, false",
            "false, CONTINUATION, false, false, false",
            "false, PING,         true,  true,  false",
            "false, PONG,         true,  true,  false",
            "false, CLOSE,        true,  true,  false",
            "true,  TEXT,         true,  false, true",
            "true,  TEXT,         false, false, true",
            "true,  BINARY,       true,  false, true",
            "true,  BINARY,       false, false, true",
            "true,  CONTINUATION, true,  true,  false",
            "true,  CONTINUATION, false, true,  true",
            "true,  PING,         true,  true,  true",
            "true,  PONG,         true,  true,  true",
            "true,  CLOSE,        true,  true,  true",
        })
        void frameOrder(boolean open, Opcode opcode, boolean fin, boolean legal, boolean openThen) {
            for (Role role : Role.values()) {
                Outbound outbound = outbound(role);
                if (open) {
                    int _ = outbound.putHeader(dst, Opcode.BINARY, false, 0, 0);
                }
                assertEquals(open, outbound.messageOpen());
                dst.clear();
                if (legal) {
                    int _ = outbound.putHeader(dst, opcode, fin, 0, 0);
                } else {
                    int key = keys.get();
                    assertThrows(IllegalStateException.class, () -> outbound.putHeader(dst, opcode, fin, 0, 0));
                    assertEquals(0, dst.position(), "nothing was put");
                    assertEquals(key, keys.get(), "no key was drawn");
                }
                assertEquals(openThen, outbound.messageOpen());
            }
        }
    }

    @Nested
    class Section5_5_ControlFrames {
        @ParameterizedTest
        @EnumSource(names = {"CLOSE", "PING", "PONG"})
        void longControlFrameIsRefused(Opcode opcode) {
            for (Role role : Role.values()) {
                Outbound outbound = outbound(role);
                dst.clear();
                assertThrows(IllegalArgumentException.class, () -> outbound.putHeader(dst, opcode, true, 0, 126));
                assertEquals(0, dst.position());
                int _ = outbound.putHeader(dst, opcode, true, 0, 125);
            }
        }

        @ParameterizedTest
        @EnumSource(names = {"CLOSE", "PING", "PONG"})
        void fragmentedControlFrameIsRefused(Opcode opcode) {
            for (Role role : Role.values()) {
                Outbound outbound = outbound(role);
                assertThrows(IllegalArgumentException.class, () -> outbound.putHeader(dst, opcode, false, 0, 1));
                assertFalse(outbound.messageOpen());
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void section5_2LongestHeaderFitsWhatIsReservedForIt(Role role) {
        ByteBuffer header = ByteBuffer.allocate(FrameHeader.MAX_HEADER_BYTES);
        int _ = outbound(role).putHeader(header, Opcode.BINARY, true, 0, Long.MAX_VALUE);
        assertEquals(role == Role.CLIENT ? 14 : 10, header.position());
    }
}

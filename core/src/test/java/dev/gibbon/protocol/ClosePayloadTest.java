// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.protocol;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.CloseCode;
import dev.gibbon.CloseStatus;
import dev.gibbon.ProtocolException;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ClosePayloadTest {
    /** §7.4 and the IANA registry, spelled out here once more so that a slip in the table shows. */
    private static boolean maySend(int code) {
        return switch (code) {
            case 1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014 -> true;
            default -> code >= 3000 && code < 5000;
        };
    }

    private static byte[] body(int code, byte... reason) {
        return ByteBuffer.allocate(2 + reason.length)
                .putShort((short) code)
                .put(reason)
                .array();
    }

    @Nested
    class Section7_4_CloseCodes {
        @Test
        void cl03cl04cl05EveryNumberIsTakenOrRefusedAsTheRegistrySays() throws Exception {
            for (int code = 0; code <= 0xFFFF; code++) {
                byte[] body = body(code);
                if (maySend(code)) {
                    assertEquals(new CloseStatus(new CloseCode(code), ""), ClosePayload.decode(body));
                } else {
                    ProtocolException e =
                            assertThrows(ProtocolException.class, () -> ClosePayload.decode(body), "code " + code);
                    assertEquals(CloseCode.PROTOCOL_ERROR, e.closeCode());
                    assertTrue(String.valueOf(e.getMessage()).contains(code + " may not be sent (§7.4)"));
                }
            }
        }

        @Test
        void cl08EveryNumberIsSentOrRefusedAsTheRegistrySays() {
            for (int value = 0; value <= 0xFFFF; value++) {
                CloseStatus status = new CloseStatus(new CloseCode(value), "");
                if (maySend(value)) {
                    assertArrayEquals(body(value), ClosePayload.encode(status));
                } else if (value == 1005) {
                    assertEquals(0, ClosePayload.encode(status).length);
                } else {
                    assertThrows(IllegalArgumentException.class, () -> ClosePayload.encode(status), "code " + value);
                }
            }
        }
    }

    @Nested
    class Section5_5_1_Received {
        @Test
        void cl01NoBodyIsNoCode() throws Exception {
            assertEquals(CloseStatus.EMPTY, ClosePayload.decode(new byte[0]));
        }

        @Test
        void cl02OneByteIsNoCode() {
            for (int b = 0; b < 256; b++) {
                byte[] body = {(byte) b};
                ProtocolException e = assertThrows(ProtocolException.class, () -> ClosePayload.decode(body));
                assertEquals(CloseCode.PROTOCOL_ERROR, e.closeCode());
            }
        }

        @Test
        void cl06ReasonTakesUpTo123Bytes() throws Exception {
            byte[] reason = "é".repeat(61).concat("x").getBytes(java.nio.charset.StandardCharsets.UTF_8);
            assertEquals(123, reason.length);
            assertEquals(
                    "é".repeat(61) + "x",
                    ClosePayload.decode(body(1000, reason)).reason());
        }

        @ParameterizedTest
        @ValueSource(strings = {"ff", "c0 80", "ed a0 80", "f4 90 80 80", "80", "41 e2 82", "c3", "f0 9f a6"})
        void cl07u814ReasonThatIsNotUtf8FailsWith1007(String reason) {
            byte[] body = body(1000, HexFormat.ofDelimiter(" ").parseHex(reason));
            ProtocolException e = assertThrows(ProtocolException.class, () -> ClosePayload.decode(body));
            assertEquals(CloseCode.INVALID_PAYLOAD, e.closeCode());
        }

        @Test
        void badCodeIsRefusedBeforeBadText() {
            ProtocolException e =
                    assertThrows(ProtocolException.class, () -> ClosePayload.decode(body(1006, (byte) 0xFF)));
            assertEquals(CloseCode.PROTOCOL_ERROR, e.closeCode());
        }

        @Test
        void failureDoesNotRepeatThePeersText() {
            byte[] reason = {'s', 'e', 'c', 'r', 'e', 't', (byte) 0xFF};
            ProtocolException e = assertThrows(ProtocolException.class, () -> ClosePayload.decode(body(1000, reason)));
            assertTrue(!String.valueOf(e.getMessage()).contains("secret"));
        }
    }

    @Nested
    class Section5_5_1_Sent {
        @ParameterizedTest
        @CsvSource({"1000, bye", "4000, ''", "1014, κόσμε 🦍", "3000, '\u0000\t'"})
        void whatIsSentIsWhatIsReceived(int code, String reason) throws Exception {
            CloseStatus status = new CloseStatus(new CloseCode(code), reason);
            assertEquals(status, ClosePayload.decode(ClosePayload.encode(status)));
        }

        @Test
        void cl08ReasonOf123BytesIsSentAndOf124Refused() {
            String longest = "é".repeat(61) + "x";
            CloseStatus status = new CloseStatus(CloseCode.NORMAL, longest);
            assertEquals(125, ClosePayload.encode(status).length);
            IllegalArgumentException e = assertThrows(
                    IllegalArgumentException.class,
                    () -> ClosePayload.encode(new CloseStatus(CloseCode.NORMAL, "é".repeat(62))));
            assertTrue(String.valueOf(e.getMessage()).contains("124 bytes > 123"), e.getMessage());
        }

        @Test
        void reasonWithoutACodeIsRefused() {
            assertThrows(
                    IllegalArgumentException.class,
                    () -> ClosePayload.encode(new CloseStatus(CloseCode.NO_STATUS_RECEIVED, "why")));
        }

        @ParameterizedTest
        @ValueSource(ints = {0xD800, 0xDBFF, 0xDC00, 0xDFFF})
        void u815LoneSurrogateIsRefused(int surrogate) {
            String reason = "a" + (char) surrogate + "b";
            assertThrows(
                    IllegalArgumentException.class,
                    () -> ClosePayload.encode(new CloseStatus(CloseCode.NORMAL, reason)));
        }

        @Test
        void numberOutsideSixteenBitsIsNoCode() {
            assertThrows(IllegalArgumentException.class, () -> new CloseCode(-1));
            assertThrows(IllegalArgumentException.class, () -> new CloseCode(65_536));
        }
    }
}

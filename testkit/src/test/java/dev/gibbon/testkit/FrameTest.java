// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class FrameTest {
    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }

    @Test
    void encodesTheExamplesOfTheRfc() { // §5.7
        Frame hello = Frame.text("Hello");
        assertEquals("810548656c6c6f", hex(hello.encode()));
        assertEquals(
                "818537fa213d7f9f4d5158", hex(hello.withMaskingKey(0x37fa213d).encode()));
        List<Frame> fragments = hello.fragment(3);
        assertEquals("010348656c", hex(fragments.getFirst().encode()));
        assertEquals("80026c6f", hex(fragments.getLast().encode()));
        assertEquals(
                "890548656c6c6f",
                hex(Frame.ping("Hello".getBytes(StandardCharsets.US_ASCII)).encode()));
        assertEquals("827e0100", hex(Frame.binary(new byte[256]).encode()).substring(0, 8));
        assertEquals(
                "827f0000000000010000",
                hex(Frame.binary(new byte[65536]).encode()).substring(0, 20));
    }

    @Test
    void encodesWhatIsIllegal() {
        Frame one = Frame.of(0xF, new byte[] {7}).withRsv(true, true, true).withFin(false);
        assertEquals("7f0107", hex(one.encode()));
        assertEquals("7f7e000107", hex(one.encode(LengthForm.BITS_16)));
        assertEquals("7f7f000000000000000107", hex(one.encode(LengthForm.BITS_64)));
        assertEquals("7f7fffffffffffffffff07", hex(one.encode(LengthForm.BITS_64, -1)));
        assertThrows(IllegalArgumentException.class, () -> one.encode(LengthForm.BITS_7, 126));
        assertEquals("8802ffff", hex(Frame.close(0xFFFF, "").encode()));
    }

    @Test
    void emptyFragmentsAreMadeByEqualOffsets() {
        List<Frame> fragments = Frame.text("ab").fragment(0, 1, 1);
        assertEquals(
                List.of("", "a", "", "b"), fragments.stream().map(Frame::text).toList());
        assertEquals(
                List.of(false, false, false, true),
                fragments.stream().map(Frame::fin).toList());
    }

    @Test
    void isAValue() {
        byte[] payload = {1, 2};
        Frame frame = Frame.binary(payload);
        payload[0] = 9;
        frame.payload()[1] = 9;
        assertArrayEquals(new byte[] {1, 2}, frame.payload());
        assertEquals(Frame.binary(new byte[] {1, 2}), frame);
        assertEquals(OptionalInt.of(1000), Frame.close(1000, "bye").closeCode());
    }

    @Test
    void showsWhatAPeerSentEscapedAndBounded() {
        assertEquals("text fin 3 bytes \"a\\u000ab\"", Frame.text("a\nb").toString());
        assertEquals(
                "close fin masked(00000001) 5 bytes 1000 \"bye\"",
                Frame.close(1000, "bye").withMaskingKey(1).toString());
        assertTrue(Frame.text("x".repeat(10_000)).toString().length() < 200);
    }
}

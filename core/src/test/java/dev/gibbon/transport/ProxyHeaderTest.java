// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Headers of the PROXY protocol, whole and byte by byte, up to each bound, and nonsense in their place. */
class ProxyHeaderTest {
    private static final String SIGNATURE = "0d0a0d0a000d0a515549540a";
    private static final String V4 = "c0000201 c6336402 3039 01bb";
    private static final String V6 = "20010db8000000000000000000000001 20010db8000000000000000000000002 3039 01bb";

    private static byte[] text(String line) {
        return line.getBytes(StandardCharsets.ISO_8859_1);
    }

    /** {@return a header of version 2} */
    private static byte[] binary(String versionToProtocol, int length, String rest) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.writeBytes(HexFormat.of().parseHex(SIGNATURE + versionToProtocol));
        all.write(length >> 8);
        all.write(length);
        all.writeBytes(HexFormat.of().parseHex(rest.replace(" ", "")));
        return all.toByteArray();
    }

    private static byte[] binary(String versionToProtocol, String rest) {
        return binary(versionToProtocol, rest.replace(" ", "").length() / 2, rest);
    }

    /** Feeds what is wanted and no more, at most {@code step} bytes at a time; {@return how many were taken} */
    private static int feed(ProxyHeader header, byte[] bytes, int step) throws ProxyHeaderException {
        ByteBuffer in = ByteBuffer.wrap(bytes);
        while (!header.isDone() && in.hasRemaining()) {
            assertTrue(header.wanted() > 0, "it asks for nothing, and is not done");
            int count = Math.min(Math.min(step, header.wanted()), in.remaining());
            header.accept(in.slice(in.position(), count));
            in.position(in.position() + count);
        }
        return in.position();
    }

    private static String source(byte[] header) throws ProxyHeaderException {
        String whole = source(header, Integer.MAX_VALUE);
        assertEquals(whole, source(header, 1));
        assertEquals(whole, source(header, 3));
        return whole;
    }

    private static String source(byte[] header, int step) throws ProxyHeaderException {
        byte[] more = new byte[header.length + 20];
        System.arraycopy(header, 0, more, 0, header.length);
        ProxyHeader parsed = new ProxyHeader();
        assertEquals(header.length, feed(parsed, more, step), "the client's bytes are taken");
        assertTrue(parsed.isDone());
        assertEquals(0, parsed.wanted());
        return parsed.source().map(InetSocketAddress::toString).orElse("");
    }

    private static void refused(byte[] header) {
        for (int step : new int[] {1, 3, Integer.MAX_VALUE}) {
            ProxyHeader parsed = new ProxyHeader();
            assertThrows(ProxyHeaderException.class, () -> feed(parsed, header, step));
            assertFalse(parsed.isDone());
        }
    }

    @ParameterizedTest
    @CsvSource({
        "TCP4 192.0.2.1 198.51.100.2 12345 443, /192.0.2.1:12345",
        "TCP4 255.255.255.255 255.255.255.255 65535 65535, /255.255.255.255:65535",
        "TCP4 0.0.0.0 0.0.0.0 0 0, /0.0.0.0:0",
        "TCP6 2001:db8::1 ::2 1 2, /[2001:db8:0:0:0:0:0:1]:1",
        "TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535,"
                + " /[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535",
        "UNKNOWN, ''",
        "UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535, ''"
    })
    void aLineIsRead(String line, String source) throws Exception {
        assertEquals(source, source(text("PROXY " + line + "\r\n")));
    }

    @Test
    void aLineHas107BytesAtMost() throws Exception {
        String longest = "PROXY UNKNOWN " + "x".repeat(107 - "PROXY UNKNOWN \r\n".length()) + "\r\n";
        assertEquals(107, longest.length());
        assertEquals("", source(text(longest)));
        refused(text("PROXY UNKNOWN " + "x".repeat(108 - "PROXY UNKNOWN \r\n".length()) + "\r\n"));
        refused(text("PROXY UNKNOWN " + "x".repeat(200)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "PROXY TCP4 192.0.2.1 198.51.100.2 12345 443\nGET / HTTP/1.1\r\n",
                "PROXY TCP4 192.0.2.1 198.51.100.2 12345 443\r\r\n",
                "PROXY TCP4 192.0.2.1\r198.51.100.2 12345 443\r\n",
                "PROXY TCP4 192.0.2.1\n198.51.100.2 12345 443\r\n",
                "PROXY TCP4  192.0.2.1 198.51.100.2 12345 443\r\n",
                "PROXY TCP4 192.0.2.1 198.51.100.2 12345 443 \r\n",
                "PROXY TCP4 192.0.2.1 198.51.100.2 12345\r\n",
                "PROXY TCP4 192.0.2.1 198.51.100.2 65536 443\r\n",
                "PROXY TCP4 192.0.2.1 198.51.100.2 12345 99999999\r\n",
                "PROXY TCP4 192.0.2.1 198.51.100.2 012345 443\r\n",
                "PROXY TCP4 192.0.2.1 198.51.100.2 -1 443\r\n",
                "PROXY TCP4 192.0.2.256 198.51.100.2 12345 443\r\n",
                "PROXY TCP4 192.0.2 198.51.100.2 12345 443\r\n",
                "PROXY TCP4 ::1 ::2 12345 443\r\n",
                "PROXY TCP6 192.0.2.1 198.51.100.2 12345 443\r\n",
                "PROXY TCP6 [::1] ::2 12345 443\r\n",
                "PROXY TCP6 fe80::1%eth0 ::2 12345 443\r\n",
                "PROXY UDP4 192.0.2.1 198.51.100.2 12345 443\r\n",
                "PROXY tcp4 192.0.2.1 198.51.100.2 12345 443\r\n",
                "PROXY UNKNOWNS\r\n",
                "PROXY\r\n\r\n\r\n\r\n\r\n",
                "proxy TCP4 192.0.2.1 198.51.100.2 12345 443\r\n",
                "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
                "POST / HTTP/1.1\r\n\r\n"
            })
    void whatIsNoSuchLineIsRefused(String line) {
        refused(text(line));
    }

    static Stream<byte[]> without() {
        return Stream.of(
                binary("2000", ""),
                binary("2000", "ff".repeat(300)),
                binary("2011", V4),
                binary("2100", ""),
                binary("2100", "00".repeat(7)),
                binary("2131", "61".repeat(216)),
                binary("2131", "61".repeat(217)),
                binary("20ff", ""));
    }

    @ParameterizedTest
    @MethodSource("without")
    void aBinaryHeaderMayNameNobody(byte[] header) throws Exception {
        assertEquals("", source(header));
    }

    @Test
    void aBinaryHeaderNamesTheClientAndMaySayMore() throws Exception {
        assertEquals("/192.0.2.1:12345", source(binary("2111", V4)));
        assertEquals("/192.0.2.1:12345", source(binary("2111", V4 + "ff")));
        assertEquals("/[2001:db8:0:0:0:0:0:1]:12345", source(binary("2121", V6)));
        assertEquals("/[2001:db8:0:0:0:0:0:1]:12345", source(binary("2121", V6 + "00".repeat(500))));
        int rest = 65_535 - 12;
        assertEquals("/192.0.2.1:12345", source(binary("2111", 65_535, V4 + "ee".repeat(rest))));
    }

    static Stream<byte[]> malformed() {
        return Stream.of(
                binary("2111", 11, V4),
                binary("2121", 35, V6),
                binary("2131", 215, "61".repeat(216)),
                binary("2111", 0, V4),
                binary("1111", V4),
                binary("3111", V4),
                binary("2211", V4),
                binary("2f11", V4),
                binary("2112", V4),
                binary("2122", V6),
                binary("2110", V4),
                binary("2101", V4),
                binary("2141", V4),
                binary("21f1", V4),
                binary("2132", "61".repeat(216)));
    }

    @ParameterizedTest
    @MethodSource("malformed")
    void aBinaryHeaderThatMakesNoSenseIsRefused(byte[] header) {
        refused(header);
    }

    @Test
    void anyOtherByteOfTheBeginningIsRefusedAsSoonAsItIsThere() {
        for (byte[] header : new byte[][] {binary("2111", V4), text("PROXY UNKNOWN\r\n")}) {
            int compared = header[0] == 'P' ? 6 : 12;
            for (int i = 1; i < compared; i++) {
                byte[] changed = header.clone();
                changed[i] ^= 1;
                byte[] begin = Arrays.copyOf(changed, i + 1);
                assertThrows(ProxyHeaderException.class, () -> feed(new ProxyHeader(), begin, 1));
            }
        }
    }

    @Test
    void itTakesNoMoreThanItWants() {
        ProxyHeader header = new ProxyHeader();
        assertThrows(IllegalArgumentException.class, () -> header.accept(ByteBuffer.allocate(header.wanted() + 1)));
    }

    /** Whatever comes: an end, a refusal or a wait for more, and nothing else. */
    @Test
    void nonsenseNeverDoesMoreThanFail() {
        Random random = new Random(7239);
        byte[][] seeds = {
            binary("2111", V4 + "ff".repeat(20)),
            binary("2121", V6),
            text("PROXY TCP4 192.0.2.1 198.51.100.2 12345 443\r\n"),
            text("PROXY TCP6 2001:db8::1 ::2 1 2\r\n")
        };
        int done = 0;
        for (int i = 0; i < 20_000; i++) {
            byte[] bytes = seeds[random.nextInt(seeds.length)].clone();
            for (int changes = random.nextInt(4); changes > 0; changes--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            ProxyHeader header = new ProxyHeader();
            try {
                int _ = feed(header, bytes, 1 + random.nextInt(16));
            } catch (ProxyHeaderException e) {
                assertFalse(header.isDone(), e.getMessage());
            }
            done += header.isDone() ? 1 : 0;
        }
        assertTrue(done > 5_000, done + " headers were read");
    }
}

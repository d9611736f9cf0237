// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.Headers;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HeadParserTest {
    private static final String REQUEST = "GET /chat?x=1 HTTP/1.1\r\nHost: example.com\r\nX:\r\nY: \t a \tb\t \r\n\r\n";
    private static final RequestHead REQUEST_HEAD =
            new RequestHead("GET", "/chat?x=1", "HTTP/1.1", Headers.of("Host", "example.com", "X", "", "Y", "a \tb"));
    private static final String RESPONSE = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";
    private static final ResponseHead RESPONSE_HEAD =
            new ResponseHead("HTTP/1.1", 101, "Switching Protocols", Headers.of("Upgrade", "websocket"));

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    private static HeadParser<RequestHead> request() {
        return HeadParser.ofRequest(HeadLimits.DEFAULT);
    }

    private static HeadParser<ResponseHead> response() {
        return HeadParser.ofResponse(HeadLimits.DEFAULT);
    }

    private static RequestHead parse(String text) throws HttpHeadException {
        HeadParser<RequestHead> parser = request();
        assertTrue(parser.feed(bytes(text)), "complete");
        return parser.head();
    }

    /** Feeds one byte at a time. {@return how many bytes were taken up to and with the one that failed} */
    private static <H> int bytesUntilFailure(HeadParser<H> parser, int status, String text) {
        ByteBuffer all = bytes(text);
        while (all.hasRemaining()) {
            ByteBuffer one = all.slice(all.position(), 1);
            all.position(all.position() + 1);
            try {
                assertFalse(parser.feed(one), "complete after " + all.position());
            } catch (HttpHeadException e) {
                assertEquals(status, e.status(), e.getMessage());
                String message = String.valueOf(e.getMessage());
                assertTrue(message.chars().allMatch(c -> (c >= 0x20 && c < 0x7F) || c == '§'), message);
                return all.position();
            }
        }
        throw new AssertionError("no failure");
    }

    private static void assertFails(int status, String text) {
        HttpHeadException whole =
                assertThrows(HttpHeadException.class, () -> request().feed(bytes(text)));
        assertEquals(status, whole.status(), whole.getMessage());
        bytesUntilFailure(request(), status, text);
    }

    private static <H> void assertSameAtEverySplit(Supplier<HeadParser<H>> parsers, String text, H head)
            throws HttpHeadException {
        String behind = "\u0081\u0000next";
        for (int split = 0; split <= text.length(); split++) {
            HeadParser<H> parser = parsers.get();
            boolean complete = parser.feed(bytes(text.substring(0, split)));
            assertEquals(split == text.length(), complete, "split " + split);
            ByteBuffer rest = bytes(text.substring(split) + behind);
            if (!complete) {
                assertTrue(parser.feed(rest), "split " + split);
                assertEquals(behind, StandardCharsets.ISO_8859_1.decode(rest).toString());
            }
            assertEquals(head, parser.head());
        }
        HeadParser<H> parser = parsers.get();
        for (int i = 0; i < text.length(); i++) {
            assertEquals(i == text.length() - 1, parser.feed(bytes(text.substring(i, i + 1))));
        }
        assertEquals(head, parser.head());
    }

    @Nested
    class Feeding {
        @Test
        void hs47Hs48RequestIsTheSameAtEverySplitAndByteByByte() throws HttpHeadException {
            assertSameAtEverySplit(HeadParserTest::request, REQUEST, REQUEST_HEAD);
            assertSameAtEverySplit(HeadParserTest::request, "\r\n" + REQUEST, REQUEST_HEAD);
        }

        @Test
        void responseIsTheSameAtEverySplitAndByteByByte() throws HttpHeadException {
            assertSameAtEverySplit(HeadParserTest::response, RESPONSE, RESPONSE_HEAD);
        }

        @Test
        void hs38Hc16BytesBehindTheHeadStay() throws HttpHeadException {
            ByteBuffer in = bytes(REQUEST + REQUEST);
            assertTrue(request().feed(in));
            assertEquals(REQUEST.length(), in.position());
            assertTrue(request().feed(in));
            assertFalse(in.hasRemaining());
        }

        @Test
        void directAndReadOnlyBuffersWork() throws HttpHeadException {
            ByteBuffer direct = ByteBuffer.allocateDirect(REQUEST.length())
                    .put(bytes(REQUEST))
                    .flip();
            HeadParser<RequestHead> parser = request();
            assertTrue(parser.feed(direct.asReadOnlyBuffer()));
            assertEquals(REQUEST_HEAD, parser.head());
        }

        @Test
        void nothingIsFedToAParserThatEnded() throws HttpHeadException {
            HeadParser<RequestHead> complete = request();
            complete.feed(bytes(REQUEST));
            assertThrows(IllegalStateException.class, () -> complete.feed(bytes("x")));
            HeadParser<RequestHead> failed = request();
            assertThrows(HttpHeadException.class, () -> failed.feed(bytes("\0")));
            assertThrows(IllegalStateException.class, () -> failed.feed(bytes(REQUEST)));
            assertThrows(IllegalStateException.class, failed::head);
        }

        @Test
        void thereIsNoHeadBeforeItIsComplete() throws HttpHeadException {
            HeadParser<RequestHead> parser = request();
            assertTrue(parser.isUntouched());
            parser.feed(bytes(REQUEST.substring(0, REQUEST.length() - 1)));
            assertFalse(parser.isUntouched());
            assertThrows(IllegalStateException.class, parser::head);
        }
    }

    @Nested
    class RequestLineRules {
        @Test
        void oneEmptyLineMayComeFirst() throws HttpHeadException {
            assertEquals(REQUEST_HEAD, parse("\r\n" + REQUEST));
            assertFails(400, "\r\n\r\n" + REQUEST);
            assertFails(400, "\n" + REQUEST);
            assertFails(400, "\r" + REQUEST);
        }

        @Test
        void hs03AnyTokenIsAMethod() throws HttpHeadException {
            assertEquals("get", parse("get / HTTP/1.1\r\n\r\n").method());
            assertEquals("B!#", parse("B!# / HTTP/1.0\r\n\r\n").method());
        }

        @ParameterizedTest(name = "HS-05 HS-20 HS-23 [{0}]")
        @CsvSource(
                delimiter = '|',
                ignoreLeadingAndTrailingWhitespace = false,
                value = {
                    " GET / HTTP/1.1|400",
                    "G(T / HTTP/1.1|400",
                    "GÉT / HTTP/1.1|400",
                    "GET  / HTTP/1.1|400",
                    "GET\t/ HTTP/1.1|400",
                    "GET /  HTTP/1.1|400",
                    "GET /a b HTTP/1.1|400",
                    "GET /\tHTTP/1.1|400",
                    "GET /\u00E9 HTTP/1.1|400",
                    "GET /\u007F HTTP/1.1|400",
                    "GET /\u0000 HTTP/1.1|400",
                    "GET /\u0001 HTTP/1.1|400",
                    "GET /|400",
                    "GET / |400",
                    "GET|400",
                    "GET / http/1.1|400",
                    "GET / HTTP/1|400",
                    "GET / HTTP/1.|400",
                    "GET / HTTP/1.1 |400",
                    "GET / HTTP/1.10|400",
                    "GET / HTTP/11.1|400",
                    "GET / HTTP 1.1|400",
                    "GET / XTTP/1.1|400",
                    "GET / HTTP/9.9|505",
                    "GET / HTTP/0.9|505",
                    "GET / HTTP/2.0|505",
                    "GET / HTTP/1.2|505",
                    "PRI * HTTP/2.0|505"
                })
        void malformedRequestLineIsRefused(String line, int status) {
            assertFails(status, line + "\r\nHost: h\r\n\r\n");
        }

        @Test
        void hs05TlsClientHelloFailsAtItsFirstByte() {
            assertEquals(1, bytesUntilFailure(request(), 400, "\u0016\u0003\u0001\u0002\u0000\u0001"));
        }

        @Test
        void hs05Http2PrefaceFailsWithItsFirstLine() {
            assertEquals(
                    "PRI * HTTP/2.0\r".length(), bytesUntilFailure(request(), 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
        }

        @Test
        void hs17BareLfOrCrDoesNotEndTheLine() {
            assertFails(400, "GET / HTTP/1.1\nHost: h\r\n\r\n");
            assertFails(400, "GET / HTTP/1.1\rHost: h\r\n\r\n");
            assertFails(400, "GET / HTTP/1.1\r\r\nHost: h\r\n\r\n");
        }
    }

    @Nested
    class FieldRules {
        @ParameterizedTest(name = "{0}")
        @CsvSource({
            "HS-17 bare LF, 'X: a\nY: b'",
            "HS-18 bare CR in a value, 'X: a\rb'",
            "HS-18 CR CR LF, 'X: a\r'",
            "HS-18 LF CR, 'X: a\n\r'",
            "HS-19 blank before the colon, 'X : a'",
            "HS-19 tab before the colon, 'X\t: a'",
            "HS-19 blank before the first field, ' X: a'",
            "HS-19 tab before the first field, '\tX: a'",
            "HS-19 folded line, 'X: a\r\n b'",
            "HS-19 folded line of a tab, 'X: a\r\n\tb'",
            "HS-20 NUL, 'X: a\u0000b'",
            "HS-20 BEL, 'X: a\u0007b'",
            "HS-20 ESC, 'X: \u001B[1m'",
            "HS-20 DEL, 'X: \u007F'",
            "HS-21 brackets, 'X[]: a'",
            "HS-21 not ASCII, 'Ü: a'",
            "HS-21 empty, ': a'",
            "HS-21 colon only, ':'",
            "HS-21 no colon, 'X'",
            "HS-21 blank only, ' '",
            "HS-21 quotes, '\"X\": a'"
        })
        void malformedFieldIs400(String what, String field) throws HttpHeadException {
            parse("GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n\r\n"); // the control: nothing else is wrong
            assertFails(400, "GET / HTTP/1.1\r\nHost: h\r\n" + field + "\r\n\r\n");
            assertFails(400, "GET / HTTP/1.1\r\n" + field + "\r\nHost: h\r\n\r\n");
        }

        @Test
        void hs17BareLfDoesNotEndTheHead() {
            assertFails(400, "GET / HTTP/1.1\r\nHost: h\r\n\n");
            assertFails(400, "GET / HTTP/1.1\r\nHost: h\r\n\rx");
        }

        @Test
        void hs22BytesFrom80AreKept() throws HttpHeadException {
            StringBuilder value = new StringBuilder();
            for (int c = 0x80; c <= 0xFF; c++) {
                value.append((char) c);
            }
            RequestHead head = parse("GET / HTTP/1.1\r\nX: " + value + "\r\n\r\n");
            assertEquals(Optional.of(value.toString()), head.headers().first("X"));
        }

        @Test
        void valuesLoseTheBlanksAroundThemAndNoOthers() throws HttpHeadException {
            Headers headers = parse("GET / HTTP/1.1\r\nA:x\r\nB: \t \r\nC:\t a  b \t\r\n\r\n")
                    .headers();
            assertEquals(Headers.of("A", "x", "B", "", "C", "a  b"), headers);
        }

        @Test
        void repeatedFieldsStayApartInOrder() throws HttpHeadException {
            Headers headers =
                    parse("GET / HTTP/1.1\r\nA: 1\r\nb: 2\r\na: 3\r\n\r\n").headers();
            assertEquals(List.of("1", "3"), headers.all("A"));
            assertEquals(List.of("A", "b"), headers.names());
        }

        @Test
        void aHeadMayHaveNoField() throws HttpHeadException {
            assertEquals(0, parse("GET / HTTP/1.1\r\n\r\n").headers().size());
        }
    }

    @Nested
    class Limits {
        private static final String START = "GET / HTTP/1.1\r\n";

        @ParameterizedTest(name = "HS-31 line limit {0}")
        @ValueSource(ints = {4, 100, 8 * 1024})
        void fieldLineOverTheLimitIs431AtOnce(int limit) throws HttpHeadException {
            HeadLimits limits = new HeadLimits(8 * 1024, limit, 1 << 20, 100);
            String most = "X:" + "a".repeat(limit - 2);
            assertTrue(HeadParser.ofRequest(limits).feed(bytes(START + most + "\r\n\r\n")));
            int taken = bytesUntilFailure(HeadParser.ofRequest(limits), 431, START + most + "a" + "a".repeat(9_000));
            assertEquals(START.length() + limit + 1, taken);
        }

        @Test
        void hs31NameAndBlanksCountToo() {
            HeadLimits limits = new HeadLimits(100, 10, 1_000, 100);
            assertEquals(
                    START.length() + 11, bytesUntilFailure(HeadParser.ofRequest(limits), 431, START + "n".repeat(100)));
            assertEquals(
                    START.length() + 11,
                    bytesUntilFailure(HeadParser.ofRequest(limits), 431, START + "n:" + " ".repeat(100)));
        }

        @ParameterizedTest(name = "HS-32 line limit {0}")
        @ValueSource(ints = {20, 8 * 1024})
        void requestLineOverTheLimitIs414AtOnce(int limit) throws HttpHeadException {
            HeadLimits limits = new HeadLimits(limit, 8 * 1024, 1 << 20, 100);
            String target = "/" + "a".repeat(limit - "GET / HTTP/1.1".length());
            String most = "GET " + target + " HTTP/1.1\r\n\r\n";
            assertTrue(HeadParser.ofRequest(limits).feed(bytes(most)));
            int taken = bytesUntilFailure(HeadParser.ofRequest(limits), 414, "GET /" + "a".repeat(20_000));
            assertEquals(limit + 1, taken);
            assertEquals(limit + 1, bytesUntilFailure(HeadParser.ofRequest(limits), 414, "G".repeat(20_000)));
            String oneMore = "GET a" + target + " HTTP/1.1\r\n\r\n";
            assertEquals(limit + 1, bytesUntilFailure(HeadParser.ofRequest(limits), 414, oneMore));
        }

        @ParameterizedTest(name = "HS-33 {0} fields")
        @ValueSource(ints = {1, 100})
        void oneFieldOverTheLimitIs431AtItsFirstByte(int limit) throws HttpHeadException {
            HeadLimits limits = new HeadLimits(100, 100, 16 * 1024, limit);
            String most = START + "X: a\r\n".repeat(limit);
            assertTrue(HeadParser.ofRequest(limits).feed(bytes(most + "\r\n")));
            assertEquals(most.length() + 1, bytesUntilFailure(HeadParser.ofRequest(limits), 431, most + "Y: a\r\n"));
        }

        @Test
        void hs34ThousandFieldsBeforeTheUpgradeAre431() {
            assertFails(431, START + "X:\r\n".repeat(1_100) + "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
        }

        @ParameterizedTest(name = "total limit {0}")
        @ValueSource(ints = {40, 16 * 1024})
        void headOverTheLimitIs431AtOnce(int limit) throws HttpHeadException {
            HeadLimits limits = new HeadLimits(8 * 1024, 8 * 1024, limit, 10_000);
            int padding = limit - START.length() - "\r\n".length();
            StringBuilder fields = new StringBuilder();
            while (fields.length() < padding - 200) {
                fields.append("X: ").append("a".repeat(95)).append("\r\n");
            }
            int last = padding - fields.length() - "Y:\r\n".length();
            String most = START + fields + "Y:" + "a".repeat(last) + "\r\n\r\n";
            assertEquals(limit, most.length());
            assertTrue(HeadParser.ofRequest(limits).feed(bytes(most)));
            String oneMore = START + fields + "Y:" + "a".repeat(last + 1) + "\r\n\r\n";
            assertEquals(limit + 1, bytesUntilFailure(HeadParser.ofRequest(limits), 431, oneMore));
        }

        @Test
        void theDefaultsAreThoseOfTheCatalogue() {
            assertEquals(new HeadLimits(8_192, 8_192, 16_384, 100), HeadLimits.DEFAULT);
        }

        @Test
        void limitsMustBePositive() {
            assertThrows(IllegalArgumentException.class, () -> new HeadLimits(0, 1, 1, 1));
            assertThrows(IllegalArgumentException.class, () -> new HeadLimits(1, 0, 1, 1));
            assertThrows(IllegalArgumentException.class, () -> new HeadLimits(1, 1, 0, 1));
            assertThrows(IllegalArgumentException.class, () -> new HeadLimits(1, 1, 1, 0));
        }

        /** A buffer that is handed over once and only moves forward can be looked at only once. */
        @Test
        void rx01OneByteAFeedTakesOneByteAFeed() throws HttpHeadException {
            String text = START + "X: a\r\n".repeat(100) + "\r\n";
            HeadParser<RequestHead> parser = request();
            int taken = 0;
            for (int i = 0; i < text.length(); i++) {
                ByteBuffer one = bytes(text.substring(i, i + 1));
                parser.feed(one);
                taken += one.position();
                one.clear().put(0, (byte) 0); // what was fed is not kept, nor looked at again
            }
            assertEquals(text.length(), taken);
            assertEquals(100, parser.head().headers().size());
        }
    }

    @Nested
    class StatusLineRules {
        private static ResponseHead parse(String text) throws HttpHeadException {
            HeadParser<ResponseHead> parser = response();
            assertTrue(parser.feed(bytes(text)));
            return parser.head();
        }

        @ParameterizedTest(name = "[{0}]")
        @CsvSource(
                delimiter = '|',
                ignoreLeadingAndTrailingWhitespace = false,
                value = {
                    "HTTP/1.1 101 Switching Protocols|101|Switching Protocols",
                    "HTTP/1.1 101 |101|''",
                    "HTTP/1.1 101|101|''",
                    "HTTP/1.0 599 a\tb\u00E9|599|a\tb\u00E9",
                    "HTTP/1.1 200  x|200| x",
                    "HTTP/1.1 600 x|600|x",
                    "HTTP/1.1 999 x|999|x"
                })
        void wellFormedLine(String line, int status, String reason) throws HttpHeadException {
            ResponseHead head = parse(line + "\r\n\r\n");
            assertEquals(status, head.status());
            assertEquals(reason, head.reason());
            assertEquals(line.substring(0, 8), head.version());
        }

        @ParameterizedTest(name = "HC-12 [{0}]")
        @ValueSource(
                strings = {
                    "",
                    " HTTP/1.1 101 x",
                    "garbage",
                    "xHTTP/1.1 101 x",
                    "http/1.1 101 x",
                    "HTTP/2 101 x",
                    "HTTP/2.0 101 x",
                    "HTTP/1.1  101 x",
                    "HTTP/1.1\t101 x",
                    "HTTP/1.1 1O1 x",
                    "HTTP/1.1 10 x",
                    "HTTP/1.1 1010 x",
                    "HTTP/1.1 099 x",
                    "HTTP/1.1 -10 x",
                    "HTTP/1.1 101\tx",
                    "HTTP/1.1 101 a\u0000",
                    "HTTP/1.1 101 a\rb",
                    "HTTP/1.1 101 a\nb",
                    "HTTP/1.1 101 \u007F",
                    "HTTP/1.1",
                    "HTTP/1.1 "
                })
        void brokenLineIsRefused(String line) {
            assertThrows(HttpHeadException.class, () -> response().feed(bytes(line + "\r\n" + RESPONSE)));
        }

        @Test
        void hc13LimitsHoldForResponses() {
            String start = "HTTP/1.1 101 x\r\n";
            assertEquals(8_193, bytesUntilFailure(response(), 431, "HTTP/1.1 200 " + "a".repeat(9_000)));
            assertEquals(start.length() + 8_193, bytesUntilFailure(response(), 431, start + "X:" + "a".repeat(9_000)));
            assertEquals(
                    start.length() + 100 * 4 + 1, bytesUntilFailure(response(), 431, start + "X:\r\n".repeat(101)));
            assertEquals(
                    16_385, bytesUntilFailure(response(), 431, start + ("X:" + "a".repeat(8_000) + "\r\n").repeat(3)));
        }
    }
}

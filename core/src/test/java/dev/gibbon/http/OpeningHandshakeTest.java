// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.Headers;
import dev.gibbon.handshake.HandshakeOutcome;
import dev.gibbon.handshake.HandshakeOutcome.Accepted;
import dev.gibbon.handshake.HandshakeOutcome.Refused;
import dev.gibbon.handshake.HttpStatus;
import dev.gibbon.handshake.ServerHandshake;
import dev.gibbon.handshake.ServerPolicy;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The way from the bytes of a request to the bytes of the reply, all checks in their places. */
class OpeningHandshakeTest {
    private static final String KEY = "dGhlIHNhbXBsZSBub25jZQ==";
    private static final String UPGRADE = "Upgrade: websocket\r\nConnection: Upgrade\r\n";
    private static final String KEY_AND_VERSION = "Sec-WebSocket-Key: " + KEY + "\r\nSec-WebSocket-Version: 13\r\n";
    private static final String FIELDS = UPGRADE + KEY_AND_VERSION;
    private static final String VALID = "GET /chat HTTP/1.1\r\nHost: example.com\r\n" + FIELDS + "\r\n";

    private static HandshakeOutcome respond(byte[]... pieces) {
        HeadParser<RequestHead> parser = HeadParser.ofRequest(HeadLimits.DEFAULT);
        try {
            for (byte[] piece : pieces) {
                if (parser.feed(ByteBuffer.wrap(piece))) {
                    return ServerHandshake.respond(
                            ValidRequest.of(parser.head()).openingRequest(false),
                            ServerPolicy.defaults(),
                            Headers.of());
                }
            }
            throw new AssertionError("the head is not complete");
        } catch (HttpHeadException e) {
            return Refused.of(e.status(), String.valueOf(e.getMessage()));
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static int status(String request) {
        return switch (respond(bytes(request))) {
            case Accepted _ -> 101;
            case Refused refused -> refused.status();
        };
    }

    private static String reply(byte[]... pieces) {
        return switch (respond(pieces)) {
            case Accepted accepted -> head(101, accepted.reply());
            case Refused refused ->
                head(refused.status(), refused.reply()) + new String(refused.body(), StandardCharsets.US_ASCII);
        };
    }

    private static String head(int status, Headers headers) {
        byte[] bytes = HeadWriter.bytes(new ResponseHead("HTTP/1.1", status, HttpStatus.text(status), headers));
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    @Nested
    class Bytes {
        private static final String SWITCHING = """
                HTTP/1.1 101 Switching Protocols\r
                Upgrade: websocket\r
                Connection: Upgrade\r
                Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r
                \r
                """;

        @Test
        void hs01MinimalRequest() {
            assertEquals(SWITCHING, reply(bytes(VALID)));
        }

        @Test
        void hs47Hs48TheReplyIsTheSameAtEverySplit() {
            byte[] request = bytes(VALID);
            for (int split = 0; split <= request.length; split++) {
                byte[] head = Arrays.copyOfRange(request, 0, split);
                byte[] tail = Arrays.copyOfRange(request, split, request.length);
                assertEquals(SWITCHING, reply(head, tail), "split " + split);
            }
            byte[][] single = new byte[request.length][];
            for (int i = 0; i < request.length; i++) {
                single[i] = new byte[] {request[i]};
            }
            assertEquals(SWITCHING, reply(single));
        }

        @Test
        void hs06RefusalClosesAndSaysNothingInternal() {
            assertEquals("""
                    HTTP/1.1 426 Upgrade Required\r
                    Upgrade: websocket\r
                    Connection: Upgrade, close\r
                    Sec-WebSocket-Version: 13\r
                    Content-Type: text/plain; charset=utf-8\r
                    Content-Length: 21\r
                    \r
                    426 Upgrade Required
                    """, reply(bytes("GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\n\r\n")));
        }

        @Test
        void hs31RefusalOfTheParserHasTheSameShape() {
            String reply = reply(bytes("GET / HTTP/1.1\r\nX: " + "a".repeat(10_000)));
            String start = "HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n";
            assertTrue(reply.startsWith(start), reply);
            assertTrue(reply.contains("\r\nSec-WebSocket-Version: 13\r\n"), reply);
        }
    }

    @Nested
    class Catalogue {
        @Test
        void hs02BrowserStyleWithTabs() {
            assertEquals(
                    101,
                    status("GET / HTTP/1.1\r\nhost:\texample.com\t\r\nCONNECTION: keep-alive,\tUpgrade\r\n"
                            + "upgrade:\tWebSocket\r\nOrigin: http://example.com\r\n" + KEY_AND_VERSION + "\r\n"));
        }

        @Test
        void hs03OtherMethods() {
            assertEquals(405, status(VALID.replace("GET", "POST")));
            assertEquals(405, status(VALID.replace("GET", "get")));
            assertEquals(400, status(VALID.replace("GET", "G@T")));
        }

        @Test
        void hs04Http10() {
            assertEquals(426, status("GET / HTTP/1.0\r\n" + FIELDS + "\r\n"));
            assertEquals(426, status(VALID.replace("HTTP/1.1", "HTTP/1.0")));
        }

        @Test
        void hs05OtherVersions() {
            assertEquals(400, status("GET /\r\n"));
            assertEquals(505, status(VALID.replace("HTTP/1.1", "HTTP/9.9")));
            assertEquals(505, status("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
        }

        @Test
        void hs12BlanksAroundTheKeyDoNotCount() {
            assertEquals(101, status(VALID.replace("Key: " + KEY, "Key: \t " + KEY + " \t ")));
        }

        @ParameterizedTest(name = "HS-15 {0}")
        @CsvSource({
            "absent, /, ''",
            "twice, /, 'Host: example.com\r\nHost: example.com\r\n'",
            "twice in other case, /, 'Host: example.com\r\nhOST: b\r\n'",
            "list, /, 'Host: a, b\r\n'",
            "list without blank, /, 'Host: a,b\r\n'",
            "empty, /, 'Host:\r\n'",
            "empty with absolute target, http://example.com/, 'Host:\r\n'",
            "absent with absolute target, http://example.com/, ''",
            "illegal character, /, 'Host: a/b\r\n'",
            "user, /, 'Host: u@a\r\n'",
            "not ASCII, /, 'Host: \u00FC\r\n'",
            "port 65536, /, 'Host: example.com:65536\r\n'"
        })
        void badHostIs400(String what, String target, String hostFields) {
            assertEquals(400, status("GET " + target + " HTTP/1.1\r\n" + hostFields + FIELDS + "\r\n"));
        }

        @Test
        void hs16TheTargetsAuthorityWinsOverHost() {
            String request = "GET http://a.example/chat HTTP/1.1\r\nHost: b.example\r\n" + FIELDS;
            assertEquals(101, status(request + "\r\n"));
            assertEquals(101, status(request + "Origin: http://a.example\r\n\r\n"));
            assertEquals(403, status(request + "Origin: http://b.example\r\n\r\n"));
            assertEquals(400, status(VALID.replace("/chat", "*")));
            assertEquals(400, status(VALID.replace("/chat", "example.com:80")));
        }

        @Test
        void hs23LegalButStrangeTargetsReachTheHandshake() {
            for (String target : new String[] {"/..", "//", "/a;x", "/a%2Fb", "/%", "/%zz", "/[1]|^"}) {
                assertEquals(101, status(VALID.replace("/chat", target)), target);
            }
            for (String target : new String[] {"/a#b", "/%00", "/a b"}) {
                assertEquals(400, status(VALID.replace("/chat", target)), target);
            }
        }

        @Test
        void hs24BlanksInTheSubprotocolList() {
            String field = "Sec-WebSocket-Protocol: a" + " ".repeat(8_000) + "b\r\n";
            assertEquals(400, status(VALID.replace("Upgrade:", field + "Upgrade:")));
            String tooLong = "Sec-WebSocket-Protocol: a" + " ".repeat(9_000) + "b\r\n";
            assertEquals(431, status(VALID.replace("Upgrade:", tooLong + "Upgrade:")));
        }

        @ParameterizedTest(name = "HS-35 HS-36 {0}")
        @CsvSource({
            "'Content-Length: 5\r\n'",
            "'Transfer-Encoding: chunked\r\n'",
            "'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n'",
            "'Content-Length: 0\r\nContent-Length: 0\r\n'",
            "'Content-Length: 0\r\nContent-Length: 5\r\n'",
            "'Content-Length: +5\r\n'",
            "'Content-Length: -1\r\n'",
            "'Content-Length: 18446744073709551616\r\n'",
            "'Transfer-Encoding: chunked, identity\r\n'",
            "'Transfer-Encoding: xchunked\r\n'",
            "'Transfer-Encoding : chunked\r\n'",
            "'Transfer-Encoding:\u000Bchunked\r\n'",
            "'Content-Length: 0\r\n 5\r\n'"
        })
        void announcedOrAmbiguousBodyIs400(String fields) {
            assertEquals(400, status(VALID.replace("Upgrade:", fields + "Upgrade:")));
        }

        @Test
        void hs35ContentLengthZeroIsNoBody() {
            assertEquals(101, status(VALID.replace("Upgrade:", "Content-Length: 0\r\nUpgrade:")));
        }
    }
}

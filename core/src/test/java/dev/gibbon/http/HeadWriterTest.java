// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.gibbon.Headers;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HeadWriterTest {
    private static final Headers HEADERS = Headers.of("Host", "h", "X", "\u00FF", "Host", "");

    @Test
    void requestIsWrittenInOrder() {
        byte[] bytes = HeadWriter.bytes(new RequestHead("GET", "/a?b", "HTTP/1.1", HEADERS));
        assertEquals(
                "GET /a?b HTTP/1.1\r\nHost: h\r\nX: \u00FF\r\nHost: \r\n\r\n",
                new String(bytes, StandardCharsets.ISO_8859_1));
    }

    @Test
    void responseIsWrittenInOrder() {
        byte[] bytes = HeadWriter.bytes(new ResponseHead("HTTP/1.1", 400, "Bad Request", Headers.of("A", "b")));
        assertEquals("HTTP/1.1 400 Bad Request\r\nA: b\r\n\r\n", new String(bytes, StandardCharsets.ISO_8859_1));
    }

    @Test
    void whatIsWrittenReadsBackTheSame() throws HttpHeadException {
        RequestHead request = new RequestHead("GET", "/a?b", "HTTP/1.0", HEADERS);
        HeadParser<RequestHead> requests = HeadParser.ofRequest(HeadLimits.DEFAULT);
        requests.feed(ByteBuffer.wrap(HeadWriter.bytes(request)));
        assertEquals(request, requests.head());
        ResponseHead response = new ResponseHead("HTTP/1.1", 200, "", HEADERS);
        HeadParser<ResponseHead> responses = HeadParser.ofResponse(HeadLimits.DEFAULT);
        responses.feed(ByteBuffer.wrap(HeadWriter.bytes(response)));
        assertEquals(response, responses.head());
    }

    @ParameterizedTest(name = "SEC-11 reason [{0}]")
    @ValueSource(strings = {"a\r\nX: y", "a\n", "\r", "\0", "\u007F", "\u0100"})
    void reasonWithControlCharactersCannotBeMade(String reason) {
        assertThrows(IllegalArgumentException.class, () -> new ResponseHead("HTTP/1.1", 200, reason, Headers.of()));
    }

    @ParameterizedTest(name = "SEC-12 target [{0}]")
    @ValueSource(strings = {"", "/a b", "/a\r\nX: y", "/\n", "/\0", "/\u00E9", "/\u007F", "/ HTTP/1.1"})
    void targetWithBlanksOrControlCharactersCannotBeMade(String target) {
        assertThrows(IllegalArgumentException.class, () -> new RequestHead("GET", target, "HTTP/1.1", Headers.of()));
    }

    @ParameterizedTest(name = "SEC-12 method [{0}]")
    @ValueSource(strings = {"", "G T", "GET\r\n", "G\0"})
    void methodThatIsNoTokenCannotBeMade(String method) {
        assertThrows(IllegalArgumentException.class, () -> new RequestHead(method, "/", "HTTP/1.1", Headers.of()));
    }

    @Test
    void otherVersionsAndStatusesCannotBeMade() {
        assertThrows(IllegalArgumentException.class, () -> new RequestHead("GET", "/", "HTTP/1.1\r\n", Headers.of()));
        assertThrows(IllegalArgumentException.class, () -> new ResponseHead("HTTP/2", 200, "", Headers.of()));
        assertThrows(IllegalArgumentException.class, () -> new ResponseHead("HTTP/1.1", 99, "", Headers.of()));
        assertThrows(IllegalArgumentException.class, () -> new ResponseHead("HTTP/1.1", 1000, "", Headers.of()));
    }
}

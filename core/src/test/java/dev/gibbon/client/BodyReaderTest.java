// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.client;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gibbon.Headers;
import dev.gibbon.http.ResponseHead;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class BodyReaderTest {
    private static final int MAX = 10;

    /** {@return the body, and a full stop if nothing more is wanted} Fed byte by byte. */
    private static String read(int status, String wire, String... fields) {
        BodyReader reader = new BodyReader(new ResponseHead("HTTP/1.1", status, "", Headers.of(fields)), MAX);
        boolean more = reader.feed(ByteBuffer.allocate(0));
        for (byte b : wire.getBytes(StandardCharsets.US_ASCII)) {
            more = reader.feed(ByteBuffer.wrap(new byte[] {b}));
        }
        return new String(reader.bytes(), StandardCharsets.US_ASCII) + (more ? "" : ".");
    }

    @Test
    void bodyEndsAtItsLength() {
        assertEquals("abc.", read(403, "abcdef", "Content-Length", "3"));
        assertEquals("ab", read(403, "ab", "Content-Length", "3"));
        assertEquals(".", read(403, "ab", "Content-Length", "0"));
    }

    @Test
    void bodyWithoutLengthEndsWithTheStreamOrTheBound() {
        assertEquals("abc", read(403, "abc"));
        assertEquals("abcdefghij.", read(403, "abcdefghijklm"));
        assertEquals("abcdefghij.", read(403, "abcdefghijklm", "Content-Length", "13"));
    }

    @Test
    void malformedLengthIsNoLength() {
        assertEquals("abc", read(403, "abc", "Content-Length", "-1"));
        assertEquals("abc", read(403, "abc", "Content-Length", "9999999999999999999999"));
        assertEquals("abc", read(403, "abc", "Content-Length", "1", "Content-Length", "2"));
    }

    @Test
    void chunksAreJoined() {
        String wire = "3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: t\r\n\r\n";
        assertEquals("abcde.", read(403, wire, "Transfer-Encoding", "Chunked"));
        assertEquals("abcdefghij.", read(403, "ff\r\nabcdefghijklm", "Transfer-Encoding", "chunked"));
        assertEquals("ab", read(403, "3\r\nab", "Transfer-Encoding", "chunked"));
    }

    @Test
    void brokenChunksEndTheBody() {
        assertEquals("abc.", read(403, "3\r\nabc\r\nxyz\r\nde", "Transfer-Encoding", "chunked"));
        assertEquals(".", read(403, "\r\nabc", "Transfer-Encoding", "chunked"));
        assertEquals(".", read(403, "1".repeat(300), "Transfer-Encoding", "chunked"));
    }

    @Test
    void someStatusesHaveNoBody() {
        assertEquals(".", read(101, "abc", "Content-Length", "3"));
        assertEquals(".", read(204, "abc", "Content-Length", "3"));
        assertEquals(".", read(304, "abc"));
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.client;

import static dev.gibbon.client.ProxyScript.latin;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.Headers;
import dev.gibbon.http.ResponseHead;
import dev.gibbon.testkit.Splitter;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RefusalBodyTest {
    private static final int MAX_BYTES = 64 * 1024;

    private static ResponseHead head(String... fields) {
        return new ResponseHead("HTTP/1.1", 403, "Forbidden", Headers.of(fields));
    }

    private static String body(ProxyScript script, ResponseHead head) {
        return latin(
                RefusalBody.read(script.transport(), ByteBuffer.allocate(16).limit(0), head, MAX_BYTES));
    }

    private static void assertBody(String expected, String sent, String... fields) throws IOException {
        for (Splitter feed : Splitter.feeds(7)) {
            assertEquals(expected, body(ProxyScript.leaving(feed, latin(sent)), head(fields)), feed.toString());
        }
    }

    @ParameterizedTest
    @CsvSource({"0,''", "3,abc", "5,abcde", "9,abcde"})
    void contentLengthDelimitsOrTheEndComesFirst(String length, String expected) throws IOException {
        assertBody(expected, "abcde", "Content-Length", length);
    }

    @Test
    void bodyOfKnownLengthNeedsNoEndOfStream() throws IOException {
        ProxyScript script = ProxyScript.staying(Splitter.whole(), latin("abc"));
        assertEquals("abc", body(script, head("Content-Length", "3")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "-1", "+3", "3,3", "99999999999999999999"})
    void malformedContentLengthMeansNoBody(String length) throws IOException {
        assertBody("", "abc", "Content-Length", length);
    }

    @Test
    void withoutFramingTheStreamsEndDelimits() throws IOException {
        assertBody("abcde", "abcde");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'3\r\nabc\r\n0\r\n\r\n'|abc",
                "'3;x=y\r\nabc\r\n0A\r\n0123456789\r\n0\r\n\r\n'|abc0123456789",
                "'3\r\nabcXX'|abc",
                "'5\r\nabc'|abc",
                "'3\nabc'|''",
                "'g\r\nabc'|''",
                "'12345678\r\nabc'|''",
                "'\r\nabc'|''",
            })
    void chunksAreJoinedAsFarAsTheyAreWellFormed(String sent, String expected) throws IOException {
        assertBody(expected, sent, "Transfer-Encoding", "chunked");
    }

    @Test
    void lastChunkEndsTheBodyWithoutTheStreamsEnd() throws IOException {
        ProxyScript script = ProxyScript.staying(Splitter.whole(), latin("1\r\na\r\n0\r\n"));
        assertEquals("a", body(script, head("Transfer-Encoding", "chunked")));
    }

    @Test
    void chunkExtensionsAreBounded() throws IOException {
        assertBody("", "1;" + "x".repeat(300) + "\r\na\r\n0\r\n\r\n", "Transfer-Encoding", "chunked");
    }

    @Test
    void otherCodingsAndContradictionsMeanNoBody() throws IOException {
        assertBody("", "abc", "Transfer-Encoding", "gzip, chunked");
        assertBody("", "abc", "Transfer-Encoding", "chunked", "Content-Length", "3");
    }

    @Test
    void hc21ContentEncodingIsLeftAsItIs() throws IOException {
        assertBody("\u001f\u008b", "\u001f\u008b", "Content-Encoding", "gzip", "Content-Length", "2");
    }

    @ParameterizedTest
    @ValueSource(strings = {"none", "length", "chunks"})
    void hc20EndlessBodyStopsAt64KiB(String framing) throws IOException {
        boolean chunked = framing.equals("chunks");
        String sent = chunked ? ("64\r\n" + "x".repeat(100) + "\r\n").repeat(1000) : "x".repeat(100_000);
        ResponseHead head = switch (framing) {
            case "none" -> head();
            case "length" -> head("Content-Length", "999999999999");
            default -> head("Transfer-Encoding", "chunked");
        };
        ProxyScript script = ProxyScript.staying(Splitter.whole(), latin(sent));
        assertEquals("x".repeat(MAX_BYTES), body(script, head));
        assertTrue(script.unread() > 30_000, "read on after the limit");
    }

    @ParameterizedTest
    @ValueSource(ints = {101, 304})
    void statusWithoutBodyHasNone(int status) throws IOException {
        ProxyScript script = ProxyScript.staying(Splitter.whole(), latin("abc"));
        ResponseHead head = new ResponseHead("HTTP/1.1", status, "", Headers.of("Content-Length", "3"));
        assertEquals("", body(script, head));
        assertEquals(3, script.unread());
    }

    @Test
    void streamThatBreaksKeepsWhatCame() throws IOException {
        ProxyScript script = ProxyScript.staying(Splitter.whole(), new byte[0]);
        script.transport().close();
        byte[] body = RefusalBody.read(script.transport(), ByteBuffer.wrap(latin("abc")), head(), MAX_BYTES);
        assertEquals("abc", latin(body));
    }
}

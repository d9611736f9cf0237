// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.gibbon.Headers;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BodyFramingTest {
    private static void assertRefused(String version, String... fields) {
        HttpHeadException e = assertThrows(HttpHeadException.class, () -> BodyFraming.of(version, Headers.of(fields)));
        assertEquals(400, e.status());
    }

    @Test
    void noFieldMeansNoBody() throws HttpHeadException {
        assertEquals(new BodyFraming.Length(0), BodyFraming.of("HTTP/1.1", Headers.of()));
    }

    @ParameterizedTest(name = "Content-Length {0}")
    @CsvSource({"0, 0", "5, 5", "007, 7", "999999999999999999, 999999999999999999"})
    void contentLengthIsANumber(String value, long length) throws HttpHeadException {
        assertEquals(new BodyFraming.Length(length), BodyFraming.of("HTTP/1.0", Headers.of("content-length", value)));
    }

    @ParameterizedTest(name = "Transfer-Encoding {0}")
    @ValueSource(strings = {"chunked", "Chunked", "CHUNKED"})
    void chunkedAloneIsUnderstood(String value) throws HttpHeadException {
        assertEquals(new BodyFraming.Chunked(), BodyFraming.of("HTTP/1.1", Headers.of("transfer-encoding", value)));
    }

    @ParameterizedTest(name = "HS-36 Content-Length [{0}]")
    @ValueSource(
            strings = {
                "",
                "+5",
                "-1",
                "5, 5",
                "5,",
                "0x5",
                "5.0",
                "1e3",
                "5 5",
                "18446744073709551616",
                "1000000000000000000",
                "9223372036854775808",
                "\u00B2"
            })
    void malformedContentLengthIs400(String value) {
        assertRefused("HTTP/1.1", "Content-Length", value);
    }

    @ParameterizedTest(name = "HS-36 Transfer-Encoding [{0}]")
    @ValueSource(
            strings = {
                "",
                "identity",
                "gzip",
                "xchunked",
                "chunkedx",
                "chunked, identity",
                "chunked, chunked",
                "gzip, chunked",
                "chunked;q=1",
                "\"chunked\"",
                ",chunked",
                "chunked,",
                "ch\u00FCnked",
                "\tchunked"
            })
    void anyOtherTransferEncodingIs400(String value) {
        assertRefused("HTTP/1.1", "Transfer-Encoding", value);
    }

    @Test
    void hs36RepeatedOrContradictingFieldsAre400() {
        assertRefused("HTTP/1.1", "Content-Length", "5", "Content-Length", "5");
        assertRefused("HTTP/1.1", "Content-Length", "5", "Content-Length", "6");
        assertRefused("HTTP/1.1", "Content-Length", "5", "Transfer-Encoding", "chunked");
        assertRefused("HTTP/1.1", "Transfer-Encoding", "chunked", "Content-Length", "0");
        assertRefused("HTTP/1.1", "Transfer-Encoding", "chunked", "Transfer-Encoding", "chunked");
        assertRefused("HTTP/1.0", "Transfer-Encoding", "chunked");
    }
}

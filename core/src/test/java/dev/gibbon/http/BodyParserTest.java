// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.http;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BodyParserTest {
    private static final HeadLimits LIMITS = new HeadLimits(100, 40, 60, 3);
    private static final int MAX = 10;

    private static BodyParser chunked() throws HttpHeadException {
        return new BodyParser(new BodyFraming.Chunked(), MAX, LIMITS);
    }

    private static BodyParser length(long length) throws HttpHeadException {
        return new BodyParser(new BodyFraming.Length(length), MAX, LIMITS);
    }

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    /** {@return the body that {@code text} is, fed whole and byte by byte; what is behind {@code |} is left over} */
    private static String parse(BodyParser whole, BodyParser single, String text) throws HttpHeadException {
        String escaped = text.replace("\\r", "\r").replace("\\n", "\n");
        String behind = escaped.substring(escaped.indexOf('|') + 1);
        ByteBuffer in = bytes(escaped.replace("|", ""));
        assertTrue(whole.feed(in), "not complete");
        assertEquals(behind.length(), in.remaining(), "left behind");
        byte[] all = bytes(escaped.substring(0, escaped.indexOf('|'))).array();
        for (int i = 0; i < all.length; i++) {
            assertEquals(i == all.length - 1, single.feed(ByteBuffer.wrap(all, i, 1)), "after byte " + i);
        }
        assertArrayEquals(whole.bytes(), single.bytes());
        return new String(whole.bytes(), StandardCharsets.ISO_8859_1);
    }

    private static int status(String text) throws HttpHeadException {
        String escaped = text.replace("\\r", "\r").replace("\\n", "\n");
        BodyParser whole = chunked();
        HttpHeadException fault = assertThrows(HttpHeadException.class, () -> whole.feed(bytes(escaped)));
        BodyParser single = chunked();
        HttpHeadException same = assertThrows(HttpHeadException.class, () -> {
            for (byte b : bytes(escaped).array()) {
                boolean _ = single.feed(ByteBuffer.wrap(new byte[] {b}));
            }
        });
        assertEquals(fault.getMessage(), same.getMessage());
        assertThrows(IllegalStateException.class, () -> whole.feed(bytes("0\r\n\r\n")), "of no more use");
        return fault.status();
    }

    @Nested
    class OfKnownLength {
        @Test
        void endsAtItsLength() throws Exception {
            assertEquals("hello", parse(length(5), length(5), "hello|GET /"));
        }

        @Test
        void ofNoBytesIsCompleteAtOnce() throws Exception {
            assertTrue(length(0).feed(bytes("")));
            assertEquals(0, length(0).bytes().length);
        }

        @Test
        void theLimitPassesAndOneMoreIs413BeforeAByteIsRead() throws Exception {
            assertEquals("0123456789", parse(length(MAX), length(MAX), "0123456789|"));
            for (long length : new long[] {MAX + 1, Integer.MAX_VALUE + 1L, 999_999_999_999_999_999L}) {
                assertEquals(
                        413,
                        assertThrows(HttpHeadException.class, () -> length(length))
                                .status());
            }
        }

        @Test
        void makesRoomAsBytesComeAndNotAsTheyAreAnnounced() throws Exception {
            BodyParser parser = new BodyParser(new BodyFraming.Length(Integer.MAX_VALUE), Integer.MAX_VALUE, LIMITS);
            assertFalse(parser.feed(bytes("hello")), "two gigabytes would not fit the test's heap");
            assertEquals("hello", new String(parser.bytes(), StandardCharsets.US_ASCII));
        }

        @Test
        void ofManySegmentsIsPutTogether() throws Exception {
            byte[] body = new byte[300_001];
            new Random(1).nextBytes(body);
            BodyParser parser = new BodyParser(new BodyFraming.Length(body.length), body.length, LIMITS);
            for (int at = 0; at < body.length; at += 8192) {
                int count = Math.min(8192, body.length - at);
                assertEquals(at + count == body.length, parser.feed(ByteBuffer.wrap(body, at, count)));
            }
            assertArrayEquals(body, parser.bytes());
        }
    }

    @Nested
    class Chunked {
        @ParameterizedTest(name = "[{1}] of {0}")
        @CsvSource(
                delimiter = ' ',
                value = {
                    "5\\r\\nhello\\r\\n0\\r\\n\\r\\n|GET hello",
                    "0\\r\\n\\r\\n| ''",
                    "3\\r\\nhel\\r\\n2\\r\\nlo\\r\\n0\\r\\n\\r\\n| hello",
                    "A\\r\\n0123456789\\r\\n000\\r\\n\\r\\n| 0123456789",
                    "000000000000001\\r\\na\\r\\n0\\r\\n\\r\\n| a",
                    "1;x=\"y\";z\\r\\na\\r\\n0;last\\r\\n\\r\\n| a",
                    "1\\r\\na\\r\\n0\\r\\nX:1\\r\\nY:2\\r\\n\\r\\n|0 a",
                    "2\\r\\n\\r\\n\\r\\n0\\r\\n\\r\\n| '\r\n'"
                })
        void isPutTogetherFromItsChunks(String text, String body) throws Exception {
            String expected = body.isEmpty() && text.startsWith("2") ? "\r\n" : body;
            assertEquals(expected, parse(chunked(), chunked(), text));
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "\\r\\n", // No size.
                    ";x\\r\\n",
                    " 5\\r\\nhello",
                    "5 \\r\\nhello",
                    "5\\nhello", // LF alone.
                    "5\\r\\r\\nhello",
                    "5;x\\nhello",
                    "5;x\\ry\\n",
                    "5;\0\\r\\n",
                    "+5\\r\\nhello",
                    "-1\\r\\n",
                    "0x5\\r\\nhello",
                    "5_0\\r\\n",
                    "g\\r\\n",
                    "5\\r\\nhelloX",
                    "5\\r\\nhello\\n",
                    "5\\r\\nhello\\rX",
                    "5\\r\\nhello0\\r\\n\\r\\n",
                    "0\\r\\nX :1\\r\\n\\r\\n",
                    "0\\r\\n X:1\\r\\n\\r\\n",
                    "0\\r\\nX:1\\n\\r\\n",
                    "0\\r\\nGET / HTTP/1.1\\r\\n",
                    "0000000000000000\\r\\n",
                    "1000000000000000\\r\\n",
                    "fffffffffffffffffff\\r\\n"
                })
        void hs36WhatTwoReadersMightTakeForDifferentBodiesIs400(String text) throws Exception {
            assertEquals(400, status(text));
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "B\\r\\n",
                    "b;x\\r\\n",
                    "5\\r\\nhello\\r\\n6\\r\\n",
                    "fffffffffffffff\\r\\n",
                    "7fffffff\\r\\n"
                })
        void oneByteMoreThanTheLimitIs413WhereItIsAnnounced(String text) throws Exception {
            assertEquals(413, status(text));
        }

        @Test
        void extensionsAndTrailersAreBoundedTogether() throws Exception {
            String forty = ("1;" + "x".repeat(10) + "\\r\\na\\r\\n").repeat(4);
            String trailer = "0\\r\\nX:" + "y".repeat(14);
            assertEquals("aaaa", parse(chunked(), chunked(), forty + trailer + "\\r\\n\\r\\n|"));
            assertEquals(431, status(forty + trailer + "y\\r\\n\\r\\n"));
            assertEquals(431, status("0;" + "x".repeat(61)));
        }

        @Test
        void trailersHaveTheLimitsOfFields() throws Exception {
            assertEquals("", parse(chunked(), chunked(), "0\\r\\nA:\\r\\nB:\\r\\nC:\\r\\n\\r\\n|"));
            assertEquals(431, status("0\\r\\nA:\\r\\nB:\\r\\nC:\\r\\nD:\\r\\n\\r\\n"));
            assertEquals(431, status("0\\r\\nA:" + "x".repeat(39)));
        }
    }

    @Test
    void bytesAreThoseSoFar() throws Exception {
        BodyParser parser = chunked();
        assertFalse(parser.feed(bytes("5\r\nhel")));
        assertEquals("hel", new String(parser.bytes(), StandardCharsets.US_ASCII));
        byte[] copy = parser.bytes();
        Arrays.fill(copy, (byte) 0);
        assertTrue(parser.feed(bytes("lo\r\n0\r\n\r\n")));
        assertEquals("hello", new String(parser.bytes(), StandardCharsets.US_ASCII));
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.http;

import dev.gibbon.Headers;
import java.util.List;

/**
 * How the body of a request is delimited (RFC 9112 §6). Two servers that disagree on this read two different requests
 * from the same bytes, so everything ambiguous is refused, even where the RFC lets a recipient guess.
 */
public sealed interface BodyFraming {
    /**
     * The body has a known number of bytes.
     *
     * @param length the number, 0 if there is no body
     */
    record Length(long length) implements BodyFraming {}

    /** The body comes in chunks (RFC 9112 §7.1). */
    record Chunked() implements BodyFraming {}

    /** Longest Content-Length that surely fits a {@code long}. */
    int MAX_LENGTH_DIGITS = 18;

    /**
     * {@return how the body of a request is delimited}
     *
     * @param version the version of the request
     * @param headers its fields
     * @throws HttpHeadException with 400 if the fields are malformed, repeated or contradict each other
     */
    static BodyFraming of(String version, Headers headers) throws HttpHeadException {
        List<String> codings = headers.all("Transfer-Encoding");
        List<String> lengths = headers.all("Content-Length");
        if (!codings.isEmpty()) {
            return chunked(version, codings, lengths);
        }
        if (lengths.isEmpty()) {
            return new Length(0);
        }
        if (lengths.size() > 1) {
            throw new HttpHeadException(400, lengths.size() + " Content-Length fields (RFC 9112 §6.3)");
        }
        return length(lengths.getFirst());
    }

    private static BodyFraming chunked(String version, List<String> codings, List<String> lengths)
            throws HttpHeadException {
        if (!lengths.isEmpty()) {
            throw new HttpHeadException(400, "Transfer-Encoding and Content-Length (RFC 9112 §6.1)");
        }
        if (!version.equals(HttpVersion.HTTP_1_1)) {
            throw new HttpHeadException(400, "Transfer-Encoding in " + version + " (RFC 9112 §6.1)");
        }
        if (codings.size() > 1 || !HttpSyntax.equalsIgnoreCase(codings.getFirst(), "chunked")) {
            throw new HttpHeadException(
                    400, "Transfer-Encoding " + HttpSyntax.quoted(codings.getFirst()) + " is not chunked alone");
        }
        return new Chunked();
    }

    private static BodyFraming length(String digits) throws HttpHeadException {
        if (digits.isEmpty() || digits.length() > MAX_LENGTH_DIGITS || !HttpSyntax.all(digits, HttpSyntax::isDigit)) {
            throw new HttpHeadException(
                    400, "malformed Content-Length " + HttpSyntax.quoted(digits) + " (RFC 9110 §8.6)");
        }
        return new Length(Long.parseLong(digits));
    }
}

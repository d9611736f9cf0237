// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.http;

import dev.gibbon.Headers;

/**
 * The head of a response (RFC 9112 §4), fit to be written as it is.
 *
 * @param version {@code HTTP/1.0} or {@code HTTP/1.1}
 * @param status 100 to 999; those from 600 on mean nothing but that it failed, as 5xx do (RFC 9110 §15)
 * @param reason the reason phrase without control characters; may be empty
 * @param headers the fields
 */
public record ResponseHead(String version, int status, String reason, Headers headers) {
    /**
     * Checks the parts.
     *
     * @throws IllegalArgumentException if one is out of range or has a character it may not have
     */
    public ResponseHead {
        HttpVersion.require(version);
        if (status < 100 || status > 999) {
            throw new IllegalArgumentException("status " + status + " is not within 100 to 999 (RFC 9112 §4)");
        }
        if (!HttpSyntax.all(reason, HttpSyntax::isFieldValueChar)) {
            throw new IllegalArgumentException("malformed reason " + HttpSyntax.quoted(reason) + " (RFC 9112 §4)");
        }
    }
}

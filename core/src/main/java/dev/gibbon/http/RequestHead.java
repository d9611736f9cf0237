// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.http;

import dev.gibbon.Headers;

/**
 * The head of a request (RFC 9112 §3). Each part has only the characters it may have, so that it can be written as it
 * is; what the target means is {@link RequestTarget}'s to say.
 *
 * @param method a token, case included
 * @param target one or more visible ASCII characters
 * @param version {@code HTTP/1.0} or {@code HTTP/1.1}
 * @param headers the fields
 */
public record RequestHead(String method, String target, String version, Headers headers) {
    /**
     * Checks the parts.
     *
     * @throws IllegalArgumentException if one has a character it may not have
     */
    public RequestHead {
        if (!HttpSyntax.isToken(method)) {
            throw new IllegalArgumentException("method " + HttpSyntax.quoted(method) + " is not a token");
        }
        if (target.isEmpty() || !HttpSyntax.all(target, HttpSyntax::isVisible)) {
            throw new IllegalArgumentException("malformed target " + HttpSyntax.quoted(target) + " (RFC 9112 §3.2)");
        }
        HttpVersion.require(version);
    }
}

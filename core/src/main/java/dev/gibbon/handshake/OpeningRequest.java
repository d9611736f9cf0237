// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.handshake;

import dev.gibbon.Headers;

/**
 * The parts of an HTTP/1.1 request that the opening handshake looks at, whichever server received it.
 *
 * @param method the method as sent, case included
 * @param version {@code HTTP/1.1} or another version in the same form
 * @param host the authority of an absolute-form target, else the Host field; empty if there is neither
 * @param secure whether the request came over TLS that ends here
 * @param headers all fields of the request
 */
public record OpeningRequest(String method, String version, String host, boolean secure, Headers headers) {}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.net.URI;

/** What one try of a {@link ReconnectingClient} asks for. */
public sealed interface DialRequest permits DialRequestRecord {
    /**
     * {@return a request}
     *
     * @param uri where to connect to
     * @param headers fields to add to the opening handshake; see {@link Dialer#dial(URI, Headers)}
     */
    static DialRequest of(URI uri, Headers headers) {
        return new DialRequestRecord(uri, headers);
    }

    /** {@return where to connect to} */
    URI uri();

    /** {@return fields to add to the opening handshake} */
    Headers headers();
}

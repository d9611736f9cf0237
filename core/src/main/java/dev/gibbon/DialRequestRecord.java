// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.net.URI;
import java.util.Objects;

record DialRequestRecord(URI uri, Headers headers) implements DialRequest {
    DialRequestRecord {
        Objects.requireNonNull(uri, "uri");
        Objects.requireNonNull(headers, "headers");
    }

    /** The query and the fields may hold credentials. */
    @Override
    public String toString() {
        return "DialRequest[" + uri.getScheme() + "://" + uri.getHost() + ", " + headers + "]";
    }
}

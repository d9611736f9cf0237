// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.net.URI;
import java.util.Objects;

/** An open connection, and how it came about. Immutable; one equals another only if they are the same object. */
public final class DialResult {
    private final Connection connection;
    private final Headers headers;
    private final URI uri;

    /**
     * Makes a result, as a dialer does; for tests of what takes one.
     *
     * @param connection the open connection
     * @param headers the headers of the server's reply, the 101
     * @param uri the {@code ws} or {@code wss} URI connected to in the end
     */
    public DialResult(Connection connection, Headers headers, URI uri) {
        this.connection = Objects.requireNonNull(connection, "connection");
        this.headers = Objects.requireNonNull(headers, "headers");
        this.uri = Objects.requireNonNull(uri, "uri");
    }

    /** {@return the open connection} */
    public Connection connection() {
        return connection;
    }

    /** {@return the headers of the server's reply, the 101} */
    public Headers headers() {
        return headers;
    }

    /** {@return the {@code ws} or {@code wss} URI connected to in the end, which redirects may have changed} */
    public URI uri() {
        return uri;
    }

    /** {@return the connection, and the host; never the query or a header, which may be secret} */
    @Override
    public String toString() {
        return connection + " to " + uri.getScheme() + "://" + uri.getHost();
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import dev.gibbon.Role;
import dev.gibbon.transport.Stream;
import java.net.SocketAddress;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a connection from its opening on and never changes: what was agreed on, the two ends, and how the
 * log names it. A part of the connection's own object, since an idle connection pays for every other. Any thread.
 */
public abstract sealed class ConnectionFacts permits WebSocketConnection {
    private final Engine engine;
    private final Stream stream;
    private final Optional<String> subprotocol;

    /** Null unless permessage-deflate was agreed on. */
    private final @Nullable Compression compression;

    private final long id;

    /** The pattern of the route that it came by; empty if there was none. */
    private final String route;

    private final String path;

    ConnectionFacts(
            Engine engine,
            Stream stream,
            Optional<String> subprotocol,
            @Nullable Compression compression,
            RequestContext request) {
        this.engine = engine;
        this.stream = stream;
        this.subprotocol = subprotocol;
        this.compression = compression;
        this.id = request.id() == 0 ? engine.nextId() : request.id();
        this.route = request.route();
        this.path = request.path();
    }

    final Engine engine() {
        return engine;
    }

    final Stream stream() {
        return stream;
    }

    /** {@return which side we are} */
    public abstract Role role();

    /** {@return a number that no other connection of the same engine has} */
    public final long id() {
        return id;
    }

    /** {@return the path of the request; empty if it is not known} */
    public final String path() {
        return path;
    }

    /** {@return the subprotocol that both sides agreed on} */
    public final Optional<String> subprotocol() {
        return subprotocol;
    }

    /** {@return the extensions that both sides agreed on} */
    public final List<String> extensions() {
        return compression == null ? List.of() : List.of(compression.extension());
    }

    /** {@return our address, if the transport has one} */
    public final Optional<SocketAddress> localAddress() {
        return stream.localAddress();
    }

    /** {@return the peer's address, if the transport has one} */
    public final Optional<SocketAddress> peerAddress() {
        return stream.peerAddress();
    }

    /** {@return the TLS session, if the transport is encrypted} */
    public final Optional<SSLSession> tlsSession() {
        return stream.tlsSession();
    }

    /** {@return how lines of the log name it} */
    final String name(Object state) {
        String peer = peerAddress().map(address -> ", peer " + address).orElse("");
        return "WebSocket " + id + " " + role() + " " + state + RequestContext.where(route, path) + peer;
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.spi;

import dev.gibbon.Headers;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A request to become a WebSocket, as the opening handshake looks at it, whichever server received it: of HTTP/1.1
 * (RFC 6455 §4.2.1), or an extended CONNECT of HTTP/2 or HTTP/3 (RFC 8441, RFC 9220), which has neither
 * Sec-WebSocket-Key nor Upgrade and Connection. Immutable. Servers that recycle their requests hand over copies:
 * nothing here is looked at after {@link dev.gibbon.Upgrader#reply}.
 */
public final class UpgradeRequest {
    /** Which handshake it is. */
    public enum Kind {
        /** GET with Upgrade, answered with 101 (RFC 6455 §4.2). */
        HTTP_1_1,
        /** CONNECT with {@code :protocol}, answered with 200 (RFC 8441 §5). */
        EXTENDED_CONNECT
    }

    private final Kind kind;
    private final String method;
    private final String version;
    private final String protocol;
    private final String authority;
    private final boolean secure;
    private final Headers headers;
    private final @Nullable SocketAddress peer;
    private final String path;
    private final @Nullable String user;

    private UpgradeRequest(
            Kind kind,
            String method,
            String version,
            String protocol,
            String authority,
            boolean secure,
            Headers headers,
            @Nullable SocketAddress peer,
            String path,
            @Nullable String user) {
        this.kind = kind;
        this.method = Objects.requireNonNull(method, "method");
        this.version = Objects.requireNonNull(version, "version");
        this.protocol = Objects.requireNonNull(protocol, "protocol");
        this.authority = Objects.requireNonNull(authority, "authority");
        this.secure = secure;
        this.headers = Objects.requireNonNull(headers, "headers");
        this.peer = peer;
        this.path = path;
        this.user = user;
    }

    /**
     * {@return a request of HTTP/1.1}
     *
     * @param method the method as sent, case included
     * @param version {@code HTTP/1.1}, or another version in the same form, which is refused
     * @param authority the authority of an absolute-form target, else the Host field; empty if there is neither.
     *     Behind a proxy, what the server takes for it: an origin is compared with it
     * @param secure whether the client used TLS
     * @param headers all fields of the request
     */
    public static UpgradeRequest http(
            String method, String version, String authority, boolean secure, Headers headers) {
        return new UpgradeRequest(Kind.HTTP_1_1, method, version, "", authority, secure, headers, null, "", null);
    }

    /**
     * {@return the authority of a request whose host and port a server tells apart}
     *
     * @param host a name or an IP address, of version 6 with brackets or without; empty if the client named none
     * @param port the port; left out of the authority if it is the scheme's own, or not known, that is 0 or less
     * @param secure whether the scheme is {@code https}
     */
    public static String authorityOf(String host, int port, boolean secure) {
        boolean bare = host.indexOf(':') >= 0 && !host.startsWith("[");
        String name = bare ? "[" + host + "]" : host;
        return host.isEmpty() || port <= 0 || port == (secure ? 443 : 80) ? name : name + ":" + port;
    }

    /**
     * {@return an extended CONNECT, of HTTP/2 or HTTP/3}
     *
     * @param protocol the pseudo-header {@code :protocol}; anything but {@code websocket} is refused with 501 (RFC
     *     9220 §3)
     * @param authority the pseudo-header {@code :authority}
     * @param secure whether {@code :scheme} is {@code https}
     * @param headers all fields of the request but the pseudo-headers
     */
    public static UpgradeRequest extendedConnect(String protocol, String authority, boolean secure, Headers headers) {
        return new UpgradeRequest(
                Kind.EXTENDED_CONNECT, "CONNECT", "", protocol, authority, secure, headers, null, "", null);
    }

    /**
     * {@return the same from a client whose address the log is to name}
     *
     * @param address the client's, or that of a proxy before it
     */
    public UpgradeRequest from(SocketAddress address) {
        return new UpgradeRequest(
                kind,
                method,
                version,
                protocol,
                authority,
                secure,
                headers,
                Objects.requireNonNull(address, "address"),
                path,
                user);
    }

    /**
     * {@return the same from a client whose address the server gives as text} Nothing is looked up: what is no IP
     * address stays as it is.
     *
     * @param address the client's, or that of a proxy before it, such as {@code 192.0.2.1} or {@code ::1}
     * @param port the port; 0 if it is not known
     * @throws IllegalArgumentException if there is no such port
     */
    public UpgradeRequest from(String address, int port) {
        try {
            return from(new InetSocketAddress(InetAddress.ofLiteral(address), port));
        } catch (IllegalArgumentException _) {
            return from(InetSocketAddress.createUnresolved(address, port));
        }
    }

    /**
     * {@return the same for a path, which lines of the log and observers are to name} The handshake does not look at
     * it.
     *
     * @param requestPath the path that the client asked for as the server sees it, without the query, where secrets
     *     often are; the log escapes it
     */
    public UpgradeRequest at(String requestPath) {
        return new UpgradeRequest(
                kind,
                method,
                version,
                protocol,
                authority,
                secure,
                headers,
                peer,
                Objects.requireNonNull(requestPath, "requestPath"),
                user);
    }

    /**
     * {@return the same of a user that the server knows already} {@link
     * dev.gibbon.WebSocketHost.Builder#limitPerUser Limits} of users are counted by it; the handshake does not look at
     * it.
     *
     * @param name tells the user from all others
     */
    public UpgradeRequest by(String name) {
        return new UpgradeRequest(
                kind,
                method,
                version,
                protocol,
                authority,
                secure,
                headers,
                peer,
                path,
                Objects.requireNonNull(name, "name"));
    }

    /** {@return which handshake it is} */
    public Kind kind() {
        return kind;
    }

    /** {@return the method as sent} */
    public String method() {
        return method;
    }

    /** {@return the version in the form {@code HTTP/1.1}; empty for an extended CONNECT} */
    public String version() {
        return version;
    }

    /** {@return what an extended CONNECT asks for, such as {@code websocket}; empty for HTTP/1.1} */
    public String protocol() {
        return protocol;
    }

    /** {@return the host that the client asked for, with the port if it named one; empty if there was none} */
    public String authority() {
        return authority;
    }

    /** {@return whether the client used TLS} */
    public boolean secure() {
        return secure;
    }

    /** {@return the client's address, if it was told} */
    public Optional<SocketAddress> peerAddress() {
        return Optional.ofNullable(peer);
    }

    /** {@return the path without the query; empty if it was not told} */
    public String path() {
        return path;
    }

    /** {@return the user, if the server has told} */
    public Optional<String> user() {
        return Optional.ofNullable(user);
    }

    /** {@return the fields} */
    public Headers headers() {
        return headers;
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.http.Authority;
import dev.gibbon.http.HttpSyntax;
import java.net.PasswordAuthentication;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Where a proxy is, how it is spoken to, and what it is told about who asks.
 *
 * <p>Immutable and valid by construction. Neither {@link #toString()} nor the message of an exception from here has a
 * user name, a password or the value of a header.
 */
public final class ProxyAddress {
    /** How a proxy is spoken to. */
    public enum Protocol {
        /** HTTP/1.1 {@code CONNECT} over TCP (RFC 9110 §9.3.6). */
        HTTP("http", 80),
        /** HTTP/1.1 {@code CONNECT} over TLS to the proxy; what is tunnelled may be TLS once more. */
        HTTPS("https", 443),
        /** SOCKS version 5 (RFC 1928); host names are looked up here and the proxy gets an address. */
        SOCKS5("socks5", 1080),
        /** SOCKS version 5 (RFC 1928); the proxy gets the host name and looks it up. */
        SOCKS5H("socks5h", 1080);

        private final String scheme;
        private final int defaultPort;

        Protocol(String scheme, int defaultPort) {
            this.scheme = scheme;
            this.defaultPort = defaultPort;
        }

        /** {@return the scheme of a proxy's URI: {@code http}, {@code https}, {@code socks5} or {@code socks5h}} */
        public String scheme() {
            return scheme;
        }

        /** {@return the port where the URI names none: 80, 443 or 1080} */
        public int defaultPort() {
            return defaultPort;
        }

        /** {@return whether it is one of the two SOCKS forms, which know no headers} */
        public boolean isSocks() {
            return this == SOCKS5 || this == SOCKS5H;
        }
    }

    private static final String SCHEME_END = "://";
    private static final String AUTHORIZATION = "Proxy-Authorization";
    private static final int MAX_PORT = 65_535;

    /** The length of a SOCKS5 user name or password is one byte (RFC 1929 §2). */
    private static final int MAX_SOCKS_CREDENTIAL_BYTES = 255;

    private final Protocol protocol;
    private final String host;
    private final int port;
    private final Headers headers;
    private final @Nullable Credentials credentials;

    /** The two texts never leave it but as a {@link PasswordAuthentication}. */
    private record Credentials(String user, String password) {
        @Override
        public String toString() {
            return "Credentials";
        }
    }

    private ProxyAddress(Protocol protocol, String host, int port, Headers headers, @Nullable Credentials credentials) {
        this.protocol = protocol;
        this.host = host;
        this.port = port;
        this.headers = headers;
        this.credentials = credentials;
        if (credentials != null) {
            requireSendable(credentials);
        }
        requireOwn();
    }

    /**
     * {@return the proxy at a host and port, without credentials and headers}
     *
     * @param protocol how it is spoken to
     * @param host a host name in its ASCII form, or an IPv4 or IPv6 address, the latter with or without brackets
     * @param port 1 to 65535
     * @throws IllegalArgumentException if the host is malformed or the port out of range
     */
    public static ProxyAddress of(Protocol protocol, String host, int port) {
        if (port < 1 || port > MAX_PORT) {
            throw new IllegalArgumentException("proxy port " + port + " is not within 1 to " + MAX_PORT);
        }
        boolean bare = host.indexOf(':') >= 0 && !host.startsWith("[");
        Authority authority = Authority.parse(bare ? "[" + host + "]" : host)
                .filter(parsed -> parsed.port().isEmpty())
                .orElseThrow(() -> new IllegalArgumentException("malformed proxy host " + HttpSyntax.quoted(host)));
        return new ProxyAddress(protocol, unbracketed(authority.host()), port, Headers.of(), null);
    }

    /**
     * {@return the proxy that a URI names}
     *
     * @param uri as in {@link #parse(String)}
     * @throws IllegalArgumentException if it names none; the message does not repeat it
     */
    public static ProxyAddress of(URI uri) {
        return parse(uri.toString());
    }

    /**
     * {@return the proxy that {@code scheme://user:password@host:port} names}
     *
     * <p>The schemes are those of {@link Protocol}, and {@code socks}, which desktops write and which means {@code
     * socks5h}; SOCKS version 4 is not spoken. A missing port is the scheme's default.
     * User name and password may be missing and are percent-decoded as UTF-8; a user name
     * without password has the empty one. A single {@code /} may end it, nothing longer.
     *
     * @param uri the text of the URI
     * @throws IllegalArgumentException if it names no proxy; the message does not repeat it
     */
    public static ProxyAddress parse(String uri) {
        int schemeEnd = uri.indexOf(SCHEME_END);
        if (schemeEnd < 0) {
            throw new IllegalArgumentException("proxy URI has no scheme: http, https, socks5 or socks5h");
        }
        Protocol protocol = protocol(uri.substring(0, schemeEnd));
        String rest = uri.substring(schemeEnd + SCHEME_END.length());
        int hostStart = rest.lastIndexOf('@') + 1;
        String place = rest.substring(hostStart);
        if (place.endsWith("/")) {
            place = place.substring(0, place.length() - 1);
        }
        // Not repeated in the message: with a stray '/' or '#',
        // what looks like the host may be a piece of the password.
        Authority authority = Authority.parse(place)
                .orElseThrow(() -> new IllegalArgumentException("proxy URI has a malformed host or port, or a path"));
        ProxyAddress address = of(protocol, authority.host(), authority.port().orElse(protocol.defaultPort()));
        return hostStart == 0 ? address : address.withUserInfo(rest.substring(0, hostStart - 1));
    }

    /**
     * {@return this proxy, told that user name and password}: as {@code Basic} credentials in UTF-8 (RFC 7617), or by
     * the SOCKS5 sub-negotiation (RFC 1929)
     *
     * @param user the user name; for HTTP without colon, for SOCKS5 1 to 255 bytes in UTF-8
     * @param password the password; for SOCKS5 1 to 255 bytes in UTF-8
     * @throws IllegalArgumentException if one cannot be sent, or {@link #headers()} have credentials of their own
     */
    public ProxyAddress withCredentials(String user, String password) {
        return new ProxyAddress(protocol, host, port, headers, new Credentials(user, password));
    }

    /** {@return this proxy, told no user name and password} */
    public ProxyAddress withoutCredentials() {
        return new ProxyAddress(protocol, host, port, headers, null);
    }

    /**
     * {@return this proxy, sent those fields with each {@code CONNECT}, in place of earlier ones}
     * {@code Proxy-Authorization} is allowed where there is no user name, for schemes other than {@code Basic}.
     *
     * @param replacement a {@code User-Agent}, for example; no field that delimits or routes the request
     * @throws IllegalArgumentException if the proxy speaks SOCKS,
     *     or a field belongs to the request itself or to the target
     */
    public ProxyAddress withHeaders(Headers replacement) {
        return new ProxyAddress(protocol, host, port, replacement, credentials);
    }

    /** {@return how the proxy is spoken to} */
    public Protocol protocol() {
        return protocol;
    }

    /** {@return its host name in lower case, or its address; an IPv6 address without brackets} */
    public String host() {
        return host;
    }

    /** {@return its port} */
    public int port() {
        return port;
    }

    /** {@return the fields sent with each {@code CONNECT}} */
    public Headers headers() {
        return headers;
    }

    /** {@return user name and password, a copy, if there are any} */
    public Optional<PasswordAuthentication> credentials() {
        return Optional.ofNullable(credentials)
                .map(pair ->
                        new PasswordAuthentication(pair.user(), pair.password().toCharArray()));
    }

    /**
     * {@return whether the other is the same place, spoken to in the same way, with the same headers and credentials}
     */
    @Override
    public boolean equals(Object other) {
        return other instanceof ProxyAddress that
                && protocol == that.protocol
                && host.equals(that.host)
                && port == that.port
                && headers.equals(that.headers)
                && Objects.equals(credentials, that.credentials);
    }

    @Override
    public int hashCode() {
        return Objects.hash(protocol, host, port, headers);
    }

    /** {@return the URI without credentials} */
    @Override
    public String toString() {
        return protocol.scheme() + SCHEME_END + (host.indexOf(':') < 0 ? host : "[" + host + "]") + ":" + port;
    }

    private ProxyAddress withUserInfo(String userInfo) {
        int colon = userInfo.indexOf(':');
        String user = colon < 0 ? userInfo : userInfo.substring(0, colon);
        String password = colon < 0 ? "" : userInfo.substring(colon + 1);
        return withCredentials(decoded(user), decoded(password));
    }

    private static Protocol protocol(String scheme) {
        if (HttpSyntax.equalsIgnoreCase(scheme, "socks")) {
            return Protocol.SOCKS5H;
        }
        if (HttpSyntax.equalsIgnoreCase(scheme, "socks4") || HttpSyntax.equalsIgnoreCase(scheme, "socks4a")) {
            throw new IllegalArgumentException("SOCKS version 4 is not spoken; if the proxy speaks version 5 too, as "
                    + "most do, write socks5h:// (the proxy looks names up) or socks5://");
        }
        return Arrays.stream(Protocol.values())
                .filter(candidate -> HttpSyntax.equalsIgnoreCase(candidate.scheme(), scheme))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("proxy scheme is not http, https, socks5 or socks5h"));
    }

    private static String unbracketed(String host) {
        return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
    }

    private static String decoded(String text) {
        byte[] encoded = text.getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes = ByteBuffer.allocate(encoded.length);
        for (int i = 0; i < encoded.length; i++) {
            if (encoded[i] != '%') {
                bytes.put(encoded[i]);
                continue;
            }
            if (i + 2 >= encoded.length
                    || !HttpSyntax.isHexDigit(encoded[i + 1])
                    || !HttpSyntax.isHexDigit(encoded[i + 2])) {
                throw new IllegalArgumentException("proxy URI has a malformed percent-encoding (RFC 3986 §2.1)");
            }
            int high = Character.digit(encoded[i + 1], 16);
            bytes.put((byte) (high << 4 | Character.digit(encoded[i + 2], 16)));
            i += 2;
        }
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(bytes.flip()).toString();
        } catch (CharacterCodingException _) {
            // No cause: it may tell of the credentials.
            throw new IllegalArgumentException("proxy URI has credentials that are not UTF-8");
        }
    }

    private void requireSendable(Credentials pair) {
        if (protocol.isSocks()) {
            requireSocksLength("user name", pair.user());
            requireSocksLength("password", pair.password());
            return;
        }
        if (pair.user().indexOf(':') >= 0) {
            throw new IllegalArgumentException("proxy user name has a colon (RFC 7617 §2)");
        }
        if ((pair.user() + pair.password()).chars().anyMatch(Character::isISOControl)) {
            throw new IllegalArgumentException("proxy user name or password has a control character (RFC 7617 §2)");
        }
    }

    private static void requireSocksLength(String what, String text) {
        int length = text.getBytes(StandardCharsets.UTF_8).length;
        if (length < 1 || length > MAX_SOCKS_CREDENTIAL_BYTES) {
            throw new IllegalArgumentException("SOCKS5 " + what + " of " + length + " bytes is not within 1 to "
                    + MAX_SOCKS_CREDENTIAL_BYTES + " (RFC 1929 §2)");
        }
    }

    private void requireOwn() {
        if (protocol.isSocks() && headers.size() > 0) {
            throw new IllegalArgumentException("headers for " + this + ": SOCKS5 has none (RFC 1928)");
        }
        if (credentials != null && headers.contains(AUTHORIZATION)) {
            throw new IllegalArgumentException("both a user name and a " + AUTHORIZATION + " header");
        }
        for (Headers.Field field : headers) {
            if (isReserved(field.name().toLowerCase(Locale.ROOT))) {
                throw new IllegalArgumentException("header " + field.name() + " is not for a proxy (RFC 9110 §9.3.6)");
            }
        }
    }

    // What delimits or routes the request, and what is meant
    // for the target: its credentials never reach the proxy.
    private static boolean isReserved(String lowerCaseName) {
        return switch (lowerCaseName) {
            case "host",
                    "content-length",
                    "transfer-encoding",
                    "te",
                    "trailer",
                    "connection",
                    "upgrade",
                    "expect",
                    "authorization",
                    "cookie" -> true;
            default -> lowerCaseName.startsWith("sec-websocket-");
        };
    }
}

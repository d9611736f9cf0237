// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.client;

import dev.gibbon.http.Authority;
import dev.gibbon.http.HttpSyntax;
import java.net.IDN;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * Where a WebSocket URI leads (RFC 6455 §3), checked before anything is sent anywhere.
 *
 * @param uri as it was given
 * @param secure whether TLS is spoken
 * @param host what to look up and to check certificates against: an
 *     ASCII name, or an address without brackets, perhaps with a zone
 * @param port 1 to 65535
 * @param hostField the Host field: no zone (RFC 6874 §4), no default port (§4.1 step 4)
 * @param requestTarget path and query, visible ASCII
 */
public record Target(URI uri, boolean secure, String host, int port, String hostField, String requestTarget) {
    private static final int HTTP_PORT = 80;
    private static final int HTTPS_PORT = 443;

    /**
     * {@return the target of a URI}
     *
     * @throws IllegalArgumentException if it is no URI of the schemes ws and wss, or breaks a rule for them; the
     *     message shows no more of it than the offence, since a query may be a secret
     */
    public static Target of(URI uri) {
        return of(uri, secure(uri));
    }

    static Target of(URI uri, boolean secure) {
        if (uri.getRawFragment() != null) {
            throw new IllegalArgumentException("a WebSocket URI has no fragment (§3)");
        }
        String authority = uri.getRawAuthority();
        if (authority == null) {
            throw new IllegalArgumentException("the URI names no host (§3)");
        }
        if (authority.indexOf('@') >= 0) {
            throw new IllegalArgumentException("the URI has user information (§3); send credentials in a header");
        }
        int hostEnd = authority.startsWith("[") ? authority.indexOf(']') + 1 : authority.indexOf(':');
        if (hostEnd < 0) {
            hostEnd = authority.length();
        }
        int defaultPort = secure ? HTTPS_PORT : HTTP_PORT;
        int port = port(authority.substring(hostEnd), defaultPort);
        String host = authority.substring(0, hostEnd);
        String zone = "";
        int percent = host.indexOf('%');
        if (host.startsWith("[") && percent >= 0) {
            zone = zone(host.substring(percent + 1, host.length() - 1));
            host = host.substring(0, percent) + "]";
        }
        host = ascii(host);
        String hostField = port == defaultPort ? host : host + ":" + port;
        return new Target(uri, secure, withoutBrackets(host) + zone, port, hostField, requestTarget(uri));
    }

    private static boolean secure(URI uri) {
        String scheme = uri.getScheme();
        if (scheme == null) {
            throw new IllegalArgumentException("the URI is relative, not ws: or wss: (§3)");
        }
        return switch (HttpSyntax.toLowerCase(scheme)) {
            case "ws" -> false;
            case "wss" -> true;
            default ->
                throw new IllegalArgumentException(
                        "scheme " + HttpSyntax.quoted(scheme) + " is neither ws nor wss (§3)");
        };
    }

    /** The JDK's URI takes any digits, and gives up on the host where there are too many. */
    private static int port(String colonAndDigits, int defaultPort) {
        if (colonAndDigits.isEmpty() || colonAndDigits.equals(":")) {
            return defaultPort;
        }
        OptionalInt port =
                Authority.parse("h" + colonAndDigits).map(Authority::port).orElse(OptionalInt.empty());
        if (port.isEmpty() || port.getAsInt() == 0) {
            throw new IllegalArgumentException(
                    "port " + HttpSyntax.quoted(colonAndDigits.substring(1)) + " is not within 1 to 65535");
        }
        return port.getAsInt();
    }

    /** RFC 6874 §2 writes {@code %25eth0}; everybody types {@code %eth0}. */
    private static String zone(String text) {
        String zone = text.startsWith("25") && text.length() > 2 ? text.substring(2) : text;
        if (zone.isEmpty() || !HttpSyntax.all(zone, c -> HttpSyntax.isTokenChar(c) && c != '%')) {
            throw new IllegalArgumentException("malformed zone " + HttpSyntax.quoted(text) + " (RFC 6874 §2)");
        }
        return "%" + zone;
    }

    /**
     * A name that is not ASCII is looked up and sent in its ASCII
     * form (RFC 3490 §4.1); the result is checked like any other.
     */
    private static String ascii(String host) {
        String name = host;
        if (!HttpSyntax.all(host, HttpSyntax::isVisible)) {
            try {
                name = IDN.toASCII(host, IDN.USE_STD3_ASCII_RULES);
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException("host " + HttpSyntax.quoted(host) + " has no ASCII form", e);
            }
        }
        if (!Authority.isValid(name)) {
            throw new IllegalArgumentException("malformed host " + HttpSyntax.quoted(host) + " (RFC 3986 §3.2.2)");
        }
        return name;
    }

    private static String withoutBrackets(String host) {
        return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
    }

    private static String requestTarget(URI uri) {
        String query = uri.getRawQuery();
        return encoded(query == null ? path(uri) : path(uri) + "?" + query);
    }

    private static String path(URI uri) {
        String path = uri.getRawPath();
        return path == null || path.isEmpty() ? "/" : path;
    }

    /** {@return the path, for the log} */
    public String path() {
        return path(uri);
    }

    /**
     * The JDK's URI lets other letters stand as they are; on the wire they are percent-encoded UTF-8 (RFC 3987 §3.1).
     */
    private static String encoded(String text) {
        if (HttpSyntax.all(text, HttpSyntax::isVisible)) {
            return text;
        }
        StringBuilder ascii = new StringBuilder();
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            if (HttpSyntax.isVisible(b)) {
                ascii.append((char) b);
            } else {
                ascii.append(String.format(Locale.ROOT, "%%%02X", b));
            }
        }
        return ascii.toString();
    }

    /** {@return whether credentials for the other are meant for this as well: same scheme, host and port} */
    public boolean sameOrigin(Target other) {
        return secure == other.secure && port == other.port && normalHost().equals(other.normalHost());
    }

    private String normalHost() {
        int percent = host.indexOf('%');
        String zone = percent < 0 ? "" : host.substring(percent);
        return Authority.parse(hostField).orElseThrow().host() + zone;
    }

    /** {@return the URI in the scheme that cookies know: http or https} */
    public URI httpUri() {
        return URI.create((secure ? "https://" : "http://") + hostField + requestTarget);
    }

    /** {@return the URI in the scheme ws or wss, all ASCII, without a zone} */
    public URI wsUri() {
        return URI.create((secure ? "wss://" : "ws://") + hostField + requestTarget);
    }

    /**
     * {@return where a redirect leads, this being where it came from}
     *
     * @param location the one Location field, if there was one
     * @throws IllegalArgumentException if that is nowhere we may follow to
     */
    public Target redirected(@Nullable String location) {
        if (location == null || location.isBlank()) {
            throw new IllegalArgumentException("a redirect without a Location (RFC 9110 §15.4)");
        }
        URI next = resolve(location);
        boolean nextSecure = switch (HttpSyntax.toLowerCase(String.valueOf(next.getScheme()))) {
            case "ws", "http" -> false;
            case "wss", "https" -> true;
            default ->
                throw new IllegalArgumentException("a redirect to the scheme " + HttpSyntax.quoted(next.getScheme()));
        };
        if (secure && !nextSecure) {
            throw new IllegalArgumentException("a redirect from wss to ws");
        }
        return of(inOurScheme(next, nextSecure), nextSecure);
    }

    /** Servers redirect to http and https; what the caller is told is what was asked for. */
    private static URI inOurScheme(URI next, boolean secure) {
        return URI.create((secure ? "wss:" : "ws:")
                + next.getRawSchemeSpecificPart()
                + (next.getRawFragment() == null ? "" : "#" + next.getRawFragment()));
    }

    private URI resolve(String location) {
        try {
            return Location.resolve(wsUri(), location);
        } catch (IllegalArgumentException _) { // Its message has the text as it came.
            throw new IllegalArgumentException("a redirect to " + HttpSyntax.quoted(location) + ", which is no URI");
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.http;

import java.net.Inet6Address;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * A host with an optional port, as in a Host field, a request target or an origin, in a form that compares equal where
 * the spellings name the same thing.
 *
 * @param host lower case without a trailing dot; an IPv6 address in brackets and written out in full
 * @param port the port, if one was named
 */
public record Authority(String host, OptionalInt port) {
    /** Longest name of the DNS with its trailing dot (RFC 1035 §2.3.4). */
    private static final int MAX_HOST_CHARS = 255;

    private static final int MAX_PORT = 65_535;
    private static final int MAX_PORT_DIGITS = 5;

    /** Instead of a port: none was named. */
    private static final int NO_PORT = -1;

    /** Instead of a port: what follows the host names none and is not nothing. */
    private static final int MALFORMED = -2;

    /**
     * {@return the authority that {@code text} spells; empty if it is malformed}
     *
     * <p>Stricter than RFC 3986 §3.2: no user information, no percent-encoding and no sub-delimiters, so that
     * {@code a,b} is not a host but a list, and no host is empty.
     *
     * @param text {@code host}, {@code host:port} or {@code host:}
     */
    public static Optional<Authority> parse(String text) {
        int hostEnd = hostEnd(text);
        int port = hostEnd == 0 ? MALFORMED : port(text, hostEnd);
        if (port == MALFORMED) {
            return Optional.empty();
        }
        OptionalInt named = port == NO_PORT ? OptionalInt.empty() : OptionalInt.of(port);
        return host(text, hostEnd).map(host -> new Authority(host, named));
    }

    /**
     * {@return whether {@link #parse} finds an authority in {@code text}} Leaves nothing behind where that is a name:
     * each request has it checked.
     *
     * @param text what may be one
     */
    public static boolean isValid(String text) {
        int hostEnd = hostEnd(text);
        boolean valid = hostEnd > 0 && port(text, hostEnd) != MALFORMED;
        return valid && (isAddress(text) ? host(text, hostEnd).isPresent() : isName(text, nameEnd(text, hostEnd)));
    }

    /** {@return where the host ends; 0 if there is none, or a longer one than the DNS has} */
    private static int hostEnd(String text) {
        int end = isAddress(text) ? text.indexOf(']') + 1 : text.indexOf(':');
        if (end < 0) {
            end = text.length();
        }
        return end > MAX_HOST_CHARS ? 0 : end;
    }

    private static boolean isAddress(String text) {
        return text.startsWith("[");
    }

    private static Optional<String> host(String text, int end) {
        if (isAddress(text)) {
            return address(text.substring(1, end - 1));
        }
        int nameEnd = nameEnd(text, end);
        return isName(text, nameEnd)
                ? Optional.of(HttpSyntax.toLowerCase(text.substring(0, nameEnd)))
                : Optional.empty();
    }

    /** {@return where the name ends that a dot may follow} */
    private static int nameEnd(String text, int end) {
        return text.charAt(end - 1) == '.' ? end - 1 : end;
    }

    private static boolean isName(String text, int end) {
        char before = '.';
        for (int i = 0; i < end; i++) {
            char c = text.charAt(i);
            boolean emptyLabel = c == '.' && before == '.';
            if (emptyLabel || !isNameChar(c)) {
                return false;
            }
            before = c;
        }
        return before != '.';
    }

    private static boolean isNameChar(char c) {
        return HttpSyntax.isAlpha(c) || HttpSyntax.isDigit(c) || c == '-' || c == '.' || c == '_' || c == '~';
    }

    private static Optional<String> address(String literal) {
        // Checked here, since the JDK's parser also takes a
        // zone, which means nothing to another machine.
        if (!HttpSyntax.all(literal, c -> HttpSyntax.isHexDigit(c) || c == ':' || c == '.')) {
            return Optional.empty();
        }
        try {
            return Optional.of("[" + Inet6Address.ofLiteral(literal).getHostAddress() + "]");
        } catch (IllegalArgumentException _) {
            return Optional.empty();
        }
    }

    /** {@return the port that stands from {@code colon} on, {@link #NO_PORT} or {@link #MALFORMED}} */
    private static int port(String text, int colon) {
        int digits = text.length() - colon - 1;
        if (digits <= 0) {
            return digits < 0 || text.charAt(colon) == ':' ? NO_PORT : MALFORMED;
        }
        if (text.charAt(colon) != ':'
                || digits > MAX_PORT_DIGITS
                || !HttpSyntax.all(text, colon + 1, text.length(), HttpSyntax::isDigit)) {
            return MALFORMED;
        }
        int port = Integer.parseInt(text, colon + 1, text.length(), 10);
        return port <= MAX_PORT ? port : MALFORMED;
    }
}

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

    /**
     * {@return the authority that {@code text} spells; empty if it is malformed}
     *
     * <p>Stricter than RFC 3986 §3.2: no user information, no percent-encoding and no sub-delimiters, so that
     * {@code a,b} is not a host but a list, and no host is empty.
     *
     * @param text {@code host}, {@code host:port} or {@code host:}
     */
    public static Optional<Authority> parse(String text) {
        int hostEnd = text.startsWith("[") ? text.indexOf(']') + 1 : text.indexOf(':');
        if (hostEnd < 0) {
            hostEnd = text.length();
        }
        if (hostEnd == 0 || hostEnd > MAX_HOST_CHARS) {
            return Optional.empty();
        }
        String literal = text.substring(0, hostEnd);
        Optional<String> host = literal.startsWith("[") ? address(literal) : name(literal);
        if (host.isEmpty()) {
            return Optional.empty();
        }
        String rest = text.substring(hostEnd);
        if (rest.isEmpty() || rest.equals(":")) {
            return Optional.of(new Authority(host.get(), OptionalInt.empty()));
        }
        OptionalInt port = port(rest);
        return port.isPresent() ? Optional.of(new Authority(host.get(), port)) : Optional.empty();
    }

    private static Optional<String> name(String literal) {
        String name = literal.endsWith(".") ? literal.substring(0, literal.length() - 1) : literal;
        char before = '.';
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            boolean emptyLabel = c == '.' && before == '.';
            if (emptyLabel || !isNameChar(c)) {
                return Optional.empty();
            }
            before = c;
        }
        return before == '.' ? Optional.empty() : Optional.of(HttpSyntax.toLowerCase(name));
    }

    private static boolean isNameChar(char c) {
        return HttpSyntax.isAlpha(c) || HttpSyntax.isDigit(c) || c == '-' || c == '.' || c == '_' || c == '~';
    }

    private static Optional<String> address(String literal) {
        String inner = literal.substring(1, literal.length() - 1);
        // Checked here, since the JDK's parser also takes a
        // zone, which means nothing to another machine.
        if (!inner.chars().allMatch(c -> HttpSyntax.isHexDigit(c) || c == ':' || c == '.')) {
            return Optional.empty();
        }
        try {
            return Optional.of("[" + Inet6Address.ofLiteral(inner).getHostAddress() + "]");
        } catch (IllegalArgumentException _) {
            return Optional.empty();
        }
    }

    private static OptionalInt port(String colonAndDigits) {
        String digits = colonAndDigits.substring(1);
        if (colonAndDigits.charAt(0) != ':'
                || digits.length() > MAX_PORT_DIGITS
                || !digits.chars().allMatch(HttpSyntax::isDigit)) {
            return OptionalInt.empty();
        }
        int port = Integer.parseInt(digits);
        return port <= MAX_PORT ? OptionalInt.of(port) : OptionalInt.empty();
    }
}

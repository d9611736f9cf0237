// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.handshake;

import dev.gibbon.http.Authority;
import dev.gibbon.http.HttpSyntax;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The origin of a web page or of an app's web view (RFC 6454 §4), normalised, so that equal records mean the same
 * origin.
 *
 * @param scheme lower case
 * @param host as {@link Authority#host()}; of an app it may also be empty or dots alone
 * @param port the port, the scheme's default filled in; empty where the scheme has none
 */
record Origin(String scheme, String host, OptionalInt port) {
    private static final String SEPARATOR = "://";

    /** {@return the origin that {@code text} spells; empty if it is malformed, {@code null} or a list} */
    static Optional<Origin> parse(String text) {
        int schemeEnd = text.indexOf(SEPARATOR);
        if (schemeEnd <= 0 || !isScheme(text.substring(0, schemeEnd))) {
            return Optional.empty();
        }
        String scheme = HttpSyntax.toLowerCase(text.substring(0, schemeEnd));
        // A path, query or user information is no part of
        // an origin, and no host has their characters.
        String rest = text.substring(schemeEnd + SEPARATOR.length());
        if (defaultPort(scheme).isEmpty() && HttpSyntax.all(rest, c -> c == '.')) {
            return Optional.of(new Origin(scheme, rest, OptionalInt.empty()));
        }
        return Authority.parse(rest).map(authority -> of(scheme, authority));
    }

    static Origin of(String scheme, Authority authority) {
        OptionalInt port = authority.port().isPresent() ? authority.port() : defaultPort(scheme);
        return new Origin(scheme, authority.host(), port);
    }

    private static OptionalInt defaultPort(String scheme) {
        return switch (scheme) {
            case "http" -> OptionalInt.of(80);
            case "https" -> OptionalInt.of(443);
            default -> OptionalInt.empty();
        };
    }

    private static boolean isScheme(String text) {
        return HttpSyntax.isAlpha(text.charAt(0))
                && HttpSyntax.all(
                        text, c -> HttpSyntax.isAlpha(c) || HttpSyntax.isDigit(c) || c == '+' || c == '-' || c == '.');
    }
}

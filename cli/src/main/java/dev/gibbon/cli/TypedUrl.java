// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A URL as people type and paste it, read as a browser reads it (WHATWG URL Standard): blanks around it go, characters
 * that a URI cannot hold are percent-encoded, a percent sign that begins no escape is one. A few that a browser sends
 * as they are, such as braces, are encoded too, for {@link URI} takes none: a server decodes both to the same.
 */
final class TypedUrl {
    private static final String LETTERS_AND_DIGITS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    private static final String IN_PATH = LETTERS_AND_DIGITS + "-._~!$&'()*+,;=:@/";

    /** No apostrophe: the standard encodes it in the query of a scheme that it knows. */
    private static final String IN_QUERY = LETTERS_AND_DIGITS + "-._~!$&()*+,;=:@/?[]";

    private static final HexFormat HEX = HexFormat.of().withUpperCase();

    /** A known scheme may have lost a slash; {@code ws:8080/}, though, is a host. */
    private static final Pattern SCHEME = Pattern.compile("(?i)(?:(wss?|https?):[/\\\\]+|([a-z][a-z0-9+.-]*)://)(.*)");

    /** Authority, path, query, fragment: each may be anything. */
    private static final Pattern PARTS = Pattern.compile("([^/\\\\?#]*)([^?#]*)(?:\\?([^#]*))?(?:#(.*))?");

    private TypedUrl() {}

    /** {@return the URI, {@code ws} where no scheme was typed or it was http, {@code wss} for https} */
    static URI parse(String text) throws URISyntaxException {
        String typed = text.strip().replaceAll("[\\t\\r\\n]", "");
        String scheme = "ws";
        String rest = typed;
        Matcher begin = SCHEME.matcher(typed);
        if (begin.matches()) {
            scheme = scheme(begin.group(1) == null ? begin.group(2) : begin.group(1));
            rest = begin.group(3);
        }
        Matcher parts = PARTS.matcher(rest);
        if (!parts.matches()) { // A line separator of Unicode's, say.
            throw new URISyntaxException(typed, "Illegal character");
        }
        StringBuilder uri = new StringBuilder(scheme).append("://").append(parts.group(1));
        encode(uri, parts.group(2).replace('\\', '/'), IN_PATH);
        if (parts.group(3) != null) {
            encode(uri.append('?'), parts.group(3), IN_QUERY);
        }
        if (parts.group(4) != null) {
            encode(uri.append('#'), parts.group(4), IN_QUERY);
        }
        return new URI(uri.toString());
    }

    private static String scheme(String typed) {
        return switch (typed.toLowerCase(Locale.ROOT)) {
            case "http", "ws" -> "ws";
            case "https", "wss" -> "wss";
            default -> typed;
        };
    }

    private static void encode(StringBuilder uri, String text, String plain) {
        for (int at = 0; at < text.length(); ) {
            int codePoint = text.codePointAt(at);
            if (plain.indexOf(codePoint) >= 0 || isEscape(text, at)) {
                uri.append((char) codePoint);
            } else {
                for (byte b : Character.toString(codePoint).getBytes(StandardCharsets.UTF_8)) {
                    uri.append('%').append(HEX.toHexDigits(b));
                }
            }
            at += Character.charCount(codePoint);
        }
    }

    private static boolean isEscape(String text, int at) {
        return text.charAt(at) == '%'
                && at + 2 < text.length()
                && HexFormat.isHexDigit(text.charAt(at + 1))
                && HexFormat.isHexDigit(text.charAt(at + 2));
    }
}

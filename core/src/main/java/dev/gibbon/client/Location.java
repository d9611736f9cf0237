// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.client;

import dev.gibbon.http.HttpSyntax;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where a Location field leads from a URI (RFC 9110 §10.2.2, RFC 3986 §5.2). The JDK's URI leaves dot segments at
 * the top and in absolute paths, and resolves an empty path as an older RFC had it.
 */
final class Location {
    /** RFC 3986 appendix B. */
    private static final Pattern PARTS =
            Pattern.compile("(?:([^:/?#]+):)?(?://([^/?#]*))?([^?#]*)(?:\\?([^#]*))?(?:#(.*))?", Pattern.DOTALL);

    /** What the JDK's URI takes nowhere, and not in a path. */
    private static final String NOT_IN_A_QUERY = "\"<>\\^`{|}";

    private static final String NOT_IN_A_PATH = NOT_IN_A_QUERY + "[]";

    private Location() {}

    /**
     * {@return the URI that the field means}
     *
     * @param base where the reply came from: has an authority, and is all ASCII
     * @param location the field's value, a character for each byte; bytes that may not stand in a URI, such as raw
     *     UTF-8, are percent-encoded, once
     * @throws IllegalArgumentException if it is no URI
     */
    static URI resolve(URI base, String location) {
        Matcher parts = PARTS.matcher(location);
        if (!parts.matches()) {
            throw new IllegalArgumentException("no URI");
        }
        String scheme = parts.group(1);
        String authority = parts.group(2);
        String path = parts.group(3);
        String query = parts.group(4);
        if (scheme == null && path.startsWith(":")) {
            throw new IllegalArgumentException("a first segment with a colon (RFC 3986 §4.2)");
        }
        if (scheme == null && authority == null) {
            authority = base.getRawAuthority();
            query = path.isEmpty() && query == null ? base.getRawQuery() : query;
            path = path.isEmpty() ? base.getRawPath() : merged(base.getRawPath(), path);
        } else {
            authority = authority == null ? null : decoded(authority);
        }
        return URI.create((scheme == null ? base.getScheme() : scheme) + ":"
                + prefixed("//", authority)
                + encoded(withoutDotSegments(path), NOT_IN_A_PATH)
                + prefixed("?", query == null ? null : encoded(query, NOT_IN_A_QUERY))
                + prefixed("#", parts.group(5) == null ? null : encoded(parts.group(5), NOT_IN_A_PATH)));
    }

    private static String prefixed(String prefix, @Nullable String part) {
        return part == null ? "" : prefix + part;
    }

    /** RFC 3986 §5.2.3. */
    private static String merged(String basePath, String path) {
        return path.startsWith("/") ? path : basePath.substring(0, basePath.lastIndexOf('/') + 1) + path;
    }

    /** RFC 3986 §5.2.4, on whole segments. */
    private static String withoutDotSegments(String path) {
        if (!path.startsWith("/")) {
            return path;
        }
        String[] segments = path.substring(1).split("/", -1);
        StringBuilder kept = new StringBuilder();
        for (int i = 0; i < segments.length; i++) {
            boolean last = i == segments.length - 1;
            switch (dots(segments[i])) {
                case 1 -> kept.append(last ? "/" : "");
                case 2 ->
                    kept.delete(Math.max(0, kept.lastIndexOf("/")), kept.length())
                            .append(last ? "/" : "");
                default -> kept.append('/').append(segments[i]);
            }
        }
        return kept.toString();
    }

    /** {@return how many dots a segment is of, which may be percent-encoded; 0 if it is anything else} */
    private static int dots(String segment) {
        return switch (segment.replace("%2e", ".").replace("%2E", ".")) {
            case "." -> 1;
            case ".." -> 2;
            default -> 0;
        };
    }

    /** A name that is not ASCII is UTF-8 in the field; the target gives it its ASCII form. */
    private static String decoded(String authority) {
        byte[] bytes = authority.getBytes(StandardCharsets.ISO_8859_1);
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException("a host that is not UTF-8", e);
        }
    }

    /** Percent-encodes the bytes that may not stand in a URI; what is encoded already stays as it is. */
    private static String encoded(String part, String illegal) {
        StringBuilder ascii = new StringBuilder();
        for (int i = 0; i < part.length(); i++) {
            char c = part.charAt(i);
            boolean stays = c == '%' ? isEscape(part, i) : HttpSyntax.isVisible(c) && illegal.indexOf(c) < 0;
            if (stays) {
                ascii.append(c);
            } else {
                ascii.append('%').append(HexFormat.of().withUpperCase().toHexDigits((byte) c));
            }
        }
        return ascii.toString();
    }

    private static boolean isEscape(String part, int percent) {
        return percent + 2 < part.length()
                && HttpSyntax.isHexDigit(part.charAt(percent + 1))
                && HttpSyntax.isHexDigit(part.charAt(percent + 2));
    }
}

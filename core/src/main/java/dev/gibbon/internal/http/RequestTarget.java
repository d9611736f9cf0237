// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.internal.http;

import dev.gibbon.handshake.Authority;
import dev.gibbon.handshake.HttpSyntax;
import java.util.Optional;

/**
 * A request target in origin-form or absolute-form (RFC 9112 §3.2), split but neither decoded nor normalised: a filter
 * and a handler that both look at the path see the same bytes.
 *
 * @param path as sent, beginning with a slash
 * @param query as sent, without the question mark
 * @param authority the authority of an absolute-form target as sent; empty in origin-form
 */
public record RequestTarget(String path, Optional<String> query, Optional<String> authority) {
    /**
     * {@return the parts of a target}
     *
     * <p>A path has the characters of RFC 3986 §3.3. A query has also <code>{ } | ^ [ ] \ `</code>, which browsers do
     * not escape there. A percent sign begins an escape, and no escape stands for NUL.
     *
     * @param target as sent
     * @throws HttpHeadException with 400 if the target has another form or an illegal character
     */
    public static RequestTarget parse(String target) throws HttpHeadException {
        if (target.startsWith("/")) {
            return split(target, Optional.empty());
        }
        int schemeEnd = target.indexOf("://");
        String scheme = schemeEnd < 0 ? "" : HttpSyntax.toLowerCase(target.substring(0, schemeEnd));
        if (!scheme.equals("http") && !scheme.equals("https") && !scheme.equals("ws") && !scheme.equals("wss")) {
            throw malformed("is neither in origin-form nor in absolute-form", target);
        }
        int authorityStart = schemeEnd + "://".length();
        int authorityEnd = authorityStart;
        while (authorityEnd < target.length() && "/?#".indexOf(target.charAt(authorityEnd)) < 0) {
            authorityEnd++;
        }
        String authority = target.substring(authorityStart, authorityEnd);
        if (Authority.parse(authority).isEmpty()) {
            throw malformed("has a malformed authority", target);
        }
        String rest = target.substring(authorityEnd);
        return split(rest.startsWith("/") ? rest : "/" + rest, Optional.of(authority));
    }

    private static RequestTarget split(String pathAndQuery, Optional<String> authority) throws HttpHeadException {
        int question = pathAndQuery.indexOf('?');
        String path = question < 0 ? pathAndQuery : pathAndQuery.substring(0, question);
        Optional<String> query = question < 0 ? Optional.empty() : Optional.of(pathAndQuery.substring(question + 1));
        check(path, "");
        if (query.isPresent()) {
            check(query.get(), "?{}|^[]\\`");
        }
        return new RequestTarget(path, query, authority);
    }

    private static void check(String part, String alsoLegal) throws HttpHeadException {
        for (int i = 0; i < part.length(); i++) {
            char c = part.charAt(i);
            boolean legal = c == '%' ? isEscape(part, i) : isPathChar(c) || alsoLegal.indexOf(c) >= 0;
            if (!legal) {
                throw malformed("has an illegal character or escape", part);
            }
        }
    }

    private static boolean isEscape(String part, int percent) {
        return percent + 2 < part.length()
                && HttpSyntax.isHexDigit(part.charAt(percent + 1))
                && HttpSyntax.isHexDigit(part.charAt(percent + 2))
                && !part.startsWith("%00", percent);
    }

    /** RFC 3986 §3.3: pchar without escapes, and the slash. */
    private static boolean isPathChar(char c) {
        return HttpSyntax.isAlpha(c) || HttpSyntax.isDigit(c) || "/-._~!$&'()*+,;=:@".indexOf(c) >= 0;
    }

    private static HttpHeadException malformed(String fault, String text) {
        return new HttpHeadException(
                400, "request target " + HttpSyntax.quoted(text) + " " + fault + " (RFC 9112 §3.2)");
    }
}

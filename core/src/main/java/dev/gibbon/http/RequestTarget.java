// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.http;

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
    /** What RFC 3986 wants escaped and clients leave as it is; a percent sign for those that begin no escape. */
    private static final String NOT_ESCAPED = "%[]{}|^`";

    /**
     * {@return the parts of a target}
     *
     * <p>A part has the characters of RFC 3986 §3.3 and those that clients do not escape although they should:
     * browsers leave <code>[ ] | ^</code> as they are, and a percent sign that begins no escape, and Node's HTTP
     * client also
     * <code>{ } `</code>. All of them are handed on as sent. A query may have a backslash too; in a path browsers
     * make a slash of it. An escape of NUL in a path is refused, since a path may become the name of a file.
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
        if (!Authority.isValid(authority)) {
            throw malformed("has a malformed authority", target);
        }
        String rest = target.substring(authorityEnd);
        return split(rest.startsWith("/") ? rest : "/" + rest, Optional.of(authority));
    }

    private static RequestTarget split(String pathAndQuery, Optional<String> authority) throws HttpHeadException {
        int question = pathAndQuery.indexOf('?');
        String path = question < 0 ? pathAndQuery : pathAndQuery.substring(0, question);
        Optional<String> query = question < 0 ? Optional.empty() : Optional.of(pathAndQuery.substring(question + 1));
        check(path, NOT_ESCAPED);
        if (path.contains("%00")) {
            throw malformed("has an escape of NUL", path);
        }
        if (query.isPresent()) {
            check(query.get(), NOT_ESCAPED + "?\\");
        }
        return new RequestTarget(path, query, authority);
    }

    private static void check(String part, String alsoLegal) throws HttpHeadException {
        for (int i = 0; i < part.length(); i++) {
            char c = part.charAt(i);
            if (!isPathChar(c) && alsoLegal.indexOf(c) < 0) {
                throw malformed("has an illegal character", part);
            }
        }
    }

    /** RFC 3986 §3.3: pchar without escapes, and the slash. */
    static boolean isPathChar(char c) {
        return HttpSyntax.isAlpha(c) || HttpSyntax.isDigit(c) || "/-._~!$&'()*+,;=:@".indexOf(c) >= 0;
    }

    private static HttpHeadException malformed(String fault, String text) {
        return new HttpHeadException(
                400, "request target " + HttpSyntax.quoted(text) + " " + fault + " (RFC 9112 §3.2)");
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.handshake;

import dev.gibbon.http.HttpSyntax;

/** Walks once over a field value, from left to right; never backwards, so its cost is linear whatever the input. */
final class FieldScanner {
    private final CharSequence text;
    private int at;

    FieldScanner(CharSequence text) {
        this.text = text;
    }

    boolean atEnd() {
        return at == text.length();
    }

    void skipBlanks() {
        while (!atEnd() && HttpSyntax.isOws(text.charAt(at))) {
            at++;
        }
    }

    /** Takes {@code c} and the blanks behind it, if it comes next. */
    boolean take(char c) {
        if (atEnd() || text.charAt(at) != c) {
            return false;
        }
        at++;
        skipBlanks();
        return true;
    }

    /** Takes a token and the blanks behind it. */
    String token(String what) throws FieldSyntaxException {
        int start = at;
        skipToken(what);
        String token = text.subSequence(start, at).toString();
        skipBlanks();
        return token;
    }

    /** The same; {@return whether it is {@code expected}, ASCII case aside} */
    boolean tokenIs(CharSequence expected, String what) throws FieldSyntaxException {
        int start = at;
        skipToken(what);
        boolean same = HttpSyntax.equalsIgnoreCase(text, start, at, expected);
        skipBlanks();
        return same;
    }

    private void skipToken(String what) throws FieldSyntaxException {
        int start = at;
        while (!atEnd() && HttpSyntax.isTokenChar(text.charAt(at))) {
            at++;
        }
        if (at == start) {
            throw expected(what);
        }
    }

    /** Takes a quoted-string that spells a token once unescaped (§9.1), and the blanks behind it. */
    String quotedToken() throws FieldSyntaxException {
        StringBuilder token = new StringBuilder();
        at++; // the opening quote
        while (!atEnd() && text.charAt(at) != '"') {
            if (text.charAt(at) == '\\') {
                at++;
            }
            if (atEnd() || !HttpSyntax.isTokenChar(text.charAt(at))) {
                throw expected("a token within the quotes");
            }
            token.append(text.charAt(at++));
        }
        if (atEnd() || token.isEmpty()) {
            throw expected(atEnd() ? "a closing quote" : "a token within the quotes");
        }
        at++; // the closing quote
        skipBlanks();
        return token.toString();
    }

    boolean nextIs(char c) {
        return !atEnd() && text.charAt(at) == c;
    }

    FieldSyntaxException expected(String what) {
        return new FieldSyntaxException("expected " + what + " at index " + at);
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.http;

import java.util.ArrayList;
import java.util.List;

/**
 * Walks over one field Forwarded (RFC 7239 §4), element by element: pairs of a name and a value, which is a token or
 * a quoted string, with semicolons between them, and commas between elements. Its cost is linear whatever the input.
 * One thread.
 */
final class ForwardedParser {
    /** More than the RFC has, with room for extensions; each is compared with those before it. */
    private static final int MAX_PAIRS = 16;

    private final String text;
    private int at;

    /** Of the present element, names and values in turn. */
    private final List<String> pairs = new ArrayList<>();

    ForwardedParser(String text) {
        this.text = text;
    }

    /**
     * {@return whether there is another element}
     *
     * @throws HttpHeadException with 400 if it is malformed
     */
    boolean nextElement() throws HttpHeadException {
        pairs.clear();
        while (skipBlanks() && text.charAt(at) == ',') {
            at++; // An empty element is none (RFC 9110 §5.6.1.2).
        }
        if (at == text.length()) {
            return false;
        }
        do {
            if (skipBlanks() && text.charAt(at) != ';' && text.charAt(at) != ',') {
                pair();
            }
        } while (skipBlanks() && take(';'));
        if (at < text.length() && !take(',')) {
            throw malformed("a comma or semicolon");
        }
        return true;
    }

    /** {@return the value of a parameter of the present element; empty if it has none} */
    String parameter(String name) {
        for (int i = 0; i < pairs.size(); i += 2) {
            if (HttpSyntax.equalsIgnoreCase(pairs.get(i), name)) {
                return pairs.get(i + 1);
            }
        }
        return "";
    }

    private void pair() throws HttpHeadException {
        String name = token("a parameter's name");
        if (!take('=')) {
            throw malformed("an equals sign");
        }
        if (!parameter(name).isEmpty()) {
            throw new HttpHeadException(400, "Forwarded has a parameter twice in an element (RFC 7239 §4)");
        }
        String value = at < text.length() && text.charAt(at) == '"' ? quoted() : token("a parameter's value");
        pairs.add(name);
        pairs.add(value);
        if (pairs.size() > 2 * MAX_PAIRS) {
            throw new HttpHeadException(400, "Forwarded has more than " + MAX_PAIRS + " parameters in an element");
        }
    }

    private String token(String what) throws HttpHeadException {
        int begin = at;
        while (at < text.length() && HttpSyntax.isTokenChar(text.charAt(at))) {
            at++;
        }
        if (at == begin) {
            throw malformed(what);
        }
        return text.substring(begin, at);
    }

    private String quoted() throws HttpHeadException {
        StringBuilder value = new StringBuilder();
        for (at++; at < text.length() && text.charAt(at) != '"'; at++) {
            if (text.charAt(at) == '\\') {
                at++;
            }
            if (at < text.length()) {
                value.append(text.charAt(at));
            }
        }
        if (!take('"')) {
            throw malformed("a closing quote");
        }
        return value.toString();
    }

    private boolean take(char c) {
        boolean there = at < text.length() && text.charAt(at) == c;
        at += there ? 1 : 0;
        return there;
    }

    /** {@return whether there is more behind them} */
    private boolean skipBlanks() {
        while (at < text.length() && HttpSyntax.isOws(text.charAt(at))) {
            at++;
        }
        return at < text.length();
    }

    private HttpHeadException malformed(String expected) {
        return new HttpHeadException(400, "Forwarded: expected " + expected + " at index " + at + " (RFC 7239 §4)");
    }
}

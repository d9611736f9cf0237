// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.http;

import java.util.Locale;
import java.util.function.IntPredicate;

/** The character classes of HTTP fields (RFC 9110 §5) and a safe way to show a peer's text in a message. */
public final class HttpSyntax {
    /** How many characters of a peer's text an error message shows at most. */
    private static final int MAX_QUOTED = 64;

    private HttpSyntax() {}

    /** {@return whether {@code c} may stand in a token: a field name, a method, a subprotocol (RFC 9110 §5.6.2)} */
    public static boolean isTokenChar(int c) {
        return switch (c) {
            case '!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~' -> true;
            default -> isAlpha(c) || isDigit(c);
        };
    }

    /** {@return whether {@code text} is a token: one or more token characters (RFC 9110 §5.6.2)} */
    public static boolean isToken(CharSequence text) {
        return !text.isEmpty() && all(text, HttpSyntax::isTokenChar);
    }

    /**
     * {@return whether all characters of {@code text} are in a class} A loop and no stream, which would be the better
     * part of what an opening handshake allocates.
     *
     * @param text what may be empty: then they are
     * @param characters the class
     */
    public static boolean all(CharSequence text, IntPredicate characters) {
        return all(text, 0, text.length(), characters);
    }

    /** {@return the same of the characters from index {@code from} to before {@code to}} */
    public static boolean all(CharSequence text, int from, int to, IntPredicate characters) {
        for (int i = from; i < to; i++) {
            if (!characters.test(text.charAt(i))) {
                return false;
            }
        }
        return true;
    }

    /**
     * {@return whether {@code c} may stand in a field value (RFC 9110 §5.5): visible ASCII, SP, HTAB, and the bytes
     * 0x80 to 0xFF as ISO-8859-1 characters; no other control character and nothing that does not fit a byte}
     */
    public static boolean isFieldValueChar(int c) {
        return (c >= 0x20 && c <= 0xFF && c != 0x7F) || c == '\t';
    }

    /** {@return whether {@code c} is a visible ASCII character (RFC 5234 VCHAR)} */
    public static boolean isVisible(int c) {
        return c > 0x20 && c < 0x7F;
    }

    /** {@return whether {@code c} is optional white space, SP or HTAB (RFC 9110 §5.6.3)} */
    public static boolean isOws(int c) {
        return c == ' ' || c == '\t';
    }

    /** {@return whether {@code c} is an ASCII letter} */
    public static boolean isAlpha(int c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    }

    /** {@return whether {@code c} is an ASCII digit} */
    public static boolean isDigit(int c) {
        return c >= '0' && c <= '9';
    }

    /** {@return whether {@code c} is an ASCII hexadecimal digit} */
    public static boolean isHexDigit(int c) {
        return isDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    }

    /**
     * {@return whether two texts are equal when ASCII letters, and no others, ignore case} Unlike
     * {@link String#equalsIgnoreCase}, which makes the Kelvin sign a {@code k}.
     */
    public static boolean equalsIgnoreCase(CharSequence a, CharSequence b) {
        return equalsIgnoreCase(a, 0, a.length(), b);
    }

    /** {@return the same of the characters of {@code a} from index {@code from} to before {@code to}} */
    public static boolean equalsIgnoreCase(CharSequence a, int from, int to, CharSequence b) {
        if (to - from != b.length()) {
            return false;
        }
        for (int i = 0; i < b.length(); i++) {
            if (lower(a.charAt(from + i)) != lower(b.charAt(i))) {
                return false;
            }
        }
        return true;
    }

    /** {@return {@code text} with its ASCII letters, and no others, in lower case} */
    public static String toLowerCase(String text) {
        if (all(text, c -> c < 'A' || c > 'Z')) {
            return text;
        }
        StringBuilder lowered = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            lowered.append(lower(text.charAt(i)));
        }
        return lowered.toString();
    }

    /**
     * {@return untrusted text made fit for a message or a log: in quotes, everything but visible ASCII and blanks
     * escaped, cut after 64 characters}
     */
    public static String quoted(String text) {
        StringBuilder shown = new StringBuilder("\"");
        for (int i = 0; i < Math.min(text.length(), MAX_QUOTED); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                shown.append('\\').append(c);
            } else if (c == ' ' || isVisible(c)) {
                shown.append(c);
            } else {
                shown.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
            }
        }
        return shown.append(text.length() > MAX_QUOTED ? "\"..." : "\"").toString();
    }

    private static char lower(char c) {
        return c >= 'A' && c <= 'Z' ? (char) (c + ('a' - 'A')) : c;
    }
}

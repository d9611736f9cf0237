// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import dev.gibbon.Message;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Locale;

/**
 * Text as a terminal may see it: one line in which nothing moves the cursor, changes a colour, turns the direction of
 * writing or hides. What would is shown as an escape.
 */
final class Visible {
    private static final String CUT = "...";
    private static final int BYTES_PER_CODE_POINT = 4;

    private Visible() {}

    /** {@return the whole text, escaped} */
    static String of(String text) {
        return of(text, Integer.MAX_VALUE);
    }

    /** {@return the text escaped, at most {@code maxChars} of it, with dots behind where it was cut} */
    static String of(String text, int maxChars) {
        StringBuilder line = new StringBuilder();
        int at = 0;
        while (at < text.length()) {
            int codePoint = text.codePointAt(at);
            String piece = escape(codePoint);
            if (line.length() + piece.length() > maxChars) {
                return line.append(CUT).toString();
            }
            line.append(piece);
            at += Character.charCount(codePoint);
        }
        return line.toString();
    }

    /**
     * {@return the start of a message: text escaped, other bytes in
     * hexadecimal; its length too where that is not plain to see}
     */
    static String of(Message message, int maxChars) {
        byte[] bytes = message.bytes();
        if (!message.isText()) {
            int shown = Math.min(bytes.length, maxChars / 3); // Two digits and a blank.
            String hex = HexFormat.ofDelimiter(" ").formatHex(bytes, 0, shown);
            return "binary, " + bytes.length + " bytes: " + hex + (shown < bytes.length ? CUT : "");
        }
        // A message may be large and what is shown of it is not: one code point more than fits is
        // decoded, none is torn that shows.
        int decoded = Math.min(bytes.length, (maxChars + 1) * BYTES_PER_CODE_POINT);
        String line = of(new String(bytes, 0, decoded, StandardCharsets.UTF_8), maxChars);
        return decoded < bytes.length ? line + " (" + bytes.length + " bytes)" : line;
    }

    private static String escape(int codePoint) {
        return switch (codePoint) {
            case '\n' -> "\\n";
            case '\r' -> "\\r";
            case '\t' -> "\\t";
            case '\\' -> "\\\\";
            default ->
                isPlain(codePoint)
                        ? Character.toString(codePoint)
                        : "\\u{" + Integer.toHexString(codePoint).toUpperCase(Locale.ROOT) + "}";
        };
    }

    private static boolean isPlain(int codePoint) {
        return switch (Character.getType(codePoint)) {
            case Character.CONTROL, // ESC among them
                    Character.FORMAT, // bidi overrides, zero width
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED -> false;
            default -> true;
        };
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit;

import java.util.HexFormat;
import java.util.Locale;

/** Shows what came from a peer in the message of a failure: escaped and bounded. */
final class Show {
    private static final int MAX_CHARS = 120;
    private static final int MAX_BYTES = 48;

    private Show() {}

    static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }

    /** {@return the first bytes in hex, and how many there are if that is not all} */
    static String bytes(byte[] bytes) {
        if (bytes.length <= MAX_BYTES) {
            return hex(bytes);
        }
        return HexFormat.of().formatHex(bytes, 0, MAX_BYTES) + "… (" + bytes.length + " bytes)";
    }

    /** {@return the text in quotes, all but printable ASCII escaped, and how long it is if that is not all} */
    static String quoted(String text) {
        StringBuilder shown = new StringBuilder("\"");
        for (int i = 0; i < Math.min(text.length(), MAX_CHARS); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                shown.append('\\').append(c);
            } else if (c >= ' ' && c <= '~') {
                shown.append(c);
            } else {
                shown.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
            }
        }
        shown.append('"');
        return text.length() <= MAX_CHARS ? shown.toString() : shown + "… (" + text.length() + " chars)";
    }

    static String bounded(Object value) {
        String text = value.toString();
        return text.length() <= MAX_CHARS ? text : text.substring(0, MAX_CHARS) + "…";
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.spi;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/** Escapes of a path (RFC 3986 §2.1) as browsers read them. */
final class PercentEncoding {
    /** A percent sign and two digits. */
    private static final int ESCAPE_CHARS = 3;

    private PercentEncoding() {}

    /**
     * {@return the text that {@code part} stands for, in UTF-8} A percent sign that begins no escape stands for
     * itself, as it does in browsers; what is no UTF-8 becomes U+FFFD. A plus is a plus.
     *
     * @param part a part of a path as sent, of ASCII characters
     */
    static String decode(String part) {
        if (part.indexOf('%') < 0) {
            return part;
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(part.length());
        int at = 0;
        while (at < part.length()) {
            if (isEscape(part, at)) {
                bytes.write(Integer.parseInt(part, at + 1, at + ESCAPE_CHARS, 16));
                at += ESCAPE_CHARS;
            } else {
                bytes.write(part.charAt(at));
                at++;
            }
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    /** {@return whether a percent sign and two hexadecimal digits stand at {@code index}} */
    private static boolean isEscape(String text, int index) {
        return index + ESCAPE_CHARS <= text.length()
                && text.charAt(index) == '%'
                && HexFormat.isHexDigit(text.charAt(index + 1))
                && HexFormat.isHexDigit(text.charAt(index + 2));
    }
}

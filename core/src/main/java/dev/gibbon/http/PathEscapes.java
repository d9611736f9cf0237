// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.http;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Optional;

/** Escapes of a path (RFC 3986 §2.1) where different spellings of one path must not be taken for different paths. */
public final class PathEscapes {
    private static final HexFormat HEX = HexFormat.of().withUpperCase();

    private PathEscapes() {}

    /**
     * {@return the one spelling of a path in which a character is escaped only where it has to be} Segments stay
     * segments: an escaped slash stays escaped. A percent sign that begins no escape becomes an escaped one, which it
     * is to those who decode leniently.
     *
     * @param path a path or a segment, as sent or in plain text
     */
    public static String canonical(String path) {
        byte[] bytes = path.getBytes(StandardCharsets.UTF_8);
        StringBuilder canonical = new StringBuilder(path.length());
        for (int i = 0; i < bytes.length; i++) {
            int b = Byte.toUnsignedInt(bytes[i]);
            if (b == '/') {
                canonical.append('/');
            } else if (b == '%' && isEscape(bytes, i)) {
                int high = HexFormat.fromHexDigit(bytes[i + 1]);
                append(canonical, high << 4 | HexFormat.fromHexDigit(bytes[i + 2]));
                i += 2;
            } else {
                append(canonical, b);
            }
        }
        return canonical.toString();
    }

    /**
     * {@return the text that a segment of a path stands for; empty if a percent sign begins no escape, or the bytes are
     * not UTF-8}
     *
     * @param segment as sent
     */
    public static Optional<String> decoded(String segment) {
        byte[] bytes = segment.getBytes(StandardCharsets.UTF_8);
        int length = 0;
        for (int i = 0; i < bytes.length; i++) {
            byte b = bytes[i];
            if (b == '%') {
                if (!isEscape(bytes, i)) {
                    return Optional.empty();
                }
                b = (byte) (HexFormat.fromHexDigit(bytes[i + 1]) << 4 | HexFormat.fromHexDigit(bytes[i + 2]));
                i += 2;
            }
            bytes[length++] = b;
        }
        try {
            return Optional.of(StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes, 0, length))
                    .toString());
        } catch (CharacterCodingException _) {
            return Optional.empty();
        }
    }

    private static boolean isEscape(byte[] bytes, int at) {
        return at + 2 < bytes.length && HttpSyntax.isHexDigit(bytes[at + 1]) && HttpSyntax.isHexDigit(bytes[at + 2]);
    }

    private static void append(StringBuilder canonical, int b) {
        if (b != '/' && RequestTarget.isPathChar((char) b)) {
            canonical.append((char) b);
        } else {
            canonical.append('%').append(HEX.toHexDigits((byte) b));
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import dev.gibbon.frame.Utf8Validator;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** Text of the application on its way to bytes (RFC 6455 §8.1). */
public final class Text {
    private Text() {}

    /** Encodes text for the wire; refuses what would silently become a question mark. */
    public static byte[] encode(String text) {
        int bad = Utf8Validator.invalidSurrogateIndex(text);
        if (bad >= 0) {
            throw new IllegalArgumentException("lone surrogate at index " + bad + ", not UTF-8 text (RFC 6455 §8.1)");
        }
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** {@return {@code utf8}, of which the bytes from position to limit are text; refuses others, moves nothing} */
    public static ByteBuffer requireUtf8(ByteBuffer utf8) {
        Utf8Validator validator = new Utf8Validator();
        if (!validator.accept(utf8, utf8.position(), utf8.limit())) {
            throw new IllegalArgumentException(notUtf8("byte at index " + firstRefused(utf8)));
        }
        if (!validator.complete()) {
            throw new IllegalArgumentException(notUtf8("bytes end inside a character"));
        }
        return utf8;
    }

    static String notUtf8(String what) {
        return what + ", not UTF-8 text (RFC 6455 §8.1)";
    }

    /** Looked for only where there is one, so that bytes which are text are gone through once. */
    private static int firstRefused(ByteBuffer utf8) {
        Utf8Validator validator = new Utf8Validator();
        int index = utf8.position();
        while (validator.accept(utf8, index, index + 1)) {
            index++;
        }
        return index - utf8.position();
    }
}

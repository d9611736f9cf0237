// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import dev.gibbon.frame.Utf8Validator;
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
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.http;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Collects the bytes of one part of a head; its owner bounds them. */
final class TextBuffer {
    private static final int INITIAL_BYTES = 64;

    private byte[] bytes = new byte[INITIAL_BYTES];
    private int length;

    void add(int b) {
        if (length == bytes.length) {
            bytes = Arrays.copyOf(bytes, 2 * length);
        }
        bytes[length++] = (byte) b;
    }

    boolean isEmpty() {
        return length == 0;
    }

    /** {@return the text so far, a character for each byte, and starts anew} */
    String take() {
        return take(length);
    }

    /** {@return the first {@code count} characters so far, and starts anew} */
    String take(int count) {
        String text = new String(bytes, 0, count, StandardCharsets.ISO_8859_1);
        length = 0;
        return text;
    }

    /** Drops all but the first {@code count} characters. */
    void cut(int count) {
        length = count;
    }

    int length() {
        return length;
    }
}

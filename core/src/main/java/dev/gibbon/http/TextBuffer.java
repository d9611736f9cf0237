// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.http;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Collects the bytes of one part of a head; its owner bounds them. */
final class TextBuffer {
    private static final int INITIAL_BYTES = 64;

    /** What nearly every opening handshake has, in ASCII: one string for all instead of one for each. */
    private static final String[] USUAL = {
        "GET",
        "Host",
        "Connection",
        "Upgrade",
        "upgrade",
        "keep-alive, Upgrade",
        "websocket",
        "Sec-WebSocket-Key",
        "Sec-WebSocket-Version",
        "13",
        "Sec-WebSocket-Protocol",
        "Sec-WebSocket-Extensions",
        "permessage-deflate",
        "permessage-deflate; client_max_window_bits",
        "Origin",
        "Cookie",
        "User-Agent",
        "Accept-Encoding",
        "Accept-Language",
        "Cache-Control",
        "Pragma",
        "no-cache",
        "Switching Protocols",
        "Sec-WebSocket-Accept"
    };

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
        length = 0;
        for (String text : USUAL) {
            if (text.length() == count && isFirst(text)) {
                return text;
            }
        }
        return new String(bytes, 0, count, StandardCharsets.ISO_8859_1);
    }

    private boolean isFirst(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) != bytes[i]) {
                return false;
            }
        }
        return true;
    }

    /** Drops all but the first {@code count} characters. */
    void cut(int count) {
        length = count;
    }

    int length() {
        return length;
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.http;

import dev.gibbon.Headers;
import java.nio.ByteBuffer;

/** Writes a message head as bytes in one piece. Heads are valid by construction, so nothing can fail or be injected. */
public final class HeadWriter {
    private static final String CRLF = "\r\n";

    private HeadWriter() {}

    /**
     * {@return the bytes of a request head, the empty line included}
     *
     * @param head what to write
     */
    public static byte[] bytes(RequestHead head) {
        return bytes(head.method(), head.target(), head.version(), head.headers());
    }

    /**
     * {@return the bytes of a response head, the empty line included}
     *
     * @param head what to write
     */
    public static byte[] bytes(ResponseHead head) {
        return bytes(head.version(), Integer.toString(head.status()), head.reason(), head.headers());
    }

    /** Each character is written once, to where it goes. */
    private static byte[] bytes(String first, String second, String third, Headers headers) {
        ByteBuffer out = ByteBuffer.allocate(length(first, second, third, headers));
        put(out, first, " ");
        put(out, second, " ");
        put(out, third, CRLF);
        for (Headers.Field field : headers) {
            put(out, field.name(), ": ");
            put(out, field.value(), CRLF);
        }
        put(out, "", CRLF);
        return out.array();
    }

    private static int length(String first, String second, String third, Headers headers) {
        int length = first.length() + second.length() + third.length() + "  ".length() + 2 * CRLF.length();
        for (Headers.Field field : headers) {
            length += field.name().length() + field.value().length() + ": ".length() + CRLF.length();
        }
        return length;
    }

    private static void put(ByteBuffer out, String text, String separator) {
        for (int i = 0; i < text.length(); i++) {
            out.put((byte) text.charAt(i)); // ISO-8859-1, as a head is by construction.
        }
        for (int i = 0; i < separator.length(); i++) {
            out.put((byte) separator.charAt(i));
        }
    }
}

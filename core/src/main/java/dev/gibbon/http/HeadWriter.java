// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.http;

import dev.gibbon.Headers;
import java.nio.charset.StandardCharsets;

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
        return bytes(head.method() + " " + head.target() + " " + head.version(), head.headers());
    }

    /**
     * {@return the bytes of a response head, the empty line included}
     *
     * @param head what to write
     */
    public static byte[] bytes(ResponseHead head) {
        return bytes(head.version() + " " + head.status() + " " + head.reason(), head.headers());
    }

    private static byte[] bytes(String startLine, Headers headers) {
        StringBuilder text = new StringBuilder(startLine).append(CRLF);
        for (Headers.Field field : headers) {
            text.append(field.name()).append(": ").append(field.value()).append(CRLF);
        }
        return text.append(CRLF).toString().getBytes(StandardCharsets.ISO_8859_1);
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.handshake;

import dev.gibbon.Headers;
import java.util.Locale;

/** The names and fixed values of the opening handshake's fields (RFC 6455 §4, §11.3). */
final class HandshakeFields {
    static final String HTTP_1_1 = "HTTP/1.1";
    static final String CONNECTION = "Connection";
    static final String UPGRADE = "Upgrade";
    static final String WEBSOCKET = "websocket";
    static final String KEY = "Sec-WebSocket-Key";
    static final String ACCEPT = "Sec-WebSocket-Accept";
    static final String VERSION = "Sec-WebSocket-Version";
    static final String PROTOCOL = "Sec-WebSocket-Protocol";
    static final String EXTENSIONS = "Sec-WebSocket-Extensions";
    static final String CONTENT_LENGTH = "Content-Length";
    static final String TRANSFER_ENCODING = "Transfer-Encoding";
    static final String HOST = "Host";

    /** The one version there is (§4.1 step 9). */
    static final String THIRTEEN = "13";

    private static final String OWN_PREFIX = "sec-websocket-";

    private HandshakeFields() {}

    /**
     * Checks that a caller's extra fields leave alone those that the handshake itself sets or that frame a body.
     *
     * @throws IllegalArgumentException if one is reserved, in whatever spelling
     */
    static void requireUnreserved(Headers extra) {
        for (Headers.Field field : extra) {
            if (isReserved(field.name().toLowerCase(Locale.ROOT))) {
                throw new IllegalArgumentException(
                        "header " + field.name() + " belongs to the opening handshake (RFC 6455 §4)");
            }
        }
    }

    private static boolean isReserved(String lowerCaseName) {
        return switch (lowerCaseName) {
            case "connection", "upgrade", "content-length", "transfer-encoding" -> true;
            default -> lowerCaseName.startsWith(OWN_PREFIX);
        };
    }
}

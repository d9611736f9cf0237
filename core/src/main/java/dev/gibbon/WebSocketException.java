// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * The root of everything that can go wrong between two WebSocket endpoints; decide on the subtype. There may be more of
 * them with time, and adapters and applications may add their own: a {@code switch} over them needs a default.
 */
public abstract class WebSocketException extends IOException {
    private static final long serialVersionUID = 1L;

    /**
     * Says what went wrong.
     *
     * @param message what went wrong, for a log: without payloads, and with what the peer sent escaped
     */
    protected WebSocketException(String message) {
        this(message, null);
    }

    /**
     * Says what went wrong, and why.
     *
     * @param message what went wrong, for a log: without payloads, and with what the peer sent escaped
     * @param cause why, if that is known
     */
    protected WebSocketException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}

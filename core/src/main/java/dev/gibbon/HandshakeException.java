// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import org.jspecify.annotations.Nullable;

/** The opening handshake was refused, by this side or by the peer (RFC 6455 §4). There is no connection. */
public final class HandshakeException extends WebSocketException {
    private static final long serialVersionUID = 1L;

    /** The HTTP status of the refusal, 0 where none was sent or received. */
    private final int status;

    /**
     * Describes a refused handshake.
     *
     * @param status the HTTP status of the refusal, 0 where none was sent or received
     * @param message what was wrong: the value, the rule and the section
     */
    public HandshakeException(int status, String message) {
        this(status, message, null);
    }

    /**
     * Describes a refused handshake that something else caused.
     *
     * @param status the HTTP status of the refusal, 0 where none was sent or received
     * @param message what was wrong: the value, the rule and the section
     * @param cause what led to it
     */
    public HandshakeException(int status, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.status = status;
    }

    /** {@return the HTTP status of the refusal, 0 where none was sent or received} */
    public int status() {
        return status;
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import org.jspecify.annotations.Nullable;

/**
 * The opening handshake was refused, by this side or by the peer (RFC 6455 §4). There is no connection.
 *
 * <p>A client finds the server's reply here: its status, its headers, and
 * the beginning of its body. They come from the peer and are in no message.
 */
public final class HandshakeException extends WebSocketException {
    private static final long serialVersionUID = 1L;

    /** The HTTP status of the refusal, 0 where none was sent or received. */
    private final int status;

    private final transient @Nullable Headers headers;
    private final byte[] body;

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
        this(status, message, Headers.of(), new byte[0], cause);
    }

    /**
     * Describes a handshake that came to nothing with this reply of the server.
     *
     * @param status the HTTP status of the reply
     * @param message what was wrong: the value, the rule and the section
     * @param headers the fields of the reply
     * @param body the first bytes of its body
     * @param cause what led to it
     */
    public HandshakeException(int status, String message, Headers headers, byte[] body, @Nullable Throwable cause) {
        super(message, cause);
        this.status = status;
        this.headers = headers;
        this.body = body.clone();
    }

    /** {@return the HTTP status of the refusal, 0 where none was sent or received} */
    public int status() {
        return status;
    }

    /** {@return the headers of the server's reply; none on the server's side, or where no reply came} */
    public Headers headers() {
        return headers == null ? Headers.of() : headers;
    }

    /**
     * {@return a copy of the first bytes of the body of the server's reply, as sent, so perhaps compressed} Empty where
     * there was none; see {@link Dialer.Builder#maxBodyBytes(int)}.
     */
    public byte[] body() {
        return body.clone();
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.io.IOException;

/**
 * A request to a {@link WebSocketServer} is not as it has to be: a malformed query, a body that is too long. A handler,
 * filter or factory that does not catch it need do no more: the client gets the status, and the log of refusals the
 * reason, once a minute. An application may throw its own.
 */
public final class RequestException extends IOException {
    private static final long serialVersionUID = 1L;

    /** What the client gets. */
    private final int status;

    /**
     * Describes what is wrong with a request.
     *
     * @param status what the client gets: 400 to 499
     * @param message what is wrong, for the log, and for the client if the server {@linkplain
     *     WebSocketServer.Builder#explainRefusals explains refusals}: without secrets, and with what the client sent
     *     escaped
     * @throws IllegalArgumentException if the status is not one of a request's faults
     */
    public RequestException(int status, String message) {
        super(message);
        if (status < 400 || status > 499) {
            throw new IllegalArgumentException("status " + status + " blames no request: 400 to 499 do");
        }
        this.status = status;
    }

    /** {@return the status that the client gets, 400 to 499} */
    public int status() {
        return status;
    }

    /** {@return this, without the stack: a peer can cause these as often as it likes} */
    @Override
    public synchronized Throwable fillInStackTrace() {
        return this;
    }
}

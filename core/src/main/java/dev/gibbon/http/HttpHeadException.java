// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.http;

/** A message head, or a body, broke a rule or passed a limit; nothing more can be read from that peer. */
public final class HttpHeadException extends Exception {
    private static final long serialVersionUID = 1L;

    /** The status that a server answers with. */
    private final int status;

    /**
     * Describes the fault. There is no stack trace: a peer can cause these as often as it likes.
     *
     * @param status the status that a server answers with; a client that read a bad reply has no use for it
     * @param message value, limit and section, with no text of the peer unless escaped
     */
    public HttpHeadException(int status, String message) {
        super(message, null, false, false);
        this.status = status;
    }

    /** {@return the status that a server answers with} */
    public int status() {
        return status;
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.handshake;

/** A list in a header field breaks its grammar; the field as a whole counts for nothing. */
public final class FieldSyntaxException extends Exception {
    private static final long serialVersionUID = 1L;

    /**
     * Describes the fault. There is no stack trace: a peer can cause these as often as it likes.
     *
     * @param message what was expected where, with no text of the peer unless escaped
     */
    public FieldSyntaxException(String message) {
        super(message, null, false, false);
    }
}

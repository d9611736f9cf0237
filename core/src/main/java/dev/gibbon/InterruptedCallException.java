// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

/**
 * The thread was interrupted while it waited in a read or a write. The call has ended and the connection goes on:
 * nothing that was received is lost, and a message that was begun is still sent whole. The thread's interrupt flag
 * stays set.
 */
public final class InterruptedCallException extends WebSocketException {
    private static final long serialVersionUID = 1L;

    /**
     * Creates one.
     *
     * @param message what was ended
     */
    public InterruptedCallException(String message) {
        super(message, null);
    }
}

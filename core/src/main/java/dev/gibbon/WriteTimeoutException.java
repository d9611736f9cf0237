// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

/**
 * A write was not done in its time. If it still waited for its turn, nothing of it was sent, and the connection
 * goes on: its {@linkplain Connection#state() state} is what it was. Otherwise a frame may have been cut, so the
 * connection is gone, and every later call reports this again.
 */
public final class WriteTimeoutException extends WebSocketException {
    private static final long serialVersionUID = 1L;

    /**
     * Describes a write that was not done in its time.
     *
     * @param message the time
     */
    public WriteTimeoutException(String message) {
        super(message, null);
    }
}

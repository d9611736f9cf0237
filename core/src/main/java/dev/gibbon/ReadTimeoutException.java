// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

/**
 * A read was given a time, and it is up. Nothing is lost: the connection stays usable, and the next read goes on where
 * this one stopped.
 */
public final class ReadTimeoutException extends WebSocketException {
    private static final long serialVersionUID = 1L;

    /**
     * Creates one.
     *
     * @param message what was ended
     */
    public ReadTimeoutException(String message) {
        super(message, null);
    }
}

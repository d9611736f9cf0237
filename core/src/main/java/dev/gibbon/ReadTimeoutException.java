// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

/**
 * A read was given a time, and it is up. Nothing is lost: the connection stays usable, and the next read goes on where
 * this one stopped.
 */
public final class ReadTimeoutException extends WebSocketException {
    private static final long serialVersionUID = 1L;

    ReadTimeoutException(String message) {
        super(message, null);
    }
}

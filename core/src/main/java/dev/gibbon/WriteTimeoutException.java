// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

/**
 * A write did not finish in its time, the wait for other writers included. A frame may have been cut, so the connection
 * is gone: every later call reports this again.
 */
public final class WriteTimeoutException extends WebSocketException {
    private static final long serialVersionUID = 1L;

    WriteTimeoutException(String message) {
        super(message, null);
    }
}

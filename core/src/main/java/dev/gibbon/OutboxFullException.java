// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.io.IOException;

/**
 * The message was not sent and will not be: the outbox of a
 * {@link ReconnectingClient} had no room for it, or dropped it for newer ones.
 */
public final class OutboxFullException extends IOException {
    private static final long serialVersionUID = 1L;

    OutboxFullException(String message) {
        super(message);
    }
}

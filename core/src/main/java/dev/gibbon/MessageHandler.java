// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

/**
 * Gets the messages of a connection; see {@link Connection#forEachMessage}.
 *
 * @param <E> what it throws besides unchecked exceptions
 */
@FunctionalInterface
public interface MessageHandler<E extends Exception> {
    /**
     * Handles one message. May block, may write to the connection; the next message is read when this returns.
     *
     * @param message the message, the handler's to keep
     * @throws E to stop reading; {@link Connection#forEachMessage} ends with it
     */
    void handle(Message message) throws E;
}

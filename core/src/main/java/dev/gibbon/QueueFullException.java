// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

/**
 * A message was not queued, because the peer reads too slowly and more than {@link ConnectionOptions#maxQueuedBytes()}
 * wait for it already. The connection is as it was; {@link Listener#onWritable} tells when it has caught up.
 */
public final class QueueFullException extends WebSocketException {
    private static final long serialVersionUID = 1L;

    /**
     * Describes a refused write.
     *
     * @param message how much waits, and the limit
     */
    public QueueFullException(String message) {
        super(message, null);
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

/** What {@link ReconnectingClient#send} does when the outbox is full. */
public enum OutboxPolicy {
    /** Waits for room; after {@link ReconnectingClient.Builder#sendTimeout} it refuses. */
    BLOCK,
    /** Throws {@link OutboxFullException} at once. */
    REFUSE,
    /**
     * Throws away the messages that have waited longest until there is room. Their receipts fail with
     * {@link OutboxFullException}, {@link ReconnectListener#dropped} is told of each, and
     * {@link ReconnectingClient#droppedMessages()} counts them. The message that is being written is never dropped.
     */
    DROP_OLDEST
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

/**
 * What becomes of a write to a connection with a {@link Listener} while more than
 * {@link ConnectionOptions#maxQueuedBytes()} wait for a peer that reads too slowly. A {@linkplain Group#broadcast
 * broadcast} never waits and is never refused: members of any policy miss it then, and those of {@link #DROP} are
 * dropped.
 */
public enum QueuePolicy {
    /**
     * The writing thread waits until there is room, at most for the write timeout. A
     * thread of an event loop cannot wait: there the connection's own listener may
     * queue as much again, and a write beyond that is refused as by {@link #REFUSE}.
     */
    BLOCK,

    /** The write throws {@link QueueFullException}; nothing of the message is queued. */
    REFUSE,

    /** The connection is dropped. */
    DROP
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.util.function.Predicate;

/**
 * Connections that get the same messages: a room, a topic, the watchers of one thing. A message is encoded once; each
 * loop that serves members gets one task, and each member one send for all that was broadcast by then. For any thread.
 *
 * <p>A broadcast never waits. A member whose {@linkplain ConnectionOptions#maxQueuedBytes() queue} is full does not get
 * the message, or is dropped if its policy is {@link QueuePolicy#DROP}; one that is closing does not get it either. A
 * member that ends leaves by itself.
 *
 * <p>Broadcasts of one thread come to each member in the order
 * they were made, in between other messages of other threads.
 */
public final class Group {
    private final Members members = new Members();

    /** Makes a group without members. */
    public Group() {}

    /**
     * Adds a connection, which stays until it leaves or ends; nothing happens if it is in already, or closed.
     *
     * @param connection who joins, of either face
     */
    public void join(Connection connection) {
        switch (connection) {
            case WebSocketConnection member -> {
                members.add(member);
                member.leaveAtEnd(this);
            }
        }
    }

    /**
     * Removes a connection; what was queued for it is still sent. Does nothing if it is not in.
     *
     * @param connection who leaves
     */
    public void leave(Connection connection) {
        switch (connection) {
            case WebSocketConnection member -> {
                members.remove(member);
                member.left(this);
            }
        }
    }

    /**
     * {@return whether the connection is a member now}
     *
     * @param connection who may be one
     */
    public boolean contains(Connection connection) {
        return switch (connection) {
            case WebSocketConnection member -> members.contains(member);
        };
    }

    /** {@return how many members there are} */
    public int size() {
        return members.size();
    }

    /**
     * Queues a message for every member.
     *
     * @param message what they get
     */
    public void broadcast(PreparedMessage message) {
        broadcast(message, _ -> true);
    }

    /**
     * Queues a message for every member that {@code to} accepts, for example all but the one it comes from.
     *
     * @param message what they get
     * @param to asked once for each member, on the loop's thread that serves it or on this one; must not block
     */
    public void broadcast(PreparedMessage message, Predicate<? super Connection> to) {
        members.broadcast(message, to);
    }

    /** {@return how many members there are, for a log} */
    @Override
    public String toString() {
        return "group of " + size();
    }
}

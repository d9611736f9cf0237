// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.util.function.Predicate;

/**
 * Connections that get the same messages: a room, a topic, the watchers of one thing. A message is encoded once; each
 * loop that serves members gets one task, and each member one send for all that was broadcast by then. For any thread.
 *
 * <p>A broadcast takes its place among the messages of each member when it is called: what its thread has written or
 * broadcast to a member before comes before it, and what it writes or broadcasts afterwards comes behind it. Each
 * member has one order of its own; those of two threads may differ from member to member.
 *
 * <p>A broadcast never waits. What waits for a member is bounded by its {@linkplain
 * ConnectionOptions#maxQueuedBytes() queue}, where each message that was broadcast counts for 64 bytes more than it
 * has. A member whose queue is full misses the message, whatever its {@link QueuePolicy}, and by {@link
 * QueuePolicy#DROP} is dropped, too. What was missed is counted: a broadcast returns how many members missed it, {@link
 * Connection#missedBroadcasts()} tells how many a connection has missed, and {@link Listener#onWritable} when it has
 * caught up, which is the moment to send it what it needs in their place. A member that is closing gets nothing; one
 * that ends leaves by itself.
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
        WebSocketConnection member = WebSocketConnection.behind(connection);
        members.add(member);
        member.leaveAtEnd(this);
    }

    /**
     * Removes a connection; what was queued for it is still sent. Does nothing if it is not in.
     *
     * @param connection who leaves
     */
    public void leave(Connection connection) {
        WebSocketConnection member = WebSocketConnection.behind(connection);
        members.remove(member);
        member.left(this);
    }

    /**
     * {@return whether the connection is a member now}
     *
     * @param connection who may be one
     */
    public boolean contains(Connection connection) {
        return members.contains(WebSocketConnection.behind(connection));
    }

    /** {@return how many members there are} */
    public int size() {
        return members.size();
    }

    /**
     * Queues a message for every member.
     *
     * @param message what they get
     * @return how many members missed it, since too much waits for them already
     */
    public int broadcast(PreparedMessage message) {
        return broadcast(message, _ -> true);
    }

    /**
     * Queues a message for every member that {@code to} accepts, for example all but the one it comes from.
     *
     * @param message what they get
     * @param to asked once for each member, on this thread. If it throws, that is logged, and the member it was
     *     asked for is closed with 1011; the others get the message.
     * @return how many members missed it, since too much waits for them already
     */
    public int broadcast(PreparedMessage message, Predicate<? super Connection> to) {
        return members.broadcast(message, to);
    }

    /** {@return how many members there are, for a log} */
    @Override
    public String toString() {
        return "group of " + size();
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.connection.Members;
import dev.gibbon.connection.WebSocketConnection;
import dev.gibbon.protocol.ClosePayload;
import java.util.Iterator;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Connections that get the same messages: a room, a topic, the watchers of one thing. A message is encoded once;
 * each loop that serves members gets one task, and each member one send for all that was broadcast by then. For any
 * thread.
 *
 * <p>A broadcast takes its place among the messages of each member when it is called: what its thread has written
 * or broadcast to a member before comes before it, and what it writes or broadcasts afterwards comes behind it.
 * Each member has one order of its own; those of two threads may differ from member to member.
 *
 * <p>A broadcast never waits. What waits for a member is bounded by its {@linkplain
 * ConnectionOptions#maxQueuedBytes() queue}, where each message that was broadcast counts for 64 bytes more than it
 * has. A member whose queue is full misses the message, whatever its {@link QueuePolicy}, and by {@link
 * QueuePolicy#DROP} is dropped, too. What was missed is counted: a broadcast returns how many members missed it,
 * {@link #missedBroadcasts()} tells how much all of them have, {@link Connection#missedBroadcasts()} how much one
 * has, and {@link Listener#onWritable} when it has caught up, which is the moment to send it what it needs in their
 * place. A member that is closing gets nothing; one that ends leaves by itself.
 *
 * <p>An iteration shows each connection once that is a member all the while, and may or may not show one that joins
 * or leaves meanwhile; it never fails. It shows the connections themselves, also where a {@link
 * ForwardingConnection} has joined.
 */
public final class Group implements Iterable<Connection>, AutoCloseable {
    private final Members members = new Members();
    private final AtomicLong missed = new AtomicLong();

    /** What members are told that join from now on; null as long as the group is open. */
    private volatile @Nullable CloseStatus closed;

    /** Makes a group without members. */
    public Group() {}

    /**
     * Adds a connection, which stays until it leaves or ends; nothing happens if it is in already, or closed. One that
     * joins a group that is {@linkplain #close(CloseCode, String) closed} is closed as the others were.
     *
     * @param connection who joins, of either face
     */
    public void join(Connection connection) {
        WebSocketConnection member = WebSocketConnection.behind(connection);
        members.add(member);
        member.lifecycle().leaveAtEnd(this);
        // After it has joined: so it or the thread that closes sees the other.
        CloseStatus told = closed;
        if (told != null) {
            member.lifecycle().closeLater(told);
        }
    }

    /**
     * Removes a connection; what was queued for it is still sent. Does nothing if it is not in.
     *
     * @param connection who leaves
     */
    public void leave(Connection connection) {
        WebSocketConnection member = WebSocketConnection.behind(connection);
        members.remove(member);
        member.lifecycle().left(this);
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

    /** {@return the members} See above; it removes nothing. */
    @Override
    public Iterator<Connection> iterator() {
        Iterator<WebSocketConnection> all = members.iterator();
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return all.hasNext();
            }

            @Override
            public Connection next() {
                return all.next();
            }
        };
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
        Objects.requireNonNull(message, "message");
        int now = members.broadcast(message, Objects.requireNonNull(to, "to"));
        if (now > 0) {
            long _ = missed.addAndGet(now);
        }
        return now;
    }

    /** {@return how many messages members have missed in all, those that have left by now included} */
    public long missedBroadcasts() {
        return missed.get();
    }

    /** Closes with {@link CloseCode#GOING_AWAY}; see {@link #close(CloseCode, String)}. */
    @Override
    public void close() {
        close(CloseCode.GOING_AWAY, "");
    }

    /**
     * Closes the group for good: has the closing handshake done with each member (§7.1.2), behind what was broadcast
     * before, and closes whoever joins from now on in the same way. Never waits: each member leaves when it has ended,
     * which {@link ConnectionOptions#closeTimeout()} bounds. May be called on a loop's thread; the second call does
     * nothing.
     *
     * @param code a code that {@linkplain CloseCode#maySend() may be sent},
     *     or {@link CloseCode#NO_STATUS_RECEIVED} for none
     * @param reason at most 123 bytes of UTF-8
     * @throws IllegalArgumentException if code or reason must not be sent; nothing was sent
     */
    public void close(CloseCode code, String reason) {
        CloseStatus status = new CloseStatus(code, reason);
        // Refuses what must not be sent before anything happens.
        byte[] _ = ClosePayload.encode(status);
        synchronized (members) {
            if (closed != null) {
                return;
            }
            closed = status;
        }
        members.forEach(member -> member.lifecycle().closeLater(status));
    }

    /** {@return how many members there are, for a log} */
    @Override
    public String toString() {
        return "group of " + size();
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A set of connections, kept by the loop that serves them, so that what goes to all of them is one task for each loop
 * and one send for each connection, however many messages there are by then. The thread that broadcasts puts the
 * message into the queue of each member itself, where it keeps its place among what is written. Any thread.
 */
final class Members {
    /** The members that one loop serves, or those that none does. */
    private static final class Bucket {
        final @Nullable EventLoop loop;
        final Set<WebSocketConnection> connections = ConcurrentHashMap.newKeySet();

        Bucket(@Nullable EventLoop loop) {
            this.loop = loop;
        }

        /** {@return how many of them had no room for it} */
        int broadcast(PreparedMessage message, Predicate<? super Connection> to) {
            List<Sender> first = new ArrayList<>();
            int missed = 0;
            try {
                for (WebSocketConnection connection : connections) {
                    if (to.test(connection)) {
                        Sender sender = connection.sender();
                        switch (sender.offer(message)) {
                            case QUEUED_FIRST -> first.add(sender);
                            case MISSED -> missed++;
                            case QUEUED, CLOSED -> {}
                        }
                    }
                }
            } finally {
                send(first);
            }
            return missed;
        }

        private void send(List<Sender> offered) {
            if (loop == null) {
                offered.forEach(Sender::sendOffered);
            } else if (!offered.isEmpty()) {
                loop.execute(() -> offered.forEach(Sender::sendOffered));
            }
        }
    }

    private final ConcurrentHashMap<EventLoop, Bucket> onLoops = new ConcurrentHashMap<>();
    private final Bucket onThreads = new Bucket(null);

    void add(WebSocketConnection connection) {
        boolean _ = bucket(connection).connections.add(connection);
    }

    void remove(WebSocketConnection connection) {
        boolean _ = bucket(connection).connections.remove(connection);
        boolean _ = onThreads.connections.remove(connection); // It may have been there before it had a loop.
    }

    boolean contains(WebSocketConnection connection) {
        return bucket(connection).connections.contains(connection) || onThreads.connections.contains(connection);
    }

    /** A member is served by a loop from now on. */
    void moved(WebSocketConnection connection) {
        if (onThreads.connections.remove(connection)) {
            add(connection);
        }
    }

    private Bucket bucket(WebSocketConnection connection) {
        EventLoop loop = connection.eventLoop();
        return loop == null ? onThreads : onLoops.computeIfAbsent(loop, Bucket::new);
    }

    boolean isEmpty() {
        return onThreads.connections.isEmpty()
                && onLoops.values().stream().allMatch(bucket -> bucket.connections.isEmpty());
    }

    int size() {
        int size = onThreads.connections.size();
        for (Bucket bucket : onLoops.values()) {
            size += bucket.connections.size();
        }
        return size;
    }

    void forEach(Consumer<WebSocketConnection> action) {
        onThreads.connections.forEach(action);
        onLoops.values().forEach(bucket -> bucket.connections.forEach(action));
    }

    /** {@return a copy of those that are members now} */
    Collection<WebSocketConnection> list() {
        List<WebSocketConnection> all = new ArrayList<>(size());
        forEach(all::add);
        return all;
    }

    /**
     * Queues {@code message} for every member that {@code to} accepts, and never waits for one.
     *
     * @return how many had no room for it
     */
    int broadcast(PreparedMessage message, Predicate<? super Connection> to) {
        int missed = onThreads.broadcast(message, to);
        for (Bucket bucket : onLoops.values()) {
            missed += bucket.broadcast(message, to);
        }
        return missed;
    }
}

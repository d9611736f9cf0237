// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * A set of connections. What goes to all of them is one task for each loop and one send for each connection, however
 * many messages there are by then. The thread that broadcasts puts the message into the queue of each member itself,
 * where it keeps its place among what is written. Who serves a member is asked only then, so that one that moves from
 * a thread to a loop is in the set once, at every moment. Any thread.
 */
final class Members {
    private final Set<WebSocketConnection> connections = ConcurrentHashMap.newKeySet();

    void add(WebSocketConnection connection) {
        boolean _ = connections.add(connection);
    }

    void remove(WebSocketConnection connection) {
        boolean _ = connections.remove(connection);
    }

    boolean contains(WebSocketConnection connection) {
        return connections.contains(connection);
    }

    boolean isEmpty() {
        return connections.isEmpty();
    }

    int size() {
        return connections.size();
    }

    void forEach(Consumer<WebSocketConnection> action) {
        connections.forEach(action);
    }

    /** {@return a copy of those that are members now} */
    Collection<WebSocketConnection> list() {
        return new ArrayList<>(connections);
    }

    /**
     * Queues {@code message} for every member that {@code to} accepts, and never waits for one.
     *
     * @return how many had no room for it
     */
    int broadcast(PreparedMessage message, Predicate<? super Connection> to) {
        Offered offered = new Offered();
        int missed = 0;
        try {
            for (WebSocketConnection connection : connections) {
                if (accepts(to, connection)) {
                    switch (connection.sender().offer(message)) {
                        case QUEUED_FIRST -> offered.add(connection);
                        case MISSED -> missed++;
                        case QUEUED, CLOSED -> {}
                    }
                }
            }
        } finally {
            offered.send();
        }
        return missed;
    }

    private static boolean accepts(Predicate<? super Connection> to, WebSocketConnection connection) {
        try {
            return to.test(connection);
        } catch (RuntimeException | Error e) { // The application's: the others get theirs.
            WebSocketException _ = connection.applicationThrew("the predicate of a broadcast", e);
            return false;
        }
    }

    /** Connections that have something to send and nobody yet who does, by the loop that is to. */
    private static final class Offered {
        private final Map<EventLoop, List<Sender>> onLoops = new HashMap<>();
        private final List<Sender> onThreads = new ArrayList<>();

        void add(WebSocketConnection connection) {
            EventLoop loop = connection.eventLoop();
            List<Sender> senders = loop == null ? onThreads : onLoops.computeIfAbsent(loop, _ -> new ArrayList<>());
            boolean _ = senders.add(connection.sender());
        }

        void send() {
            onThreads.forEach(Sender::sendOffered);
            onLoops.forEach((loop, senders) -> loop.execute(() -> senders.forEach(Sender::sendOffered)));
        }
    }
}

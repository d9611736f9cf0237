// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import dev.gibbon.Connection;
import dev.gibbon.PreparedMessage;
import dev.gibbon.WebSocketException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * A set of connections. What goes to all of them is one task for each loop and one send for each connection, however
 * many messages there are by then. The thread that broadcasts puts the message into the queue of each member itself,
 * where it keeps its place among what is written. Any thread.
 */
public final class Members {
    private final Set<WebSocketConnection> connections = ConcurrentHashMap.newKeySet();

    public void add(WebSocketConnection connection) {
        boolean _ = connections.add(connection);
    }

    public void remove(WebSocketConnection connection) {
        boolean _ = connections.remove(connection);
    }

    public boolean contains(WebSocketConnection connection) {
        return connections.contains(connection);
    }

    public boolean isEmpty() {
        return connections.isEmpty();
    }

    public int size() {
        return connections.size();
    }

    public Iterator<WebSocketConnection> iterator() {
        return connections.iterator();
    }

    public void forEach(Consumer<WebSocketConnection> action) {
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
    public int broadcast(PreparedMessage message, Predicate<? super Connection> to) {
        EncodedMessage encoded = EncodedMessage.of(message);
        Offered offered = new Offered();
        int missed = 0;
        try {
            for (WebSocketConnection connection : connections) {
                if (accepts(to, connection)) {
                    switch (connection.sender().offer(encoded)) {
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
            WebSocketException _ = ApplicationFaults.threw(connection, "the predicate of a broadcast", e);
            return false;
        }
    }

    /** Connections that have something to send and nobody yet who does, by the loop that is to. */
    private static final class Offered {
        private final Map<Loop, List<Sender>> onLoops = new HashMap<>();

        void add(WebSocketConnection connection) {
            boolean _ = onLoops.computeIfAbsent(connection.driver().loop(), _ -> new ArrayList<>())
                    .add(connection.sender());
        }

        void send() {
            onLoops.forEach((loop, senders) -> loop.execute(() -> senders.forEach(Sender::sendOffered)));
        }
    }
}

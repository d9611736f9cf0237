// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A set of connections, kept by the loop that serves them, so that what goes to all of them is one task for each loop
 * and one send for each connection, however many messages there are by then. Any thread.
 */
final class Members {
    /** A message and who gets it. */
    private record Outgoing(PreparedMessage message, Predicate<? super Connection> to) {}

    /** The members that one loop serves, or those that none does. */
    private static final class Bucket {
        final @Nullable EventLoop loop;
        final Set<WebSocketConnection> connections = ConcurrentHashMap.newKeySet();
        final ConcurrentLinkedQueue<Outgoing> outgoing = new ConcurrentLinkedQueue<>();
        final AtomicBoolean scheduled = new AtomicBoolean();

        Bucket(@Nullable EventLoop loop) {
            this.loop = loop;
        }

        void broadcast(Outgoing next) {
            if (connections.isEmpty()) {
                return;
            }
            outgoing.add(next);
            if (loop == null) {
                send();
            } else if (scheduled.compareAndSet(false, true)) {
                loop.execute(this::send);
            }
        }

        private void send() {
            scheduled.set(false);
            List<Outgoing> all = new ArrayList<>();
            for (Outgoing next = outgoing.poll(); next != null; next = outgoing.poll()) {
                all.add(next);
            }
            if (all.isEmpty()) {
                return;
            }
            for (WebSocketConnection connection : connections) {
                send(all, connection);
            }
        }

        private static void send(List<Outgoing> all, WebSocketConnection connection) {
            try {
                PreparedMessage last = null;
                for (int i = 0; i < all.size(); i++) {
                    Outgoing next = all.get(i);
                    if (next.to().test(connection)) {
                        if (last != null) {
                            boolean _ = connection.sender().offer(last);
                        }
                        last = next.message();
                    }
                }
                if (last != null) {
                    connection.sender().offerLast(last);
                }
            } catch (IOException _) {
                // This one is lost; the others get theirs.
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

    /** Queues {@code message} for every member that {@code to} accepts, and never waits for one. */
    void broadcast(PreparedMessage message, Predicate<? super Connection> to) {
        Outgoing next = new Outgoing(message, to);
        onThreads.broadcast(next);
        onLoops.values().forEach(bucket -> bucket.broadcast(next));
    }
}

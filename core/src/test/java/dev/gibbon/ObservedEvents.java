// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/** Keeps what it observes as words, those of each connection in their order. */
final class ObservedEvents implements ConnectionObserver {
    /** One call; of a connection, if it was for one. */
    record Event(@Nullable Connection connection, String words) {}

    private final ConcurrentLinkedQueue<Event> events = new ConcurrentLinkedQueue<>();
    final ConcurrentLinkedQueue<End> ends = new ConcurrentLinkedQueue<>();
    final ConcurrentLinkedQueue<Refusal> refusals = new ConcurrentLinkedQueue<>();
    final ConcurrentLinkedQueue<Thread> threads = new ConcurrentLinkedQueue<>();

    private void add(@Nullable Connection connection, String words) {
        threads.add(Thread.currentThread());
        events.add(new Event(connection, words));
    }

    /** {@return what was observed of a connection so far} */
    List<String> of(Connection connection) {
        return events.stream()
                .filter(event -> Objects.equals(event.connection(), connection))
                .map(Event::words)
                .toList();
    }

    /** {@return what was observed of no connection} */
    List<String> ofNone() {
        return events.stream()
                .filter(event -> event.connection() == null)
                .map(Event::words)
                .toList();
    }

    List<Event> all() {
        return List.copyOf(events);
    }

    /** Waits until so many calls have come for a connection, and gives them. */
    List<String> await(Connection connection, int count) {
        Rig.await(() -> of(connection).size() >= count, () -> "observed no more than " + of(connection));
        return of(connection);
    }

    /** Waits for the end of a connection, and gives all that was observed of it. */
    List<String> awaitEnd(Connection connection) {
        Rig.await(
                () -> of(connection).stream().anyMatch(words -> words.startsWith("closed")),
                () -> "observed no end: " + of(connection));
        return of(connection);
    }

    @Override
    public void opened(Connection connection) {
        add(connection, "opened");
    }

    @Override
    public void refused(Refusal refusal) {
        refusals.add(refusal);
        add(null, "refused " + refusal.status() + " " + refusal.kind() + " " + refusal.path());
    }

    @Override
    public void messageReceived(Connection connection, MessageType type, long bytes) {
        add(connection, "in " + type + " " + bytes);
    }

    @Override
    public void messageSent(Connection connection, MessageType type, long bytes) {
        add(connection, "out " + type + " " + bytes);
    }

    @Override
    public void pinged(Connection connection, Duration roundTrip) {
        add(connection, "pinged " + roundTrip.toMillis());
    }

    @Override
    public void queueHighWater(Connection connection, long bytes) {
        add(connection, "high water " + bytes);
    }

    @Override
    public void broadcastMissed(Connection connection) {
        add(connection, "missed");
    }

    @Override
    public void slowListener(@Nullable Connection connection, Object code, Duration soFar) {
        add(connection, "slow " + code.getClass().getSimpleName() + " " + soFar.toMillis());
    }

    @Override
    public void applicationThrew(@Nullable Connection connection, Throwable thrown) {
        add(connection, "threw " + thrown.getMessage());
    }

    @Override
    public void closed(Connection connection, End end) {
        ends.add(end);
        Optional<String> failure =
                end.failure().map(problem -> problem.getClass().getSimpleName());
        add(
                connection,
                "closed by " + end.by() + " " + end.status() + (end.isClean() ? ", clean" : "")
                        + failure.map(name -> ", " + name).orElse(""));
    }
}

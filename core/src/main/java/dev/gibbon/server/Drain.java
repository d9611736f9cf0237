// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.server;

import dev.gibbon.CloseCode;
import dev.gibbon.CloseStatus;
import dev.gibbon.TimeSource;
import dev.gibbon.connection.Engine;
import dev.gibbon.connection.WebSocketConnection;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Has the WebSockets of a server or host leave, the oldest first and evenly over a time, so that their clients do not
 * all come back to the others at once. Any thread.
 */
final class Drain {
    /** How often to close some, at most: of very many, several leave at a time. */
    private static final Duration LEAST_STEP = Duration.ofMillis(10);

    private final TimeSource time;
    private final CloseStatus status;
    private final CompletableFuture<@Nullable Void> told = new CompletableFuture<>();
    private final ReentrantLock lock = new ReentrantLock();

    // Guarded by lock.
    private List<WebSocketConnection> leaving = List.of();
    private int next;
    private boolean ended;
    private long begin;
    private long interval;
    private TimeSource.@Nullable Timer timer;

    /**
     * Begins nothing yet.
     *
     * @throws IllegalArgumentException if the code may not be sent (§7.4)
     */
    Drain(TimeSource time, CloseCode code) {
        this.time = time;
        this.status = new CloseStatus(code, "");
        if (!code.maySend()) {
            throw new IllegalArgumentException("close code " + code + " may not be sent (§7.4)");
        }
    }

    /** Begins with those that are open now. */
    void begin(Engine engine, Duration over) {
        lock.lock();
        try {
            if (ended) {
                return;
            }
            leaving = engine.connections().stream()
                    .sorted(Comparator.comparingLong(WebSocketConnection::id))
                    .toList();
            begin = time.nanoTime();
            interval = TimeUnit.NANOSECONDS.convert(over) / Math.max(1, leaving.size());
        } finally {
            lock.unlock();
        }
        step();
    }

    /** Closes those whose time has come, and comes back for the next. */
    private void step() {
        List<WebSocketConnection> due;
        boolean over;
        lock.lock();
        try {
            long passed = time.nanoTime() - begin;
            int from = next;
            while (next < leaving.size() && next * interval <= passed) {
                next++;
            }
            due = leaving.subList(from, next);
            over = next == leaving.size();
            if (!over) {
                Duration wait = Duration.ofNanos(next * interval - passed);
                timer = time.schedule(wait.compareTo(LEAST_STEP) < 0 ? LEAST_STEP : wait, this::step);
            }
        } finally {
            lock.unlock();
        }
        due.forEach(this::close);
        if (over) {
            end();
        }
    }

    /** One leaves now, as does each that opens once the others are leaving. */
    void close(WebSocketConnection connection) {
        connection.lifecycle().closeLater(status);
    }

    /** All have been told, by this or by an end that comes sooner. */
    void end() {
        lock.lock();
        try {
            ended = true;
            next = leaving.size();
            if (timer != null) {
                timer.cancel();
            }
        } finally {
            lock.unlock();
        }
        boolean _ = told.complete(null);
    }

    /** {@return a future of the caller's own that completes once the last has been told} */
    CompletableFuture<@Nullable Void> told() {
        return told.copy();
    }
}

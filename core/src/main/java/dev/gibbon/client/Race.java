// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.client;

import dev.gibbon.TimeSource;
import dev.gibbon.spi.Transport;
import java.io.Closeable;
import java.io.IOException;
import java.net.ConnectException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedByInterruptException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Attempts to connect that are started one after the other, each on a virtual thread, until one is connected (RFC 8305
 * §5). The next starts when one fails, or when 250 ms have passed without an outcome. All others are interrupted then,
 * and what they still bring is closed.
 */
final class Race implements Closeable {
    /** RFC 8305 §5 recommends it. */
    static final Duration STAGGER = Duration.ofMillis(250);

    /** How many failures a message has: how many addresses there are is for others to say. */
    private static final int MAX_NAMED = 4;

    /** One attempt; blocks, and ends with an exception when its thread is interrupted. */
    @FunctionalInterface
    interface Attempt {
        Transport connect() throws IOException;
    }

    /** What the waiting thread wakes up for. */
    private sealed interface Event {
        record Connected() implements Event {}

        record Failed(IOException why) implements Event {}

        record NextPlease(int started) implements Event {}

        record Closed() implements Event {}
    }

    private final TimeSource time;
    private final List<Attempt> attempts;
    private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();
    private final ReentrantLock lock = new ReentrantLock();

    // Guarded by lock.
    private final List<Thread> running = new ArrayList<>();
    private @Nullable Transport winner;
    private boolean over;

    // Waiting thread only.
    private int started;
    private TimeSource.@Nullable Timer stagger;

    Race(TimeSource time, List<Attempt> attempts) {
        this.time = time;
        this.attempts = List.copyOf(attempts);
    }

    /**
     * {@return the first transport that is connected}
     *
     * @throws IOException if all attempts failed, the race was closed, or this thread was interrupted
     */
    Transport await() throws IOException {
        try {
            return run();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            throw new ClosedByInterruptException();
        } finally {
            cancelStagger();
            close();
        }
    }

    private Transport run() throws IOException, InterruptedException {
        List<IOException> failures = new ArrayList<>();
        startNext();
        while (true) {
            switch (events.take()) {
                case Event.Connected() -> {
                    return takeWinner();
                }
                case Event.Closed() -> throw new AsynchronousCloseException();
                case Event.NextPlease(int at) -> {
                    if (at == started) { // Else that timer was too late.
                        startNext();
                    }
                }
                case Event.Failed(IOException why) -> {
                    failures.add(why);
                    if (failures.size() == attempts.size()) {
                        throw summary(failures);
                    }
                    startNext();
                }
            }
        }
    }

    private void startNext() {
        if (started == attempts.size()) {
            return;
        }
        Attempt attempt = attempts.get(started++);
        lock.lock();
        try {
            if (over) {
                return;
            }
            running.add(Thread.ofVirtual().name("gibbon-connect").start(() -> run(attempt)));
        } finally {
            lock.unlock();
        }
        cancelStagger();
        if (started < attempts.size()) {
            int at = started;
            stagger = time.schedule(STAGGER, () -> events.add(new Event.NextPlease(at)));
        }
    }

    private void run(Attempt attempt) {
        try {
            connected(attempt.connect());
        } catch (IOException e) {
            events.add(new Event.Failed(e));
        } catch (RuntimeException e) { // A caller's own connector may throw anything.
            events.add(new Event.Failed(new IOException("the connector failed", e)));
        }
    }

    private void connected(Transport transport) {
        lock.lock();
        try {
            if (!over) {
                over = true;
                winner = transport;
                events.add(new Event.Connected());
                return;
            }
        } finally {
            lock.unlock();
        }
        Deadline.closeQuietly(transport);
    }

    private Transport takeWinner() throws IOException {
        lock.lock();
        try {
            Transport taken = winner;
            winner = null;
            if (taken == null) {
                throw new AsynchronousCloseException(); // The deadline was quicker than this thread.
            }
            return taken;
        } finally {
            lock.unlock();
        }
    }

    private void cancelStagger() {
        if (stagger != null) {
            stagger.cancel();
            stagger = null;
        }
    }

    /** Ends the race: attempts that still run are interrupted, a winner that nobody took is closed. */
    @Override
    public void close() {
        Transport unclaimed;
        lock.lock();
        try {
            over = true;
            unclaimed = winner;
            winner = null;
            running.forEach(Thread::interrupt);
            running.clear();
        } finally {
            lock.unlock();
        }
        events.add(new Event.Closed());
        Deadline.closeQuietly(unclaimed);
    }

    private static IOException summary(List<IOException> failures) {
        if (failures.size() == 1) {
            return failures.getFirst();
        }
        String message =
                failures.stream().limit(MAX_NAMED).map(IOException::getMessage).collect(Collectors.joining("; "));
        if (failures.size() > MAX_NAMED) {
            message += "; and " + (failures.size() - MAX_NAMED) + " addresses more";
        }
        IOException summary = new ConnectException(message);
        failures.forEach(summary::addSuppressed);
        return summary;
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import dev.gibbon.CloseCode;
import dev.gibbon.CloseStatus;
import dev.gibbon.Connection;
import dev.gibbon.DialResult;
import dev.gibbon.Message;
import dev.gibbon.MessageReader;
import dev.gibbon.MessageType;
import dev.gibbon.reconnect.Backoff;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The connection of {@code gibbon connect} and, with {@code --reconnect}, those that take its place. One thread runs
 * it; any other sends through it and closes it.
 */
final class Link {
    /** Opens one connection. */
    @FunctionalInterface
    interface Opener {
        DialResult open() throws IOException;
    }

    /** Is told what happens, by the thread that runs the link. */
    interface Events {
        /** There is a connection, from which nothing was read yet. */
        void opened(DialResult result);

        /** A message has begun to come. */
        default void incoming() {}

        /** A message came. */
        void received(Message message) throws IOException;

        /** There is no connection any more, or not yet, and after the wait another is tried. */
        void retrying(Ending ending, Duration wait);
    }

    private final Opener opener;
    private final @Nullable Backoff backoff;
    private final RandomGenerator random;

    /** How many tries came to nothing since a connection was of use. Running thread only. */
    private int retries;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    // Guarded by lock.
    private @Nullable Connection current;
    private @Nullable CloseStatus asked;
    private @Nullable Thread dialling;
    private boolean over;

    /** Opens nothing yet; without a back-off, one end is the end. */
    Link(Opener opener, @Nullable Backoff backoff, RandomGenerator random) {
        this.opener = opener;
        this.backoff = backoff;
        this.random = random;
    }

    /** {@return how it ended} Blocks until then. */
    Ending run(Events events) throws InterruptedException {
        try {
            while (true) {
                Ending ending = runOnce(events);
                if (backoff == null || !ending.worthRetrying() || isAsked()) {
                    return ending;
                }
                Duration wait = backoff.delay(retries++, random);
                events.retrying(ending, wait);
                if (askedWithin(wait)) {
                    return Ending.givenUp();
                }
            }
        } finally {
            lock.lock();
            try {
                over = true;
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }

    private Ending runOnce(Events events) throws InterruptedException {
        if (!beginDial()) {
            return Ending.givenUp();
        }
        DialResult result;
        try {
            result = opener.open();
        } catch (IOException e) {
            endDial();
            return isAsked() ? Ending.givenUp() : Ending.ofDial(e);
        }
        endDial();
        Connection connection = result.connection();
        events.opened(result);
        if (!publish(connection)) {
            connection.close();
            return Ending.givenUp();
        }
        IOException failure = null;
        try {
            read(connection, events);
        } catch (IOException e) {
            failure = e;
        } finally {
            withdraw();
        }
        if (connection.closeStatus().isEmpty()) {
            connection.abort(); // It was not the connection that failed.
        }
        return Ending.of(connection.closeStatus(), askedCode(), failure);
    }

    private void read(Connection connection, Events events) throws IOException {
        for (MessageReader reader; (reader = connection.nextReader()) != null; ) {
            events.incoming();
            byte[] bytes = reader.inputStream().readAllBytes();
            events.received(
                    reader.type() == MessageType.TEXT
                            ? Message.text(new String(bytes, StandardCharsets.UTF_8))
                            : Message.binary(bytes));
            retries = 0;
        }
    }

    /** {@return the connection, if there is one now} */
    Optional<Connection> connection() {
        lock.lock();
        try {
            return Optional.ofNullable(current);
        } finally {
            lock.unlock();
        }
    }

    /** {@return the connection, once there is one that is not {@code failed}; empty if there will be none any more} */
    @SuppressWarnings("ReferenceEquality") // Whether it is that very connection.
    Optional<Connection> awaitConnection(@Nullable Connection failed) throws InterruptedException {
        lock.lock();
        try {
            while ((current == null || current == failed) && !over && asked == null) {
                changed.await();
            }
            return over || asked != null ? Optional.empty() : Optional.ofNullable(current);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Closes the connection, blocking until the closing handshake is done, and lets none take its place. The first
     * caller's code is what is sent.
     */
    void close(CloseCode code, String reason) {
        Connection connection;
        lock.lock();
        try {
            if (asked == null) {
                asked = new CloseStatus(code, reason);
            }
            if (dialling != null) {
                dialling.interrupt();
            }
            connection = current;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        if (connection != null) {
            connection.close(code, reason);
        }
    }

    private boolean beginDial() {
        lock.lock();
        try {
            dialling = asked == null ? Thread.currentThread() : null;
            return asked == null;
        } finally {
            lock.unlock();
        }
    }

    private void endDial() {
        lock.lock();
        try {
            dialling = null;
            boolean _ = Thread.interrupted(); // Only close() interrupts a dial, and the link knows without it.
        } finally {
            lock.unlock();
        }
    }

    private boolean publish(Connection connection) {
        lock.lock();
        try {
            current = asked == null ? connection : null;
            changed.signalAll();
            return asked == null;
        } finally {
            lock.unlock();
        }
    }

    private void withdraw() {
        lock.lock();
        try {
            current = null;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private boolean isAsked() {
        return askedCode().isPresent();
    }

    private Optional<CloseCode> askedCode() {
        lock.lock();
        try {
            return Optional.ofNullable(asked).map(CloseStatus::code);
        } finally {
            lock.unlock();
        }
    }

    private boolean askedWithin(Duration wait) throws InterruptedException {
        lock.lock();
        try {
            long left = wait.toNanos();
            while (asked == null && left > 0) {
                left = changed.awaitNanos(left);
            }
            return asked != null;
        } finally {
            lock.unlock();
        }
    }
}

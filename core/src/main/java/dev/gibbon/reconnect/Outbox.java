// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.reconnect;

import dev.gibbon.Connection;
import dev.gibbon.ConnectionState;
import dev.gibbon.Message;
import dev.gibbon.TimeSource;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link ReconnectingClient} has yet to send, in order and within bounds. Any thread adds; one thread runs
 * {@link #run()}, which writes to whichever connection is attached and completes a receipt when the transport has its
 * message, and at no other time.
 */
final class Outbox {
    private final TimeSource time;
    private final ReconnectingClient.OutboxPolicy policy;
    private final int maxMessages;
    private final long maxBytes;
    private final Duration sendTimeout;
    private final boolean resendInDoubt;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();

    // Guarded by lock.
    private final ArrayDeque<Entry> waiting = new ArrayDeque<>();
    private long waitingBytes;
    private @Nullable Entry current;
    private @Nullable Connection connection;
    private long dropped;
    private boolean draining;
    private boolean stopped;
    private @Nullable Throwable stopCause;

    Outbox(ReconnectSettings settings) {
        time = settings.time();
        policy = settings.outboxPolicy();
        maxMessages = settings.maxOutboxMessages();
        maxBytes = settings.maxOutboxBytes();
        sendTimeout = settings.sendTimeout();
        resendInDoubt = settings.resendInDoubt();
    }

    /**
     * Adds a message at the end.
     *
     * @param droppedForIt gets the messages that made room for it
     * @return its receipt
     */
    CompletableFuture<@Nullable Void> add(Message message, List<Message> droppedForIt) throws IOException {
        if (message.length() > maxBytes) {
            throw new IllegalArgumentException(
                    "message of " + message.length() + " bytes > " + maxBytes + ", all that the outbox holds");
        }
        Entry entry = new Entry(message);
        List<Entry> old = new ArrayList<>();
        if (!tryAdd(entry, old)) {
            awaitRoom(entry);
        }
        for (Entry drop : old) {
            droppedForIt.add(drop.message);
            boolean _ = drop.receipt.completeExceptionally(
                    ReconnectException.outboxFull("dropped for a newer message: " + bounds()));
        }
        return entry.receipt;
    }

    /** Adds an entry if there is room or room can be made; false if the caller is to wait. */
    private boolean tryAdd(Entry entry, List<Entry> old) throws IOException {
        lock.lock();
        try {
            requireAcceptingLocked();
            while (policy == ReconnectingClient.OutboxPolicy.DROP_OLDEST && !hasRoomLocked(entry)) {
                Entry oldest = waiting.removeFirst();
                waitingBytes -= oldest.message.length();
                dropped++;
                old.add(oldest);
            }
            if (hasRoomLocked(entry)) {
                addLocked(entry);
                return true;
            }
        } finally {
            lock.unlock();
        }
        if (policy == ReconnectingClient.OutboxPolicy.REFUSE) {
            throw ReconnectException.outboxFull("no room for " + entry.message + ": " + bounds());
        }
        return false;
    }

    private void awaitRoom(Entry entry) throws IOException {
        Receipt.mayWait(
                "send with a full outbox", "use OutboxPolicy.REFUSE or DROP_OLDEST, or send on a thread of your own");
        AtomicBoolean late = new AtomicBoolean();
        TimeSource.Timer timer = time.schedule(sendTimeout, () -> {
            late.set(true);
            signal();
        });
        lock.lock();
        try {
            while (!hasRoomLocked(entry)) {
                requireAcceptingLocked();
                if (late.get()) {
                    throw ReconnectException.outboxFull(
                            "no room for " + entry.message + " within " + sendTimeout + ": " + bounds());
                }
                changed.await();
            }
            requireAcceptingLocked();
            addLocked(entry);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while waiting for room; the message was not sent");
        } finally {
            lock.unlock();
            timer.cancel();
        }
    }

    private String bounds() {
        return "the outbox holds " + maxMessages + " messages and " + maxBytes + " bytes";
    }

    private void requireAcceptingLocked() throws ReconnectException {
        if (draining || stopped) {
            throw ReconnectException.stopped(stopCause);
        }
    }

    private boolean hasRoomLocked(Entry entry) {
        return waiting.size() < maxMessages && entry.message.length() <= maxBytes - waitingBytes;
    }

    private void addLocked(Entry entry) {
        waiting.addLast(entry);
        waitingBytes += entry.message.length();
        changed.signalAll();
    }

    /** {@return how many messages wait, the one that is being written not counted} */
    int size() {
        lock.lock();
        try {
            return waiting.size();
        } finally {
            lock.unlock();
        }
    }

    /** {@return how many messages were dropped for newer ones so far} */
    long dropped() {
        lock.lock();
        try {
            return dropped;
        } finally {
            lock.unlock();
        }
    }

    /** Writes to {@code fresh} from now on. */
    void attach(Connection fresh) {
        lock.lock();
        try {
            connection = fresh;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Begins no further message on {@code gone}. */
    @SuppressWarnings("ReferenceEquality") // Whether it is that very connection.
    void detach(Connection gone) {
        lock.lock();
        try {
            if (connection == gone) {
                connection = null;
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Takes nothing more, and waits until all is written, the connection is gone or the time is up. */
    void drain(Duration timeout) throws InterruptedException {
        AtomicBoolean late = new AtomicBoolean();
        TimeSource.Timer timer = time.schedule(timeout, () -> {
            late.set(true);
            signal();
        });
        lock.lock();
        try {
            draining = true;
            changed.signalAll();
            while ((current != null || !waiting.isEmpty()) && connection != null && !stopped && !late.get()) {
                changed.await();
            }
        } finally {
            lock.unlock();
            timer.cancel();
        }
    }

    /** Ends {@link #run()}; what was not sent by then fails. */
    void stop(@Nullable Throwable cause) {
        lock.lock();
        try {
            if (!stopped) {
                stopped = true;
                stopCause = cause;
                connection = null;
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    private void signal() {
        lock.lock();
        try {
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Sends until {@link #stop}. */
    void run() {
        try {
            for (Connection target = awaitWork(); target != null; target = awaitWork()) {
                write(target);
            }
        } finally {
            stop(null); // Only a defect gets here before the client stops; no sender may wait for it for ever.
            failAll();
        }
    }

    /** {@return the connection to write the current entry to; null once stopped} */
    private @Nullable Connection awaitWork() {
        lock.lock();
        try {
            while (!stopped && (connection == null || (current == null && waiting.isEmpty()))) {
                changed.awaitUninterruptibly();
            }
            if (stopped) {
                return null;
            }
            if (current == null) {
                current = waiting.removeFirst();
                waitingBytes -= current.message.length();
                changed.signalAll(); // There is room for one more.
            }
            return connection;
        } finally {
            lock.unlock();
        }
    }

    private void write(Connection target) {
        Entry entry = current();
        if (entry == null || target.state() != ConnectionState.OPEN) {
            detach(target); // Not begun: it waits for the next connection.
            return;
        }
        boolean _ = Thread.interrupted(); // Left over from whoever depends on a receipt; it would end the connection.
        try {
            target.writeMessage(entry.message);
        } catch (IOException e) {
            // A write that breaks takes the connection down with it. One that
            // fails on a connection that is merely closing was refused before
            // its first byte (§5.5.1) and waits for the next connection.
            if (target.state() == ConnectionState.CLOSED) {
                inDoubt(entry, e);
            }
            detach(target);
            return;
        } catch (RuntimeException e) { // A transport's defect, not to be met again with every connection.
            finishCurrent();
            boolean _ = entry.receipt.completeExceptionally(ReconnectException.inDoubt(e));
            return;
        }
        finishCurrent();
        boolean _ = entry.receipt.complete(null);
    }

    private void inDoubt(Entry entry, Exception cause) {
        entry.doubt = cause;
        if (!resendInDoubt) {
            finishCurrent();
            boolean _ = entry.receipt.completeExceptionally(ReconnectException.inDoubt(cause));
        }
    }

    private @Nullable Entry current() {
        lock.lock();
        try {
            return current;
        } finally {
            lock.unlock();
        }
    }

    private void finishCurrent() {
        lock.lock();
        try {
            current = null;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void failAll() {
        List<Entry> unsent = new ArrayList<>();
        Throwable cause;
        lock.lock();
        try {
            if (current != null) {
                unsent.add(current);
                current = null;
            }
            unsent.addAll(waiting);
            waiting.clear();
            waitingBytes = 0;
            cause = stopCause;
        } finally {
            lock.unlock();
        }
        for (Entry entry : unsent) {
            Exception doubt = entry.doubt;
            boolean _ = entry.receipt.completeExceptionally(
                    doubt == null ? ReconnectException.stopped(cause) : ReconnectException.inDoubt(doubt));
        }
    }

    /** A message and its receipt. */
    private static final class Entry {
        private final Message message;
        private final CompletableFuture<@Nullable Void> receipt = new Receipt<>();

        /** How a write of it broke, if one did. Sending thread only. */
        private @Nullable Exception doubt;

        private Entry(Message message) {
            this.message = message;
        }
    }
}

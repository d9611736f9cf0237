// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.client;

import dev.gibbon.HandshakeException;
import dev.gibbon.HandshakeTimeoutException;
import dev.gibbon.HandshakeTimeoutException.Stage;
import dev.gibbon.TimeSource;
import java.io.Closeable;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The one deadline of a dial. It owns whatever is open at the moment, a race of
 * connects or a transport, and closes that when the time is up: whoever is blocked
 * there comes back with an exception, and {@link #explain} tells what it means.
 */
public final class Deadline implements Closeable {
    private enum State {
        RUNNING,
        EXPIRED,
        OVER
    }

    private final Duration timeout;
    private final TimeSource.Timer timer;
    private final ReentrantLock lock = new ReentrantLock();

    // Guarded by lock.
    private State state = State.RUNNING;
    private @Nullable Closeable open;

    // Written by the dialling thread only.
    private volatile Stage stage = Stage.NAME_LOOKUP;

    /** Starts the clock. */
    public Deadline(TimeSource time, Duration timeout) {
        this.timeout = timeout;
        timer = time.schedule(timeout, this::expire);
    }

    /** Notes what is being done from now on. */
    public void stage(Stage next) {
        stage = next;
    }

    /**
     * Takes over {@code resource} in place of what was owned before, which it either wraps or supersedes.
     *
     * @throws IOException if the dial is over already; the resource is closed then
     */
    public <T extends Closeable> T own(T resource) throws IOException {
        lock.lock();
        try {
            if (state == State.RUNNING) {
                open = resource;
                return resource;
            }
        } finally {
            lock.unlock();
        }
        resource.close();
        throw new ClosedChannelException();
    }

    /** Closes what is open, to begin again elsewhere. */
    public void closeOpen() {
        closeQuietly(take(State.RUNNING));
    }

    private void expire() {
        closeQuietly(take(State.EXPIRED));
    }

    /** Moves from running to {@code next} and lets go of what was open; null if the dial was over. */
    private @Nullable Closeable take(State next) {
        lock.lock();
        try {
            if (state != State.RUNNING) {
                return null;
            }
            state = next;
            Closeable taken = open;
            open = null;
            return taken;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Ends the dial well: what is open is the caller's, and stays open.
     *
     * @throws IOException if the time was up before
     */
    public void finish() throws IOException {
        if (take(State.OVER) == null) {
            throw new ClosedChannelException();
        }
        timer.cancel();
    }

    /** Ends the dial and closes what is open. Does nothing after {@link #finish()}. */
    @Override
    public void close() {
        timer.cancel();
        closeQuietly(take(State.OVER));
    }

    private boolean isExpired() {
        lock.lock();
        try {
            return state == State.EXPIRED;
        } finally {
            lock.unlock();
        }
    }

    /** {@return what a failure on the dialling thread is due to: the deadline, an interrupt, or itself} */
    public IOException explain(IOException failure) {
        boolean refused = failure instanceof HandshakeException refusal && refusal.status() > 0;
        if (Thread.currentThread().isInterrupted() && !refused) {
            InterruptedIOException interrupted = new InterruptedIOException("interrupted during the " + stage);
            interrupted.initCause(failure);
            return interrupted;
        }
        return isExpired() && !refused ? new HandshakeTimeoutException(stage, timeout, failure) : failure;
    }

    static void closeQuietly(@Nullable Closeable resource) {
        if (resource == null) {
            return;
        }
        try {
            resource.close();
        } catch (IOException _) {
            // It is of no more use either way, and the reason
            // to close it is what the caller gets to hear.
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.reconnect;

import dev.gibbon.CloseCode;
import dev.gibbon.CloseStatus;
import dev.gibbon.Connection;
import dev.gibbon.ConnectionClosedException;
import dev.gibbon.ConnectionState;
import dev.gibbon.DialResult;
import dev.gibbon.HandshakeException;
import dev.gibbon.Message;
import dev.gibbon.TimeSource;
import dev.gibbon.reconnect.ReconnectingClient.Request;
import dev.gibbon.reconnect.ReconnectingClient.State;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.URI;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The life of a {@link ReconnectingClient}: one thread that dials, resumes, reads until the connection ends, and waits
 * before it begins again. Being one thread is what keeps it to one connection at a time.
 */
final class Reconnecting {
    private final ReconnectSettings settings;
    private final TimeSource time;
    private final FaultLog faults;
    private final Outbox outbox;
    private final ResumeRun resume;
    private final Thread thread;
    private final Thread writer;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();

    // Guarded by lock.
    private State state = State.CONNECTING;
    private boolean closing;
    private @Nullable Connection live;
    /** One message, or what a connection that has ended left behind. */
    private final ArrayDeque<Message> incoming = new ArrayDeque<>();

    private @Nullable Exception end;

    /** How one try went: what ended it, and whether its connection had been stable. */
    private record Ending(Exception cause, boolean wasStable) {}

    Reconnecting(ReconnectSettings settings, Outbox outbox) {
        this.settings = settings;
        this.time = settings.time();
        this.faults = new FaultLog(time);
        this.outbox = outbox;
        this.resume = new ResumeRun(settings);
        this.thread = Thread.ofVirtual().name("gibbon-reconnect").unstarted(this::run);
        this.writer = Thread.ofVirtual().name("gibbon-outbox").unstarted(outbox::run);
    }

    void start() {
        thread.start();
        writer.start();
    }

    State state() {
        lock.lock();
        try {
            return state;
        } finally {
            lock.unlock();
        }
    }

    boolean hasThreads() {
        return thread.isAlive() || writer.isAlive() || resume.hasThread();
    }

    /** {@return the next message of whichever connection; null once closed, by this side or cleanly by the peer} */
    @Nullable
    Message readMessage() throws IOException {
        Receipt.mayWait("readMessage", "read on a thread of your own");
        lock.lock();
        try {
            while (!closing && incoming.isEmpty() && state != State.STOPPED) {
                changed.await();
            }
            if (closing) {
                return null;
            }
            Message message = incoming.poll();
            if (message != null) {
                changed.signalAll();
                return message;
            }
            if (end instanceof ConnectionClosedException closed
                    && closed.closeStatus().code().isClean()) {
                return null;
            }
            throw ReconnectException.stopped(end);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while waiting for a message; the client goes on");
        } finally {
            lock.unlock();
        }
    }

    void close() {
        if (Connection.isLoopThread()) { // It must not wait.
            Thread _ = Thread.ofVirtual().name("gibbon-reconnect-close").start(this::close);
            return;
        }
        boolean inside = isInside();
        if (!inside && state() == State.CONNECTED) {
            try {
                outbox.drain(settings.dialer().options().closeTimeout());
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt(); // What is left to do gives up at once.
            }
        }
        Connection open = beginClosing();
        if (open == null) {
            outbox.stop(null); // Whoever waits for a receipt, in a hook or a listener, would hold this up for ever.
        }
        if (inside) {
            return;
        }
        if (open != null) {
            open.close();
            outbox.stop(null);
        }
        join(thread);
        join(writer);
    }

    /** {@return whether a hook, a listener or a dependent of a receipt is asking, which this client waits for} */
    private boolean isInside() {
        Thread self = Thread.currentThread();
        return self.equals(thread) || self.equals(writer) || resume.isInside();
    }

    private @Nullable Connection beginClosing() {
        lock.lock();
        try {
            closing = true;
            incoming.clear();
            changed.signalAll();
            if (state == State.CONNECTING && !resume.isInside()) {
                thread.interrupt(); // Ends a dial at once. Later an interrupt would end the closing handshake.
            }
            return live;
        } finally {
            lock.unlock();
        }
    }

    /** Waits for a thread's end, whatever happens; an interrupt makes that thread give up what it waits for. */
    private void join(Thread other) {
        boolean interrupted = false;
        while (other.isAlive()) {
            try {
                other.join();
            } catch (InterruptedException _) {
                interrupted = true;
                thread.interrupt();
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        Exception why = new IllegalStateException("the thread of the client broke off");
        try {
            why = reconnect();
        } catch (RuntimeException e) { // A retry policy's or a defect: nobody may wait for this thread for ever.
            report("a retry policy or the like", e);
            why = e;
        } catch (Error e) {
            report("a retry policy or the like", e);
            why = new IllegalStateException("the thread of the client broke off", e);
        } finally {
            stop(why);
        }
    }

    /** {@return why it is over} */
    private Exception reconnect() {
        int retry = 0;
        while (true) {
            Ending ending = connection(retry);
            if (ending.wasStable()) {
                retry = 0;
            }
            if (isClosing()) {
                return ending.cause();
            }
            RetryPolicy.Decision decision = settings.retryPolicy().decide(ending.cause());
            if (!decision.retries() || retry >= settings.maxRetries()) {
                return ending.cause();
            }
            Duration delay = delay(ending.cause(), decision, retry);
            retry++;
            if (!pause(ending.cause(), delay, retry)) {
                return ending.cause();
            }
        }
    }

    /** The server's wish, within reason, and on top of it the jitter: it told everybody the same. */
    private Duration delay(Exception cause, RetryPolicy.Decision decision, int retry) {
        Duration atLeast = decision.notBefore().or(() -> retryAfter(cause)).orElse(Duration.ZERO);
        if (atLeast.compareTo(settings.maxRetryAfter()) > 0) {
            atLeast = settings.maxRetryAfter();
        }
        return atLeast.plus(settings.backoff().delay(retry, settings.random()));
    }

    private Optional<Duration> retryAfter(Exception cause) {
        return cause instanceof HandshakeException refused
                ? RetryAfter.of(refused.headers(), settings.wallClock())
                : Optional.empty();
    }

    /** Waits before the next try; false if the client was closed meanwhile. */
    private boolean pause(Exception cause, Duration delay, int retry) {
        AtomicBoolean over = new AtomicBoolean();
        move(State.WAITING);
        TimeSource.Timer timer = time.schedule(delay, () -> {
            over.set(true);
            signal();
        });
        tell(listener -> listener.retrying(cause, delay, retry));
        lock.lock();
        try {
            while (!closing && !over.get()) {
                changed.awaitUninterruptibly();
            }
            if (closing) {
                return false;
            }
            boolean _ = Thread.interrupted(); // Left over from a hook or a listener; it would end the dial.
            state = moved(state, State.CONNECTING);
            return true;
        } finally {
            lock.unlock();
            timer.cancel();
        }
    }

    private Ending connection(int retry) {
        DialResult result;
        try {
            Request request = request(retry);
            result = settings.dialer().dialForResult(request.uri(), request.headers());
        } catch (IOException | RuntimeException e) {
            return new Ending(e, false);
        }
        Connection connection = result.connection();
        try {
            resume(connection);
            return use(connection, result);
        } catch (IOException e) {
            return new Ending(e, false);
        } finally { // Closed before the next dial, the closing handshake included: never two at a time.
            connection.close();
            connection.abort(); // Where an interrupt has ended the wait for that.
            CloseStatus _ = connection.closed().join();
        }
    }

    private Request request(int retry) throws IOException {
        try {
            return settings.requestHook().request(settings.target(), retry);
        } catch (RuntimeException | Error e) { // The application's: it counts as a failed try.
            report("the request hook", e);
            throw new IOException("the request hook threw", e);
        }
    }

    private void resume(Connection connection) throws IOException {
        try {
            resume.run(connection);
        } catch (IOException | RuntimeException | Error e) {
            // The application's. Closing interrupts the hook; one that takes too long is cut off.
            if (!isClosing() && !(e instanceof ConnectionClosedException)) {
                faults.threw("the resume hook", connection, e);
                connection.close(CloseCode.INTERNAL_ERROR, "");
            }
            throw e instanceof IOException known ? known : new IOException("the resume hook threw", e);
        }
        connection.setWriteTimeout(ChronoUnit.FOREVER.getDuration());
        try {
            connection.setBatchWrites(false); // A receipt says that the transport has the message.
        } catch (ConnectionClosedException _) {
            // Reading tells how it has ended.
        }
    }

    private Ending use(Connection connection, DialResult result) {
        var _ = connection.closed().thenRun(this::signal);
        outbox.attach(connection);
        if (!goLive(connection)) {
            outbox.detach(connection);
            return new Ending(ReconnectException.stopped(null), false);
        }
        long since = time.nanoTime();
        tell(listener -> listener.connected(result));
        Exception cause = read(connection);
        outbox.detach(connection);
        boolean stable = time.nanoTime() - since >= settings.stableAfter().toNanos();
        tell(listener -> listener.disconnected(cause));
        return new Ending(cause, stable);
    }

    private boolean goLive(Connection connection) {
        lock.lock();
        try {
            if (closing) {
                return false;
            }
            live = connection;
            state = moved(state, State.CONNECTED);
            boolean _ = Thread.interrupted(); // Left over from a hook; it would end the connection.
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Reads until the connection ends, one message ahead of the application. {@return how it ended} */
    private Exception read(Connection connection) {
        try {
            while (awaitRoom(connection)) {
                Message message = connection.readMessage();
                if (message == null) {
                    return ended(connection);
                }
                deliver(message);
            }
            connection.close(); // The client is closing, and the peer's answer is to be seen.
            return ended(connection);
        } catch (IOException | RuntimeException e) {
            return e;
        }
    }

    /**
     * Waits until there is room for a message, or the connection has ended: what it read ahead until then is taken over
     * whole, which its options bound. False if the client is closing.
     */
    private boolean awaitRoom(Connection connection) {
        lock.lock();
        try {
            while (!incoming.isEmpty() && !closing && connection.state() != ConnectionState.CLOSED) {
                changed.awaitUninterruptibly();
            }
            return !closing;
        } finally {
            lock.unlock();
        }
    }

    private void deliver(Message message) {
        lock.lock();
        try {
            incoming.add(message);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** {@return how a connection ended whose end a read has met without an exception, or that this side closed} */
    private static Exception ended(Connection connection) {
        CloseStatus status = connection.closeStatus().orElse(CloseStatus.LOST);
        return status.equals(CloseStatus.LOST)
                ? new ConnectionClosedException("the connection was lost", null, null, null)
                : new ConnectionClosedException("the peer closed with " + status.code(), null, status, null);
    }

    private boolean isClosing() {
        lock.lock();
        try {
            return closing;
        } finally {
            lock.unlock();
        }
    }

    private void move(State next) {
        lock.lock();
        try {
            state = moved(state, next);
            live = null;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private static State moved(State from, State to) {
        boolean legal = switch (from) {
            case CONNECTING -> to == State.CONNECTED || to == State.WAITING || to == State.STOPPED;
            case CONNECTED -> to == State.WAITING || to == State.STOPPED;
            case WAITING -> to == State.CONNECTING || to == State.STOPPED;
            case STOPPED -> false;
        };
        if (!legal) {
            throw new IllegalStateException(from + " -> " + to);
        }
        return to;
    }

    private void signal() {
        lock.lock();
        try {
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void stop(Exception why) {
        boolean closed;
        lock.lock();
        try {
            closed = closing;
            end = why;
            live = null;
            state = moved(state, State.STOPPED);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        outbox.stop(closed ? null : why);
        if (!closed) {
            tell(listener -> listener.gaveUp(why));
        }
    }

    private void report(String code, Throwable thrown) {
        faults.threw(code, "a client of " + origin(), thrown);
    }

    /** {@return where the client connects to, without what may be secret in the address} */
    private String origin() {
        URI uri = settings.target().uri();
        return uri.getScheme() + "://" + uri.getHost() + (uri.getPort() < 0 ? "" : ":" + uri.getPort());
    }

    /** Tells the listener; what it throws is reported and changes nothing. */
    void tell(Consumer<ReconnectListener> event) {
        try {
            event.accept(settings.listener());
        } catch (RuntimeException | Error e) {
            report("a listener of a reconnecting client", e);
        }
    }
}

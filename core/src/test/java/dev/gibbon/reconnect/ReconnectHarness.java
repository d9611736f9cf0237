// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.reconnect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.ConnectionClosedException;
import dev.gibbon.DialResult;
import dev.gibbon.Dialer;
import dev.gibbon.HandshakeException;
import dev.gibbon.Message;
import dev.gibbon.Role;
import dev.gibbon.reconnect.ReconnectingClient.State;
import dev.gibbon.spi.Transport;
import dev.gibbon.testkit.HttpHead;
import dev.gibbon.testkit.ManualClock;
import dev.gibbon.testkit.MemoryTransport;
import dev.gibbon.testkit.ScriptedPeer;
import dev.gibbon.testkit.TransportPair;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.function.Executable;

/**
 * A server in memory for a client under test, a clock that is
 * moved by hand, and all that the client's listener was told.
 */
final class ReconnectHarness implements ReconnectListener {
    static final URI SERVER = URI.create("ws://server.test/feed");

    /** Draws the middle, so that a wait is half its ceiling: 1 s, 2 s, 4 s, … */
    private static final RandomGenerator MIDDLE = new RandomGenerator() {
        @Override
        public long nextLong() {
            throw new AssertionError("only bounded numbers are asked for");
        }

        @Override
        public long nextLong(long bound) {
            return bound / 2;
        }
    };

    final ManualClock clock = new ManualClock();
    private final BlockingQueue<MemoryTransport> dialled = new LinkedBlockingQueue<>();
    private final BlockingQueue<String> events = new LinkedBlockingQueue<>();
    private final AtomicReference<@Nullable IOException> unreachable = new AtomicReference<>();
    private final AtomicReference<@Nullable MemoryTransport> last = new AtomicReference<>();
    private final AtomicReference<@Nullable AssertionError> twoAtATime = new AtomicReference<>();
    private final int capacity;

    ReconnectHarness() {
        this(64 * 1024);
    }

    /** A server whose transports hold {@code capacity} bytes before their writer blocks. */
    ReconnectHarness(int capacity) {
        this.capacity = capacity;
    }

    /** {@return a builder with waits of 1 s, 2 s, 4 s, … and this listener} */
    ReconnectingClient.Builder builder() {
        Dialer dialer =
                Dialer.builder().timeSource(clock).connector(this::connect).build();
        return ReconnectingClient.builder(dialer, SERVER)
                .backoff(Backoff.of(Duration.ofSeconds(2), Duration.ofSeconds(60), 2))
                .random(MIDDLE)
                .listener(this);
    }

    private Transport connect(String host, int port) throws IOException {
        IOException failure = unreachable.get();
        if (failure != null) {
            throw failure;
        }
        TransportPair pair = TransportPair.builder().capacity(capacity).build();
        MemoryTransport before = last.getAndSet(pair.client());
        if (before != null && before.isOpen()) {
            twoAtATime.set(new AssertionError("a second connection while the first was open"));
        }
        dialled.add(pair.server());
        return pair.client();
    }

    /** Makes every try fail from now on; null lets them through again. */
    void unreachable(@Nullable IOException failure) {
        unreachable.set(failure);
    }

    /** {@return the server's end of the next try, on which nothing was read yet} */
    MemoryTransport dialled() throws InterruptedException {
        MemoryTransport server = dialled.poll(5, TimeUnit.SECONDS);
        if (server == null) {
            throw new AssertionError("nobody dialled");
        }
        return server;
    }

    /** {@return the server of the next try, which it has accepted} */
    ScriptedPeer accept() throws Exception {
        return accept(dialled());
    }

    static ScriptedPeer accept(MemoryTransport server) throws IOException {
        ScriptedPeer peer = ScriptedPeer.over(server, Role.SERVER);
        HttpHead request = peer.expectHead();
        peer.sendRaw(request.acceptingResponse().getBytes(StandardCharsets.ISO_8859_1));
        return peer;
    }

    /** Refuses the next try. {@return what it asked for} */
    HttpHead refuse(int status, String... fields) throws Exception {
        try (ScriptedPeer peer = ScriptedPeer.over(dialled(), Role.SERVER)) {
            HttpHead request = peer.expectHead();
            StringBuilder reply = new StringBuilder("HTTP/1.1 " + status + " No\r\nContent-Length: 0\r\n");
            for (String field : fields) {
                reply.append(field).append("\r\n");
            }
            peer.sendRaw(reply.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1));
            return request;
        }
    }

    /** Closes with a code, waits for the answer, and ends the transport. */
    static void close(ScriptedPeer peer, int code) throws IOException {
        peer.sendClose(code, "");
        peer.expectClose(code);
        peer.close();
    }

    void expectEvent(String expected) throws InterruptedException {
        assertEquals(expected, events.poll(5, TimeUnit.SECONDS));
    }

    /** Ends a test: the client is closed, has no thread and no connection, and told nothing else. */
    void expectNothingLeft(ReconnectingClient client) {
        client.close();
        assertEquals(State.STOPPED, client.state());
        assertFalse(client.hasThreads());
        MemoryTransport transport = last.get();
        assertFalse(transport != null && transport.isOpen(), "the transport is open");
        clock.advance(Duration.ofHours(1));
        assertEquals(null, dialled.poll(), "a try after the end");
        assertEquals(null, events.poll(), "an event after the end");
        awaitNoTimer();
        AssertionError two = twoAtATime.get();
        if (two != null) {
            throw two;
        }
    }

    /** The connection's loop may just have woken up and be watched for a moment. */
    private void awaitNoTimer() {
        long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (clock.pending() > 0) {
            assertTrue(System.nanoTime() - deadline < 0, "timers after the end: " + clock.pending());
            LockSupport.parkNanos(1_000_000);
            clock.advance(Duration.ofMillis(100));
        }
    }

    static <T extends @Nullable Object> Future<T> inBackground(Callable<T> work) {
        FutureTask<T> task = new FutureTask<>(work);
        Thread _ = Thread.startVirtualThread(task);
        return task;
    }

    static <T extends @Nullable Object> T result(Future<T> future) throws Exception {
        return future.get(60, TimeUnit.SECONDS);
    }

    /** {@return what a call threw, for this reason} */
    static ReconnectException thrownFor(ReconnectException.Reason reason, Executable call) {
        return failedFor(reason, assertThrows(ReconnectException.class, call));
    }

    /** {@return the failure, which is for this reason} */
    static ReconnectException failedFor(ReconnectException.Reason reason, Throwable failure) {
        ReconnectException known = assertInstanceOf(ReconnectException.class, failure);
        assertEquals(reason, known.reason());
        return known;
    }

    /** {@return what a receipt or task failed with} */
    static Throwable failure(Future<?> future) throws Exception {
        try {
            throw new AssertionError("ended with " + result(future));
        } catch (ExecutionException e) {
            return e.getCause();
        }
    }

    @Override
    public void connected(DialResult result) {
        events.add("connected");
    }

    @Override
    public void disconnected(Exception cause) {
        events.add("disconnected " + describe(cause));
    }

    @Override
    public void retrying(Exception cause, Duration delay, int retry) {
        events.add("retry " + retry + " in " + delay + " after " + describe(cause));
    }

    @Override
    public void dropped(Message message) {
        events.add("dropped " + message.text());
    }

    @Override
    public void gaveUp(Exception cause) {
        events.add("gave up after " + describe(cause));
    }

    private static String describe(Exception cause) {
        return switch (cause) {
            case ConnectionClosedException closed ->
                Integer.toString(closed.closeStatus().code().value());
            case HandshakeException refused -> "status " + refused.status();
            default -> cause.getClass().getSimpleName();
        };
    }
}

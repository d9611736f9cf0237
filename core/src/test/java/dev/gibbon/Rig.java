// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.internal.SecureMaskingKeys;
import dev.gibbon.testkit.ManualClock;
import dev.gibbon.testkit.MemoryTransport;
import dev.gibbon.testkit.ScriptedPeer;
import dev.gibbon.testkit.TransportPair;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/**
 * A connection under test, the scripted peer that treats it badly, and on the same engine a healthy pair of connections, the
 * neighbours, which must not notice. The engine's time stands still until the test moves it; timed reads of the transport go
 * by the system's time unless the pair is given the same clock.
 */
final class Rig implements AutoCloseable {
    static final long SECONDS = 10;

    final ManualClock clock;
    final Engine engine;
    final Role role;
    final TransportPair pair;
    final WebSocketConnection connection;
    final ScriptedPeer peer;
    final Neighbours neighbours;

    Rig(Role role) {
        this(role, ConnectionOptions.defaults());
    }

    Rig(Role role, ConnectionOptions options) {
        this(role, options, TransportPair.create());
    }

    Rig(Role role, ConnectionOptions options, TransportPair pair) {
        this(role, options, pair, new ManualClock());
    }

    Rig(Role role, ConnectionOptions options, TransportPair pair, ManualClock clock) {
        this.clock = clock;
        this.engine = new Engine(clock, new SecureMaskingKeys());
        this.role = role;
        this.pair = pair;
        this.peer = ScriptedPeer.over(pair.end(role.peer()), role.peer());
        this.connection = open(pair.end(role), role, options);
        this.neighbours = new Neighbours();
        neighbours.echo();
    }

    WebSocketConnection open(Transport transport, Role side, ConnectionOptions options) {
        return WebSocketConnection.open(engine, transport, side, options, Optional.empty(), ByteBuffer.allocate(0));
    }

    /** {@return the transport of the connection under test} */
    MemoryTransport transport() {
        return pair.end(role);
    }

    /** What an application saw of a connection: its messages and how they ended. */
    record End(List<Message> messages, Optional<WebSocketException> failure) {
        /** {@return the failure, of the kind it must be} */
        <T extends WebSocketException> T failure(Class<T> kind) {
            return assertInstanceOf(kind, failure.orElseThrow(() -> new AssertionError("the end was clean")));
        }
    }

    /** Reads to the end on a thread of its own. */
    Task<End> read() {
        return start(this::readToTheEnd);
    }

    End readToTheEnd() throws IOException {
        List<Message> messages = new ArrayList<>();
        try {
            for (Message message = connection.readMessage(); message != null; message = connection.readMessage()) {
                messages.add(message);
            }
            return new End(messages, Optional.empty());
        } catch (WebSocketException e) {
            return new End(messages, Optional.of(e));
        }
    }

    /** Checks that the application sees this end at every later call too, and that nothing can be sent any more. */
    void expectSame(End end) throws IOException {
        for (int i = 0; i < 3; i++) {
            if (end.failure().isPresent()) {
                assertSame(end.failure().get(), assertThrows(WebSocketException.class, connection::readMessage));
            } else {
                assertNull(connection.readMessage());
                assertNull(connection.nextReader());
            }
            assertThrows(WebSocketException.class, () -> connection.writeText("late"));
            assertThrows(WebSocketException.class, () -> connection.ping(ByteBuffer.allocate(0)));
        }
    }

    /** Waits for the Close frame and the end that a broken rule must bring, and for everything to be given back. */
    ProtocolException expectRefused(int code, Task<End> reading) throws Exception {
        ProtocolException failure = expectRefused(code, reading, ProtocolException.class);
        assertEquals(code, failure.closeCode().value());
        return failure;
    }

    <T extends WebSocketException> T expectRefused(int code, Task<End> reading, Class<T> kind) throws Exception {
        T failure = expectRefusedOrClosed(code, reading, kind);
        assertEquals(Optional.of(CloseStatus.LOST), connection.closeStatus());
        return failure;
    }

    /** Like {@link #expectRefused}, where the peer may have sent a Close frame too. */
    <T extends WebSocketException> T expectRefusedOrClosed(int code, Task<End> reading, Class<T> kind)
            throws Exception {
        neighbours.echo();
        assertEquals("", peer.expectClose(code), "our words stay off the wire");
        peer.expectEnd();
        End end = reading.get();
        T failure = end.failure(kind);
        expectSame(end);
        expectAllGivenBack();
        expectSame(end);
        return failure;
    }

    /** Lets the peer go, and checks that nothing of the connection is left over and that the neighbours did not notice. */
    void expectAllGivenBack() throws Exception {
        peer.close();
        expectClosed();
        neighbours.close();
        await(() -> engine.buffers().leased() == 0, () -> engine.buffers().leased() + " buffers are out");
        assertTrue(engine.connections().isEmpty(), () -> "left over: " + engine.connections());
        clock.advance(Duration.ofSeconds(3)); // the last tick and the longest linger
        assertEquals(0, clock.pending(), "timers are left over");
    }

    void expectClosed() throws InterruptedException {
        connection.lifecycle().awaitClosed(Duration.ofSeconds(20));
        assertEquals(ConnectionState.CLOSED, connection.state());
        assertTrue(!transport().isOpen());
    }

    /** Waits for something that another thread is about to do. */
    static void await(BooleanSupplier done, java.util.function.Supplier<String> otherwise) {
        long deadline = System.nanoTime() + Duration.ofSeconds(5).toNanos();
        while (!done.getAsBoolean()) {
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError(otherwise.get());
            }
            LockSupport.parkNanos(50_000);
        }
    }

    /** Work on a virtual thread whose outcome can be asked for within a bounded time. */
    static final class Task<T> {
        private final FutureTask<T> future;
        final Thread thread;

        private Task(Callable<T> work) {
            future = new FutureTask<>(work);
            thread = Thread.ofVirtual().name("test").start(future);
        }

        T get() throws Exception {
            try {
                return future.get(SECONDS, TimeUnit.SECONDS);
            } catch (ExecutionException e) {
                if (e.getCause() instanceof Exception cause) {
                    throw cause;
                }
                throw e;
            }
        }

        /** {@return what the work threw} */
        <E extends Throwable> E failure(Class<E> kind) throws Exception {
            ExecutionException e = assertThrows(ExecutionException.class, () -> future.get(SECONDS, TimeUnit.SECONDS));
            return assertInstanceOf(kind, e.getCause());
        }

        boolean done() {
            return future.isDone();
        }

        /** Waits until the thread waits, which is when it has got as far as it gets by itself. */
        void awaitParked() {
            await(
                    () -> thread.getState() == Thread.State.WAITING || thread.getState() == Thread.State.TIMED_WAITING,
                    () -> "the thread does not wait, it is " + thread.getState());
        }
    }

    interface Work {
        void run() throws Exception;
    }

    static <T> Task<T> start(Callable<T> work) {
        return new Task<>(work);
    }

    static Task<Boolean> go(Work work) {
        return new Task<>(() -> {
            work.run();
            return true;
        });
    }

    /** A client and an echoing server that keep to the rules. */
    final class Neighbours {
        private final TransportPair transports = TransportPair.create();
        private final ConnectionOptions options =
                ConnectionOptions.builder().idleTimeout(Optional.empty()).build();
        private final WebSocketConnection server = open(transports.server(), Role.SERVER, options);
        private final WebSocketConnection client = open(transports.client(), Role.CLIENT, options);
        private final Task<Boolean> echoing = go(() -> {
            for (Message m = server.readMessage(); m != null; m = server.readMessage()) {
                server.writeMessage(m);
            }
        });
        private int sent;

        void echo() {
            String text = "neighbours " + ++sent;
            try {
                client.writeText(text);
                assertEquals(text, Objects.requireNonNull(client.readMessage()).text());
                // Else a clock that the test moves now would find a write under way all that time.
                await(() -> !server.sender().writing(), () -> "the neighbours' write does not end");
            } catch (IOException e) {
                throw new AssertionError("the neighbours were disturbed", e);
            }
        }

        void close() throws Exception {
            echo();
            client.close();
            assertTrue(echoing.get());
            server.lifecycle().awaitClosed(Duration.ofSeconds(20));
            assertEquals(Optional.of(new CloseStatus(CloseCode.NORMAL, "")), server.closeStatus());
            assertEquals(Optional.of(new CloseStatus(CloseCode.NORMAL, "")), client.closeStatus());
        }
    }

    @Override
    public void close() {
        connection.abort();
        neighbours.client.abort();
        neighbours.server.abort();
        pair.close();
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.connection.Input;
import dev.gibbon.connection.SecureMaskingKeys;
import dev.gibbon.connection.WebSocketConnection;
import dev.gibbon.loop.EventLoop;
import dev.gibbon.loop.LoopEngine;
import dev.gibbon.loop.SelectorLoop;
import dev.gibbon.spi.Transport;
import dev.gibbon.testkit.ManualClock;
import dev.gibbon.testkit.MemoryTransport;
import dev.gibbon.testkit.ScriptedPeer;
import dev.gibbon.testkit.Splitter;
import dev.gibbon.testkit.TransportPair;
import java.io.IOException;
import java.io.UncheckedIOException;
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
 * A connection under test, the scripted peer that treats it badly, and on the same engine a healthy pair of
 * connections, the neighbours, which must not notice. The engine's time stands still until the test moves it; timed
 * reads of the transport go by the system's time unless the pair is given the same clock.
 */
final class Rig implements AutoCloseable {
    static final long SECONDS = 60;

    private static final int ONE_LOOP = 1;

    final ManualClock clock;
    final LoopEngine engine;
    final SelectorLoop loop;
    final Side side;
    final Role role;
    final WebSocketConnection connection;
    final ScriptedPeer peer;
    final Neighbours neighbours;

    /** What the listener is told; nothing by {@link Face#PULL}. */
    final Probe probe;

    private final Optional<TransportPair> pair;
    private final Optional<LoopEnd.Pair> sockets;

    /** How long a frame that ends the connection waits for a reader to deal with the messages before it. */
    static final Duration FOR_READER = Duration.ofSeconds(1);

    /** Waits until such a frame has come and waits. */
    static void awaitEndThatWaits(WebSocketConnection connection) {
        await(
                () -> connection.input().reads() > 0 && connection.input().waiting() == Input.Waiting.NO,
                () -> "the end is not there");
    }

    /** {@return every default, but no Ping comes unasked: tests that move the clock count frames} */
    static ConnectionOptions.Builder quiet() {
        return ConnectionOptions.builder().noKeepalive();
    }

    Rig(Role role) {
        this(new Side(Face.PULL, role));
    }

    Rig(Role role, ConnectionOptions options) {
        this(new Side(Face.PULL, role), options);
    }

    Rig(Role role, ConnectionOptions options, TransportPair pair) {
        this(role, options, pair, new ManualClock());
    }

    Rig(Role role, ConnectionOptions options, TransportPair pair, ManualClock clock) {
        this(new Side(Face.PULL, role), options, Optional.of(pair), Optional.empty(), clock, new Probe());
    }

    Rig(Side side) {
        this(side, quiet().build());
    }

    Rig(Side side, ConnectionOptions options) {
        this(side, options, Splitter.whole());
    }

    /** The same, with a transport that brings its bytes as {@code reads} likes. */
    Rig(Side side, ConnectionOptions options, Splitter reads) {
        this(side, options, reads, new Probe());
    }

    /** The same, with a listener that does something. */
    Rig(Side side, ConnectionOptions options, Splitter reads, Probe probe) {
        this(side, options, memory(side, reads), sockets(side, reads, 0), new ManualClock(), probe);
    }

    Rig(Side side, ConnectionOptions options, Probe probe) {
        this(side, options, Splitter.whole(), probe);
    }

    /** The same, observed. */
    Rig(Side side, ConnectionOptions options, Probe probe, ConnectionObserver observer) {
        this(
                side,
                options,
                memory(side, Splitter.whole()),
                sockets(side, Splitter.whole(), 0),
                new ManualClock(),
                probe,
                List.of(observer));
    }

    /** The same over a transport in memory that a test has made, for the faces that can do with one. */
    Rig(Side side, ConnectionOptions options, TransportPair pair) {
        this(side, options, Optional.of(pair), Optional.empty(), new ManualClock(), new Probe());
    }

    /** On a loop, over sockets that hold little. */
    static Rig congested(Role role, ConnectionOptions options, Probe probe) {
        return congested(role, options, probe, List.of());
    }

    static Rig congested(Role role, ConnectionOptions options, Probe probe, List<ConnectionObserver> observers) {
        Side side = new Side(Face.LOOP, role);
        Optional<LoopEnd.Pair> small = sockets(side, Splitter.whole(), 4096);
        return new Rig(side, options, Optional.empty(), small, new ManualClock(), probe, observers);
    }

    private Rig(
            Side side,
            ConnectionOptions options,
            Optional<TransportPair> pair,
            Optional<LoopEnd.Pair> sockets,
            ManualClock clock,
            Probe probe) {
        this(side, options, pair, sockets, clock, probe, List.of());
    }

    private Rig(
            Side side,
            ConnectionOptions options,
            Optional<TransportPair> pair,
            Optional<LoopEnd.Pair> sockets,
            ManualClock clock,
            Probe probe,
            List<ConnectionObserver> observers) {
        this.clock = clock;
        this.engine = new LoopEngine(clock, new SecureMaskingKeys(), ONE_LOOP, false, observers);
        this.loop = engine.loops().next();
        this.side = side;
        this.role = side.role();
        this.pair = pair;
        this.sockets = sockets;
        this.probe = probe;
        Transport far = sockets.<Transport>map(LoopEnd.Pair::far).orElseGet(() -> memory().end(role.peer()));
        Transport near = sockets.<Transport>map(LoopEnd.Pair::near).orElseGet(() -> memory().end(role));
        this.peer = ScriptedPeer.over(far, role.peer());
        this.connection = open(near, role, options);
        if (side.face() != Face.PULL) {
            connection.listen(probe);
        }
        this.neighbours = new Neighbours();
        neighbours.echo();
    }

    private static Optional<TransportPair> memory(Side side, Splitter reads) {
        return side.face() == Face.LOOP
                ? Optional.empty()
                : Optional.of(TransportPair.builder().reads(side.role(), reads).build());
    }

    private static Optional<LoopEnd.Pair> sockets(Side side, Splitter reads, int bufferBytes) {
        if (side.face() != Face.LOOP) {
            return Optional.empty();
        }
        try {
            return Optional.of(LoopEnd.pair(reads, bufferBytes));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    WebSocketConnection open(Transport transport, Role side, ConnectionOptions options) {
        return engine.open(transport, side, options, Optional.empty(), ByteBuffer.allocate(0));
    }

    /** A connection of this rig's face that nobody listens to yet, and its peer. */
    record Other(WebSocketConnection connection, ScriptedPeer peer) {}

    /** {@return another connection over a transport of the same kind} */
    Other other(ConnectionOptions options) throws IOException {
        if (side.face() == Face.LOOP) {
            LoopEnd.Pair ends = LoopEnd.pair(Splitter.whole());
            return new Other(open(ends.near(), role, options), ScriptedPeer.over(ends.far(), role.peer()));
        }
        TransportPair ends = TransportPair.create();
        return new Other(open(ends.end(role), role, options), ScriptedPeer.over(ends.end(role.peer()), role.peer()));
    }

    private TransportPair memory() {
        return pair.orElseThrow(() -> new IllegalStateException("this face has no transport in memory"));
    }

    /** {@return the sockets, of {@link Face#LOOP}} */
    LoopEnd.Pair sockets() {
        return sockets.orElseThrow(() -> new IllegalStateException("this face has no sockets"));
    }

    /** {@return the transport of the connection under test, in memory} */
    MemoryTransport transport() {
        return memory().end(role);
    }

    /** {@return the peer's, in memory} */
    MemoryTransport peerTransport() {
        return memory().end(role.peer());
    }

    /** {@return how many bytes the connection has read} */
    long bytesRead() {
        return sockets.map(ends -> ends.near().bytesRead.get())
                .orElseGet(() -> transport().counters().bytesRead());
    }

    boolean isOpen() {
        return sockets.map(ends -> ends.near().isOpen())
                .orElseGet(() -> transport().isOpen());
    }

    /** Waits until the connection has read what the peer sent, has done all it does with it, and waits for more. */
    void awaitRead() throws Exception {
        long sent = sockets.map(ends -> ends.far().bytesWritten.get())
                .orElseGet(() -> peerTransport().counters().bytesWritten());
        await(() -> bytesRead() == sent, () -> bytesRead() + " bytes of " + sent + " are read");
        if (side.face() != Face.LOOP) {
            transport().awaitBlockedReader();
        }
        awaitLoop();
    }

    /**
     * Waits until a write stands: the pump may be stuck before the writer that filled it has counted its bytes, which
     * would then look like progress.
     */
    void awaitStuckWrite() {
        transport().awaitBlockedWriter();
        await(connection.sender().output()::blocked, () -> "no write is stuck");
    }

    /**
     * Waits until nobody is in a write any more: the clock may not move while a thread has only not noticed its end.
     */
    void awaitWritten() {
        await(() -> !connection.sender().output().writing(), () -> "still writing");
    }

    /** Waits until the loop has done all it was given before. */
    void awaitLoop() throws Exception {
        for (int i = 0; i < 2; i++) { // A task may have given it another.
            Thread _ = onLoop(Thread::currentThread);
        }
    }

    /** Asks on the loop's thread. */
    <T> T onLoop(Callable<T> question) throws Exception {
        FutureTask<T> task = new FutureTask<>(question);
        loop.execute(task);
        return task.get(SECONDS, TimeUnit.SECONDS);
    }

    void resetPeer() throws IOException {
        if (sockets.isPresent()) {
            sockets.get().far().reset();
        } else {
            peer.reset();
        }
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

    /** Reads to the end, or waits until the listener was told of it. */
    End readToTheEnd() throws Exception {
        if (side.face() != Face.PULL) {
            return probe.awaitEnd();
        }
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

    /**
     * The end that the application sees. A read reports it at once,
     * a listener when the transport is gone: the peer lets go.
     */
    End end(Task<End> reading) throws Exception {
        if (side.face() != Face.PULL) {
            peer.close();
        }
        return reading.get();
    }

    /** Checks that the application sees this end at every later call too, and that nothing can be sent any more. */
    void expectSame(End end) throws IOException {
        for (int i = 0; i < 3; i++) {
            if (side.face() != Face.PULL) {
                assertThrows(IllegalStateException.class, connection::readMessage);
                assertThrows(IllegalStateException.class, connection::nextReader);
                probe.expectOrderly();
            } else if (end.failure().isPresent()) {
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
        End end = end(reading);
        T failure = end.failure(kind);
        expectSame(end);
        expectAllGivenBack();
        expectSame(end);
        return failure;
    }

    /**
     * Lets the peer go, and checks that nothing of the connection is left over and that the neighbours did not notice.
     */
    void expectAllGivenBack() throws Exception {
        peer.close();
        expectClosed();
        neighbours.close();
        await(() -> engine.buffers().leased() == 0, () -> engine.buffers().leased() + " buffers are out");
        assertTrue(engine.connections().isEmpty(), () -> "left over: " + engine.connections());
        assertEquals(0, onLoop(() -> loop.assemblies().leased()), "bytes are put together for nobody");
        clock.advance(Duration.ofSeconds(3)); // the last tick and the longest linger
        await(this::noTimerIsLeft, () -> clock.pending() + " timers are left over");
    }

    /** The loop may just have woken up and be watched for a moment. */
    private boolean noTimerIsLeft() {
        clock.advance(Duration.ofMillis(100));
        return clock.pending() == 0;
    }

    void expectClosed() throws InterruptedException {
        connection.lifecycle().awaitClosed(Duration.ofSeconds(60));
        assertEquals(ConnectionState.CLOSED, connection.state());
        assertTrue(!isOpen());
    }

    /** Waits for something that another thread is about to do. */
    static void await(BooleanSupplier done, java.util.function.Supplier<String> otherwise) {
        long deadline = System.nanoTime() + Duration.ofSeconds(SECONDS).toNanos();
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

        void awaitParkedOrDone() {
            await(() -> done() || isParked(), () -> "the thread does not wait, it is " + thread.getState());
        }

        private boolean isParked() {
            return thread.getState() == Thread.State.WAITING || thread.getState() == Thread.State.TIMED_WAITING;
        }

        /** Waits until the thread waits, which is when it has got as far as it gets by itself. */
        void awaitParked() {
            await(this::isParked, () -> "the thread does not wait, it is " + thread.getState());
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

    /** A client and an echoing server that keep to the rules; the server by the same face, and on the same loop. */
    final class Neighbours {
        private final ConnectionOptions options = quiet().noIdleTimeout().build();
        private final WebSocketConnection server;
        private final WebSocketConnection client;
        private final Task<Boolean> echoing;
        private int sent;

        Neighbours() {
            Transport far;
            Transport near;
            if (side.face() == Face.LOOP) {
                LoopEnd.Pair ends = sockets(side, Splitter.whole(), 0).orElseThrow();
                far = ends.far();
                near = ends.near();
            } else {
                TransportPair ends = TransportPair.create();
                far = ends.client();
                near = ends.server();
            }
            server = open(near, Role.SERVER, options);
            client = open(far, Role.CLIENT, options);
            if (side.face() == Face.PULL) {
                echoing = go(() -> {
                    for (Message m = server.readMessage(); m != null; m = server.readMessage()) {
                        server.writeMessage(m);
                    }
                });
            } else {
                Probe echo = new Probe(new Probe.Script() {
                    @Override
                    void message(Connection connection, MessageView message) throws IOException {
                        connection.writeMessage(message);
                    }
                });
                server.listen(echo);
                echoing = start(() -> echo.awaitEnd().failure().isEmpty());
            }
        }

        void echo() {
            String text = "neighbours " + ++sent;
            try {
                client.writeText(text);
                assertEquals(text, Objects.requireNonNull(client.readMessage()).text());
                // Else a clock that the test moves now would find a write under way all that time.
                await(() -> !server.sender().output().writing(), () -> "the neighbours' write does not end");
            } catch (IOException e) {
                throw new AssertionError("the neighbours were disturbed", e);
            }
        }

        void close() throws Exception {
            echo();
            client.close();
            assertTrue(echoing.get());
            server.lifecycle().awaitClosed(Duration.ofSeconds(60));
            assertEquals(Optional.of(new CloseStatus(CloseCode.NORMAL, "")), server.closeStatus());
            assertEquals(Optional.of(new CloseStatus(CloseCode.NORMAL, "")), client.closeStatus());
        }
    }

    @Override
    public void close() {
        connection.abort();
        neighbours.client.abort();
        neighbours.server.abort();
        pair.ifPresent(TransportPair::close);
        if (side.face() == Face.LOOP) {
            closeSockets();
        }
        endLoop(loop, clock);
    }

    private void closeSockets() {
        try {
            sockets().far().close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Ends a loop's thread: it would wait for a second of a time that stands still. */
    static void endLoop(EventLoop loop, ManualClock clock) {
        FutureTask<Thread> asked = new FutureTask<>(Thread::currentThread);
        loop.execute(asked);
        try {
            Thread running = asked.get(SECONDS, TimeUnit.SECONDS);
            for (long until = System.nanoTime() + Duration.ofSeconds(SECONDS).toNanos(); running.isAlive(); ) {
                if (System.nanoTime() - until > 0) {
                    throw new AssertionError("the loop does not end");
                }
                clock.advance(Duration.ofSeconds(2));
                loop.execute(() -> {});
                boolean _ = running.join(Duration.ofMillis(1));
            }
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.HandshakeTimeoutException;
import dev.gibbon.spi.Transport;
import dev.gibbon.testkit.ManualClock;
import dev.gibbon.testkit.MemoryTransport;
import dev.gibbon.testkit.TransportPair;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** HC-27: several addresses, of which some are no good, in time that stands still unless it is moved. */
class NetworkTest {
    private static final InetAddress V6_A = InetAddress.ofLiteral("2001:db8::a");
    private static final InetAddress V6_B = InetAddress.ofLiteral("2001:db8::b");
    private static final InetAddress V4_A = InetAddress.ofLiteral("192.0.2.1");
    private static final InetAddress V4_B = InetAddress.ofLiteral("192.0.2.2");

    private final ManualClock clock = new ManualClock();
    private final BlockingQueue<InetAddress> started = new LinkedBlockingQueue<>();
    private final BlockingQueue<InetAddress> left = new LinkedBlockingQueue<>();
    private final Map<InetAddress, CompletableFuture<Transport>> outcomes = new ConcurrentHashMap<>();
    private final Deadline deadline = new Deadline(clock, Duration.ofSeconds(45));

    private CompletableFuture<Transport> outcome(InetAddress address) {
        return outcomes.computeIfAbsent(address, _ -> new CompletableFuture<>());
    }

    private Transport connect(SocketAddress to) throws IOException {
        InetAddress address = ((InetSocketAddress) to).getAddress();
        started.add(address);
        try {
            return outcome(address).get();
        } catch (InterruptedException _) {
            left.add(address);
            throw new ConnectException("left");
        } catch (ExecutionException e) {
            throw (IOException) e.getCause();
        }
    }

    private FutureTask<Transport> dial(InetAddress... addresses) {
        Network network = Network.of(clock, _ -> List.of(addresses), this::connect);
        FutureTask<Transport> task = new FutureTask<>(() -> network.connect("example.test", 80, deadline));
        Thread.ofVirtual().start(task);
        return task;
    }

    private static InetAddress next(BlockingQueue<InetAddress> queue) throws InterruptedException {
        InetAddress address = queue.poll(5, TimeUnit.SECONDS);
        if (address == null) {
            throw new AssertionError("nothing happened");
        }
        return address;
    }

    private static Throwable failure(FutureTask<Transport> dial) throws Exception {
        try {
            Transport _ = dial.get(60, TimeUnit.SECONDS);
            throw new AssertionError("connected");
        } catch (ExecutionException e) {
            return e.getCause();
        }
    }

    @Test
    void familiesTakeTurnsFromTheFirstOn() {
        assertEquals(List.of(V6_A, V4_A, V6_B, V4_B), Network.interleave(List.of(V6_A, V6_B, V4_A, V4_B)));
        assertEquals(List.of(V4_A, V6_A, V4_B), Network.interleave(List.of(V4_A, V4_B, V6_A)));
        assertEquals(List.of(V4_A, V4_B), Network.interleave(List.of(V4_A, V4_B)));
    }

    @Test
    void hc27NextAddressIsTriedAfter250MillisecondsInABlackhole() throws Exception {
        FutureTask<Transport> dial = dial(V6_A, V6_B, V4_A);
        assertEquals(V6_A, next(started));
        clock.awaitPending(2); // The deadline, and the stagger.
        clock.advance(Duration.ofMillis(249));
        assertTrue(started.isEmpty());
        clock.advance(Duration.ofMillis(1));
        assertEquals(V4_A, next(started));
        try (TransportPair pair = TransportPair.create()) {
            outcome(V4_A).complete(pair.client());
            assertSame(pair.client(), dial.get(60, TimeUnit.SECONDS));
            assertEquals(V6_A, next(left));
            assertTrue(pair.client().isOpen());
        }
        assertTrue(started.isEmpty());
        assertEquals(1, clock.pending()); // The deadline.
    }

    @Test
    void nextAddressIsTriedAtOnceWhenOneRefuses() throws Exception {
        FutureTask<Transport> dial = dial(V6_A, V4_A);
        assertEquals(V6_A, next(started));
        outcome(V6_A).completeExceptionally(new ConnectException("refused"));
        assertEquals(V4_A, next(started));
        try (TransportPair pair = TransportPair.create()) {
            outcome(V4_A).complete(pair.client());
            assertSame(pair.client(), dial.get(60, TimeUnit.SECONDS));
        }
    }

    @Test
    void firstConnectedWinsAndTheOtherIsClosed() throws Exception {
        FutureTask<Transport> dial = dial(V6_A, V4_A);
        assertEquals(V6_A, next(started));
        clock.awaitPending(2);
        clock.advance(Duration.ofMillis(250));
        assertEquals(V4_A, next(started));
        try (TransportPair first = TransportPair.create();
                TransportPair second = TransportPair.create()) {
            outcome(V6_A).complete(first.client());
            assertSame(first.client(), dial.get(60, TimeUnit.SECONDS));
            assertEquals(V4_A, next(left));
            outcome(V4_A).complete(second.client());
            assertTrue(first.client().isOpen());
        }
    }

    @Test
    void failureOfAllTellsOfEach() throws Exception {
        FutureTask<Transport> dial = dial(V6_A, V4_A);
        IOException noRoute = new ConnectException("no route");
        IOException refused = new ConnectException("refused");
        outcome(V6_A).completeExceptionally(noRoute);
        outcome(V4_A).completeExceptionally(refused);
        Throwable failure = assertInstanceOf(ConnectException.class, failure(dial));
        assertEquals(List.of(noRoute, refused), List.of(failure.getSuppressed()));
    }

    @Test
    void failureOfTheOnlyAddressIsTheFailure() throws Exception {
        FutureTask<Transport> dial = dial(V4_A);
        IOException refused = new ConnectException("refused");
        outcome(V4_A).completeExceptionally(refused);
        assertSame(refused, failure(dial));
    }

    @Test
    void deadlineEndsAllAttempts() throws Exception {
        FutureTask<Transport> dial = dial(V6_A, V4_A);
        assertEquals(V6_A, next(started));
        clock.awaitPending(2);
        clock.advance(Duration.ofMillis(250));
        assertEquals(V4_A, next(started));
        clock.advance(Duration.ofSeconds(45));
        assertInstanceOf(IOException.class, failure(dial));
        List<InetAddress> ended = new ArrayList<>(List.of(next(left), next(left)));
        assertTrue(ended.containsAll(List.of(V6_A, V4_A)));
    }

    @Test
    void nameWithoutAddressIsUnknown() throws Exception {
        assertInstanceOf(UnknownHostException.class, failure(dial()));
    }

    @Test
    void addressIsNotLookedUp() throws Exception {
        Network network = Network.of(
                clock,
                host -> {
                    throw new UnknownHostException(host);
                },
                this::connect);
        try (TransportPair pair = TransportPair.create()) {
            outcome(InetAddress.ofLiteral("::1")).complete(pair.client());
            assertSame(pair.client(), network.connect("::1", 80, deadline));
        }
    }

    @Test
    void transportThatComesAfterTheDeadlineIsClosed() throws Exception {
        clock.advance(Duration.ofSeconds(45));
        try (TransportPair pair = TransportPair.create()) {
            MemoryTransport late = pair.client();
            IOException failure = assertThrows(IOException.class, () -> deadline.own(late));
            assertFalse(late.isOpen());
            assertInstanceOf(HandshakeTimeoutException.class, deadline.explain(failure));
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.connection.WebSocketConnection;
import dev.gibbon.testkit.Frame;
import dev.gibbon.testkit.TransportPair;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;

/** {@link Connection#closed()}. Nobody reads here. */
@Timeout(300)
class ClosedTest {
    private static final CloseStatus BYE = new CloseStatus(new CloseCode(4000), "bye");

    private static CloseStatus get(CompletableFuture<CloseStatus> closed) throws Exception {
        return closed.get(60, TimeUnit.SECONDS);
    }

    @ParameterizedTest
    @Sides
    void tellsWhatThePeerSaid(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            CompletableFuture<CloseStatus> closed = rig.connection.closed();
            assertFalse(closed.isDone());
            rig.peer.sendClose(4000, "bye");
            rig.peer.expectClose(4000);
            rig.peer.close();
            assertEquals(BYE, get(closed));
            assertEquals(ConnectionState.CLOSED, rig.connection.state());
            assertTrue(rig.engine.connections().stream().noneMatch(one -> one.equals(rig.connection)));
        }
    }

    @ParameterizedTest
    @Sides
    void tellsThatThePeerIsGone(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            CompletableFuture<CloseStatus> closed = rig.connection.closed();
            rig.peer.close();
            assertEquals(CloseStatus.LOST, get(closed));
        }
    }

    @ParameterizedTest
    @Sides
    void tellsThatThePeerHasBrokenARule(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            CompletableFuture<CloseStatus> closed = rig.connection.closed();
            rig.peer.send(Frame.of(3, new byte[0]));
            String _ = rig.peer.expectClose(1002);
            rig.peer.close();
            assertEquals(CloseStatus.LOST, get(closed));
        }
    }

    @ParameterizedTest
    @Sides
    void tellsThatWeHaveDroppedIt(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            CompletableFuture<CloseStatus> closed = rig.connection.closed();
            rig.connection.abort();
            assertEquals(CloseStatus.LOST, get(closed));
        }
    }

    @ParameterizedTest
    @Sides
    void isCompleteAtOnceIfTheEndHasCome(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            rig.connection.abort();
            rig.expectClosed();
            assertTrue(rig.connection.closed().isDone());
            assertEquals(CloseStatus.LOST, get(rig.connection.closed()));
        }
    }

    @ParameterizedTest
    @Sides
    void belongsToTheCaller(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            CompletableFuture<CloseStatus> mine = rig.connection.closed();
            CompletableFuture<CloseStatus> other = rig.connection.closed();
            assertNotSame(mine, other);
            assertTrue(mine.complete(BYE));
            assertFalse(other.isDone());
            assertEquals(ConnectionState.OPEN, rig.connection.state());
            rig.connection.abort();
            assertEquals(CloseStatus.LOST, get(other));
            assertEquals(BYE, get(mine));
        }
    }

    @ParameterizedTest
    @Sides
    void whatDependsOnItMayBlockAndHoldsNobodyUp(Side side) throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        try (Rig rig = new Rig(side)) {
            CompletableFuture<Boolean> ran = rig.connection.closed().thenApply(_ -> {
                try {
                    return gate.await(60, TimeUnit.SECONDS)
                            && Thread.currentThread().isVirtual();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            });
            rig.connection.abort();
            rig.expectAllGivenBack();
            assertFalse(ran.isDone());
            gate.countDown();
            assertTrue(ran.get(60, TimeUnit.SECONDS));
        }
    }

    @ParameterizedTest
    @Sides
    void isNotWaitedForOnALoop(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            CompletableFuture<CloseStatus> closed = rig.connection.closed();
            IllegalStateException _ = rig.onLoop(() -> assertThrows(IllegalStateException.class, closed::join));
        }
    }

    /** Within the library: a thread that asks to be told while another ends the connection. */
    @Test
    void whoAsksToBeToldIsToldOnce() throws Exception {
        for (int i = 0; i < 300; i++) {
            try (TransportPair pair = TransportPair.create()) {
                WebSocketConnection connection =
                        (WebSocketConnection) Connection.over(pair.server(), Role.SERVER, ConnectionOptions.defaults());
                AtomicInteger told = new AtomicInteger();
                Rig.Task<Boolean> asking = Rig.go(() -> connection.lifecycle().onClosed(told::incrementAndGet));
                connection.abort();
                assertTrue(asking.get());
                connection.lifecycle().awaitClosed(Duration.ofSeconds(60));
                assertEquals(1, told.get());
            }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.server.HttpRoutes;
import dev.gibbon.server.ListenerFactoryRoute;
import dev.gibbon.testkit.ScriptedPeer;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A server that takes no more WebSockets and has those leave that it has, a few at a time. */
@Timeout(300)
class DrainTest {
    private static final CloseCode RESTART = CloseCode.SERVICE_RESTART;

    private static void leaves(ScriptedPeer peer, int code) throws IOException {
        assertEquals("", peer.expectClose(code));
        peer.sendClose(code, "");
        peer.expectEnd();
        peer.close();
    }

    private static List<ScriptedPeer> open(ClockedServer tested, int count) throws IOException {
        List<ScriptedPeer> peers = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            peers.add(tested.open(i % 2 == 0 ? "/echo" : "/event"));
        }
        return peers;
    }

    @Test
    void theyLeaveEvenlyTheOldestFirst() throws Exception {
        try (ClockedServer tested = new ClockedServer()) {
            List<ScriptedPeer> peers = open(tested, 4);
            CompletableFuture<@Nullable Void> told = tested.server.drain(RESTART, Duration.ofSeconds(8));
            leaves(peers.get(0), 1012);
            for (int next = 1; next < 4; next++) {
                tested.clock.advance(Duration.ofMillis(1999));
                for (ScriptedPeer peer : peers.subList(next, 4)) {
                    ClockedServer.echo(peer);
                }
                assertFalse(told.isDone());
                tested.clock.advance(Duration.ofMillis(1));
                leaves(peers.get(next), 1012);
            }
            assertTrue(told.isDone());
        }
    }

    @Test
    void severalLeaveAtATimeWhereThereAreMoreThanSteps() throws Exception {
        try (ClockedServer tested = new ClockedServer()) {
            List<ScriptedPeer> peers = open(tested, 4);
            CompletableFuture<@Nullable Void> told = tested.server.drain(RESTART, Duration.ofMillis(20));
            leaves(peers.get(0), 1012);
            tested.clock.advance(Duration.ofMillis(9));
            ClockedServer.echo(peers.get(1));
            tested.clock.advance(Duration.ofMillis(1));
            leaves(peers.get(1), 1012);
            leaves(peers.get(2), 1012);
            ClockedServer.echo(peers.get(3));
            tested.clock.advance(Duration.ofMillis(10));
            leaves(peers.get(3), 1012);
            assertTrue(told.isDone());
        }
    }

    @Test
    void allLeaveAtOnceWhereThereIsNoTime() throws Exception {
        try (ClockedServer tested = new ClockedServer()) {
            List<ScriptedPeer> peers = open(tested, 3);
            assertTrue(tested.server.drain(CloseCode.GOING_AWAY, Duration.ZERO).isDone());
            for (ScriptedPeer peer : peers) {
                leaves(peer, 1001);
            }
        }
    }

    @Test
    void oneThatHasLeftByItselfHoldsUpNobody() throws Exception {
        try (ClockedServer tested = new ClockedServer()) {
            List<ScriptedPeer> peers = open(tested, 3);
            CompletableFuture<@Nullable Void> told = tested.server.drain(RESTART, Duration.ofSeconds(3));
            leaves(peers.get(0), 1012);
            peers.get(1).sendClose(1000, "");
            String _ = peers.get(1).expectClose(1000);
            peers.get(1).close();
            tested.clock.advance(Duration.ofSeconds(2));
            leaves(peers.get(2), 1012);
            assertTrue(told.isDone());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/echo", "/event"})
    void upgradesGet503AndOtherRoutesGoOn(String path) throws Exception {
        try (ClockedServer tested = new ClockedServer()) {
            assertFalse(tested.server.isDraining());
            assertTrue(tested.server.drain(RESTART, Duration.ofHours(1)).isDone());
            assertTrue(tested.server.isDraining());
            try (ScriptedPeer peer = tested.connect(path)) {
                assertEquals(503, peer.response().status());
                assertEquals("5", peer.response().header("Retry-After").orElse(""));
            }
            assertEquals(200, tested.get("/health").status());
        }
    }

    @Test
    void oneWhoseRequestWasAcceptedBeforeLeavesAtOnce() throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        CountDownLatch found = new CountDownLatch(1);
        HttpRoutes routes = new HttpRoutes();
        routes.handle("/slow", new ListenerFactoryRoute(ClockedServer.UPGRADER, _ -> {
            asked.countDown();
            assertTrue(found.await(60, TimeUnit.SECONDS));
            return new Listener() {};
        }));
        try (ClockedServer tested = new ClockedServer(routes)) {
            CompletableFuture<ScriptedPeer> peer = CompletableFuture.supplyAsync(() -> {
                try {
                    return tested.connect("/slow").expectUpgraded();
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            });
            assertTrue(asked.await(60, TimeUnit.SECONDS));
            assertTrue(tested.server.drain(RESTART, Duration.ofHours(1)).isDone());
            found.countDown();
            leaves(peer.get(60, TimeUnit.SECONDS), 1012);
        }
    }

    @Test
    void anEndInTheMiddleTellsTheOthers1001() throws Exception {
        List<ScriptedPeer> peers;
        CompletableFuture<@Nullable Void> told;
        Thread closing;
        try (ClockedServer tested = new ClockedServer()) {
            peers = open(tested, 3);
            told = tested.server.drain(RESTART, Duration.ofHours(1));
            leaves(peers.get(0), 1012);
            closing = Thread.ofPlatform().start(tested.server::close);
            leaves(peers.get(1), 1001);
            leaves(peers.get(2), 1001);
        }
        assertTrue(closing.join(Duration.ofSeconds(60)));
        assertTrue(told.isDone());
    }

    @Test
    void theFirstCallCountsAndNobodyCompletesAnothersFuture() throws Exception {
        try (ClockedServer tested = new ClockedServer()) {
            List<ScriptedPeer> peers = open(tested, 2);
            CompletableFuture<@Nullable Void> first = tested.server.drain(RESTART, Duration.ofMinutes(4));
            CompletableFuture<@Nullable Void> second = tested.server.drain(CloseCode.GOING_AWAY, Duration.ZERO);
            assertNotSame(first, second);
            assertTrue(first.complete(null));
            assertFalse(second.isDone());
            leaves(peers.get(0), 1012);
            tested.clock.advance(Duration.ofMinutes(2));
            leaves(peers.get(1), 1012);
            assertTrue(second.isDone());
        }
    }

    @Test
    void whatCannotBeIsRefusedAndNothingHappens() throws Exception {
        try (WebSocketServer server =
                        WebSocketServer.builder().bind("localhost", 0).start();
                WebSocketHost host = WebSocketHost.builder().build()) {
            assertThrows(
                    IllegalArgumentException.class,
                    () -> server.drain(CloseCode.NO_STATUS_RECEIVED, Duration.ofSeconds(1)));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> server.drain(CloseCode.ABNORMAL_CLOSURE, Duration.ofSeconds(1)));
            assertThrows(IllegalArgumentException.class, () -> host.drain(RESTART, Duration.ofSeconds(-1)));
            assertThrows(NullPointerException.class, () -> host.drain(RESTART, null));
            assertFalse(server.isDraining() || host.isDraining());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aHostDrainsTheSameWay(boolean more) throws Exception {
        WebSocketHost host = WebSocketHost.builder().loops(1).build();
        try (RawHost raw = new RawHost(RawHost.Way.CHANNEL, host, ClockedServer.UPGRADER, (_, connection) -> {
            connection.listen(new Listener() {});
        })) {
            ScriptedPeer peer = raw.connect();
            Connection _ = raw.connection();
            CompletableFuture<@Nullable Void> told = host.drain(RESTART, Duration.ofHours(more ? 1 : 0));
            assertTrue(host.isDraining());
            leaves(peer, 1012);
            assertTrue(told.isDone());
            try (ScriptedPeer late = raw.connect(new byte[0])) {
                assertEquals(503, late.response().status());
            }
        }
    }
}

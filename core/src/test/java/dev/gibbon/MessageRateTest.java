// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.ConnectionObserver.End;
import dev.gibbon.testkit.Frame;
import dev.gibbon.testkit.ScriptedPeer;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.zip.Deflater;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How many messages may come in a second of a connection, an address and a user, and what becomes of more. */
@Timeout(300)
class MessageRateTest {
    private static final MessageRate TWO = MessageRate.perSecond(2);
    private static final Allowance TWO_ALTOGETHER =
            Allowance.builder().messageRate(TWO).build();

    private static void awaitHeldBack(LogLines log, String why) {
        Rig.await(
                () -> log.messages().stream().anyMatch(line -> line.endsWith("messages are read later: " + why)),
                () -> "nothing waits: " + log.messages());
    }

    private static void send(ScriptedPeer peer, int from, int to) throws IOException {
        for (int i = from; i <= to; i++) {
            peer.sendText("message " + i);
        }
    }

    private static void expect(ScriptedPeer peer, int from, int to) {
        for (int i = from; i <= to; i++) {
            peer.expectText("message " + i);
        }
    }

    /** What the loop has begun before is done behind this. */
    private static void assertReceived(int count, LimitedServer tested) throws IOException {
        tested.controlEchoes();
        assertEquals(count, tested.received.get());
    }

    @ParameterizedTest
    @ValueSource(strings = {"/ws", "/ws/event"})
    void moreWaitAndNothingIsLost(String path) throws Exception {
        try (LogLines log = LogLines.record();
                LimitedServer tested = new LimitedServer(null, null, TWO);
                ScriptedPeer peer = tested.open(ServerUnderTest.HOST, path)) {
            send(peer, 1, 5);
            expect(peer, 1, 2);
            awaitHeldBack(log, "more than 2 messages a second of one connection");
            assertReceived(2, tested);
            tested.advance(Duration.ofMillis(499));
            assertReceived(2, tested);
            for (int i = 3; i <= 5; i++) {
                tested.advance(Duration.ofMillis(i == 3 ? 1 : 500));
                expect(peer, i, i);
                assertReceived(i, tested);
            }
            tested.advance(Duration.ofSeconds(10));
            send(peer, 6, 7);
            expect(peer, 6, 7);
            peer.sendClose(1000, "");
            peer.expectClose(1000);
            assertEquals(
                    1,
                    log.messages().stream()
                            .filter(line -> line.contains("read later"))
                            .count(),
                    "it is told once for each connection");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/ws", "/ws/event"})
    void controlFramesAreNoMessagesButWaitBehindOne(String path) throws Exception {
        try (LogLines log = LogLines.record();
                LimitedServer tested = new LimitedServer(null, null, TWO);
                ScriptedPeer peer = tested.open(ServerUnderTest.HOST, path)) {
            send(peer, 1, 2);
            expect(peer, 1, 2);
            for (byte i = 0; i < 10; i++) {
                peer.sendPing(new byte[] {i});
                peer.expectPong(new byte[] {i});
            }
            send(peer, 3, 3);
            peer.sendPing(new byte[] {42});
            peer.sendClose(1000, "");
            awaitHeldBack(log, "more than 2 messages a second of one connection");
            tested.advance(Duration.ofMillis(500));
            // A handler's answer and the loop's may come in either order.
            int one = peer.expectFrame().opcode();
            int other = peer.expectFrame().opcode();
            assertEquals(Set.of(Frame.TEXT, Frame.PONG), new HashSet<>(List.of(one, other)));
            peer.expectClose(1000);
            peer.expectEnd();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/ws", "/ws/event"})
    void fragmentsAreOneMessageAndAByteIsEnoughToBeginOne(String path) throws Exception {
        try (LogLines log = LogLines.record();
                LimitedServer tested = new LimitedServer(null, null, MessageRate.perSecond(1));
                ScriptedPeer peer = tested.open(ServerUnderTest.HOST, path)) {
            peer.send(
                    Frame.text("mess").withFin(false),
                    Frame.ping(new byte[] {'x'}),
                    Frame.continuation(new byte[] {'a', 'g', 'e'}).withFin(false),
                    Frame.continuation(new byte[] {' ', '1'}));
            peer.expectPong(new byte[] {'x'});
            expect(peer, 1, 1);
            tested.advance(Duration.ofSeconds(1));
            byte[] two = {(byte) 0x81, (byte) 0x81, 0, 0, 0, 0, 'a', (byte) 0x81, (byte) 0x81, 0, 0, 0, 0, 'b'};
            for (byte one : two) {
                peer.sendRaw(new byte[] {one});
                tested.controlEchoes();
            }
            peer.expectText("a");
            awaitHeldBack(log, "more than 1 messages a second of one connection");
            assertReceived(2, tested);
            tested.advance(Duration.ofSeconds(1));
            peer.expectText("b");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/ws", "/ws/event"})
    void connectionIsClosedIfItIsSetSo(String path) throws Exception {
        try (LogLines log = LogLines.record();
                LimitedServer tested = new LimitedServer(null, null, TWO.orClose());
                ScriptedPeer peer = tested.open(ServerUnderTest.HOST, path)) {
            send(peer, 1, 2);
            expect(peer, 1, 2);
            peer.sendPing(new byte[] {1});
            peer.expectPong(new byte[] {1});
            tested.advance(Duration.ofMillis(500));
            send(peer, 3, 3);
            expect(peer, 3, 3);
            send(peer, 4, 5);
            peer.expectClose(1008, "");
            peer.sendClose(1008, "");
            peer.expectEnd();
            peer.close();
            Rig.await(() -> !tested.observed.ends.isEmpty(), () -> "no end is told");
            End end = tested.observed.ends.remove();
            assertEquals(CloseCode.POLICY_VIOLATION, end.status().code());
            assertEquals(
                    "more than 2 messages a second of one connection",
                    end.failure().orElseThrow().getMessage());
            assertTrue(
                    log.messages().stream()
                            .anyMatch(line -> line.endsWith("connection closed with 1008 (policy violation): "
                                    + "more than 2 messages a second of one connection")),
                    log.messages().toString());
            assertReceived(3, tested);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/ws", "/ws/event"})
    void bytesAreMadeUpForBeforeTheNextMessage(String path) throws Exception {
        MessageRate rate = MessageRate.perSecond(1000).bytesPerSecond(1000);
        try (LogLines log = LogLines.record();
                LimitedServer tested = new LimitedServer(null, null, rate);
                ScriptedPeer peer = tested.open(ServerUnderTest.HOST, path)) {
            String long3000 = "x".repeat(3000);
            peer.sendText(long3000);
            send(peer, 1, 2);
            peer.expectText(long3000);
            awaitHeldBack(log, "more than 1000 bytes a second of one connection");
            assertReceived(1, tested);
            tested.advance(Duration.ofMillis(1999));
            assertReceived(1, tested);
            tested.advance(Duration.ofMillis(1));
            expect(peer, 1, 1);
            tested.advance(Duration.ofMillis(9)); // The next is owed for "message 1", too.
            expect(peer, 2, 2);
        }
    }

    @Test
    void compressedBytesCountAsTheyComeOut() throws Exception {
        MessageRate rate = MessageRate.perSecond(1000).bytesPerSecond(1000);
        try (LogLines log = LogLines.record();
                LimitedServer tested = new LimitedServer(null, null, rate);
                ScriptedPeer peer = tested.from(
                                ServerUnderTest.HOST,
                                "/ws/event",
                                "Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover")
                        .allowRsv1()
                        .expectUpgraded()) {
            Frame compressed = Frame.binary(deflated(new byte[3000])).withRsv(true, false, false);
            peer.sendAsIs(compressed.withMaskingKey(1), compressed.withMaskingKey(2));
            Frame _ = peer.expectFrame();
            awaitHeldBack(log, "more than 1000 bytes a second of one connection");
            assertReceived(1, tested);
        }
    }

    private static byte[] deflated(byte[] plain) {
        try (Deflater deflater = new Deflater(Deflater.BEST_SPEED, true)) {
            deflater.setInput(plain);
            byte[] compressed = new byte[100];
            int n = deflater.deflate(compressed, 0, compressed.length, Deflater.SYNC_FLUSH);
            return Arrays.copyOf(compressed, n - 4); // RFC 7692 §7.2.1
        }
    }

    @ParameterizedTest
    @CsvSource({"/ws, false", "/ws/event, false", "/ws, true", "/ws/event, true"})
    void connectionsOfAnAddressOrUserShareTheirRate(String path, boolean byUser) throws Exception {
        String field = LimitedServer.USER + "anna";
        String from = byUser ? "127.0.0.3" : ServerUnderTest.HOST;
        String whose = byUser ? "the user \"anna\"" : "one address";
        try (LogLines log = LogLines.record();
                LimitedServer tested =
                        new LimitedServer(byUser ? null : TWO_ALTOGETHER, byUser ? TWO_ALTOGETHER : null, null);
                ScriptedPeer one = tested.open(ServerUnderTest.HOST, path, field);
                ScriptedPeer two = tested.open(from, path, field);
                ScriptedPeer other = tested.open("127.0.0.4", path, LimitedServer.USER + "bert")) {
            send(one, 1, 2);
            expect(one, 1, 2);
            send(two, 1, 2);
            awaitHeldBack(log, "more than 2 messages a second of " + whose);
            send(other, 1, 2);
            expect(other, 1, 2);
            assertReceived(4, tested);
            tested.advance(Duration.ofMillis(500));
            expect(two, 1, 1);
            // The next one waits by now, or it would wait from a later moment on.
            assertReceived(5, tested);
            tested.advance(Duration.ofMillis(500));
            expect(two, 2, 2);
        }
    }

    @Test
    void thoseThatLeaveWhileTheyWaitGiveTheirPlacesBack() throws Exception {
        try (LimitedServer tested = new LimitedServer(TWO_ALTOGETHER, null, null);
                ScriptedPeer stays = tested.open(ServerUnderTest.HOST, "/ws/event")) {
            send(stays, 1, 2);
            expect(stays, 1, 2);
            int timers = tested.clocked.clock.pending();
            List<ScriptedPeer> leaving = new ArrayList<>();
            for (int i = 0; i < 50; i++) {
                ScriptedPeer peer = tested.open(ServerUnderTest.HOST, "/ws/event");
                leaving.add(peer);
                send(peer, 1, 1);
            }
            tested.clocked.clock.awaitPending(timers + 50);
            assertReceived(2, tested);
            tested.clocked.server.engine().connections().stream()
                    .sorted(Comparator.comparingLong(Connection::id))
                    .skip(2)
                    .forEach(Connection::abort);
            for (ScriptedPeer peer : leaving) {
                peer.close();
            }
            tested.awaitOthers(1);
            send(stays, 3, 3);
            tested.clocked.clock.awaitPending(timers + 1);
            tested.advance(Duration.ofMillis(500));
            expect(stays, 3, 3);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/ws", "/ws/event"})
    void serverThatEndsWaitsForNoMessage(String path) throws Exception {
        try (LogLines log = LogLines.record();
                LimitedServer tested = new LimitedServer(null, null, TWO);
                ScriptedPeer peer = tested.open(ServerUnderTest.HOST, path)) {
            send(peer, 1, 100);
            expect(peer, 1, 2);
            awaitHeldBack(log, "more than 2 messages a second of one connection");
            tested.othersGoAway();
            peer.expectClose(1001);
            peer.sendClose(1001, "");
            peer.expectEnd();
            assertEquals(2, tested.received.get());
        }
    }

    @Test
    void whatIsOutOfItsRangeIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> MessageRate.perSecond(0));
        assertThrows(IllegalArgumentException.class, () -> MessageRate.perSecond(1_000_001));
        assertThrows(IllegalArgumentException.class, () -> TWO.burst(0));
        assertThrows(IllegalArgumentException.class, () -> TWO.bytesPerSecond(0));
        assertThrows(NullPointerException.class, () -> Upgrader.builder().messageRate(null));
        assertEquals(
                "2 messages a second, 9 at once, 5 bytes a second, or 1008",
                TWO.burst(9).bytesPerSecond(5).orClose().toString());
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.connection.WebSocketConnection;
import dev.gibbon.testkit.Frame;
import dev.gibbon.testkit.TransportPair;
import dev.gibbon.transport.ChannelTransport;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The threat catalogue's closing handshakes (CL) on whole
 * connections of either role, with healthy neighbours beside them.
 */
@Timeout(300)
class CloseThreatsTest {
    private static final CloseStatus BYE = new CloseStatus(CloseCode.NORMAL, "bye");

    @ParameterizedTest(name = "CL-01 empty Close, to a {0}")
    @Sides
    void emptyCloseIsEchoedEmpty(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            Rig.Task<Rig.End> reading = rig.read();
            rig.peer.sendClose();
            rig.peer.expectCloseWithoutCode();
            rig.neighbours.echo();
            Rig.End end = rig.end(reading);
            assertTrue(end.failure().isEmpty());
            rig.expectSame(end);
            rig.expectAllGivenBack();
            assertEquals(Optional.of(CloseStatus.EMPTY), rig.connection.closeStatus());
        }
    }

    @ParameterizedTest(name = "{0} Close body {1} is refused with {2}")
    @CsvSource({
        "CL-02, 03,       1002",
        "CL-02, ff,       1002",
        "CL-04, 00 00,    1002",
        "CL-04, 03 e7,    1002", // 999
        "CL-04, 03 ec,    1002", // 1004
        "CL-04, 03 ed,    1002", // 1005
        "CL-04, 03 ee,    1002", // 1006
        "CL-04, 03 f7,    1002", // 1015
        "CL-04, 03 f8,    1002", // 1016
        "CL-04, 0b b7,    1002", // 2999
        "CL-05, 13 88,    1002", // 5000
        "CL-05, 7f ff,    1002",
        "CL-05, 80 00,    1002", // a signed number would be negative
        "CL-05, 83 e8,    1002", // 1000 with the sign bit
        "CL-05, ff ff,    1002",
        "CL-07, 03 e8 c3, 1007",
        "CL-07, 03 e8 61 f0 9f a6, 1007",
        "CL-07, 03 e8 ff, 1007",
    })
    void badCloseBodyIsRefused(String id, String body, int code) throws Exception {
        for (Side side : Side.all()) {
            try (Rig rig = new Rig(side)) {
                Rig.Task<Rig.End> reading = rig.read();
                rig.peer.send(Frame.of(Frame.CLOSE, HexFormat.ofDelimiter(" ").parseHex(body)));
                ProtocolException _ = rig.expectRefused(code, reading);
            }
        }
    }

    @ParameterizedTest(name = "CL-03 Close {0} is echoed and reported")
    @ValueSource(
            ints = {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999})
    void closeIsEchoedAndReported(int code) throws Exception {
        for (Side side : Side.all()) {
            try (Rig rig = new Rig(side)) {
                Rig.Task<Rig.End> reading = rig.read();
                rig.peer.sendClose(code, "because");
                rig.neighbours.echo();
                rig.peer.expectClose(code);
                Rig.End end = rig.end(reading);
                CloseStatus said = new CloseStatus(new CloseCode(code), "because");
                if (code == 1000 || code == 1001) {
                    assertTrue(end.failure().isEmpty());
                } else {
                    ConnectionClosedException e = end.failure(ConnectionClosedException.class);
                    assertEquals(said, e.closeStatus());
                    assertEquals(Optional.of(said), e.closeReceived());
                }
                rig.expectSame(end);
                rig.expectAllGivenBack();
                assertEquals(Optional.of(said), rig.connection.closeStatus());
            }
        }
    }

    @ParameterizedTest(name = "CL-06 reason of 123 bytes, and a Close frame of 126, to a {0}")
    @Sides
    void longReason(Side side) throws Exception {
        String longest = "é".repeat(61) + "x";
        try (Rig rig = new Rig(side)) {
            Rig.Task<Rig.End> reading = rig.read();
            rig.peer.sendClose(1000, longest);
            rig.peer.expectClose(1000);
            Rig.End end = rig.end(reading);
            assertTrue(end.failure().isEmpty());
            rig.expectSame(end);
            rig.expectAllGivenBack();
            assertEquals(longest, rig.connection.closeStatus().orElseThrow().reason());
        }
        try (Rig rig = new Rig(side)) {
            Rig.Task<Rig.End> reading = rig.read();
            rig.peer.sendClose(1000, "x".repeat(124));
            ProtocolException _ = rig.expectRefused(1002, reading);
        }
    }

    @ParameterizedTest(name = "CL-08 close with {0} is refused before any I/O")
    @ValueSource(ints = {0, 999, 1004, 1006, 1015, 1016, 2999, 5000, 65_535})
    void codeThatMayNotBeSentIsTheCallersMistake(int code) throws Exception {
        for (Side side : Side.all()) {
            try (Rig rig = new Rig(side)) {
                assertThrows(IllegalArgumentException.class, () -> rig.connection.close(new CloseCode(code), ""));
                assertEquals(ConnectionState.OPEN, rig.connection.state());
                rig.connection.writeText("still open");
                rig.peer.expectText("still open");
                rig.peer.expectNothingMore();
            }
        }
    }

    @ParameterizedTest(name = "CL-08 close with a bad reason is refused before any I/O, by a {0}")
    @Sides
    void reasonThatMayNotBeSentIsTheCallersMistake(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            for (String reason : new String[] {"é".repeat(62), "x".repeat(124), "\uD800", "a\uDC00"}) {
                assertThrows(IllegalArgumentException.class, () -> rig.connection.close(CloseCode.NORMAL, reason));
            }
            assertThrows(
                    IllegalArgumentException.class, () -> rig.connection.close(CloseCode.NO_STATUS_RECEIVED, "why"));
            assertEquals(ConnectionState.OPEN, rig.connection.state());
            rig.peer.expectNothingMore();
        }
    }

    @ParameterizedTest(name = "CL-14 client echoes our Close and keeps TCP open: the server closes after 2 s, {0}")
    @EnumSource
    void serverClosesTcpThoughThePeerKeepsItOpen(Face face) throws Exception {
        try (Rig rig = new Rig(new Side(face, Role.SERVER))) {
            Rig.Task<Boolean> closing = Rig.go(() -> rig.connection.close(CloseCode.NORMAL, "bye"));
            rig.peer.expectClose(1000, "bye");
            rig.peer.sendClose(1000, "bye");
            rig.peer.expectEnd();
            rig.neighbours.echo();
            rig.clock.awaitPending(3); // tick, closing handshake, linger
            rig.clock.advance(Duration.ofMillis(1_900));
            assertFalse(closing.done());
            assertTrue(rig.isOpen());
            rig.clock.advance(Duration.ofMillis(200));
            assertTrue(closing.get());
            rig.expectSame(rig.readToTheEnd());
            rig.expectAllGivenBack();
            assertEquals(Optional.of(BYE), rig.connection.closeStatus());
        }
    }

    @ParameterizedTest(
            name = "CL-14 server echoes our Close and keeps TCP open: the client waits for it up to T.close, {0}")
    @EnumSource
    void clientLeavesTheFirstTcpCloseToTheServerForABoundedTime(Face face) throws Exception {
        try (Rig rig = new Rig(new Side(face, Role.CLIENT))) {
            Rig.Task<Boolean> closing = Rig.go(() -> rig.connection.close(CloseCode.NORMAL, "bye"));
            rig.peer.expectClose(1000, "bye");
            rig.peer.sendClose(1000, "bye");
            Rig.await(() -> rig.connection.closeStatus().isPresent(), () -> "the peer's Close frame is not seen");
            rig.neighbours.echo();
            rig.clock.advance(ConnectionOptions.defaults().closeTimeout());
            assertTrue(closing.get());
            rig.expectSame(rig.readToTheEnd());
            rig.expectAllGivenBack();
            assertEquals(Optional.of(BYE), rig.connection.closeStatus());
        }
    }

    @ParameterizedTest(name = "CL-15 peer never answers our Close, {0}")
    @Sides
    void unansweredCloseEndsInTime(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            Rig.Task<Boolean> closing = Rig.go(() -> rig.connection.close(CloseCode.NORMAL, "bye"));
            rig.peer.expectClose(1000, "bye");
            rig.neighbours.echo();
            rig.clock.advance(Duration.ofMillis(9_900));
            assertFalse(closing.done());
            rig.clock.advance(Duration.ofMillis(100));
            assertTrue(closing.get());
            Rig.End end = rig.readToTheEnd();
            ConnectionClosedException e = end.failure(ConnectionClosedException.class);
            assertEquals(Optional.of(BYE), e.closeSent());
            assertEquals(Optional.empty(), e.closeReceived());
            rig.expectSame(end);
            rig.expectAllGivenBack();
            assertEquals(Optional.of(CloseStatus.LOST), rig.connection.closeStatus());
        }
    }

    @ParameterizedTest(name = "CL-16 peer sends Close, reads nothing and keeps TCP open, {0}")
    @Sides(
            of = Face.PULL,
            because = "a write to a listener's connection does not block; BackpressureTest has its peers")
    void peerThatClosesAndStopsReadingIsLeft(Side side) throws Exception {
        TransportPair pair = TransportPair.builder().capacity(100).build();
        try (Rig rig = new Rig(side, ConnectionOptions.defaults(), pair)) {
            Rig.Task<Boolean> writing = Rig.go(() -> rig.connection.writeBinary(new byte[1000]));
            rig.transport().awaitBlockedWriter();
            Rig.Task<Rig.End> reading = rig.read();
            rig.peer.sendClose(1000, "");
            Rig.await(() -> rig.connection.lifecycle().isFinishing(), () -> "the peer's Close frame is not seen");
            rig.neighbours.echo();
            assertEquals(ConnectionState.CLOSING, rig.connection.state());
            rig.clock.awaitPending(2); // tick, closing handshake
            rig.clock.advance(ConnectionOptions.defaults().closeTimeout());
            rig.expectClosed();
            Rig.End end = rig.end(reading);
            assertTrue(end.failure().isEmpty());
            assertTrue(writing.failure(WebSocketException.class) != null);
            rig.expectSame(end);
            rig.expectAllGivenBack();
        }
    }

    @ParameterizedTest(name = "CL-17 peer goes on sending after our Close, {0}")
    @Sides
    void dataAfterOurCloseIsBoundedInBytes(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            Rig.Task<Boolean> closing = Rig.go(() -> rig.connection.close(CloseCode.NORMAL, "bye"));
            rig.peer.expectClose(1000, "bye");
            Frame frame = Frame.binary(new byte[64_000]);
            Exception cut = assertThrows(java.io.IOException.class, () -> {
                for (int i = 0; i < 100; i++) {
                    rig.peer.send(frame);
                }
            });
            assertTrue(cut != null);
            assertTrue(closing.get(), "without waiting for the time of the closing handshake");
            long read = rig.bytesRead();
            long once = side.face() == Face.LOOP ? 256 << 10 : 64 << 10; // what one read brings
            assertTrue(read > 1 << 20 && read <= (1 << 20) + once, "bytes read: " + read);
            Rig.End end = rig.readToTheEnd();
            assertEquals(
                    Optional.of(BYE),
                    end.failure(ConnectionClosedException.class).closeSent());
            rig.expectSame(end);
            rig.expectAllGivenBack();
        }
    }

    @ParameterizedTest(name = "CL-17 peer goes on sending slowly after our Close, {0}")
    @Sides
    void dataAfterOurCloseIsBoundedInTime(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            Rig.Task<Boolean> closing = Rig.go(() -> rig.connection.close(CloseCode.NORMAL, "bye"));
            rig.peer.expectClose(1000, "bye");
            for (int i = 0; i < 10; i++) {
                assertFalse(closing.done());
                rig.peer.sendText("never delivered");
                rig.clock.advance(Duration.ofSeconds(1));
            }
            assertTrue(closing.get());
            Rig.End end = rig.readToTheEnd();
            assertTrue(end.messages().isEmpty());
            assertEquals(
                    Optional.of(BYE),
                    end.failure(ConnectionClosedException.class).closeSent());
            rig.expectSame(end);
            rig.expectAllGivenBack();
        }
    }

    @ParameterizedTest(name = "CL-18 Close cannot be written, {0}")
    @Sides(
            of = Face.PULL,
            because = "a write to a listener's connection does not block; BackpressureTest has its peers")
    void closeThatCannotBeWrittenEndsInTime(Side side) throws Exception {
        TransportPair pair = TransportPair.builder().capacity(100).build();
        try (Rig rig = new Rig(side, ConnectionOptions.defaults(), pair)) {
            Rig.Task<Boolean> writing = Rig.go(() -> rig.connection.writeBinary(new byte[1000]));
            rig.transport().awaitBlockedWriter();
            Rig.Task<Boolean> closing = Rig.go(() -> rig.connection.close(CloseCode.NORMAL, "bye"));
            rig.clock.awaitPending(2);
            rig.neighbours.echo();
            rig.clock.advance(ConnectionOptions.defaults().closeTimeout());
            assertTrue(closing.get());
            assertTrue(writing.failure(WebSocketException.class) != null);
            Rig.End end = rig.readToTheEnd();
            assertTrue(end.failure().isPresent());
            rig.expectSame(end);
            rig.expectAllGivenBack();
        }
    }

    @Test
    @DisplayName("CL-18 Close cannot be written to a full socket")
    void closeOnAFullSocketEndsInTime() throws Exception {
        try (ServerSocketChannel listener =
                        ServerSocketChannel.open().bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
                SocketChannel far = SocketChannel.open()) {
            far.setOption(StandardSocketOptions.SO_RCVBUF, 4096);
            assertTrue(far.connect(listener.getLocalAddress()));
            SocketChannel near = listener.accept();
            near.setOption(StandardSocketOptions.SO_SNDBUF, 4096);
            try (Rig rig = new Rig(Role.SERVER)) {
                WebSocketConnection connection =
                        rig.open(new ChannelTransport(near), Role.SERVER, ConnectionOptions.defaults());
                Rig.Task<Boolean> writing = Rig.go(() -> connection.writeBinary(new byte[32 << 20]));
                Rig.await(() -> connection.sender().output().writing(), () -> "no write has begun");
                writing.awaitParked();
                Rig.Task<Boolean> closing = Rig.go(() -> connection.close(CloseCode.NORMAL, "bye"));
                rig.clock.awaitPending(2);
                rig.neighbours.echo();
                assertFalse(closing.done());
                rig.clock.advance(ConnectionOptions.defaults().closeTimeout());
                assertTrue(closing.get());
                assertTrue(writing.failure(WebSocketException.class) != null);
                assertFalse(near.isOpen());
                assertEquals(ConnectionState.CLOSED, connection.state());
                rig.connection.abort();
                rig.expectAllGivenBack();
            }
        }
    }

    @ParameterizedTest(name = "CL-21, CL-22 the stream ends without a Close frame, {0}")
    @Sides
    void lostConnectionIs1006(Side side) throws Exception {
        for (String how : Arrays.asList("end", "end inside a header", "end inside a message", "reset")) {
            try (Rig rig = new Rig(side)) {
                Rig.Task<Rig.End> reading = rig.read();
                switch (how) {
                    case "end" -> rig.peer.shutdownOutput();
                    case "end inside a header" -> {
                        rig.peer.sendRaw("82");
                        rig.peer.shutdownOutput();
                    }
                    case "end inside a message" -> {
                        rig.peer.send(Frame.text("Hel").withFin(false));
                        rig.peer.shutdownOutput();
                    }
                    default -> rig.resetPeer();
                }
                Rig.End end = rig.end(reading);
                assertTrue(end.messages().isEmpty());
                ConnectionClosedException e = end.failure(ConnectionClosedException.class);
                assertEquals(CloseStatus.LOST, e.closeStatus());
                assertTrue(e.getCause() != null, how);
                rig.expectSame(end);
                rig.expectAllGivenBack();
                assertEquals(Optional.of(CloseStatus.LOST), rig.connection.closeStatus());
            }
        }
    }
}

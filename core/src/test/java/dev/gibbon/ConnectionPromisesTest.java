// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.testkit.Frame;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Objects;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;

/**
 * Sentences of the public Javadoc about ends, deadlines and
 * buffers that were once not kept, each pinned for both roles.
 */
@Timeout(300)
class ConnectionPromisesTest {
    /** WatchTest: a peer that is busy is no peer whose message drips. */
    @ParameterizedTest
    @Sides
    void manyMessagesInARowAreNotOneThatDrips(Side side) throws Exception {
        Role role = side.role();
        try (Rig rig = new Rig(side)) {
            Rig.Task<Rig.End> reading = rig.read();
            Frame frame = Frame.binary(new byte[20]);
            byte[] wire = (role == Role.SERVER ? frame.withMaskingKey(7) : frame).encode();
            byte[] half = Arrays.copyOf(wire, 12);
            byte[] rest = Arrays.copyOfRange(wire, 12, wire.length);
            byte[] next = new byte[wire.length]; // the rest of one message and the first half of the next
            System.arraycopy(rest, 0, next, 0, rest.length);
            System.arraycopy(half, 0, next, rest.length, half.length);
            rig.peer.sendRaw(half);
            for (int i = 0; i < 50; i++) {
                rig.awaitRead();
                rig.clock.advance(Duration.ofSeconds(2)); // no message takes longer than that
                rig.peer.sendRaw(next);
            }
            rig.awaitRead();
            assertEquals(ConnectionState.OPEN, rig.connection.state());
            rig.peer.expectNothingMore();
            rig.connection.abort();
            assertEquals(50, rig.end(reading).messages().size());
        }
    }

    /**
     * MessageWriter's Javadoc: a message that is not ended costs
     * nothing once its connection is gone, and its end is refused.
     */
    @ParameterizedTest
    @Sides
    void writerThatNobodyEndsGivesItsBufferBackWithTheConnection(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            MessageWriter forgotten = rig.connection.nextWriter(MessageType.TEXT);
            forgotten.write("begun");
            assertEquals(1, rig.engine.buffers().leased());
            rig.connection.abort();
            assertEquals(0, rig.engine.buffers().leased());
            assertThrows(ConnectionClosedException.class, () -> forgotten.write("on"));
            assertEquals(0, rig.engine.buffers().leased());
            Rig.End _ = rig.end(rig.read());
            rig.expectAllGivenBack();
        }
        try (Rig rig = new Rig(side)) {
            MessageWriter forgotten = rig.connection.nextWriter(MessageType.TEXT);
            forgotten.write("begun");
            rig.connection.abort();
            assertThrows(ConnectionClosedException.class, forgotten::close);
            Rig.End _ = rig.end(rig.read());
            rig.expectAllGivenBack();
        }
    }

    /** ReceiverTest: Connection's Javadoc, "whatever a read reported at the end, every later read reports again". */
    @ParameterizedTest
    @Sides(of = Face.PULL, because = "only a thread reads")
    void nextReaderReportsTheFailureThatCutAMessage(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            rig.peer.send(Frame.text("ok").withFin(false), Frame.continuation(new byte[] {-1}));
            ProtocolException first = assertThrows(ProtocolException.class, rig.connection::readMessage);
            assertSame(first, assertThrows(ProtocolException.class, rig.connection::nextReader));
        }
    }

    /** ReceiverTest: the same after a connection that was lost in the middle of a message. */
    @ParameterizedTest
    @Sides(of = Face.PULL, because = "only a thread reads")
    void nextReaderReportsTheLossThatCutAMessage(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            rig.peer.send(Frame.text("ok").withFin(false));
            rig.peer.shutdownOutput();
            var first = assertThrows(ConnectionClosedException.class, rig.connection::readMessage);
            assertSame(first, assertThrows(ConnectionClosedException.class, rig.connection::nextReader));
        }
    }

    /** SenderTest: setWriteTimeout, "its wait for other writers included", and "that is all". */
    @ParameterizedTest
    @Sides
    void writerThatFindsAMessageOpenDoesNotWaitForEver(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            MessageWriter _ = rig.connection.nextWriter(MessageType.BINARY);
            rig.connection.setWriteTimeout(Duration.ofSeconds(1));
            Rig.Task<Boolean> writing = Rig.go(() -> rig.connection.writeText("other"));
            writing.awaitParked();
            rig.clock.advance(Duration.ofSeconds(1));
            WriteTimeoutException _ = writing.failure(WriteTimeoutException.class);
            assertEquals(ConnectionState.OPEN, rig.connection.state());
        }
    }

    /** SenderTest: while the reader is parked nothing is held back, also when batching is switched on only then. */
    @ParameterizedTest
    @Sides(of = Face.PULL, because = "only a thread reads")
    void batchingSwitchedOnWhileTheReaderIsParkedHoldsNothingBack(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            Rig.Task<Rig.End> _ = rig.read();
            rig.transport().awaitBlockedReader();
            rig.connection.setBatchWrites(true);
            rig.connection.writeText("hello");
            rig.peer.expectText("hello");
        }
    }

    /** SenderTest: an idle connection holds no write buffer. */
    @ParameterizedTest
    @Sides
    void refusedPingHoldsNoBuffer(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            assertThrows(IllegalArgumentException.class, () -> rig.connection.ping(ByteBuffer.allocate(126)));
            assertEquals(0, rig.engine.buffers().leased());
        }
    }

    /** ReceiverTest: MessageReader.read, WebSocketException "if the connection ended before the message did". */
    @ParameterizedTest
    @Sides(of = Face.PULL, because = "only a thread reads")
    void streamOfAConnectionThatThisSideClosesTellsThatItIsClosed(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            rig.peer.send(Frame.binary(new byte[] {1}).withFin(false));
            MessageReader message = Objects.requireNonNull(rig.connection.nextReader());
            Rig.Task<Boolean> closing = Rig.go(rig.connection::close);
            rig.peer.expectClose(1000);
            rig.peer.sendClose(1000, "");
            rig.peer.close();
            assertTrue(closing.get());
            assertEquals(1, message.read(ByteBuffer.allocate(4)), "what came before is not lost");
            assertInstanceOf(
                    ConnectionClosedException.class,
                    assertThrows(Exception.class, () -> message.read(ByteBuffer.allocate(4))));
        }
    }

    /** SenderTest: flush, "WebSocketException if the connection is lost". */
    @ParameterizedTest
    @Sides
    void flushOfALostConnectionSaysSo(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            rig.connection.abort();
            assertThrows(WebSocketException.class, rig.connection::flush);
        }
    }

    /** ConcurrencyThreatsTest, CC-08: an idle timeout that comes too late must not change how the connection ended. */
    @ParameterizedTest
    @Sides
    void idleTimeoutThatLosesTheRaceChangesNothing(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            Rig.Task<Rig.End> reading = rig.read();
            rig.peer.sendClose(1000, "");
            Rig.End end = rig.end(reading);
            assertTrue(end.failure().isEmpty());
            CloseStatus status = new CloseStatus(CloseCode.GOING_AWAY, "");
            rig.connection.lifecycle().closeLater(status, new ConnectionClosedException("late", status, null, null));
            rig.expectSame(end);
        }
    }

    /** A thread that reads while another closes learns how it ended; it is no second reader. */
    @ParameterizedTest
    @Sides(of = Face.PULL, because = "only a thread reads")
    void readThatBeginsWhileAnotherThreadClosesReportsTheEnd(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            Rig.Task<Boolean> closing = Rig.go(rig.connection::close);
            rig.peer.expectClose(1000);
            rig.transport().awaitBlockedReader(); // The closing thread reads on for the peer's Close frame.
            Rig.Task<Rig.End> reading = rig.read();
            rig.peer.sendClose(1000, "");
            Rig.End end = rig.end(reading);
            assertTrue(end.failure().isEmpty(), () -> "" + end.failure());
            rig.peer.shutdownOutput();
            assertTrue(closing.get());
        }
    }
}

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
import org.junit.jupiter.params.provider.EnumSource;

/** Sentences of the public Javadoc about ends, deadlines and buffers that were once not kept, each pinned for both roles. */
@Timeout(20)
class ConnectionPromisesTest {
    /** WatchTest: a peer that is busy is no peer whose message drips. */
    @ParameterizedTest
    @EnumSource
    void manyMessagesInARowAreNotOneThatDrips(Role role) throws Exception {
        try (Rig rig = new Rig(role)) {
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
                long sent = rig.pair.end(role.peer()).counters().bytesWritten();
                Rig.await(() -> rig.transport().counters().bytesRead() == sent, () -> "not read");
                rig.transport().awaitBlockedReader();
                rig.clock.advance(Duration.ofSeconds(2)); // no message takes longer than that
                rig.peer.sendRaw(next);
            }
            long sent = rig.pair.end(role.peer()).counters().bytesWritten();
            Rig.await(() -> rig.transport().counters().bytesRead() == sent, () -> "not read");
            rig.transport().awaitBlockedReader();
            assertEquals(ConnectionState.OPEN, rig.connection.state());
            rig.peer.expectNothingMore();
            rig.connection.abort();
            assertEquals(50, reading.get().messages().size());
        }
    }

    /** ReceiverTest: Connection's Javadoc, "whatever a read reported at the end, every later read reports again". */
    @ParameterizedTest
    @EnumSource
    void nextReaderReportsTheFailureThatCutAMessage(Role role) throws Exception {
        try (Rig rig = new Rig(role)) {
            rig.peer.send(Frame.text("ok").withFin(false), Frame.continuation(new byte[] {-1}));
            ProtocolException first = assertThrows(ProtocolException.class, rig.connection::readMessage);
            assertSame(first, assertThrows(ProtocolException.class, rig.connection::nextReader));
        }
    }

    /** ReceiverTest: the same after a connection that was lost in the middle of a message. */
    @ParameterizedTest
    @EnumSource
    void nextReaderReportsTheLossThatCutAMessage(Role role) throws Exception {
        try (Rig rig = new Rig(role)) {
            rig.peer.send(Frame.text("ok").withFin(false));
            rig.peer.shutdownOutput();
            var first = assertThrows(ConnectionClosedException.class, rig.connection::readMessage);
            assertSame(first, assertThrows(ConnectionClosedException.class, rig.connection::nextReader));
        }
    }

    /** SenderTest: setWriteDeadline, "begins after it, ends the connection", the wait for other writers included. */
    @ParameterizedTest
    @EnumSource
    void writerThatFindsAMessageOpenAfterTheDeadlineDoesNotWaitForEver(Role role) throws Exception {
        try (Rig rig = new Rig(role)) {
            MessageWriter _ = rig.connection.nextWriter(MessageType.BINARY);
            rig.connection.setWriteDeadline(Duration.ofSeconds(1));
            rig.clock.advance(Duration.ofSeconds(2));
            assertThrows(WriteTimeoutException.class, () -> rig.connection.writeText("other"));
            assertEquals(ConnectionState.CLOSED, rig.connection.state());
        }
    }

    /** SenderTest: while the reader is parked nothing is held back, also when batching is switched on only then. */
    @ParameterizedTest
    @EnumSource
    void batchingSwitchedOnWhileTheReaderIsParkedHoldsNothingBack(Role role) throws Exception {
        try (Rig rig = new Rig(role)) {
            Rig.Task<Rig.End> _ = rig.read();
            rig.transport().awaitBlockedReader();
            rig.connection.setBatchWrites(true);
            rig.connection.writeText("hello");
            rig.peer.deadline(Duration.ofMillis(500)).expectText("hello");
        }
    }

    /** SenderTest: an idle connection holds no write buffer. */
    @ParameterizedTest
    @EnumSource
    void refusedPingHoldsNoBuffer(Role role) throws Exception {
        try (Rig rig = new Rig(role)) {
            assertThrows(IllegalArgumentException.class, () -> rig.connection.ping(ByteBuffer.allocate(126)));
            assertEquals(0, rig.engine.buffers().leased());
        }
    }

    /** ReceiverTest: MessageReader.read, WebSocketException "if the connection ended before the message did". */
    @ParameterizedTest
    @EnumSource
    void streamOfAConnectionThatThisSideClosesTellsThatItIsClosed(Role role) throws Exception {
        try (Rig rig = new Rig(role)) {
            rig.peer.send(Frame.binary(new byte[] {1}).withFin(false));
            MessageReader message = Objects.requireNonNull(rig.connection.nextReader());
            Rig.Task<Boolean> closing = Rig.go(rig.connection::close);
            rig.peer.expectClose(1000);
            rig.peer.sendClose(1000, "");
            rig.peer.close();
            assertTrue(closing.get());
            assertInstanceOf(
                    ConnectionClosedException.class,
                    assertThrows(Exception.class, () -> message.read(ByteBuffer.allocate(4))));
        }
    }

    /** SenderTest: flush, "WebSocketException if the connection is lost". */
    @ParameterizedTest
    @EnumSource
    void flushOfALostConnectionSaysSo(Role role) throws Exception {
        try (Rig rig = new Rig(role)) {
            rig.connection.abort();
            assertThrows(WebSocketException.class, rig.connection::flush);
        }
    }

    /** ConcurrencyThreatsTest, CC-08: an idle timeout that comes too late must not change how the connection ended. */
    @ParameterizedTest
    @EnumSource
    void idleTimeoutThatLosesTheRaceChangesNothing(Role role) throws Exception {
        try (Rig rig = new Rig(role)) {
            Rig.Task<Rig.End> reading = rig.read();
            rig.peer.sendClose(1000, "");
            Rig.End end = reading.get();
            assertTrue(end.failure().isEmpty());
            CloseStatus status = new CloseStatus(CloseCode.GOING_AWAY, "");
            rig.connection.lifecycle().closeLater(status, new ConnectionClosedException("late", status, null, null));
            rig.expectSame(end);
        }
    }

    /** A thread that reads while another closes learns how it ended; it is no second reader. */
    @ParameterizedTest
    @EnumSource
    void readThatBeginsWhileAnotherThreadClosesReportsTheEnd(Role role) throws Exception {
        try (Rig rig = new Rig(role)) {
            Rig.Task<Boolean> closing = Rig.go(rig.connection::close);
            rig.peer.expectClose(1000);
            rig.transport().awaitBlockedReader(); // The closing thread reads on for the peer's Close frame.
            Rig.Task<Rig.End> reading = rig.read();
            rig.peer.sendClose(1000, "");
            Rig.End end = reading.get();
            assertTrue(end.failure().isEmpty(), () -> "" + end.failure());
            rig.peer.shutdownOutput();
            assertTrue(closing.get());
        }
    }
}

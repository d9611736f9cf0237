// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.testkit.Frame;
import dev.gibbon.testkit.Splitter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;

/** What a listener is promised, wherever it runs. */
@Timeout(300)
class ListenerTest {
    private static final byte[] NOTHING = {};
    private static final String WHY = "only a listener is called";

    private static byte[] random(int size) {
        byte[] bytes = new byte[size];
        new SplittableRandom(size).nextBytes(bytes);
        return bytes;
    }

    private static byte[] wire(Role receiver, Frame... frames) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (Frame frame : frames) {
            bytes.writeBytes((receiver == Role.SERVER ? frame.withMaskingKey(0x37fa213d) : frame).encode());
        }
        return bytes.toByteArray();
    }

    private static Probe echo() {
        return new Probe(new Probe.Script() {
            @Override
            void message(Connection connection, MessageView message) throws IOException {
                connection.writeMessage(message);
            }
        });
    }

    private static Rig.End closeCleanly(Rig rig) throws Exception {
        rig.peer.sendClose();
        rig.peer.expectCloseWithoutCode();
        Rig.End end = rig.end(rig.read());
        assertTrue(end.failure().isEmpty(), () -> "" + end.failure());
        rig.expectSame(end);
        rig.expectAllGivenBack();
        return end;
    }

    @ParameterizedTest
    @Sides(
            of = {Face.THREAD, Face.LOOP},
            because = WHY)
    void callsComeInTheOrderOfTheFrames(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            rig.peer.sendRaw(wire(
                    side.role(),
                    Frame.text("a"),
                    Frame.ping(NOTHING),
                    Frame.binary(NOTHING).withFin(false),
                    Frame.pong(NOTHING),
                    Frame.continuation(new byte[1])));
            rig.peer.expectPong(NOTHING);
            Rig.End end = closeCleanly(rig);
            assertEquals(2, end.messages().size());
            assertEquals(List.of("open", "text", "ping", "pong", "binary", "close"), List.copyOf(rig.probe.calls));
        }
    }

    @ParameterizedTest
    @Sides(
            of = {Face.THREAD, Face.LOOP},
            because = WHY)
    void connectionThatIsLostWhileItIsHandedOverOpensFirstAndEndsOnce(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            for (int i = 0; i < 100; i++) {
                Rig.Other other = rig.other(ConnectionOptions.defaults());
                Rig.Task<Boolean> aborting = Rig.go(other.connection()::abort);
                Probe probe = new Probe();
                other.connection().listen(probe);
                ConnectionClosedException _ = probe.awaitEnd().failure(ConnectionClosedException.class);
                assertTrue(aborting.get());
                assertEquals(List.of("open", "failure"), List.copyOf(probe.calls));
            }
            ConnectionClosedException _ = abort(rig).failure(ConnectionClosedException.class);
        }
    }

    private static Rig.End abort(Rig rig) throws Exception {
        rig.connection.abort();
        Rig.End end = rig.end(rig.read());
        rig.expectAllGivenBack();
        return end;
    }

    @ParameterizedTest
    @Sides(
            of = {Face.THREAD, Face.LOOP},
            because = WHY)
    void connectionWhoseEndWasReadAlreadyTellsItOnceMore(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            Rig.Other other = rig.other(ConnectionOptions.defaults());
            other.peer().sendClose(1000, "bye");
            assertEquals(null, other.connection().readMessage());
            Probe probe = new Probe();
            other.connection().listen(probe);
            other.peer().expectClose(1000);
            other.peer().close();
            assertTrue(probe.awaitEnd().failure().isEmpty());
            assertEquals(List.of("open", "close"), List.copyOf(probe.calls));
            Rig.End _ = abort(rig);
        }
    }

    @ParameterizedTest
    @Sides(
            of = {Face.THREAD, Face.LOOP},
            because = WHY)
    void viewIsOfNoUseAfterTheCall(Side side) throws Exception {
        AtomicReference<MessageView> kept = new AtomicReference<>();
        Probe probe = new Probe(new Probe.Script() {
            @Override
            void message(Connection connection, MessageView message) {
                kept.set(message);
            }
        });
        try (Rig rig = new Rig(side, ConnectionOptions.defaults(), probe)) {
            rig.peer.sendText("secret");
            rig.awaitRead();
            assertThrows(IllegalStateException.class, () -> kept.get().bytes());
            assertThrows(IllegalStateException.class, () -> kept.get().text());
            assertThrows(IllegalStateException.class, () -> rig.connection.writeMessage(kept.get()));
            assertFalse(kept.get().toString().contains("secret"));
            Rig.End _ = closeCleanly(rig);
        }
    }

    @ParameterizedTest
    @Sides(
            of = {Face.THREAD, Face.LOOP},
            because = WHY)
    void messageIsPutTogetherHoweverItIsCut(Side side) throws Exception {
        byte[] all = wire(
                side.role(),
                Frame.text("Hello é").withFin(false),
                Frame.ping(new byte[3]),
                Frame.continuation(new byte[] {'!'}),
                Frame.binary(random(130)));
        for (int cut = 1; cut < all.length; cut++) {
            try (Rig rig = new Rig(side, ConnectionOptions.defaults(), Splitter.at(cut))) {
                rig.peer.sendRaw(all);
                rig.peer.expectPong(new byte[3]);
                Rig.End end = closeCleanly(rig);
                assertEquals("Hello é!", end.messages().get(0).text());
                assertArrayEquals(random(130), end.messages().get(1).bytes());
            }
        }
    }

    @ParameterizedTest
    @Sides(
            of = {Face.THREAD, Face.LOOP},
            because = WHY)
    void largeMessagesArePutTogetherAndEchoed(Side side) throws Exception {
        ConnectionOptions options =
                ConnectionOptions.builder().maxMessageBytes(16L << 20).build();
        List<Integer> sizes = new ArrayList<>();
        for (int around : new int[] {16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20}) {
            sizes.addAll(List.of(around - 15, around - 1, around, around + 1, around + 15));
        }
        for (Splitter feed : List.of(Splitter.whole(), Splitter.random(0x6455, 50_000))) {
            try (Rig rig = new Rig(side, options, feed, echo())) {
                for (int size : sizes) {
                    byte[] payload = random(size);
                    Rig.Task<Boolean> sending = Rig.go(() -> rig.peer.sendBinary(payload));
                    rig.peer.expectBinary(payload);
                    assertTrue(sending.get());
                    Rig.Task<Boolean> fragments = Rig.go(() -> {
                        List<Frame> frames = Frame.binary(payload).fragment(1, size / 2, size / 2 + 1);
                        for (Frame frame : frames) {
                            rig.peer.send(frame);
                            rig.peer.send(Frame.pong(NOTHING));
                        }
                    });
                    rig.peer.expectBinary(payload);
                    assertTrue(fragments.get());
                }
                rig.neighbours.echo();
                Rig.End _ = closeCleanly(rig);
            }
        }
    }

    /** Collects parts, and what they make. */
    private static final class Parts extends Probe.Script {
        private final List<byte[]> messages = new ArrayList<>();
        private ByteArrayOutputStream current = new ByteArrayOutputStream();

        @Override
        void part(Connection connection, MessageView part) {
            assertEquals(current.size() == 0, part.isFirst() && part.length() > 0);
            assertFalse(part.isText() && part.isFirst() && part.isLast());
            current.writeBytes(part.toByteArray());
            if (part.isLast()) {
                messages.add(current.toByteArray());
                current = new ByteArrayOutputStream();
            }
        }

        @Override
        long wholeMessageBytes() {
            return 100;
        }
    }

    @ParameterizedTest
    @Sides(
            of = {Face.THREAD, Face.LOOP},
            because = WHY)
    void messageBeyondWhatIsWantedWholeComesInParts(Side side) throws Exception {
        for (Splitter feed : List.of(Splitter.whole(), Splitter.random(1, 5000))) {
            Parts parts = new Parts();
            ConnectionOptions silent = ConnectionOptions.builder().noKeepalive().build();
            try (Rig rig = new Rig(side, silent, feed, new Probe(parts))) {
                rig.peer.sendBinary(random(100));
                rig.peer.sendBinary(random(101));
                rig.peer.send(Frame.binary(random(101)).fragment(50, 100));
                rig.peer.sendBinary(random(300_000));
                rig.peer.send(Frame.binary(random(70_000)).fragment(99, 100, 101, 30_000));
                rig.peer.sendBinary(random(99));
                rig.awaitRead();
                advanceMinutes(rig, 2);
                assertEquals(ConnectionState.OPEN, rig.connection.state(), "no rest of a message is awaited");
                Rig.End end = closeCleanly(rig);
                assertEquals(2, end.messages().size());
                assertEquals(4, parts.messages.size());
                for (byte[] message : parts.messages) {
                    assertArrayEquals(random(message.length), message);
                }
            }
        }
    }

    private static void advanceMinutes(Rig rig, int minutes) {
        for (int i = 0; i < 60 * minutes; i++) {
            rig.clock.advance(Duration.ofSeconds(1));
        }
    }

    @ParameterizedTest
    @Sides(
            of = {Face.THREAD, Face.LOOP},
            because = WHY)
    void messageThatBeginsWithAnEmptyFragmentLeavesNothingToWaitFor(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            rig.peer.send(Frame.text("").withFin(false));
            rig.awaitRead();
            rig.peer.send(Frame.continuation(new byte[] {'a'}));
            rig.awaitRead();
            advanceMinutes(rig, 2);
            assertEquals(ConnectionState.OPEN, rig.connection.state());
            assertEquals("a", closeCleanly(rig).messages().getFirst().text());
        }
    }

    @ParameterizedTest
    @Sides(
            of = {Face.THREAD, Face.LOOP},
            because = WHY)
    void listenerThatThrowsFailsItsConnectionWith1011AndNoOther(Side side) throws Exception {
        for (Throwable problem :
                List.of(new IOException("inside"), new IllegalStateException("inside"), new AssertionError("inside"))) {
            for (String where : List.of("message", "ping", "pong", "part")) {
                Probe probe = new Probe(throwing(where, problem));
                try (Rig rig = new Rig(side, ConnectionOptions.defaults(), probe)) {
                    Frame frame = switch (where) {
                        case "ping" -> Frame.ping(NOTHING);
                        case "pong" -> Frame.pong(NOTHING);
                        case "part" -> Frame.binary(new byte[101]);
                        default -> Frame.text("a");
                    };
                    rig.peer.send(frame, Frame.text("never shown"));
                    if (where.equals("ping")) {
                        rig.peer.expectPong(NOTHING); // It is answered before the listener is told.
                    }
                    ConnectionClosedException e =
                            rig.expectRefusedOrClosed(1011, rig.read(), ConnectionClosedException.class);
                    assertSame(problem, e.getCause());
                    assertEquals(3, probe.calls.size(), () -> "" + probe.calls);
                }
            }
        }
    }

    private static Probe.Script throwing(String where, Throwable problem) {
        return new Probe.Script() {
            private void at(String here) throws IOException {
                if (here.equals(where)) {
                    switch (problem) {
                        case IOException e -> throw e;
                        case RuntimeException e -> throw e;
                        case Error e -> throw e;
                        default -> throw new AssertionError(problem);
                    }
                }
            }

            @Override
            void message(Connection connection, MessageView message) throws IOException {
                at("message");
            }

            @Override
            void part(Connection connection, MessageView part) throws IOException {
                at("part");
            }

            @Override
            void ping(Connection connection) throws IOException {
                at("ping");
            }

            @Override
            void pong(Connection connection) throws IOException {
                at("pong");
            }

            @Override
            long wholeMessageBytes() {
                return 100;
            }
        };
    }

    @ParameterizedTest
    @Sides(
            of = {Face.THREAD, Face.LOOP},
            because = WHY)
    void onlyTheListenerGetsWhatComes(Side side) throws Exception {
        Probe probe = new Probe(new Probe.Script() {
            @Override
            void message(Connection connection, MessageView message) throws IOException {
                assertThrows(IllegalStateException.class, connection::readMessage);
                assertThrows(IllegalStateException.class, connection::nextReader);
                assertThrows(IllegalStateException.class, () -> connection.listen(new Probe()));
                connection.writeMessage(message);
            }
        });
        try (Rig rig = new Rig(side, ConnectionOptions.defaults(), probe)) {
            rig.peer.sendText("a");
            rig.peer.expectText("a");
            rig.peer.sendText("b");
            rig.peer.expectText("b");
            Rig.End _ = closeCleanly(rig);
        }
    }

    @ParameterizedTest
    @Sides(
            of = {Face.THREAD, Face.LOOP},
            because = WHY)
    void listenerMayCloseAndDoesNotWait(Side side) throws Exception {
        Probe probe = new Probe(new Probe.Script() {
            @Override
            void message(Connection connection, MessageView message) throws IOException {
                connection.writeText("last");
                connection.close(CloseCode.NORMAL, "mine");
                assertThrows(ConnectionClosedException.class, () -> connection.writeText("late"));
            }
        });
        try (Rig rig = new Rig(side, ConnectionOptions.defaults(), probe)) {
            rig.peer.sendText("a");
            rig.peer.expectText("last");
            rig.peer.expectClose(1000, "mine");
            rig.peer.sendText("of no use any more");
            rig.awaitRead();
            rig.clock.advance(Duration.ofSeconds(9));
            assertEquals(ConnectionState.CLOSING, rig.connection.state());
            rig.clock.advance(Duration.ofSeconds(1)); // The peer does not answer.
            rig.expectClosed();
            Rig.End end = rig.end(rig.read());
            assertEquals(1, end.messages().size());
            ConnectionClosedException _ = end.failure(ConnectionClosedException.class);
            rig.expectAllGivenBack();
        }
    }

    @ParameterizedTest
    @Sides(
            of = {Face.THREAD, Face.LOOP},
            because = WHY)
    void listenerMayAbort(Side side) throws Exception {
        Probe probe = new Probe(new Probe.Script() {
            @Override
            void message(Connection connection, MessageView message) {
                connection.abort();
            }
        });
        try (Rig rig = new Rig(side, ConnectionOptions.defaults(), probe)) {
            rig.peer.sendRaw(
                    wire(side.role(), Frame.text("a"), Frame.text("came with it, and is not wanted any more")));
            rig.peer.expectEnd();
            Rig.End end = rig.end(rig.read());
            assertEquals(1, end.messages().size());
            ConnectionClosedException _ = end.failure(ConnectionClosedException.class);
            rig.expectSame(end);
            rig.expectAllGivenBack();
        }
    }

    // Handing over.

    @ParameterizedTest
    @Sides(
            of = {Face.THREAD, Face.LOOP},
            because = WHY)
    void listenerGetsWhatTheReaderHasNotLookedAt(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            Rig.Other other = rig.other(ConnectionOptions.defaults());
            byte[] all = wire(side.role(), Frame.text("1"), Frame.text("2"), Frame.text("3"), Frame.text("cut"));
            other.peer().sendRaw(java.util.Arrays.copyOf(all, all.length - 2));
            assertEquals("1", other.connection().readMessage().text());
            Probe probe = echo();
            other.connection().listen(probe);
            other.peer().expectText("2");
            other.peer().expectText("3");
            other.peer().sendRaw(java.util.Arrays.copyOfRange(all, all.length - 2, all.length));
            other.peer().expectText("cut");
            endOther(rig, other, probe, 3);
        }
    }

    private static void endOther(Rig rig, Rig.Other other, Probe probe, int messages) throws Exception {
        other.peer().sendClose();
        other.peer().expectCloseWithoutCode();
        other.peer().close();
        Rig.End end = probe.awaitEnd();
        assertTrue(end.failure().isEmpty(), () -> "" + end.failure());
        assertEquals(messages, end.messages().size());
        Rig.End _ = abort(rig);
    }

    @ParameterizedTest
    @Sides(
            of = {Face.THREAD, Face.LOOP},
            because = WHY)
    void listenerGetsTheWholeMessageThatAReadGaveUpOn(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            Rig.Other other = rig.other(ConnectionOptions.defaults());
            other.peer().send(Frame.text("Hel").withFin(false));
            Rig.Task<Boolean> reading = Rig.go(() -> {
                Message _ = other.connection().readMessage(Duration.ofMillis(50));
            });
            reading.awaitParked();
            rig.clock.advance(Duration.ofMillis(50));
            ReadTimeoutException _ = reading.failure(ReadTimeoutException.class);
            Probe probe = echo();
            other.connection().listen(probe);
            other.peer().send(Frame.continuation(new byte[] {'l', 'o'}));
            other.peer().expectText("Hello");
            endOther(rig, other, probe, 1);
        }
    }

    @ParameterizedTest
    @Sides(
            of = {Face.THREAD, Face.LOOP},
            because = WHY)
    void restOfAStreamedMessageIsSkipped(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            Rig.Other other = rig.other(ConnectionOptions.defaults());
            other.peer().send(Frame.binary(new byte[100]).withFin(false));
            MessageReader reader = other.connection().nextReader();
            assertEquals(3, reader.read(ByteBuffer.allocate(3)));
            Probe probe = echo();
            other.connection().listen(probe);
            assertThrows(IllegalStateException.class, () -> reader.read(ByteBuffer.allocate(3)));
            other.peer().send(Frame.continuation(new byte[100]), Frame.text("next"));
            other.peer().expectText("next");
            endOther(rig, other, probe, 1);
        }
    }

    @ParameterizedTest
    @Sides(
            of = {Face.THREAD, Face.LOOP},
            because = WHY)
    void framesHeldBackForCompanyLeaveWithTheHandingOver(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            Rig.Other other =
                    rig.other(ConnectionOptions.builder().batchWrites(true).build());
            other.connection().writeText("held back");
            Probe probe = echo();
            other.connection().listen(probe);
            other.peer().expectText("held back");
            endOther(rig, other, probe, 0);
        }
    }

    @ParameterizedTest
    @Sides(
            of = {Face.THREAD, Face.LOOP},
            because = WHY)
    void nothingIsLostWhileOthersWrite(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            Rig.Other other = rig.other(ConnectionOptions.defaults());
            int count = 3000;
            Rig.Task<Boolean> writing = Rig.go(() -> {
                for (int i = 0; i < count; i++) {
                    if (i % 100 == 99) {
                        other.connection().writeBinary(random(20_000 + i));
                    } else {
                        other.connection().writeText("message " + i);
                    }
                }
            });
            Probe probe = echo();
            for (int i = 0; i < count; i++) {
                if (i == 50) {
                    other.connection().listen(probe);
                }
                if (i % 100 == 99) {
                    other.peer().expectBinary(random(20_000 + i));
                } else {
                    other.peer().expectText("message " + i);
                }
            }
            assertTrue(writing.get());
            endOther(rig, other, probe, 0);
        }
    }

    @ParameterizedTest
    @Sides(
            of = {Face.THREAD, Face.LOOP},
            because = WHY)
    void answersWaitForTheEndOfAMessageThatAnotherThreadHasOpen(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            Rig.Other other = rig.other(ConnectionOptions.defaults());
            MessageWriter open = other.connection().nextWriter(MessageType.TEXT);
            open.write("Hel");
            open.flush();
            Probe probe = echo();
            other.connection().listen(probe);
            other.peer().expectFrame(Frame.text("Hel").withFin(false));
            other.peer().send(Frame.text("mine"), Frame.ping(NOTHING));
            other.peer().expectPong(NOTHING);
            rig.neighbours.echo();
            open.write("lo");
            open.close();
            other.peer().expectFrame(Frame.continuation(new byte[] {'l', 'o'}));
            other.peer().expectText("mine");
            endOther(rig, other, probe, 1);
        }
    }

    @ParameterizedTest
    @Sides(
            of = {Face.THREAD, Face.LOOP},
            because = WHY)
    void answersToWhatOneReadBroughtLeaveInOneWrite(Side side) throws Exception {
        try (Rig rig = new Rig(side, ConnectionOptions.defaults(), echo())) {
            Frame[] frames = new Frame[20];
            for (int i = 0; i < frames.length; i++) {
                frames[i] = Frame.text("message " + i);
            }
            long before = writes(rig);
            rig.peer.sendRaw(wire(side.role(), frames));
            for (Frame frame : frames) {
                rig.peer.expectFrame(frame);
            }
            assertEquals(before + 1, writes(rig));
            Rig.End _ = closeCleanly(rig);
        }
    }

    private static long writes(Rig rig) {
        return rig.side.face() == Face.LOOP
                ? rig.sockets().near().writes.get()
                : rig.transport().counters().writes();
    }

    @ParameterizedTest
    @Sides(
            of = {Face.THREAD, Face.LOOP},
            because = WHY)
    void keepalivePingsLeaveAndTheConnectionGoesOn(Side side) throws Exception {
        ConnectionOptions options = ConnectionOptions.builder()
                .keepalive(Duration.ofSeconds(25), Duration.ofSeconds(20))
                .noIdleTimeout()
                .build();
        try (Rig rig = new Rig(side, options, echo())) {
            for (int i = 0; i < 3; i++) {
                for (int second = 0; second < 27; second++) {
                    rig.clock.advance(Duration.ofSeconds(1));
                }
                rig.peer.sendPong(rig.peer.expectPing());
                rig.peer.sendText("after " + i);
                rig.peer.expectText("after " + i);
                // Else the clock that moves now would find a write under way all that time.
                Rig.await(() -> !rig.connection.sender().output().writing(), () -> "the write does not end");
            }
            Rig.End _ = closeCleanly(rig);
        }
    }
}

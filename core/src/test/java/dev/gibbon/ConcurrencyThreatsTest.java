// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.connection.WebSocketConnection;
import dev.gibbon.testkit.Frame;
import dev.gibbon.testkit.Splitter;
import dev.gibbon.testkit.TransportPair;
import dev.gibbon.transport.ChannelTransport;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CyclicBarrier;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;

/** The threat catalogue's races and interrupts (CC) on whole connections, with healthy neighbours beside them. */
@Timeout(300)
class ConcurrencyThreatsTest {
    private static final int THREADS = 16;
    private static final int MESSAGES = 30;

    @ParameterizedTest(name = "CC-01 16 threads send text, binary, streams and pings, as a {0}")
    @Sides
    void messagesOfManyThreadsAreAtomic(Side side) throws Exception {
        TransportPair pair = TransportPair.builder()
                .capacity(4096)
                .writes(side.role(), Splitter.random(0x6455, 3000))
                .build();
        try (Rig rig = side.face() == Face.LOOP
                ? Rig.congested(side.role(), ConnectionOptions.defaults(), new Probe())
                : new Rig(side, ConnectionOptions.defaults(), pair)) {
            CyclicBarrier gate = new CyclicBarrier(THREADS);
            List<Rig.Task<Boolean>> writers = new ArrayList<>();
            for (int t = 0; t < THREADS; t++) {
                int thread = t;
                writers.add(Rig.go(() -> {
                    gate.await();
                    for (int i = 0; i < MESSAGES; i++) {
                        write(rig.connection, thread, i);
                    }
                }));
            }
            int[] next = new int[THREADS];
            int pings = 0;
            for (int received = 0; received < THREADS * MESSAGES; ) {
                Frame frame = rig.peer.expectFrame();
                if (frame.opcode() == Frame.PING) {
                    pings++;
                    continue;
                }
                ByteArrayOutputStream message = new ByteArrayOutputStream();
                message.writeBytes(frame.payload());
                while (!frame.fin()) {
                    frame = rig.peer.expectFrame(); // its judge refuses a new message inside this one
                    if (frame.opcode() == Frame.PING) {
                        pings++;
                        frame = frame.withFin(false);
                    } else {
                        message.writeBytes(frame.payload());
                    }
                }
                expectNext(message.toByteArray(), next);
                received++;
            }
            for (Rig.Task<Boolean> writer : writers) {
                assertTrue(writer.get());
            }
            rig.connection.writeText("end");
            while (pings < THREADS * 2) {
                byte[] _ = rig.peer.expectPing();
                pings++;
            }
            rig.peer.expectText("end");
            rig.neighbours.echo();
            rig.connection.abort();
            rig.expectAllGivenBack();
        }
    }

    private static byte[] payload(int thread, int i) {
        int length = 8 + (i % 7 == 3 ? 20_000 : (thread * 131 + i * 37) % 900);
        byte[] bytes = new byte[length];
        Arrays.fill(bytes, (byte) ('a' + thread));
        byte[] head = String.format("%03d %03d ", thread, i).getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(head, 0, bytes, 0, head.length);
        return bytes;
    }

    private static void write(Connection connection, int thread, int i) throws IOException {
        byte[] payload = payload(thread, i);
        switch (i % 3) {
            case 0 -> connection.writeText(new String(payload, StandardCharsets.US_ASCII));
            case 1 -> connection.writeBinary(payload);
            default -> {
                try (MessageWriter writer = connection.nextWriter(MessageType.BINARY)) {
                    writer.write(ByteBuffer.wrap(payload, 0, 3));
                    writer.flush();
                    if (i < 6) {
                        connection.ping(ByteBuffer.wrap(payload, 0, 8));
                    }
                    writer.write(ByteBuffer.wrap(payload, 3, payload.length - 3));
                }
            }
        }
    }

    private static void expectNext(byte[] message, int[] next) {
        String head = new String(message, 0, 8, StandardCharsets.US_ASCII);
        int thread = Integer.parseInt(head.substring(0, 3));
        int i = Integer.parseInt(head.substring(4, 7));
        assertEquals(next[thread]++, i, "the order of thread " + thread);
        assertTrue(Arrays.equals(payload(thread, i), message), "message " + i + " of thread " + thread);
    }

    @ParameterizedTest(name = "CC-04 send racing local close, {0}")
    @Sides
    void messageIsSentBeforeCloseOrNotAtAll(Side side) throws Exception {
        Role role = side.role();
        for (int round = 0; round < 40; round++) {
            try (Rig rig = new Rig(side)) {
                CyclicBarrier gate = new CyclicBarrier(3);
                List<Rig.Task<Integer>> writers = new ArrayList<>();
                for (int w = 0; w < 2; w++) {
                    writers.add(Rig.start(() -> {
                        gate.await();
                        int sent = 0;
                        try {
                            while (true) {
                                rig.connection.writeText("message");
                                sent++;
                            }
                        } catch (ConnectionClosedException e) {
                            assertTrue(e.closeSent().isPresent());
                            return sent;
                        }
                    }));
                }
                Rig.Task<Boolean> closing = Rig.go(() -> {
                    gate.await();
                    rig.connection.close(CloseCode.NORMAL, "bye");
                });
                int received = 0;
                Frame frame = rig.peer.expectFrame();
                for (; frame.opcode() != Frame.CLOSE; frame = rig.peer.expectFrame()) {
                    assertEquals("message", frame.text());
                    received++;
                }
                rig.peer.sendClose(1000, "bye");
                if (role == Role.SERVER) {
                    rig.peer.expectEnd();
                }
                rig.peer.close();
                assertTrue(closing.get());
                assertEquals(writers.get(0).get() + writers.get(1).get(), received);
                rig.expectSame(rig.readToTheEnd());
                rig.expectAllGivenBack();
            }
        }
    }

    @ParameterizedTest(name = "CC-08 close, abort, idle timeout and the peer''s Close at once, {0}")
    @Sides
    void oneEndHoweverManyEndIt(Side side) throws Exception {
        Random random = new Random(0x6455);
        for (int round = 0; round < 60; round++) {
            try (Rig rig = new Rig(side)) {
                Rig.Task<Rig.End> reading = rig.read();
                rig.awaitRead();
                List<Rig.Work> all = new ArrayList<>(List.of(
                        () -> rig.connection.close(),
                        () -> rig.connection.close(new CloseCode(4000), "why"),
                        () -> rig.clock.advance(Duration.ofMinutes(5).plusSeconds(2)),
                        () -> rig.peer.sendClose(1001, ""),
                        () -> rig.peer.shutdownOutput(),
                        rig.connection::abort));
                Collections.shuffle(all, random);
                List<Rig.Work> some = all.subList(0, 2 + random.nextInt(4));
                CyclicBarrier gate = new CyclicBarrier(some.size());
                List<Rig.Task<Boolean>> tasks = new ArrayList<>();
                for (Rig.Work work : some) {
                    tasks.add(Rig.go(() -> {
                        gate.await();
                        try {
                            work.run();
                        } catch (IOException _) {
                            // The peer may find its transport closed.
                        }
                    }));
                }
                Rig.await(
                        () -> rig.connection.state() != ConnectionState.OPEN || !rig.isOpen(),
                        () -> "nothing ended it");
                rig.peer.close();
                for (Rig.Task<Boolean> task : tasks) {
                    assertTrue(task.get());
                }
                rig.expectClosed();
                Optional<CloseStatus> status = rig.connection.closeStatus();
                Rig.End end = rig.end(reading);
                rig.expectSame(end);
                rig.expectAllGivenBack();
                rig.expectSame(end);
                assertEquals(status, rig.connection.closeStatus());
                if (end.failure().isEmpty()) {
                    assertTrue(status.orElseThrow().code().isClean(), "a clean end with " + status);
                }
            }
        }
    }

    private interface OverSockets {
        void run(Rig rig, WebSocketConnection connection, SocketChannel far) throws Exception;
    }

    private static void overSockets(OverSockets test) throws Exception {
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
                test.run(rig, connection, far);
                connection.abort();
                assertEquals(ConnectionState.CLOSED, connection.state());
                assertEquals(Optional.of(CloseStatus.LOST), connection.closeStatus());
                assertFalse(near.isOpen());
                assertThrows(ConnectionClosedException.class, () -> connection.writeText("late"));
                rig.connection.abort();
                rig.expectAllGivenBack();
            }
        }
    }

    @Test
    @DisplayName(
            "CC-13 interrupting a thread that waits in a read ends the read; the connection goes on, nothing is lost")
    void interruptedReadEndsTheReadAlone() throws Exception {
        overSockets((rig, connection, far) -> {
            Rig.Task<Boolean> reading = Rig.start(() -> {
                assertThrows(InterruptedCallException.class, connection::readMessage);
                return Thread.currentThread().isInterrupted();
            });
            reading.awaitParked();
            rig.neighbours.echo();
            reading.thread.interrupt();
            assertTrue(reading.get(), "the interrupt flag is kept");
            assertEquals(ConnectionState.OPEN, connection.state());
            ByteBuffer frame = ByteBuffer.wrap(
                    Frame.text("still here").withMaskingKey(0x37fa213d).encode());
            while (frame.hasRemaining()) {
                far.write(frame);
            }
            assertEquals(
                    "still here",
                    Objects.requireNonNull(connection.readMessage()).text());
        });
    }

    @Test
    @DisplayName("CC-14 interrupting a thread that waits in a write ends the wait; its message and others arrive whole")
    void interruptedWriteEndsTheWaitAlone() throws Exception {
        byte[] large = new byte[8 << 20];
        overSockets((rig, connection, far) -> {
            Rig.Task<Boolean> writing = Rig.start(() -> {
                assertThrows(InterruptedCallException.class, () -> connection.writeBinary(large));
                Arrays.fill(large, (byte) 9); // The caller's again.
                return Thread.currentThread().isInterrupted();
            });
            Rig.await(() -> connection.sender().output().bytesWritten() > 0, () -> "nothing was written");
            writing.awaitParked();
            Rig.Task<Boolean> other = Rig.go(() -> connection.writeText("other"));
            other.awaitParked();
            rig.neighbours.echo();
            writing.thread.interrupt();
            assertTrue(writing.get(), "the interrupt flag is kept");
            assertEquals(ConnectionState.OPEN, connection.state());
            ByteBuffer got = ByteBuffer.allocate(10 + large.length + 2 + "other".length());
            while (got.hasRemaining()) {
                assertTrue(far.read(got) > 0);
            }
            assertTrue(other.get());
            for (int i = 10; i < 10 + large.length; i++) {
                assertEquals(0, got.get(i), "a byte that the caller wrote later");
            }
        });
    }

    @ParameterizedTest(name = "CC-21 abort while a reader and two writers block, {0}")
    @Sides(
            of = Face.PULL,
            because = "a write to a listener's connection does not block; BackpressureTest has its peers")
    void abortReleasesEverybodyAtOnce(Side side) throws Exception {
        TransportPair pair = TransportPair.builder().capacity(100).build();
        try (Rig rig = new Rig(side, ConnectionOptions.defaults(), pair)) {
            Rig.Task<Rig.End> reading = rig.read();
            rig.transport().awaitBlockedReader();
            Rig.Task<Boolean> writing = Rig.go(() -> rig.connection.writeBinary(new byte[1000]));
            rig.transport().awaitBlockedWriter();
            Rig.Task<Boolean> waiting = Rig.go(() -> rig.connection.writeBinary(new byte[100_000]));
            waiting.awaitParked();
            rig.connection.abort();
            ConnectionClosedException _ = writing.failure(ConnectionClosedException.class);
            ConnectionClosedException _ = waiting.failure(ConnectionClosedException.class);
            Rig.End end = rig.end(reading);
            String message = end.failure(ConnectionClosedException.class).getMessage();
            assertTrue(String.valueOf(message).contains("aborted on this side"), message);
            rig.expectSame(end);
            rig.expectAllGivenBack();
        }
    }
}

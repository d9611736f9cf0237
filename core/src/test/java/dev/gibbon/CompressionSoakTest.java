// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.connection.WebSocketConnection;
import dev.gibbon.deflate.Corpus;
import dev.gibbon.deflate.DeflateAgreement;
import dev.gibbon.deflate.DeflateAgreement.Direction;
import dev.gibbon.deflate.MessageDeflater;
import dev.gibbon.deflate.ZlibPool;
import dev.gibbon.loop.LoopEngine;
import dev.gibbon.spi.Transport;
import dev.gibbon.testkit.Frame;
import dev.gibbon.testkit.ScriptedPeer;
import dev.gibbon.testkit.Splitter;
import dev.gibbon.testkit.TransportPair;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Compressed connections that come, talk, and leave in every way there is, and that stay and say nothing (PM-19,
 * PM-21): in the end no zlib object is out, and none is left. A few hundred of each;
 * {@code -Dgibbon.soak.connections=10000} makes it as many.
 */
@Timeout(value = 20, unit = TimeUnit.MINUTES)
class CompressionSoakTest {
    private static final int CONNECTIONS = Integer.getInteger("gibbon.soak.connections", 300);

    /** At once, so that neither threads nor descriptors run out. */
    private static final int SIDE_BY_SIDE = 32;

    /** Between them the neighbours talk. */
    private static final int ROUND = 100;

    /** What pools keep, by their own account: compressors, and decompressors. */
    private static final int MOST_KEPT = 2 * (2 * Runtime.getRuntime().availableProcessors() + 4);

    private static final DeflateAgreement BOUNDED =
            new DeflateAgreement(new Direction(true, 15, 12), new Direction(true, 12));

    private static final List<DeflateAgreement> AGREEMENTS =
            List.of(CompressionScene.TAKEOVER, CompressionScene.NO_TAKEOVER, BOUNDED);

    private static final PermessageDeflate LIVE =
            CompressionScene.OPTIONS.toBuilder().liveStreams(true).build();

    /** How a connection comes to its end. */
    private enum Leave {
        CLEANLY {
            @Override
            void leave(Visit visit) throws Exception {
                visit.peer.sendClose(1000, "");
                visit.peer.expectClose(1000);
            }
        },
        BY_OUR_CLOSE {
            @Override
            void leave(Visit visit) throws Exception {
                Rig.Task<Boolean> closing = Rig.go(visit.connection::close);
                visit.peer.expectClose(1000);
                visit.peer.sendClose(1000, "");
                visit.peer.close(); // A client waits for that (RFC 6455 §7.1.1).
                assertTrue(closing.get());
            }
        },
        BY_OUR_ABORT {
            @Override
            void leave(Visit visit) {
                visit.connection.abort();
            }
        },
        BETWEEN_MESSAGES {
            @Override
            void leave(Visit visit) throws Exception {
                visit.reset();
            }
        },
        IN_A_MESSAGE {
            @Override
            void leave(Visit visit) throws Exception {
                visit.peer.send(visit.half());
                visit.reset();
            }
        },
        IN_A_MESSAGE_BY_OUR_ABORT {
            @Override
            void leave(Visit visit) throws Exception {
                visit.peer.send(visit.half());
                visit.connection.abort();
            }
        },
        IN_A_MESSAGE_AT_THE_END_OF_THE_STREAM {
            @Override
            void leave(Visit visit) throws Exception {
                visit.peer.send(visit.half());
                visit.peer.shutdownOutput();
            }
        },
        IN_A_MESSAGE_CLEANLY {
            @Override
            void leave(Visit visit) throws Exception {
                visit.peer.send(visit.half(), Frame.close(1000, ""));
                visit.peer.expectClose(1000);
            }
        },
        IN_A_FRAME {
            @Override
            void leave(Visit visit) throws Exception {
                Frame whole = visit.half();
                boolean masked = visit.side.role() == Role.SERVER;
                byte[] frame = (masked ? whole.withMaskingKey(0x01020304) : whole).encode();
                visit.peer.sendRaw(Arrays.copyOf(frame, frame.length / 2));
                visit.peer.shutdownOutput();
            }
        },
        WITH_CORRUPT_DATA {
            @Override
            void leave(Visit visit) throws Exception {
                visit.peer.send(CompressionScene.compressed(Frame.BINARY, new byte[] {7}));
                visit.peer.expectClose(1007);
            }
        },
        WITH_CORRUPT_DATA_IN_A_MESSAGE {
            @Override
            void leave(Visit visit) throws Exception {
                visit.peer.send(visit.half(), Frame.continuation(new byte[20]));
                visit.peer.expectClose(1007);
            }
        },
        WITH_TEXT_THAT_IS_NONE {
            @Override
            void leave(Visit visit) throws Exception {
                visit.sendCompressed(Frame.TEXT, new byte[] {'a', (byte) 0xFF, 'b', 'c'});
                visit.peer.expectClose(1007);
            }
        },
        WITH_A_BOMB {
            @Override
            void leave(Visit visit) throws Exception {
                visit.peer.send(CompressionScene.compressed(Frame.BINARY, BOMB));
                visit.peer.expectClose(1009);
            }
        },
        WITH_EMPTY_FINAL_BLOCKS {
            @Override
            void leave(Visit visit) throws Exception {
                byte[] blocks = new byte[1000];
                for (int i = 0; i < blocks.length; i += 2) {
                    blocks[i] = 3;
                }
                visit.peer.send(CompressionScene.compressed(Frame.BINARY, blocks));
                visit.peer.expectClose(1008);
            }
        },
        WHILE_WE_STREAM {
            @Override
            void leave(Visit visit) throws Exception {
                MessageWriter writer = visit.connection.nextWriter(MessageType.TEXT);
                writer.write("begun");
                writer.flush();
                visit.peer.expectFrame();
                visit.reset();
                visit.expectCut(writer);
            }
        },
        WHILE_WE_STREAM_BY_OUR_ABORT {
            @Override
            void leave(Visit visit) throws Exception {
                MessageWriter writer = visit.connection.nextWriter(MessageType.TEXT);
                writer.write("begun");
                visit.connection.abort();
                visit.expectCut(writer);
            }
        };

        abstract void leave(Visit visit) throws Exception;
    }

    private static final byte[] BOMB = CompressionScene.zeros(2);

    /** One connection from beginning to end. */
    private static final class Visit {
        final Side side;
        final WebSocketConnection connection;
        final ScriptedPeer peer;
        private final Transport far;
        private final MessageDeflater deflater;
        private final CompressionScene.Reading reading;
        private final Random random;

        Visit(LoopEngine engine, ZlibPool peersPool, int number) throws IOException {
            List<Side> sides = Side.all();
            this.random = new Random(number);
            this.side = sides.get(number % sides.size());
            int more = number / sides.size() / Leave.values().length;
            DeflateAgreement agreement = AGREEMENTS.get(more % AGREEMENTS.size());
            Role role = side.role();
            Transport near;
            if (side.face() == Face.LOOP) {
                LoopEnd.Pair ends = LoopEnd.pair(Splitter.whole());
                near = ends.near();
                far = ends.far();
            } else {
                TransportPair ends = TransportPair.create();
                near = ends.end(role);
                far = ends.end(role.peer());
            }
            connection = CompressionScene.open(
                    engine,
                    near,
                    role,
                    agreement,
                    more % 4 == 0 ? LIVE : CompressionScene.OPTIONS,
                    ConnectionOptions.defaults());
            peer = ScriptedPeer.over(far, role.peer()).allowRsv1();
            deflater = new MessageDeflater(peersPool, agreement.incoming(role), false);
            reading = new CompressionScene.Reading(peer, agreement.outgoing(role));
            if (side.face() == Face.PULL) {
                Thread _ = Thread.startVirtualThread(this::echo);
            } else {
                connection.listen(new CompressionScene.Echo());
            }
        }

        private void echo() {
            try {
                for (Message m = connection.readMessage(); m != null; m = connection.readMessage()) {
                    connection.writeMessage(m);
                }
            } catch (IOException _) {
                // Most leave like this.
            }
        }

        void reset() throws IOException {
            if (far instanceof LoopEnd socket) {
                socket.reset();
            } else {
                peer.reset();
            }
        }

        void talk() throws IOException {
            for (int i = 0; i < 3; i++) {
                byte[] plain = Corpus.json(random, 200 + random.nextInt(1000));
                sendCompressed(Frame.BINARY, plain);
                assertTrue(Arrays.equals(plain, reading.next()));
            }
            assertEquals(3, reading.compressed());
        }

        void sendCompressed(int opcode, byte[] plain) throws IOException {
            peer.send(CompressionScene.compressed(opcode, CompressionScene.deflated(deflater, plain)));
        }

        /** {@return the first frame of a message that is cut somewhere} */
        Frame half() {
            byte[] payload = CompressionScene.deflated(deflater, Corpus.json(random, 2000));
            return CompressionScene.compressed(
                            Frame.TEXT, Arrays.copyOf(payload, 1 + random.nextInt(payload.length / 2)))
                    .withFin(false);
        }

        /** Until it is closed, a writer holds its buffer; its zlib object has gone back. */
        void expectCut(MessageWriter writer) {
            expectClosed();
            assertThrows(WebSocketException.class, writer::close);
        }

        void expectClosed() {
            Rig.await(() -> connection.state() == ConnectionState.CLOSED, () -> side + " is " + connection.state());
        }

        void end() throws IOException {
            peer.close();
            deflater.close();
        }
    }

    /** Both roles by every face, with and without takeover, with compressors that are kept and such that are not. */
    @Test
    void whoeverLeavesHoweverLeavesNothingBehind() throws Exception {
        LoopEngine engine = LoopEngine.onSystem(2);
        ZlibPool pool = engine.zlib(CompressionScene.OPTIONS.level());
        ZlibPool peersPool = new ZlibPool(1, SIDE_BY_SIDE);
        Semaphore free = new Semaphore(SIDE_BY_SIDE);
        for (int from = 0; from < CONNECTIONS; from += ROUND) {
            List<Rig.Task<Boolean>> round = new ArrayList<>();
            for (int number = from; number < Math.min(CONNECTIONS, from + ROUND); number++) {
                int mine = number;
                free.acquire();
                round.add(Rig.go(() -> {
                    try {
                        visit(engine, peersPool, mine);
                    } finally {
                        free.release();
                    }
                }));
            }
            for (Rig.Task<Boolean> visit : round) {
                assertTrue(visit.get());
            }
            try (CompressionScene control = new CompressionScene(Side.all().get(from / ROUND % 6))) {
                control.expectAllGivenBack();
            }
            Rig.await(() -> pool.leased() == 0, () -> pool.leased() + " zlib objects are out");
            assertTrue(pool.live() <= MOST_KEPT, pool.live() + " native handles");
        }
        Rig.await(() -> engine.connections().isEmpty(), () -> "left over: " + engine.connections());
        Rig.await(() -> engine.buffers().leased() == 0, () -> engine.buffers().leased() + " buffers are out");
        engine.end();
        assertEquals(0, pool.live(), "native handles are left");
        assertEquals(0, peersPool.leased());
    }

    private static void visit(LoopEngine engine, ZlibPool peersPool, int number) throws Exception {
        Leave leave = Leave.values()[number / Side.all().size() % Leave.values().length];
        Visit visit = new Visit(engine, peersPool, number);
        try {
            visit.talk();
            leave.leave(visit);
        } catch (Exception | AssertionError e) {
            throw new AssertionError(visit.side + " " + leave + " " + number, e);
        } finally {
            visit.end();
        }
        visit.expectClosed();
    }

    /** PM-21: both ends are ours, so there are twice as many. */
    @Test
    void idleConnectionsHoldNoZlibStateHoweverManyThereAre() throws Exception {
        LoopEngine engine = LoopEngine.onSystem(2);
        ZlibPool pool = engine.zlib(CompressionScene.OPTIONS.level());
        List<WebSocketConnection> servers = new ArrayList<>();
        List<WebSocketConnection> clients = new ArrayList<>();
        byte[] plain = Corpus.json(new Random(21), 600);
        for (int i = 0; i < CONNECTIONS; i++) {
            TransportPair pair = TransportPair.builder().capacity(1024).build();
            DeflateAgreement agreement = AGREEMENTS.get(i % AGREEMENTS.size());
            ConnectionOptions options = ConnectionOptions.defaults();
            WebSocketConnection server = CompressionScene.open(engine, pair.server(), Role.SERVER, agreement, options);
            WebSocketConnection client = CompressionScene.open(engine, pair.client(), Role.CLIENT, agreement, options);
            server.listen(new CompressionScene.Echo());
            servers.add(server);
            clients.add(client);
            for (int times = 0; times < 2; times++) {
                client.writeBinary(plain);
                assertTrue(Arrays.equals(
                        plain, Objects.requireNonNull(client.readMessage()).bytes()));
            }
        }
        Rig.await(() -> pool.leased() == 0, () -> pool.leased() + " zlib objects are out");
        assertTrue(pool.live() > 0 && pool.live() <= MOST_KEPT, pool.live() + " native handles");
        assertEquals(2 * CONNECTIONS, engine.connections().size());
        Rig.await(() -> engine.buffers().leased() == 0, () -> engine.buffers().leased() + " buffers are out");
        for (int i = 0; i < CONNECTIONS; i++) {
            if (i % 2 == 0) {
                clients.get(i).close();
            } else {
                servers.get(i).abort();
                clients.get(i).abort();
            }
        }
        Rig.await(
                () -> engine.connections().isEmpty(), () -> engine.connections().size() + " are left over");
        assertEquals(0, pool.leased());
        engine.end();
        assertEquals(0, pool.live(), "native handles are left");
    }

    /** Connections that are idle, in the middle of a message, or have compressors of their own when the server goes. */
    @Test
    void serverThatShutsDownEndsAllZlibObjects() throws Exception {
        PermessageDeflate options = PermessageDeflate.builder()
                .thresholdBytes(0)
                .serverMaxWindowBits(15)
                .liveStreams(true)
                .build();
        Upgrader keeping = Upgrader.builder().permessageDeflate(options).build();
        Upgrader usual =
                Upgrader.builder().permessageDeflate(CompressionScene.OPTIONS).build();
        Dialer dialer =
                Dialer.builder().permessageDeflate(CompressionScene.OPTIONS).build();
        int connections = Math.min(CONNECTIONS / 5, 3000); // A descriptor on either side.
        try (WebSocketServer server = WebSocketServer.builder()
                .bind("localhost", 0)
                .shutdownTimeout(Duration.ofMillis(300))
                .handle("/keeping", exchange -> keeping.upgrade(exchange).listen(new CompressionScene.Echo()))
                .handle("/usual", exchange -> usual.upgrade(exchange).listen(new CompressionScene.Echo()))
                .handle("/pull", exchange -> {
                    try (Connection ws = usual.upgrade(exchange)) {
                        for (Message m = ws.readMessage(); m != null; m = ws.readMessage()) {
                            ws.writeMessage(m);
                        }
                    }
                })
                .start()) {
            ZlibPool pool = server.side().engine().zlib(1);
            List<Connection> clients = new ArrayList<>();
            List<String> paths = List.of("keeping", "usual", "pull");
            int unfinished = 0;
            for (int i = 0; i < connections; i++) {
                URI uri = URI.create("ws://localhost:" + server.port() + "/" + paths.get(i % paths.size()));
                Connection ws = dialer.dial(uri);
                clients.add(ws);
                String text = new String(Corpus.json(new Random(i), 500), StandardCharsets.US_ASCII);
                ws.writeText(text);
                assertEquals(text, Objects.requireNonNull(ws.readMessage()).text());
                if (i % 10 < 3) {
                    MessageWriter writer = ws.nextWriter(MessageType.TEXT);
                    writer.write("begun");
                    writer.flush();
                    unfinished++;
                }
            }
            int inMessages = unfinished;
            int kept = (connections + 2) / 3;
            Rig.await(() -> pool.leased() == inMessages + kept, () -> pool.leased() + " zlib objects are out");
            assertEquals(inMessages, dialer.engine().zlib(1).leased());
            server.close();
            Rig.await(() -> pool.leased() == 0, () -> pool.leased() + " zlib objects are out");
            assertEquals(0, pool.live(), "native handles are left");
            for (Connection ws : clients) {
                ws.abort();
            }
            Rig.await(() -> dialer.engine().zlib(1).leased() == 0, () -> "the dialer's are out");
        }
    }
}

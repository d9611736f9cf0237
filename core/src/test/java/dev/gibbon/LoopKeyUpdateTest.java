// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.connection.LoopGuard;
import dev.gibbon.connection.WebSocketConnection;
import dev.gibbon.spi.Transport;
import dev.gibbon.support.BufferPool;
import dev.gibbon.testkit.Splitter;
import dev.gibbon.transport.LoopTransport;
import dev.gibbon.transport.TlsEngines;
import dev.gibbon.transport.TlsTransport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A TLS 1.3 peer that asks for new keys (RFC 8446 §4.6.3) on a connection that an event loop serves. */
@Timeout(300)
class LoopKeyUpdateTest {
    /** A record's header, a KeyUpdate, its type, what the JDK adds, and the tag. */
    private static final int KEY_UPDATE_RECORD = 5 + 5 + 1 + 16 + 16;

    private static final int KERNEL_BYTES = 4096;

    private static SSLContext context;

    @BeforeAll
    static void makeCertificate(@TempDir Path directory) throws Exception {
        context = TestTls.context(directory);
    }

    /** A connection on the rig's loop and, over sockets that hold little, the TLS client at its other end. */
    private record Scene(
            LoopEnd.Pair ends,
            SSLEngine clientEngine,
            TlsTransport client,
            BufferPool pool,
            WebSocketConnection server) {
        static Scene of(Rig rig, ConnectionOptions options) throws Exception {
            LoopEnd.Pair ends = LoopEnd.pair(Splitter.whole(), KERNEL_BYTES);
            SSLEngine engine = TlsEngines.client(context, "localhost", 443);
            BufferPool pool = new BufferPool(8);
            TlsTransport client = new TlsTransport(ends.far(), engine, pool);
            TlsTransport server = new TlsTransport(ends.near(), TlsEngines.server(context), rig.engine.buffers());
            Rig.Task<Boolean> shaking = Rig.start(client::handshake);
            assertTrue(server.handshake());
            assertTrue(shaking.get());
            return new Scene(ends, engine, client, pool, rig.open(server, Role.SERVER, options));
        }

        void end(Rig rig) throws Exception {
            client.close();
            rig.connection.abort();
            Rig.End _ = rig.end(rig.read());
            rig.expectAllGivenBack();
            assertEquals(0, pool.leased());
        }
    }

    @Test
    void echoedMessagesSurviveKeyUpdatesWhileTheOutputIsBlocked() throws Exception {
        int count = 300;
        try (Rig rig = new Rig(new Side(Face.LOOP, Role.SERVER))) {
            ConnectionOptions options = ConnectionOptions.builder()
                    .maxQueuedBytes(200_000, QueuePolicy.BLOCK)
                    .build();
            Scene scene = Scene.of(rig, options);
            WebSocketConnection client = rig.open(scene.client(), Role.CLIENT, ConnectionOptions.defaults());
            Probe echo = new Probe(new Probe.Script() {
                @Override
                void message(Connection connection, MessageView message) throws IOException {
                    connection.writeMessage(message);
                }
            });
            scene.server().listen(echo);
            byte[][] messages = new byte[count][];
            Random random = new Random(3);
            for (int i = 0; i < count; i++) {
                messages[i] = new byte[random.nextInt(20_000)];
                random.nextBytes(messages[i]);
            }
            Rig.Task<Boolean> sending = Rig.go(() -> {
                for (byte[] message : messages) {
                    scene.clientEngine().beginHandshake(); // The next record is a KeyUpdate that asks for one.
                    client.writeBinary(message);
                }
            });
            Rig.await(() -> scene.server().queuedBytes() > 100_000, () -> "its output is not blocked");
            for (byte[] message : messages) {
                assertArrayEquals(message, client.readMessage().bytes());
            }
            assertTrue(sending.get());
            client.close();
            assertTrue(echo.awaitEnd().failure().isEmpty());
            scene.end(rig);
        }
    }

    /** Few bytes wait in TLS, many in the sender, too: then the next of them take the answer along. */
    @ParameterizedTest
    @ValueSource(ints = {40_000, 8 << 20})
    void keyUpdateThatComesWhileTheOutputIsBlockedIsAnsweredThoughNobodyWritesAnyMore(int waiting) throws Exception {
        try (Rig rig = new Rig(new Side(Face.LOOP, Role.SERVER))) {
            ConnectionOptions options = ConnectionOptions.builder()
                    .maxQueuedBytes(64 << 20, QueuePolicy.BLOCK) // So much that it reads on.
                    .build();
            Scene scene = Scene.of(rig, options);
            CountDownLatch heard = new CountDownLatch(1);
            scene.server().listen(new Probe(new Probe.Script() {
                @Override
                void message(Connection connection, MessageView message) {
                    heard.countDown();
                }
            }));
            scene.server().writeBinary(new byte[waiting]);
            assertTrue(scene.server().sender().output().blocked());
            askForKeys(scene);
            assertTrue(heard.await(Rig.SECONDS, TimeUnit.SECONDS));
            expectAnswer(scene.ends().far());
            scene.end(rig);
        }
    }

    /** A transport over {@code under} that a test can hold up. */
    private static class Over implements LoopTransport {
        final LoopTransport under;

        Over(LoopTransport under) {
            this.under = under;
        }

        @Override
        public Optional<SocketChannel> enterLoop() throws IOException {
            return under.enterLoop();
        }

        @Override
        public boolean flush() throws IOException {
            return under.flush();
        }

        @Override
        public boolean buffersInput() {
            return under.buffersInput();
        }

        @Override
        public int read(ByteBuffer dst) throws IOException {
            return under.read(dst);
        }

        @Override
        public int read(ByteBuffer dst, Duration timeout) throws IOException {
            return under.read(dst, timeout);
        }

        @Override
        public long write(ByteBuffer[] srcs, int offset, int length) throws IOException {
            return under.write(srcs, offset, length);
        }

        @Override
        public void shutdownOutput() throws IOException {
            under.shutdownOutput();
        }

        @Override
        public void close() throws IOException {
            under.close();
        }
    }

    /**
     * The socket fills up, and the answer waits in TLS, after another thread has flushed and before the sender knows.
     */
    @Test
    void answerLeavesThoughAnotherThreadHasJustFlushed() throws Exception {
        try (Rig rig = new Rig(new Side(Face.LOOP, Role.SERVER))) {
            AtomicBoolean full = new AtomicBoolean();
            CountDownLatch flushed = new CountDownLatch(1);
            CountDownLatch goOn = new CountDownLatch(1);
            LoopEnd.Pair ends = LoopEnd.pair(Splitter.whole());
            SSLEngine engine = TlsEngines.client(context, "localhost", 443);
            BufferPool pool = new BufferPool(8);
            TlsTransport client = new TlsTransport(ends.far(), engine, pool);
            Over socket = new Over(ends.near()) {
                @Override
                public long write(ByteBuffer[] srcs, int offset, int length) throws IOException {
                    return full.get() ? 0 : super.write(srcs, offset, length);
                }
            };
            TlsTransport tls = new TlsTransport(socket, TlsEngines.server(context), rig.engine.buffers());
            Rig.Task<Boolean> shaking = Rig.start(client::handshake);
            assertTrue(tls.handshake());
            assertTrue(shaking.get());
            Over near = new Over(tls) {
                @Override
                public boolean flush() throws IOException {
                    boolean all = super.flush();
                    if (all && !LoopGuard.isLoopThread() && full.compareAndSet(false, true)) {
                        flushed.countDown();
                        Rig.await(() -> goOn.getCount() == 0, () -> "held up");
                    }
                    return all;
                }
            };
            WebSocketConnection server = rig.open(near, Role.SERVER, ConnectionOptions.defaults());
            Scene scene = new Scene(ends, engine, client, pool, server);
            CountDownLatch heard = new CountDownLatch(1);
            Probe probe = new Probe(new Probe.Script() {
                @Override
                void message(Connection connection, MessageView message) {
                    heard.countDown();
                }
            });
            server.listen(probe);
            Thread _ = probe.thread.get(Rig.SECONDS, TimeUnit.SECONDS);
            Rig.Task<Boolean> writing = Rig.go(() -> server.writeText("from another thread"));
            assertTrue(flushed.await(Rig.SECONDS, TimeUnit.SECONDS));
            askForKeys(scene);
            assertTrue(heard.await(Rig.SECONDS, TimeUnit.SECONDS));
            rig.awaitLoop();
            goOn.countDown();
            assertTrue(writing.get());
            full.set(false);
            expectAnswer(ends.far());
            scene.end(rig);
        }
    }

    /** Sends a KeyUpdate and behind it a masked text message. */
    private static void askForKeys(Scene scene) throws IOException {
        scene.clientEngine().beginHandshake();
        ByteBuffer[] frame = {ByteBuffer.wrap(new byte[] {(byte) 0x81, (byte) 0x82, 0, 0, 0, 0, 'h', 'i'})};
        while (frame[0].hasRemaining()) {
            long _ = scene.client().write(frame, 0, 1);
        }
    }

    /** Reads records, without decrypting them, until one comes that is as long as a KeyUpdate. */
    private static void expectAnswer(Transport raw) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(1 << 16);
        while (true) {
            assertTrue(raw.read(bytes, Duration.ofSeconds(Rig.SECONDS)) > 0, "no answer came");
            bytes.flip();
            while (bytes.remaining() >= 5) {
                int length = 5 + bytes.getShort(bytes.position() + 3);
                if (length == KEY_UPDATE_RECORD) {
                    return;
                }
                if (bytes.remaining() < length) {
                    break;
                }
                bytes.position(bytes.position() + length);
            }
            bytes.compact();
        }
    }
}

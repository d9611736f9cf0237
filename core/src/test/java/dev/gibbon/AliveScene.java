// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.connection.Compression;
import dev.gibbon.connection.RequestContext;
import dev.gibbon.connection.SecureMaskingKeys;
import dev.gibbon.connection.WebSocketConnection;
import dev.gibbon.deflate.DeflateAgreement;
import dev.gibbon.deflate.MessageDeflater;
import dev.gibbon.deflate.ZlibPool;
import dev.gibbon.loop.EventLoop;
import dev.gibbon.loop.LoopEngine;
import dev.gibbon.spi.Transport;
import dev.gibbon.testkit.Frame;
import dev.gibbon.testkit.ManualClock;
import dev.gibbon.testkit.ScriptedPeer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/** A connection of any kind that nobody needs to read, and its peer; on an engine that all of a test class share. */
final class AliveScene implements AutoCloseable {
    /** What the scenes of a class share; its time stands still until a test moves it. */
    static final class Shared implements AutoCloseable {
        final ManualClock clock = new ManualClock();
        final LoopEngine engine = new LoopEngine(clock, new SecureMaskingKeys(), 1);
        private final SSLContext context;

        Shared(Path directory) throws Exception {
            context = TestTls.context(directory);
        }

        SSLContext context() {
            return context;
        }

        /** Ends the loop's thread, which would wait for a second of a time that stands still. */
        @Override
        public void close() throws Exception {
            Rig.endLoop(engine.loops().next(), clock);
            engine.end();
        }
    }

    private final boolean compressed;
    private final CompressionScene.Reading reading;
    private final @Nullable MessageDeflater deflater;
    private final ZlibPool peersPool = new ZlibPool(6, 1);
    private final Transport far;
    final LoopEngine engine;
    final ManualClock clock;
    final WebSocketConnection connection;
    final ScriptedPeer peer;

    AliveScene(Shared shared, Across across) throws Exception {
        this(shared, across, ConnectionOptions.defaults());
    }

    AliveScene(Shared shared, Across across, ConnectionOptions options) throws Exception {
        this.compressed = across.compressed();
        this.engine = shared.engine;
        this.clock = shared.clock;
        Across.Ends ends = across.open(shared.context());
        far = ends.far();
        DeflateAgreement agreement = CompressionScene.TAKEOVER;
        PermessageDeflate deflate = CompressionScene.OPTIONS;
        connection = WebSocketConnection.open(
                engine,
                ends.near().apply(engine),
                across.role(),
                options,
                Optional.empty(),
                compressed ? new Compression(deflate, agreement, "permessage-deflate") : null,
                ByteBuffer.allocate(0),
                RequestContext.NONE);
        peer = ScriptedPeer.over(far, across.role().peer());
        if (compressed) {
            ScriptedPeer _ = peer.allowRsv1();
        }
        deflater = compressed ? new MessageDeflater(peersPool, agreement.incoming(across.role()), false) : null;
        reading = new CompressionScene.Reading(peer, agreement.outgoing(across.role()));
    }

    /** {@return the frame of a message of the peer, compressed if that was agreed on} */
    Frame frame(int opcode, byte[] payload) {
        MessageDeflater codec = deflater;
        return codec == null
                ? Frame.of(opcode, payload)
                : CompressionScene.compressed(opcode, CompressionScene.deflated(codec, payload));
    }

    /** Has the peer send a text. */
    void sendText(String text) throws IOException {
        peer.send(frame(Frame.TEXT, text.getBytes(StandardCharsets.UTF_8)));
    }

    /** Gives up waiting for a reader of the messages before a Close frame, once that has come. */
    void advanceOnceTheEndWaits() {
        Rig.awaitEndThatWaits(connection);
        clock.advance(Rig.FOR_READER);
    }

    /** {@return what the peer puts on the wire for a message} */
    byte[] wire(int opcode, byte[] payload) {
        Frame frame = frame(opcode, payload);
        return (connection.role() == Role.SERVER ? frame.withMaskingKey(0x37fa213d) : frame).encode();
    }

    /** Has the peer get a text. */
    void expectText(String text) {
        assertEquals(text, reading.nextText());
    }

    /** {@return the next message that the peer gets} */
    byte[] expectMessage() {
        return reading.next();
    }

    /** Reads a text here. */
    void read(String text) throws IOException {
        assertEquals(text, Objects.requireNonNull(connection.readMessage()).text());
    }

    /** Checks that all that there is to say still gets through, both ways. */
    void expectAlive() throws IOException {
        assertEquals(ConnectionState.OPEN, connection.state());
        peer.sendPing(new byte[] {1, 2, 3});
        peer.expectPong(new byte[] {1, 2, 3});
        connection.writeText("to the peer");
        expectText("to the peer");
        sendText("from the peer");
        read("from the peer");
    }

    void expectState(ConnectionState state) {
        Rig.await(() -> connection.state() == state, () -> "the connection is " + connection.state());
    }

    /** Lets the peer go, and checks that nothing of the connection is left over, read or not. */
    void expectAllGivenBack() throws Exception {
        peer.close();
        assertTrue(connection.lifecycle().awaitClosed(Duration.ofSeconds(Rig.SECONDS)));
        Rig.await(() -> engine.connections().isEmpty(), () -> "left over: " + engine.connections());
        Rig.await(() -> engine.buffers().leased() == 0, () -> engine.buffers().leased() + " buffers are out");
        Rig.await(() -> engine.readAheadBytes() == 0, () -> engine.readAheadBytes() + " bytes wait for nobody");
        ZlibPool pool = engine.zlib(CompressionScene.OPTIONS.level());
        Rig.await(() -> pool.leased() == 0, () -> pool.leased() + " zlib objects are out");
        EventLoop loop = engine.loops().next();
        Rig.await(() -> loop.assemblies().leased() == 0, () -> "bytes are put together for nobody");
    }

    /** {@return how many bytes of buffers the loop has out for messages that are put together} */
    long leasedAssemblies() {
        return engine.loops().next().assemblies().leased();
    }

    /** Asks on the loop's thread. */
    <T> T onLoop(Callable<T> question) throws Exception {
        FutureTask<T> task = new FutureTask<>(question);
        engine.loops().next().execute(task);
        return task.get(Rig.SECONDS, TimeUnit.SECONDS);
    }

    @Override
    public void close() throws IOException {
        connection.abort();
        far.close();
        Rig.await(() -> !engine.connections().contains(connection), () -> "left over: " + connection);
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.connection.Compression;
import dev.gibbon.connection.WebSocketConnection;
import dev.gibbon.deflate.CodecStatus;
import dev.gibbon.deflate.DeflateAgreement;
import dev.gibbon.deflate.DeflateAgreement.Direction;
import dev.gibbon.deflate.FlushMode;
import dev.gibbon.deflate.MessageDeflater;
import dev.gibbon.deflate.StrictInflater;
import dev.gibbon.deflate.ZlibPool;
import dev.gibbon.loop.LoopEngine;
import dev.gibbon.spi.Transport;
import dev.gibbon.testkit.Frame;
import dev.gibbon.testkit.ScriptedPeer;
import dev.gibbon.testkit.TransportPair;
import dev.gibbon.transport.ChannelTransport;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A connection that agreed on permessage-deflate, on any face, the scripted peer that treats it badly, and on the same
 * engine a neighbour that compresses too and must not notice.
 */
final class CompressionScene implements AutoCloseable {
    /** Takeover both ways, the largest windows. */
    static final DeflateAgreement TAKEOVER = new DeflateAgreement(new Direction(true, 15), new Direction(true, 15));

    static final DeflateAgreement NO_TAKEOVER =
            new DeflateAgreement(new Direction(false, 15), new Direction(false, 15));

    /** What a sender cuts off (RFC 7692 §7.2.1). */
    private static final byte[] TAIL = {0, 0, (byte) 0xFF, (byte) 0xFF};

    /** Every message is compressed, however short. */
    static final PermessageDeflate OPTIONS =
            PermessageDeflate.builder().thresholdBytes(0).build();

    final LoopEngine engine = LoopEngine.onSystem(1);
    final ZlibPool pool = engine.zlib(OPTIONS.level());
    final Role role;
    final WebSocketConnection connection;
    final ScriptedPeer peer;
    final LinkedBlockingQueue<Message> messages = new LinkedBlockingQueue<>();
    final CompletableFuture<Optional<WebSocketException>> end = new CompletableFuture<>();

    /** What the peer compresses with. */
    final ZlibPool peersPool = new ZlibPool(6, 1);

    private final WebSocketConnection neighbour;
    private final WebSocketConnection neighboursPeer;
    private int neighbours;

    CompressionScene(Side side) throws IOException {
        this(side, TAKEOVER);
    }

    CompressionScene(Side side, DeflateAgreement agreement) throws IOException {
        this(side, agreement, OPTIONS, ConnectionOptions.defaults());
    }

    CompressionScene(Side side, DeflateAgreement agreement, PermessageDeflate deflate, ConnectionOptions options)
            throws IOException {
        this.role = side.role();
        Transport[] ends = ends(side.face(), role);
        connection = open(engine, ends[0], role, agreement, deflate, options);
        peer = ScriptedPeer.over(ends[1], role.peer()).allowRsv1();
        Transport[] beside = ends(side.face(), Role.SERVER);
        neighbour = open(engine, beside[0], Role.SERVER, TAKEOVER, ConnectionOptions.defaults());
        neighboursPeer = open(LoopEngine.onSystem(1), beside[1], Role.CLIENT, TAKEOVER, ConnectionOptions.defaults());
        neighbour.listen(new Echo());
        neighbourEchoes();
        if (side.face() == Face.PULL) {
            Thread _ = Thread.startVirtualThread(this::readToTheEnd);
        } else {
            connection.listen(new Recorder());
        }
    }

    /** {@return our end and the peer's, of what the face can be served over} */
    private static Transport[] ends(Face face, Role role) throws IOException {
        if (face == Face.LOOP) {
            return sockets();
        }
        TransportPair pair = TransportPair.create();
        return new Transport[] {pair.end(role), pair.end(role.peer())};
    }

    /** {@return both ends of a TCP connection on the loopback: what an event loop can serve} */
    static Transport[] sockets() throws IOException {
        try (ServerSocketChannel listening = ServerSocketChannel.open()) {
            ServerSocketChannel _ = listening.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            return new Transport[] {
                new ChannelTransport(SocketChannel.open(listening.getLocalAddress())),
                new ChannelTransport(listening.accept())
            };
        }
    }

    static WebSocketConnection open(
            LoopEngine engine, Transport transport, Role role, DeflateAgreement agreement, ConnectionOptions options) {
        return open(engine, transport, role, agreement, OPTIONS, options);
    }

    static WebSocketConnection open(
            LoopEngine engine,
            Transport transport,
            Role role,
            DeflateAgreement agreement,
            PermessageDeflate deflate,
            ConnectionOptions options) {
        Compression compression = new Compression(deflate, agreement, "permessage-deflate");
        return engine.open(transport, role, options, Optional.empty(), compression, ByteBuffer.allocate(0));
    }

    private void readToTheEnd() {
        try {
            for (Message m = connection.readMessage(); m != null; m = connection.readMessage()) {
                messages.add(m);
            }
            end.complete(Optional.empty());
        } catch (WebSocketException e) {
            end.complete(Optional.of(e));
        } catch (IOException | RuntimeException e) {
            end.completeExceptionally(e);
        }
    }

    private final class Recorder implements Listener {
        @Override
        public void onText(Connection ws, MessageView message) {
            messages.add(message.toMessage());
        }

        @Override
        public void onBinary(Connection ws, MessageView message) {
            messages.add(message.toMessage());
        }

        @Override
        public void onClose(Connection ws, CloseStatus status) {
            end.complete(Optional.empty());
        }

        @Override
        public void onFailure(Connection ws, WebSocketException failure) {
            end.complete(Optional.of(failure));
        }
    }

    static final class Echo implements Listener {
        @Override
        public void onText(Connection ws, MessageView message) throws IOException {
            ws.writeMessage(message);
        }

        @Override
        public void onBinary(Connection ws, MessageView message) throws IOException {
            ws.writeMessage(message);
        }
    }

    /** {@return a compressor as the peer has one} */
    MessageDeflater peersDeflater(boolean takeover) {
        return new MessageDeflater(peersPool, new Direction(takeover, 15), false);
    }

    /** {@return the payload that says this, whether or not it is shorter} */
    static byte[] deflated(MessageDeflater deflater, byte[] plain) {
        ByteBuffer out = ByteBuffer.allocate(plain.length + plain.length / 8 + 64);
        ByteBuffer in = ByteBuffer.wrap(plain);
        while (deflater.deflate(in, FlushMode.LAST, out) != CodecStatus.ENDED) {
            // In steps.
        }
        byte[] payload = new byte[out.flip().remaining()];
        out.get(payload);
        return payload;
    }

    /** {@return a payload that says so many MiB of zeros, made without going through all of them} */
    static byte[] zeros(int mebibytes) {
        MessageDeflater once = new MessageDeflater(new ZlibPool(6, 1), NO_TAKEOVER.client(), false);
        byte[] one = deflated(once, new byte[1 << 20]);
        byte[] unit = Arrays.copyOf(one, one.length + TAIL.length);
        System.arraycopy(TAIL, 0, unit, one.length, TAIL.length);
        byte[] all = new byte[mebibytes * unit.length];
        for (int at = 0; at < all.length; at += unit.length) {
            System.arraycopy(unit, 0, all, at, unit.length);
        }
        return Arrays.copyOf(all, all.length - TAIL.length);
    }

    static Frame compressed(int opcode, byte[] payload) {
        return Frame.of(opcode, payload).withRsv(true, false, false);
    }

    /** {@return what decodes strictly the messages that the connection sends, which keep to {@code agreement}} */
    Reading reading(DeflateAgreement agreement) {
        return new Reading(peer, agreement.outgoing(role));
    }

    /** Messages as a peer reads them that takes nothing on trust. */
    static final class Reading {
        private final ScriptedPeer peer;
        private final StrictInflater inflater;
        private final Direction terms;
        private int compressed;
        private int payloadBytes;

        Reading(ScriptedPeer peer, Direction terms) {
            this.peer = peer;
            this.terms = terms;
            this.inflater = new StrictInflater(terms.windowBits(), terms.contextTakeover());
        }

        byte[] next() {
            Frame frame = peer.expectFrame();
            boolean inflate = frame.rsv1();
            ByteArrayOutputStream payload = new ByteArrayOutputStream();
            payload.writeBytes(frame.unmasked().payload());
            while (!frame.fin()) {
                frame = peer.expectFrame();
                assertFalse(frame.rsv1(), "RSV1 is on the first frame alone");
                payload.writeBytes(frame.unmasked().payload());
            }
            compressed += inflate ? 1 : 0;
            payloadBytes = payload.size();
            return inflate ? inflater.message(payload.toByteArray()) : payload.toByteArray();
        }

        String nextText() {
            return new String(next(), StandardCharsets.UTF_8);
        }

        /** {@return how many messages were compressed} */
        int compressed() {
            return compressed;
        }

        /** {@return how many bytes the last one took} */
        int payloadBytes() {
            return payloadBytes;
        }

        /** Checks that something was referred to from far away, so that the window was put to the test. */
        void expectWindowUsed() {
            int window = 1 << terms.windowBits();
            assertTrue(inflater.farthest() > window / 4, "the farthest distance was " + inflater.farthest());
        }
    }

    Message next() throws InterruptedException {
        Message message = messages.poll(10, TimeUnit.SECONDS);
        if (message == null) {
            throw new AssertionError("no message came; the end: " + end);
        }
        return message;
    }

    void neighbourEchoes() {
        String text = "the neighbour says the same again and again, number " + ++neighbours;
        try {
            neighboursPeer.writeText(text);
            @Nullable Message echo = neighboursPeer.readMessage();
            assertEquals(text, echo == null ? "" : echo.text());
        } catch (IOException e) {
            throw new AssertionError("the neighbour was disturbed", e);
        }
    }

    /** Waits for the Close frame that a broken rule must bring, and for everything to be given back. */
    <T extends WebSocketException> T expectRefused(int code, Class<T> kind) throws Exception {
        assertEquals("", peer.expectClose(code), "our words stay off the wire");
        peer.expectEnd();
        peer.close(); // Or the connection lingers, and tells a listener only after that.
        T failure = assertInstanceOf(
                kind, end.get(60, TimeUnit.SECONDS).orElseThrow(() -> new AssertionError("the end was clean")));
        expectAllGivenBack();
        return failure;
    }

    void expectAllGivenBack() throws Exception {
        peer.close();
        neighbourEchoes();
        Rig.await(() -> connection.state() == ConnectionState.CLOSED, () -> "the connection is " + connection.state());
        Rig.await(() -> pool.leased() == 0, () -> pool.leased() + " zlib objects are out");
        neighboursPeer.close();
        Rig.await(() -> engine.buffers().leased() == 0, () -> engine.buffers().leased() + " buffers are out");
        engine.end();
        assertEquals(0, pool.live(), "native handles are left");
    }

    @Override
    public void close() throws IOException {
        connection.abort();
        neighbour.abort();
        neighboursPeer.abort();
        peer.close();
    }
}

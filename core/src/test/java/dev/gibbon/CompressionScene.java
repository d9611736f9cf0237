// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import dev.gibbon.extension.PermessageDeflate;
import dev.gibbon.extension.deflate.DeflateAgreement;
import dev.gibbon.extension.deflate.DeflateAgreement.Direction;
import dev.gibbon.extension.deflate.FlushMode;
import dev.gibbon.extension.deflate.MessageDeflater;
import dev.gibbon.extension.deflate.ZlibPool;
import dev.gibbon.internal.ChannelTransport;
import dev.gibbon.testkit.Frame;
import dev.gibbon.testkit.ScriptedPeer;
import dev.gibbon.testkit.TransportPair;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A connection that agreed on permessage-deflate, on any face, the scripted peer that treats it badly, and on the same engine a
 * neighbour that compresses too and must not notice.
 */
final class CompressionScene implements AutoCloseable {
    enum Face {
        PULL,
        LISTENER_THREAD,
        LOOP
    }

    /** Takeover both ways, the largest windows. */
    static final DeflateAgreement TAKEOVER = new DeflateAgreement(new Direction(true, 15), new Direction(true, 15));

    static final DeflateAgreement NO_TAKEOVER =
            new DeflateAgreement(new Direction(false, 15), new Direction(false, 15));

    /** Every message is compressed, however short. */
    static final PermessageDeflate OPTIONS =
            PermessageDeflate.builder().thresholdBytes(0).build();

    final Engine engine = Engine.onSystem(1);
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

    CompressionScene(Face face, Role role, DeflateAgreement agreement, ConnectionOptions options) throws IOException {
        this.role = role;
        Transport ours;
        Transport theirs;
        if (face == Face.LOOP) {
            Transport[] both = sockets();
            ours = both[0];
            theirs = both[1];
        } else {
            TransportPair pair = TransportPair.create();
            ours = pair.end(role);
            theirs = pair.end(role.peer());
        }
        connection = open(engine, ours, role, agreement, options);
        peer = ScriptedPeer.over(theirs, role.peer()).allowRsv1();
        TransportPair beside = TransportPair.create();
        neighbour = open(engine, beside.server(), Role.SERVER, TAKEOVER, ConnectionOptions.defaults());
        neighboursPeer = open(Engine.onSystem(1), beside.client(), Role.CLIENT, TAKEOVER, ConnectionOptions.defaults());
        neighbour.listen(new Echo());
        neighbourEchoes();
        if (face == Face.PULL) {
            Thread _ = Thread.startVirtualThread(this::readToTheEnd);
        } else {
            connection.listen(new Recorder());
        }
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
            Engine engine, Transport transport, Role role, DeflateAgreement agreement, ConnectionOptions options) {
        Compression compression = new Compression(OPTIONS, agreement, "permessage-deflate");
        return WebSocketConnection.open(
                engine, transport, role, options, Optional.empty(), compression, ByteBuffer.allocate(0));
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
        while (deflater.deflate(in, FlushMode.LAST, out) != dev.gibbon.extension.deflate.CodecStatus.ENDED) {
            // In steps.
        }
        byte[] payload = new byte[out.flip().remaining()];
        out.get(payload);
        return payload;
    }

    static Frame compressed(int opcode, byte[] payload) {
        return Frame.of(opcode, payload).withRsv(true, false, false);
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
                kind, end.get(10, TimeUnit.SECONDS).orElseThrow(() -> new AssertionError("the end was clean")));
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

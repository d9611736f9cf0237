// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.handshake.HttpStatus;
import dev.gibbon.internal.ChannelTransport;
import dev.gibbon.internal.http.HeadParser;
import dev.gibbon.internal.http.HeadWriter;
import dev.gibbon.internal.http.HttpHeadException;
import dev.gibbon.internal.http.RequestHead;
import dev.gibbon.internal.http.ResponseHead;
import dev.gibbon.internal.http.ValidRequest;
import dev.gibbon.spi.UpgradeReply;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * An accepted transport of a server with listener routes, until its first request is there: an acceptable opening
 * handshake on such a route is answered right here, on the loop that will serve the connection. Anything else, refusals
 * too, goes to an {@link HttpConnection} with the bytes that came, as on a server without such routes. Loop's thread
 * only, unless a method says otherwise.
 */
final class LoopHandshake implements EventLoop.Ready, OpenTransport {
    private static final int USUAL_HEAD_BYTES = 512;

    private final WebSocketServer server;
    private final SelectorLoop loop;
    private final SocketChannel channel;
    private final ChannelTransport transport;
    private final HeadParser<RequestHead> parser;
    private final TimeSource.Timer deadline;

    /** The bytes of the request so far. */
    private byte[] head = new byte[USUAL_HEAD_BYTES];

    private int headBytes;
    private @Nullable SelectionKey key;

    LoopHandshake(WebSocketServer server, SelectorLoop loop, SocketChannel channel, ChannelTransport transport) {
        this.server = server;
        this.loop = loop;
        this.channel = channel;
        this.transport = transport;
        this.parser = HeadParser.ofRequest(server.headLimits());
        this.deadline = server.engine().time().schedule(server.handshakeTimeout(), this::abort);
    }

    /**
     * Begins to wait for the request. Any thread.
     *
     * @throws IllegalStateException if the loop cannot start
     */
    void start() {
        loop.start();
        loop.execute(() -> {
            try {
                key = loop.register(channel, SelectionKey.OP_READ, this);
            } catch (ClosedChannelException _) {
                leave(); // The server stops.
            }
        });
    }

    @Override
    public boolean isIdle() {
        return true;
    }

    /** Any thread. */
    @Override
    public void abort() {
        try {
            transport.close();
        } catch (IOException e) {
            server.log().debug("close failed", e);
        }
        leave();
    }

    /** Any thread. */
    private void leave() {
        deadline.cancel();
        server.ended(this);
    }

    @Override
    public void broken(Throwable defect) {
        abort();
    }

    @Override
    public void ready(int operations) {
        ByteBuffer in = loop.receiveBuffer();
        try {
            int n = transport.read(in);
            if (n < 0) {
                abort();
            } else if (n > 0) {
                accept(in.flip());
            }
        } catch (IOException e) {
            server.log().debug("client left", e);
            abort();
        }
    }

    private void accept(ByteBuffer in) throws IOException {
        int n = in.remaining();
        if (headBytes + n > head.length) {
            head = Arrays.copyOf(head, Math.max(2 * head.length, headBytes + n));
        }
        in.get(head, headBytes, n);
        ByteBuffer news = ByteBuffer.wrap(head, headBytes, n);
        headBytes += n;
        try {
            if (parser.feed(news)) {
                answer(ValidRequest.of(parser.head()), news);
            }
        } catch (HttpHeadException e) {
            handOver(); // There it fails again, and is answered.
        }
    }

    private void answer(ValidRequest request, ByteBuffer leftover) throws IOException {
        ListenerRoute route = server.listenerRoute(request.target().path());
        if (route == null) {
            handOver();
            return;
        }
        UpgradeReply reply;
        long wholeBytes;
        try {
            wholeBytes = route.listener().wholeMessageBytes();
            reply = route.upgrader().reply(request.openingRequest(false), Headers.of());
        } catch (RuntimeException | Error e) { // Code of the application, which is asked again there.
            server.log().debug("an origin policy or a listener threw on a loop", e);
            handOver();
            return;
        }
        switch (reply) {
            case UpgradeReply.Refused _ -> handOver();
            case UpgradeReply.Accepted accepted -> {
                try (Opening opening = Opening.of(accepted)) {
                    WebSocketConnection connection = open(route, opening, leftover);
                    connection.listen(route.listener(), wholeBytes);
                }
            }
        }
    }

    private WebSocketConnection open(ListenerRoute route, Opening opening, ByteBuffer leftover) throws IOException {
        ByteBuffer reply = ByteBuffer.wrap(
                HeadWriter.bytes(new ResponseHead("HTTP/1.1", 101, HttpStatus.text(101), opening.headers())));
        long _ = transport.write(new ByteBuffer[] {reply}, 0, 1);
        if (reply.hasRemaining()) {
            throw new IOException("a fresh socket did not take " + reply.limit() + " bytes");
        }
        deadline.cancel();
        RequestContext context = new RequestContext(route.pattern(), null, null);
        Carrier carrier = new Carrier(transport, driven -> new ChannelDriver(loop, channel, driven));
        return server.open(this, opening, carrier, leftover, context);
    }

    /** Leaves everything to a virtual thread, which may give the connection back to this very loop. */
    private void handOver() {
        SelectionKey registered = key;
        if (registered == null) {
            throw new IllegalStateException("not on a loop yet");
        }
        loop.leave(registered, this::handOverNow);
    }

    private void handOverNow() {
        try {
            channel.configureBlocking(true);
        } catch (IOException e) {
            server.log().debug("client left", e);
            abort();
            return;
        }
        deadline.cancel();
        server.handOver(
                this,
                transport,
                ByteBuffer.wrap(Arrays.copyOf(head, Math.max(headBytes, HttpConnection.BUFFER_BYTES)), 0, headBytes));
    }
}

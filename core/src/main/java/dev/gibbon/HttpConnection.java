// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.handshake.HandshakeOutcome;
import dev.gibbon.internal.http.HeadParser;
import dev.gibbon.internal.http.HttpHeadException;
import dev.gibbon.internal.http.RequestHead;
import dev.gibbon.internal.http.ValidRequest;
import dev.gibbon.spi.Transport;
import dev.gibbon.spi.UpgradeReply;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * One accepted transport of the embedded server, from its first byte to its upgrade or its end: reads a request head,
 * has it answered, and only then reads the next. Runs on a virtual thread of its own.
 */
final class HttpConnection implements Runnable, OpenTransport {
    /** Most heads fit; larger ones take more reads. Small, since it waits with every client that has sent nothing. */
    static final int BUFFER_BYTES = 1024;

    /** How long and how much to read on after a refusal, so that it is not lost to a reset. */
    private static final Duration LINGER = Duration.ofSeconds(1);

    private static final int LINGER_BYTES = 64 * 1024;
    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    /** What this connection is about; once it has upgraded it stays with its last answer. */
    private enum State {
        READING,
        ANSWERING
    }

    private final WebSocketServer server;
    private final Transport transport;
    private final boolean secure;

    /** Whether there were enough connections without this one, which only gets to hear so. */
    private final boolean overLimit;

    // Own thread only.
    private ByteBuffer in;

    private volatile TimeSource.@Nullable Timer deadline;
    private volatile @Nullable Thread thread;
    private volatile State state = State.READING;
    private volatile boolean timedOut;

    HttpConnection(WebSocketServer server, Transport transport, boolean secure, boolean overLimit) {
        this(
                server,
                transport,
                secure,
                overLimit,
                ByteBuffer.allocate(BUFFER_BYTES).flip());
    }

    /** One whose first bytes have come; {@code begun} is its buffer from now on. */
    HttpConnection(WebSocketServer server, Transport transport, boolean secure, boolean overLimit, ByteBuffer begun) {
        this.in = begun;
        this.overLimit = overLimit;
        this.server = server;
        this.transport = transport;
        this.secure = secure;
    }

    Transport transport() {
        return transport;
    }

    Refusals refusals() {
        return server.engine().refusals();
    }

    /** {@return the run of a handler on the calling thread} */
    HandlerRun newRun() {
        return new HandlerRun(server.engine().time());
    }

    boolean isSecure() {
        return secure;
    }

    @Override
    public boolean isIdle() {
        return state == State.READING;
    }

    @Override
    public void abort() {
        closeTransport();
        Thread running = thread;
        if (running != null) {
            running.interrupt();
        }
    }

    @Override
    public void run() {
        thread = Thread.currentThread();
        boolean upgraded = false;
        try {
            armDeadline();
            ServerExchange exchange;
            do {
                exchange = serveOne();
            } while (exchange != null && exchange.keepAlive() && !overLimit && !server.isShuttingDown());
            upgraded = exchange != null && exchange.connection() != null;
            if (!upgraded && exchange != null) {
                linger();
            }
        } catch (HttpHeadException e) {
            refuse(e);
        } catch (IOException e) {
            server.log().debug("client left", e);
        } finally {
            disarmDeadline();
            if (!upgraded) {
                closeTransport();
                server.ended(this);
            }
            thread = null;
        }
    }

    /** Reads and answers one request; null if the client left instead of sending one. */
    private @Nullable ServerExchange serveOne() throws IOException, HttpHeadException {
        // No local here holds the head: this frame lives as long as the WebSocket does.
        ServerExchange exchange = readRequest();
        if (exchange == null) {
            return null;
        }
        state = State.ANSWERING;
        handle(exchange);
        if (exchange.keepAlive()) {
            state = State.READING;
            armDeadline();
        }
        return exchange;
    }

    private @Nullable ServerExchange readRequest() throws IOException, HttpHeadException {
        RequestHead head = readHead();
        if (head == null) {
            return null;
        }
        if (overLimit) {
            refusals().log("request refused with 503", "maxConnections are open", transport.peerAddress());
        }
        ValidRequest request = ValidRequest.of(head);
        return new ServerExchange(this, request, server.match(request.target().path(), overLimit));
    }

    private void handle(ServerExchange exchange) throws IOException {
        Throwable thrown = run(exchange);
        boolean _ = Thread.interrupted(); // Meant for the handler; it would end the closing handshake.
        WebSocketConnection connection = exchange.connection();
        if (connection != null) {
            connection.handlerEnded(thrown);
            return;
        }
        if (thrown != null && exchange.isOwnEnd(thrown)) {
            server.log().debug("request refused, or its client gone", thrown);
            return;
        }
        if (thrown != null) {
            server.log().applicationThrew("a handler", exchange, thrown);
        } else if (!exchange.answered()) {
            server.log().warn("a handler returned without an answer; " + exchange, null);
        }
        if (!exchange.answered()) {
            exchange.respond(500, "text/plain", "500 Internal Server Error\n");
        }
    }

    /** {@return what the handler threw; null if it returned} */
    private static @Nullable Throwable run(ServerExchange exchange) {
        try {
            exchange.handle();
            return null;
        } catch (Exception | Error e) { // The application's: anything may come, and only this connection may suffer.
            return e;
        }
    }

    private @Nullable RequestHead readHead() throws IOException, HttpHeadException {
        HeadParser<RequestHead> parser = HeadParser.ofRequest(server.headLimits());
        while (!parser.feed(in)) {
            in.clear();
            int n = -1;
            try {
                n = transport.read(in);
            } finally {
                in.flip();
            }
            if (n < 0) {
                return null;
            }
        }
        return parser.head();
    }

    /** Opens the WebSocket; what came behind the request is its first input. */
    WebSocketConnection open(Opening opening, RequestContext request) {
        disarmDeadline();
        ByteBuffer leftover = in;
        in = NOTHING;
        return server.open(this, opening, Carrier.of(server.engine(), transport), leftover, request);
    }

    /**
     * Refuses an answer that comes too late.
     *
     * @throws IOException if the transport has been dropped for that
     */
    void requireInTime() throws IOException {
        if (timedOut) {
            throw new IOException("the handler has not answered within the handshake timeout of "
                    + server.handshakeTimeout() + ", and the transport was dropped");
        }
    }

    void write(ByteBuffer... buffers) throws IOException {
        try {
            writeAll(buffers);
        } catch (IOException e) {
            if (timedOut) {
                throw new IOException(
                        "the client has not taken the answer within the handshake timeout of "
                                + server.handshakeTimeout(),
                        e);
            }
            throw e;
        }
    }

    private void writeAll(ByteBuffer... buffers) throws IOException {
        int next = 0;
        while (next < buffers.length) {
            if (!buffers[next].hasRemaining()) {
                next++;
            } else if (transport.write(buffers, next, buffers.length - next) == 0) {
                throw new IOException("a blocking transport took no byte");
            }
        }
    }

    /** A malformed or oversized head. */
    private void refuse(HttpHeadException e) {
        try {
            String reason = String.valueOf(e.getMessage());
            UpgradeReply.Refused refusal =
                    HandshakeOutcome.Refused.of(e.status(), reason).toReply();
            write(Refusals.bytes(refusals().reply(refusal, transport.peerAddress())));
            linger();
        } catch (IOException gone) {
            server.log().debug("client left", gone);
        }
    }

    /** Ends our direction and reads on for a moment: closing over unread bytes would reset what was just sent. */
    private void linger() throws IOException {
        TimeSource.Timer timer = server.engine().time().schedule(LINGER, this::closeTransport);
        try {
            transport.shutdownOutput();
            ByteBuffer sink = ByteBuffer.allocate(BUFFER_BYTES);
            int budget = LINGER_BYTES;
            int n = 0;
            while (n >= 0 && budget > 0) {
                n = transport.read(sink.clear());
                budget -= n;
            }
        } finally {
            timer.cancel();
        }
    }

    private void armDeadline() {
        disarmDeadline();
        deadline = server.engine().time().schedule(server.handshakeTimeout(), this::timeOut);
    }

    private void timeOut() {
        timedOut = true;
        closeTransport();
    }

    private void disarmDeadline() {
        TimeSource.Timer timer = deadline;
        if (timer != null) {
            timer.cancel();
            deadline = null;
        }
    }

    private void closeTransport() {
        try {
            transport.close();
        } catch (IOException e) {
            server.log().debug("close failed", e);
        }
    }
}

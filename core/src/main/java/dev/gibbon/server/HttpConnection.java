// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.server;

import dev.gibbon.Headers;
import dev.gibbon.Listener;
import dev.gibbon.TimeSource;
import dev.gibbon.Upgrader;
import dev.gibbon.connection.Carrier;
import dev.gibbon.connection.Driver;
import dev.gibbon.connection.Ending;
import dev.gibbon.connection.HoldUp;
import dev.gibbon.connection.Refusals;
import dev.gibbon.connection.RequestContext;
import dev.gibbon.connection.WebSocketConnection;
import dev.gibbon.handshake.HandshakeOutcome;
import dev.gibbon.handshake.HttpStatus;
import dev.gibbon.http.HeadParser;
import dev.gibbon.http.HeadWriter;
import dev.gibbon.http.HttpHeadException;
import dev.gibbon.http.RequestHead;
import dev.gibbon.http.ResponseHead;
import dev.gibbon.http.ValidRequest;
import dev.gibbon.spi.UpgradeReply;
import dev.gibbon.transport.Stream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * One accepted transport of the embedded server, from its first byte to its upgrade or its end, with TLS and
 * without. A loop reads a request's head; only when it is whole a virtual thread starts, has it answered, and ends,
 * and only then the next is read. So what is slow to come costs no thread. An acceptable opening handshake on the
 * route of a {@link Listener} is answered on the loop itself. In a turn only, unless a method says otherwise.
 */
public final class HttpConnection implements Driver.Driven, Ending.Side {
    /** What one read brings at most: it is kept while a request is answered that came with more. */
    private static final int READ_BYTES = 8 * 1024;

    /** How often a stream that buffers input is read in one turn before others get theirs. */
    private static final int READS_PER_TURN = 16;

    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    /** What this connection is about. */
    private enum State {
        READING,
        ANSWERING,
        ENDING,
        /** Another has the transport: a WebSocket. */
        UPGRADED,
        GONE
    }

    private final HttpSide server;
    private final Carrier carrier;
    private final Stream stream;
    private final boolean secure;

    /** Whether there were enough connections without this one, which only gets to hear so. */
    private final boolean overLimit;

    private final Driver driver;
    private final HttpOutput output;
    private final AnswerDeadline deadline;
    private final Ending ending;

    /** Of the head that has begun. */
    private @Nullable HeadParser<RequestHead> parser;

    /** What came behind the request that is being answered. */
    private ByteBuffer held = NOTHING;

    /** How much may still come and be thrown away. */
    private long discardable;

    private TimeSource.@Nullable Timer linger;

    /** An upgrade whose answer has not left yet. */
    private @Nullable Opening upgrading;

    /** In the names of its threads, and of the WebSocket that it may become. */
    private final long id;

    private volatile State state = State.READING;
    private volatile @Nullable Thread handlerThread;

    public HttpConnection(HttpSide server, Carrier carrier, boolean secure, boolean overLimit) {
        this.server = server;
        this.id = server.engine().nextId();
        this.carrier = carrier;
        this.stream = carrier.stream();
        this.secure = secure;
        this.overLimit = overLimit;
        this.driver = carrier.driver(this);
        this.output = new HttpOutput(stream, driver, this::settle);
        this.deadline = new AnswerDeadline(server.engine().time(), server.handshakeTimeout(), this::timeOut);
        this.ending = new Ending(this, stream);
    }

    /** Begins to wait for a request. Any thread. */
    public void start() {
        deadline.arm();
        driver.execute(() -> {
            try {
                driver.start();
                settle();
            } catch (IOException e) {
                lost(e); // The server stops.
            }
        });
    }

    // ---- Any thread

    HttpSide server() {
        return server;
    }

    Stream stream() {
        return stream;
    }

    long id() {
        return id;
    }

    boolean isSecure() {
        return secure;
    }

    /** {@return the answer to an opening handshake that came by this transport} */
    UpgradeReply reply(Upgrader upgrader, ValidRequest request, Headers extra) {
        return server.reply(upgrader, request.openingRequest(secure), extra);
    }

    Refusals refusals() {
        return server.engine().refusals();
    }

    /** {@return whether no request is being answered, so that nothing is lost by closing the transport} */
    public boolean isIdle() {
        return state == State.READING;
    }

    /** Ends it whatever it does. */
    public void abort() {
        closeTransport();
        server.ended(this);
        Thread running = handlerThread;
        if (running != null) {
            running.interrupt();
        }
        driver.execute(this::terminate);
    }

    private void timeOut() {
        closeTransport();
        output.end();
        driver.execute(() -> {
            if (state != State.ANSWERING) { // Otherwise the handler's end is this one's.
                terminate();
            }
        });
    }

    private void closeTransport() {
        try {
            stream.close();
        } catch (IOException e) {
            server.log().debug("close failed", e);
        }
    }

    // ---- Turns

    @Override
    public void ready(boolean readable, boolean writable) {
        try {
            if (writable && !isOver()) {
                output.push();
            }
            if (state == State.READING || state == State.ENDING) {
                read();
            }
            settle();
        } catch (IOException e) {
            lost(e);
        }
    }

    /** {@return whether the transport is gone or another's} */
    private boolean isOver() {
        return state == State.UPGRADED || state == State.GONE;
    }

    @Override
    public void endOfTurn() {}

    @Override
    public void flushEarly() {}

    @Override
    public void broken(Throwable defect) {
        if (!isOver()) {
            terminate();
        }
    }

    private void read() throws IOException {
        for (int left = READS_PER_TURN; state == State.READING || state == State.ENDING; left--) {
            if (left == 0) {
                driver.again();
                return;
            }
            ByteBuffer in = driver.workspace().receiveBuffer();
            int n = stream.read(in.limit(READ_BYTES));
            if (n < 0) {
                ending.inputEnded(new EOFException("the client ended the stream"));
                return;
            }
            if (state == State.ENDING) {
                discard(n);
            } else if (n > 0) {
                accept(in.flip());
            }
            if (n == 0 || !stream.buffersInput()) {
                return;
            }
        }
    }

    private void discard(int n) {
        discardable -= n;
        if (discardable < 0) {
            terminate();
        }
    }

    private void accept(ByteBuffer in) {
        HeadParser<RequestHead> begun = parser;
        if (begun == null) { // Not before there is a byte: a client that says nothing costs little.
            begun = HeadParser.ofRequest(server.headLimits());
            parser = begun;
        }
        try {
            if (begun.feed(in)) {
                parser = null;
                held = in.hasRemaining()
                        ? ByteBuffer.allocate(in.remaining()).put(in).flip()
                        : NOTHING;
                answer(ValidRequest.of(begun.head()));
            }
        } catch (HttpHeadException e) { // Malformed or too long.
            String reason = String.valueOf(e.getMessage());
            UpgradeReply.Refused refusal =
                    HandshakeOutcome.Refused.of(e.status(), reason).toReply();
            output.queue(() -> {}, Refusals.bytes(refusals().reply(refusal, stream.peerAddress(), "")));
            ending.begin();
        }
    }

    /** Looks, after everything that may have changed it, what to wait for. */
    private void settle() {
        if (isOver()) {
            return;
        }
        if (state == State.ENDING) {
            ending.step();
        }
        if (!isOver()) {
            driver.interest(state == State.READING || state == State.ENDING, !output.allSent() || flushes());
        }
    }

    /** {@return whether the stream itself has something to send, as TLS has in its handshake} */
    private boolean flushes() {
        if (state != State.READING) {
            return false;
        }
        try {
            return !stream.flush();
        } catch (IOException e) {
            lost(e);
            return false;
        }
    }

    // ---- A request

    private void answer(ValidRequest request) {
        String path = request.target().path();
        HttpRoutes.Found found = server.find(request.head().method(), path, overLimit);
        boolean onLoop = found.filters().isEmpty(); // A filter may block.
        if (onLoop && found.handler() instanceof ListenerRoute route && upgrades(route, request)) {
            return;
        }
        if (overLimit) {
            refusals().log("request refused with 503", "maxConnections are open", stream.peerAddress(), path);
        }
        state = State.ANSWERING;
        ServerExchange exchange = new ServerExchange(this, request, found);
        Thread thread = Thread.ofVirtual().name("gibbon-http-" + id).unstarted(exchange::run);
        handlerThread = thread;
        thread.start();
    }

    /**
     * {@return whether it becomes a listener's WebSocket} A refusal, and what the application throws, is for a
     * thread.
     */
    private boolean upgrades(ListenerRoute route, ValidRequest request) {
        UpgradeReply reply;
        long wholeBytes;
        HoldUp holdUp = driver.loop().holdUp();
        holdUp.begin(route.listener());
        try {
            wholeBytes = route.listener().wholeMessageBytes();
            reply = reply(route.upgrader(), request, Headers.of());
        } catch (RuntimeException | Error e) {
            // Code of the application, which is asked again there.
            server.log().debug("an origin policy or a listener threw on a loop", e);
            return false;
        } finally {
            holdUp.end();
        }
        return switch (reply) {
            case UpgradeReply.Refused _ -> false;
            case UpgradeReply.Accepted accepted -> {
                String path = request.target().path();
                upgrade(
                        route,
                        Opening.of(accepted),
                        RequestContext.routed(id, route.pattern(), path, null, null),
                        wholeBytes);
                yield true;
            }
        };
    }

    private void upgrade(ListenerRoute route, Opening opening, RequestContext request, long wholeBytes) {
        state = State.ANSWERING;
        upgrading = opening;
        int status = opening.status();
        byte[] head =
                HeadWriter.bytes(new ResponseHead("HTTP/1.1", status, HttpStatus.text(status), opening.headers()));
        output.queue(() -> open(opening, request).listen(route.listener(), wholeBytes), ByteBuffer.wrap(head));
        push();
    }

    // ---- The handler's thread

    /** It has ended, and this transport has not become a WebSocket. */
    void handlerEnded(ServerExchange exchange) {
        handlerThread = null;
        driver.execute(() -> served(exchange));
    }

    /** Opens the WebSocket; what came behind the request is its first input. A turn does, too. */
    WebSocketConnection open(Opening opening, RequestContext request) {
        state = State.UPGRADED;
        deadline.disarm();
        upgrading = null;
        ByteBuffer leftover = held;
        held = NOTHING;
        return server.open(this, opening, carrier, leftover, request);
    }

    /**
     * Refuses an answer that comes too late.
     *
     * @throws IOException if the transport has been dropped for that
     */
    void requireInTime() throws IOException {
        deadline.requireInTime();
    }

    void write(ByteBuffer... answer) throws IOException {
        try {
            output.write(answer);
        } catch (IOException e) {
            throw deadline.explained(e);
        }
    }

    // ---- Turns, once a request is answered

    private void served(ServerExchange exchange) {
        if (isOver()) {
            return;
        }
        if (deadline.isOver() || !exchange.answered()) { // The client is gone.
            terminate();
            return;
        }
        output.afterAll(() -> next(exchange.keepAlive() && !overLimit && !server.isShuttingDown()));
        settle();
    }

    private void next(boolean another) {
        if (!another) {
            ending.begin();
            return;
        }
        state = State.READING;
        deadline.arm();
        ByteBuffer more = held;
        held = NOTHING;
        if (more.hasRemaining()) {
            accept(more);
        }
        if (state == State.READING && stream.buffersInput()) {
            driver.again();
        }
    }

    // ---- The end

    @Override
    public void push() {
        try {
            output.push();
        } catch (IOException e) {
            lost(e);
        }
    }

    @Override
    public boolean allWritten() {
        push();
        return output.allSent() && !isOver();
    }

    @Override
    public void drain(long most) {
        state = State.ENDING;
        parser = null;
        held = NOTHING;
        discardable = most;
    }

    @Override
    public boolean endsFirst() {
        return true;
    }

    @Override
    public boolean peerIsDone() {
        return false;
    }

    @Override
    public void readAgain() {
        driver.again();
    }

    @Override
    public void lost(IOException why) {
        server.log().debug("client left", why);
        terminate();
    }

    @Override
    public void terminate() {
        if (isOver()) {
            return;
        }
        state = State.GONE;
        deadline.disarm();
        TimeSource.Timer lingering = linger;
        if (lingering != null) {
            lingering.cancel();
        }
        if (upgrading != null) {
            upgrading.close();
            upgrading = null;
        }
        closeTransport();
        output.end();
        ending.gone();
        driver.leave();
        server.ended(this);
    }

    @Override
    public void terminateIn(Duration fromNow) {
        linger = server.engine().time().schedule(fromNow, () -> {
            closeTransport();
            driver.execute(this::terminate);
        });
    }
}

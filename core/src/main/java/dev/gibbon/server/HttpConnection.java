// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.server;

import dev.gibbon.Listener;
import dev.gibbon.TimeSource;
import dev.gibbon.connection.Carrier;
import dev.gibbon.connection.Driver;
import dev.gibbon.connection.Ending;
import dev.gibbon.connection.Refusals;
import dev.gibbon.connection.RequestContext;
import dev.gibbon.connection.WebSocketConnection;
import dev.gibbon.handshake.HandshakeOutcome;
import dev.gibbon.http.HttpHeadException;
import dev.gibbon.http.ValidRequest;
import dev.gibbon.spi.UpgradeReply;
import dev.gibbon.transport.ProxyHeaderException;
import dev.gibbon.transport.Stream;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
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

    /** What this connection is about. */
    private enum State {
        READING,
        ANSWERING,
        /** The body of the request that is being answered. */
        RECEIVING,
        ENDING,
        /** Another has the transport: a WebSocket. */
        UPGRADED,
        GONE
    }

    private final HttpSide server;
    private final Carrier carrier;
    private final Stream stream;
    private final boolean secure;
    private final Entry entry;

    private final Driver driver;
    private final HttpInput input = new HttpInput();
    private final HttpOutput output;
    private final AnswerDeadline deadline;
    private final Ending ending;

    private TimeSource.@Nullable Timer linger;

    /** Whether the client has ended its direction: nothing comes any more. */
    private boolean inputEnded;

    /** An upgrade whose answer has not left yet. */
    private @Nullable Opening upgrading;

    /** In the names of its threads, and of the WebSocket that it may become. */
    private final long id;

    private volatile State state = State.READING;
    private volatile @Nullable Thread handlerThread;

    public HttpConnection(HttpSide server, Carrier carrier, boolean secure, Entry entry) {
        this.server = server;
        this.id = server.engine().nextId();
        this.carrier = carrier;
        this.stream = carrier.stream();
        this.secure = secure;
        this.entry = entry;
        this.driver = carrier.driver(this);
        this.deadline = new AnswerDeadline(server.engine().time(), server.handshakeTimeout(), this::timeOut);
        this.output = new HttpOutput(stream, driver, deadline, this::settle);
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

    Entry entry() {
        return entry;
    }

    HttpSide server() {
        return server;
    }

    HttpInput input() {
        return input;
    }

    HttpOutput output() {
        return output;
    }

    Stream stream() {
        return stream;
    }

    long id() {
        return id;
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
            if (reads()) {
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

    private boolean reads() {
        return !inputEnded && (state == State.READING || state == State.RECEIVING || state == State.ENDING);
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
        for (int left = READS_PER_TURN; reads(); left--) {
            if (left == 0) {
                driver.again();
                return;
            }
            ByteBuffer in = driver.workspace().receiveBuffer();
            int n = stream.read(in.limit(READ_BYTES));
            if (n < 0) {
                inputEnded = true;
                ending.inputEnded(new EOFException("the client ended the stream"));
                return;
            }
            if (n > 0) {
                take(in.flip());
            }
            if (n == 0 || !stream.buffersInput()) {
                return;
            }
        }
    }

    private void take(ByteBuffer in) {
        switch (state) {
            case READING -> accept(in);
            case RECEIVING -> {
                if (input.body(in)) {
                    received();
                }
            }
            case ENDING -> {
                if (!input.discard(in.remaining())) {
                    terminate();
                }
            }
            case ANSWERING, UPGRADED, GONE -> {}
        }
    }

    private void accept(ByteBuffer in) {
        try {
            ValidRequest request = input.head(in, server.headLimits());
            if (request != null) {
                answer(Received.of(request, stream, secure, server.proxies()));
            }
        } catch (HttpHeadException e) { // Malformed or too long.
            UpgradeReply.Refused refusal = HandshakeOutcome.Refused.of(e.status(), String.valueOf(e.getMessage()))
                    .toReply();
            refuse(Refusals.bytes(refusals().reply(refusal, stream.peerAddress(), "")));
        }
    }

    /** The last answer, for which no thread is needed. */
    private void refuse(ByteBuffer... answer) {
        output.queue(() -> {}, answer);
        ending.begin();
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
            driver.interest(reads(), !output.allSent() || flushes());
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

    private void answer(Received received) {
        String path = received.request().target().path();
        UpgradeReply.Refused refusal = server.refusal(entry, received);
        if (refusal != null) {
            refuse(received.refused(refusal, refusals()));
            return;
        }
        HttpRoutes.Found found = server.find(received.request().head().method(), path);
        boolean onLoop = found.filters().isEmpty() && !server.knowsUsers(); // Both may block.
        if (onLoop && found.handler() instanceof ListenerRoute route && upgrades(route, received)) {
            return;
        }
        state = State.ANSWERING;
        ServerExchange exchange = new ServerExchange(this, received, found);
        Thread thread = Thread.ofVirtual().name("gibbon-http-" + id).unstarted(exchange::run);
        handlerThread = thread;
        thread.start();
    }

    /** {@return whether it becomes a listener's WebSocket} */
    private boolean upgrades(ListenerRoute route, Received received) {
        LoopHandshake handshake =
                LoopHandshake.of(route, this, received, driver.loop().holdUp());
        if (handshake == null) {
            return false;
        }
        state = State.ANSWERING;
        upgrading = handshake.opening();
        RequestContext context =
                handshake.context(id, received.request().target().path());
        output.queue(() -> handshake.listen(open(handshake.opening(), context, received.peer())), handshake.head());
        push();
        return true;
    }

    // ---- Its body

    /** Begins to receive a body, which waits for it. The handler's thread. */
    void receive(RequestBody asked) {
        driver.execute(() -> {
            if (isOver()) {
                asked.fail(new EOFException("the client is gone"));
                return;
            }
            state = State.RECEIVING;
            deadline.disarm();
            asked.endIn(server.bodyTimeout(), server.engine().time(), () -> timedOut(asked));
            if (input.begin(asked)) {
                received();
            } else if (stream.buffersInput()) {
                driver.again();
            }
            settle();
        });
    }

    private void timedOut(RequestBody late) {
        driver.execute(() -> {
            if (state == State.RECEIVING && input.isOf(late)) {
                received();
                settle();
            }
        });
    }

    /** From now on there is time for the answer. */
    private void received() {
        state = State.ANSWERING;
        deadline.arm();
        RequestBody over = input.endBody();
        if (over != null) {
            over.complete();
        }
    }

    // ---- The handler's thread

    /** It has ended, and this transport has not become a WebSocket. */
    void handlerEnded(ServerExchange exchange) {
        handlerThread = null;
        driver.execute(() -> served(exchange));
    }

    /** Opens the WebSocket; what came behind the request is its first input. A turn does, too. */
    WebSocketConnection open(Opening opening, RequestContext request, Optional<SocketAddress> peer) {
        peer.ifPresent(stream::speaksFor);
        state = State.UPGRADED;
        deadline.disarm();
        upgrading = null;
        return server.open(this, opening, carrier, input.takeHeld(), request);
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
        output.afterAll(() -> next(exchange.keepAlive() && !server.isShuttingDown()));
        settle();
    }

    private void next(boolean another) {
        if (!another) {
            ending.begin();
            return;
        }
        state = State.READING;
        deadline.arm();
        ByteBuffer more = input.takeHeld();
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
        input.discardAll(most);
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
        if (why instanceof ProxyHeaderException) {
            refusals().log("PROXY header refused", String.valueOf(why.getMessage()), stream.peerAddress(), "");
        }
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
        RequestBody coming = input.endBody();
        if (coming != null) {
            coming.fail(new EOFException("the client is gone"));
        }
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

    /** {@return it by its number, for the log} */
    @Override
    public String toString() {
        return "HTTP connection " + id;
    }
}

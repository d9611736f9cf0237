// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.connection.Carrier;
import dev.gibbon.connection.HandlerRun;
import dev.gibbon.connection.RequestContext;
import dev.gibbon.connection.WebSocketConnection;
import dev.gibbon.loop.Carriers;
import dev.gibbon.loop.LoopEngine;
import dev.gibbon.server.ClientLimits;
import dev.gibbon.server.Hosting;
import dev.gibbon.server.Limits;
import dev.gibbon.server.Opening;
import dev.gibbon.server.ServeRoute;
import dev.gibbon.spi.AsyncStream;
import dev.gibbon.spi.HostLoop;
import dev.gibbon.spi.Transport;
import dev.gibbon.spi.UpgradeReply;
import dev.gibbon.spi.UpgradeRequest;
import dev.gibbon.support.Arguments;
import dev.gibbon.transport.ChannelTransport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What WebSockets share whose requests another server has received: event loops, buffers, a limit and an end. An
 * application makes one for each server and closes it before that server stops; an adapter, which names {@code
 * dev.gibbon.spi} besides, calls {@link #reply}, sends the reply, and calls {@link #open}. For any thread.
 *
 * <pre>{@code
 * switch (host.reply(upgrader, request, Headers.of())) {
 *     case UpgradeReply.Refused refused -> respond(refused.status(), refused.headers(), refused.body());
 *     case UpgradeReply.Accepted accepted -> {
 *         respond(accepted.status(), accepted.headers(), accepted.body());
 *         Connection connection = host.open(accepted, stream, bytesBehindTheHead);
 *         connection.listen(listener); // or host.serve(connection, handler)
 *     }
 * }
 * }</pre>
 */
public final class WebSocketHost implements AutoCloseable {
    private final LoopEngine engine;
    private final Hosting hosting;
    private final int maxConnections;

    private WebSocketHost(Builder from) {
        this.engine = LoopEngine.onSystem(from.loops, from.explainRefusals, from.observers);
        this.hosting = new Hosting(
                engine, from.shutdownTimeout, new ClientLimits(from.perAddress, from.perUser, engine.time()));
        this.maxConnections = from.maxConnections;
    }

    /** {@return a builder that starts from every default} */
    public static Builder builder() {
        return new Builder();
    }

    LoopEngine engine() {
        return engine;
    }

    // ---- From a request to a connection

    /**
     * {@return the answer to a request} Like {@link Upgrader#reply}, but 503 once {@linkplain
     * Builder#maxConnections enough} connections are open or this host {@linkplain #drain drains} or is {@linkplain
     * #close closed}, and 429 if its {@linkplain Builder#limitPerAddress address} or {@linkplain Builder#limitPerUser
     * user} has as much as it may have; and a refusal is noted in the log, each reason once a minute, and {@linkplain
     * Builder#explainRefusals explained} to the client if it is to know. Does not block, unless the {@link
     * OriginPolicy} does.
     *
     * @param upgrader checks the opening handshake
     * @param request what the client sent
     * @param extra fields to add to the reply if the request is accepted, such as Set-Cookie
     * @throws IllegalArgumentException if {@code extra} has a field that the handshake itself sets
     */
    public UpgradeReply reply(Upgrader upgrader, UpgradeRequest request, Headers extra) {
        Objects.requireNonNull(upgrader, "upgrader");
        Objects.requireNonNull(request, "request");
        Objects.requireNonNull(extra, "extra");
        return switch (checked(upgrader, request, extra)) {
            case UpgradeReply.Refused refused ->
                engine.refusals().reply(refused, request.peerAddress(), request.path());
            case UpgradeReply.Accepted accepted -> accepted;
        };
    }

    /**
     * {@return the refusal of a request over which code of the application has thrown} 500, and the log gets it with
     * the stack, as it does where a handler of {@link WebSocketServer} throws; or what a {@link RequestException} says.
     *
     * @param request what the client sent
     * @param thrown by the application
     */
    public UpgradeReply.Refused failed(UpgradeRequest request, Throwable thrown) {
        if (Objects.requireNonNull(thrown, "thrown") instanceof RequestException fault) {
            return engine.refusals().reply(Hosting.refusal(fault), request.peerAddress(), request.path());
        }
        String peer = request.peerAddress().map(address -> ", peer " + address).orElse("");
        engine.applicationThrew(
                "what was to find an endpoint",
                "HTTP request" + RequestContext.where("", request.path()) + peer,
                thrown);
        return UpgradeReply.Refused.of(
                500,
                Headers.of("Content-Type", "text/plain; charset=utf-8"),
                "500 Internal Server Error\n".getBytes(StandardCharsets.US_ASCII),
                "the application threw");
    }

    private UpgradeReply checked(Upgrader upgrader, UpgradeRequest request, Headers extra) {
        if (hosting.isClosing()) {
            return Hosting.unavailable("this host is closed");
        }
        return connectionCount() >= maxConnections
                ? Hosting.unavailable(maxConnections + " connections are open")
                : hosting.reply(upgrader, request, extra);
    }

    /**
     * Opens the connection of a request whose reply has been sent, over a stream that tells when it is ready.
     * Returns at once; a host that is closed has it closed with 1001.
     *
     * @param accepted the reply; opened once
     * @param stream the bytes behind the reply; the connection owns it from now on, and closes it
     * @param leftover bytes that came behind the request; copied
     * @return the open connection: give it to a {@linkplain Connection#listen listener} or {@linkplain #serve
     *     serve} it
     * @throws IllegalStateException if the reply was opened before, or closed
     * @throws IllegalArgumentException if another implementation made the reply, or the stream's loop
     */
    public Connection open(UpgradeReply.Accepted accepted, AsyncStream stream, ByteBuffer leftover) {
        return open(accepted, Carriers.of(engine, Objects.requireNonNull(stream, "stream")), leftover, () -> {});
    }

    /**
     * Opens such a connection over a transport that can only block: a virtual thread reads it, and another writes
     * it while there is something to write.
     *
     * @param accepted the reply; opened once
     * @param transport the bytes behind the reply; the connection owns it from now on, and closes it
     * @param leftover bytes that came behind the request; copied
     * @return the open connection
     * @throws IllegalStateException if the reply was opened before, or closed
     * @throws IllegalArgumentException if another implementation made the reply
     */
    public Connection open(UpgradeReply.Accepted accepted, Transport transport, ByteBuffer leftover) {
        return open(accepted, Carriers.of(engine, Objects.requireNonNull(transport, "transport")), leftover, () -> {});
    }

    /**
     * Opens such a connection over a socket that the host hands over: a loop's selector watches it, which costs
     * least. The host reads and writes it no more. A channel that the host closes all the same tells a selector
     * nothing: then {@link Connection#abort} must be called.
     *
     * @param accepted the reply; opened once
     * @param channel a connected channel, TCP or Unix-domain, blocking or not; with another selector only without
     *     interest. The connection owns it from now on, stops its blocking, and closes it
     * @param leftover bytes that came behind the request; copied
     * @param ended runs once the connection has ended and the channel is closed, for what the host keeps of it; on
     *     any thread; must not block
     * @return the open connection
     * @throws IOException if the channel is not connected any more; {@code ended} is not run then
     * @throws IllegalStateException if the reply was opened before, or closed
     * @throws IllegalArgumentException if another implementation made the reply
     */
    public Connection open(UpgradeReply.Accepted accepted, SocketChannel channel, ByteBuffer leftover, Runnable ended)
            throws IOException {
        return open(accepted, Carriers.of(engine, new ChannelTransport(channel)), leftover, ended);
    }

    private Connection open(UpgradeReply.Accepted accepted, Carrier carrier, ByteBuffer leftover, Runnable ended) {
        Objects.requireNonNull(leftover, "leftover");
        Objects.requireNonNull(ended, "ended");
        Opening opening = Opening.of(accepted);
        return hosting.open(opening, carrier, leftover, ended, RequestContext.hosted(opening.path()));
    }

    /**
     * Has a handler serve a connection, on a virtual thread of its own, which it reads from top to bottom: as
     * {@link WebSocketServer.Builder#serve} does it. The connection is closed with 1000 when the handler returns,
     * unless a listener has got it meanwhile, and with 1011 when it throws, which is logged.
     *
     * @param connection a connection of this host that nobody reads
     * @param handler serves it
     * @return the thread, which has been started: a host that keeps a thread for each connection waits for it
     */
    public Thread serve(Connection connection, ConnectionHandler handler) {
        Objects.requireNonNull(handler, "handler");
        WebSocketConnection served = WebSocketConnection.behind(connection);
        return Thread.ofVirtual()
                .name("gibbon-serve-" + served.id())
                .start(() -> run(served, _ -> handler.handle(connection)));
    }

    private void run(WebSocketConnection connection, ConnectionHandler handler) {
        connection.handlerBegins(new HandlerRun(engine.time()));
        Throwable thrown = null;
        try {
            ServeRoute.run(connection, handler);
        } catch (Exception | Error e) {
            // The application's: anything may come, and only this connection may suffer.
            thrown = e;
        }
        // Meant for the handler; it would end the closing handshake.
        boolean _ = Thread.interrupted();
        connection.handlerEnded(thrown);
    }

    /**
     * {@return a loop that runs on an event thread of the host} Connections whose {@linkplain AsyncStream#loop
     * streams name it} have their turns on that thread: what the stream tells there is dealt with there, without a
     * hop to another thread. Listeners then run on the host's thread and must not block it; calls that may wait are
     * refused there. What the application writes on that thread outside a listener leaves soon, with a task. For the
     * same {@code events} there is one loop, however often it is asked for; it stays as long as this host.
     *
     * @param name of the thread, for the log and refusals
     * @param events runs tasks on that one thread, in order, soon, and never inside {@code execute}; if it rejects
     *     them, since the host has stopped, virtual threads end what is left
     * @param onThread whether the calling thread is it; quick
     */
    public HostLoop loop(String name, Executor events, BooleanSupplier onThread) {
        return engine.loops()
                .hosted(
                        Objects.requireNonNull(name, "name"),
                        Objects.requireNonNull(events, "events"),
                        Objects.requireNonNull(onThread, "onThread"));
    }

    // ---- All of them

    /** {@return how many connections are open, those in their closing handshake included} */
    public int connectionCount() {
        return engine.members().size();
    }

    /**
     * Queues a message for every open connection of this host that {@code to} accepts; see {@link Group}.
     *
     * @param message what they get, encoded once
     * @param to asked once for each, on this thread. If it throws, that is logged, and the connection it was asked for
     *     is closed with 1011; the others get the message.
     * @return how many missed it, since too much waits for them already
     */
    public int broadcast(PreparedMessage message, Predicate<? super Connection> to) {
        return engine.members().broadcast(message, to);
    }

    // ---- The end

    /**
     * Has the connections leave that are open now, the oldest first and evenly over a time, so that their clients do
     * not all come back to other servers at once. Requests that come from now on get 503, and what opens all the
     * same, since its request was answered before, is closed at once. Does not wait; {@link #close} then ends the
     * rest.
     *
     * @param code what the Close frames say, such as {@link CloseCode#GOING_AWAY} or {@link
     *     CloseCode#SERVICE_RESTART}
     * @param over the time to spread them over; zero for all at once
     * @return a future of the caller's own that completes once the last of them has been sent its Close frame; of a
     *     second call that of the first, which alone counts
     * @throws IllegalArgumentException if the code may not be sent (RFC 6455 §7.4), or the time is negative
     */
    public CompletableFuture<@Nullable Void> drain(CloseCode code, Duration over) {
        return hosting.drain(Objects.requireNonNull(code, "code"), Arguments.notNegative("over", over));
    }

    /** {@return whether this host takes no more connections, since it {@linkplain #drain drains} or is closed} */
    public boolean isDraining() {
        return hosting.isDraining() || hosting.isClosing();
    }

    /**
     * Closes every connection with 1001, and drops after the {@linkplain Builder#shutdownTimeout shutdown timeout}
     * what is left. Blocks until none is open and the loops' threads have ended; a timer's thread ends by itself
     * within a second. Requests that come later get 503. Call it before the host stops: then peers learn why, and
     * the host's own stop finds nothing to wait for. The second time it only waits. On an event thread, a host's of
     * {@link #loop} included, it returns and goes on elsewhere.
     */
    @Override
    public void close() {
        hosting.close();
    }

    /** Collects the settings of a {@link WebSocketHost}; not safe for use by several threads. */
    public static final class Builder {
        private int loops = LoopEngine.DEFAULT_LOOPS;
        private int maxConnections = 100_000;
        private Duration shutdownTimeout = Duration.ofSeconds(10);
        private boolean explainRefusals;
        private @Nullable Limits perAddress;
        private @Nullable Limits perUser;
        private final List<ConnectionObserver> observers = new ArrayList<>();

        private Builder() {}

        /**
         * Sets how many event loops serve connections that do not run on a host's; each is one thread, which starts
         * with its first connection. One per core unless set.
         *
         * @param count 1 or more
         * @return this
         * @throws IllegalArgumentException if it is less
         */
        public Builder loops(int count) {
            loops = Arguments.positive("loops", count);
            return this;
        }

        /**
         * Bounds the open connections; further requests get 503. 100 000 unless set.
         *
         * @param count 1 or more
         * @return this
         * @throws IllegalArgumentException if it is less
         */
        public Builder maxConnections(int count) {
            maxConnections = Arguments.positive("maxConnections", count);
            return this;
        }

        /**
         * Bounds what each address may have of this host, by the {@linkplain UpgradeRequest#from address} that
         * adapters tell; an IPv6 address counts by its first 64 bits. Requests beyond it get 429. Nothing is bounded
         * unless set. Adapters tell the address that their server has for the client: behind a proxy that is the
         * proxy's unless the server is told otherwise.
         *
         * @param allowance what each may have
         * @return this
         */
        public Builder limitPerAddress(Allowance allowance) {
            perAddress = Objects.requireNonNull(allowance, "allowance").limits();
            return this;
        }

        /**
         * Bounds what each user may have of this host, by the {@linkplain UpgradeRequest#by name} that adapters tell.
         * Requests beyond it get 429. Nothing is bounded unless set, and no request that has no user.
         *
         * @param allowance what each may have
         * @return this
         */
        public Builder limitPerUser(Allowance allowance) {
            perUser = Objects.requireNonNull(allowance, "allowance").limits();
            return this;
        }

        /**
         * Bounds the graceful end; whatever is open after it is dropped. 10 s unless set.
         *
         * @param timeout positive
         * @return this
         * @throws IllegalArgumentException if it is not
         */
        public Builder shutdownTimeout(Duration timeout) {
            shutdownTimeout = Arguments.positive("shutdownTimeout", timeout);
            return this;
        }

        /**
         * Tells clients why they are refused, in the body of a 4xx and in a Close frame with 1002, 1007, 1008 or
         * 1009; see {@link WebSocketServer.Builder#explainRefusals}. Off unless set.
         *
         * @param explain whether to tell them
         * @return this
         */
        public Builder explainRefusals(boolean explain) {
            explainRefusals = explain;
            return this;
        }

        /**
         * Has an observer told what happens to all connections, beside those that were set before. None unless set.
         *
         * @param observer is told; must not block
         * @return this
         */
        public Builder observe(ConnectionObserver observer) {
            observers.add(Objects.requireNonNull(observer, "observer"));
            return this;
        }

        /** {@return the host} It starts no thread until there is a connection. */
        public WebSocketHost build() {
            return new WebSocketHost(this);
        }
    }
}

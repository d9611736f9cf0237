// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.connection.LoopGuard;
import dev.gibbon.http.HeadLimits;
import dev.gibbon.loop.LoopEngine;
import dev.gibbon.server.ClientLimits;
import dev.gibbon.server.HttpServer;
import dev.gibbon.server.HttpSide;
import dev.gibbon.server.Limits;
import dev.gibbon.server.ProxyTrust;
import dev.gibbon.server.StopSignals;
import dev.gibbon.server.TlsSource;
import dev.gibbon.support.Arguments;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP/1.1 server that is just enough for WebSockets and the pages beside them:
 * routes, plain answers to GET, TLS, TCP and Unix-domain sockets, limits, and a
 * graceful end. Each exchange runs on a virtual thread of its own. For any thread.
 */
public final class WebSocketServer implements AutoCloseable {
    private final HttpServer server;

    private WebSocketServer(Builder from) throws IOException {
        server = new HttpServer(
                LoopEngine.onSystem(from.loops, from.explainRefusals, from.observers),
                from.addresses,
                new HttpServer.Settings(
                        from.routes(),
                        from.tls,
                        from.proxies,
                        new ClientLimits.Settings(from.perAddress, from.perUser, from.users),
                        HeadLimits.of(from.maxHeadBytes, from.maxHeaderCount),
                        from.handshakeTimeout,
                        from.bodyTimeout,
                        from.shutdownTimeout,
                        from.maxConnections));
    }

    /** {@return a builder without an address or a route} */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * {@return the addresses that this server listens on, with the
     * real port where 0 was asked for, in the order they were named}
     */
    public List<SocketAddress> addresses() {
        return server.addresses();
    }

    /**
     * {@return the port of the first TCP address}
     *
     * @throws IllegalStateException if there is none
     */
    public int port() {
        return addresses().stream()
                .filter(InetSocketAddress.class::isInstance)
                .map(address -> ((InetSocketAddress) address).getPort())
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("this server listens on no TCP port"));
    }

    /**
     * Queues a message for every open WebSocket of this server that {@code to} accepts; see {@link Group}.
     *
     * @param message what they get, encoded once
     * @param to asked once for each, on this thread. If it throws, that is logged, and the connection it was asked for
     *     is closed with 1011; the others get the message.
     * @return how many missed it, since too much waits for them already
     */
    public int broadcast(PreparedMessage message, Predicate<? super Connection> to) {
        return server.engine().members().broadcast(message, to);
    }

    /** {@return how many transports are open, WebSockets and others} */
    public int connectionCount() {
        return server.openCount();
    }

    /**
     * Has the WebSockets leave that are open now, the oldest first and evenly over a time, so that their clients do
     * not all come back to other servers at once. Requests for more get 503 with Retry-After from now on, and what
     * opens all the same, since its request was answered before, is closed at once; other routes, such as one that
     * tells a balancer how the server is, go on. Does not wait; {@link #close} then ends the rest.
     *
     * @param code what the Close frames say, such as {@link CloseCode#GOING_AWAY} or {@link
     *     CloseCode#SERVICE_RESTART}
     * @param over the time to spread them over; zero for all at once
     * @return a future of the caller's own that completes once the last of them has been sent its Close frame; of a
     *     second call that of the first, which alone counts
     * @throws IllegalArgumentException if the code may not be sent (RFC 6455 §7.4), or the time is negative
     */
    public CompletableFuture<@Nullable Void> drain(CloseCode code, Duration over) {
        return server.drain(Objects.requireNonNull(code, "code"), Arguments.notNegative("over", over));
    }

    /** {@return whether this server takes no more WebSockets, since it {@linkplain #drain drains} or is closed} */
    public boolean isDraining() {
        return server.isDraining();
    }

    /**
     * Waits until the server was {@linkplain #close closed} and all is done.
     *
     * @throws InterruptedException if interrupted meanwhile
     * @throws IllegalStateException if this is an event loop's thread, which must not wait
     */
    public void awaitShutdown() throws InterruptedException {
        LoopGuard.mayWait("awaitShutdown", "wait on a thread of your own");
        server.awaitShutdown();
    }

    /**
     * Waits until a signal stops the program (Ctrl-C, SIGTERM, a hang-up), and then {@linkplain #close closes} this
     * server before the JVM ends. A second signal ends the program at once, with status 130. Returns when all is done,
     * also if somebody else closed the server; what the calling thread does behind it has 5 s before the JVM ends,
     * but must not be {@link System#exit}, which would wait for the JVM's end itself. The exit status stays that of
     * the JVM, 143 after SIGTERM.
     *
     * @throws InterruptedException if interrupted meanwhile; the server goes on, and signals do what they did before
     * @throws IllegalStateException if this is an event loop's thread, which must not wait, or the JVM ends already
     */
    public void runUntilStopped() throws InterruptedException {
        LoopGuard.mayWait("runUntilStopped", "wait on a thread of your own");
        StopSignals.await(server::close, server::awaitShutdown);
    }

    /**
     * The same, but the signal has the server {@linkplain #drain drained} first: WebSockets leave one after the other
     * while other routes go on, and it is closed when all have been told.
     *
     * @param code what the Close frames say
     * @param over the time to spread them over
     * @throws InterruptedException if interrupted meanwhile; the server goes on, and signals do what they did before
     * @throws IllegalArgumentException if the code may not be sent (RFC 6455 §7.4), or the time is negative
     * @throws IllegalStateException if this is an event loop's thread, which must not wait, or the JVM ends already
     */
    public void runUntilStopped(CloseCode code, Duration over) throws InterruptedException {
        LoopGuard.mayWait("runUntilStopped", "wait on a thread of your own");
        Duration spread = Arguments.notNegative("over", over);
        if (!Objects.requireNonNull(code, "code").maySend()) {
            throw new IllegalArgumentException("close code " + code + " may not be sent (§7.4)");
        }
        StopSignals.await(
                () -> {
                    @Nullable Void _ = server.drain(code, spread).join();
                    server.close();
                },
                server::awaitShutdown);
    }

    /**
     * Shuts down gracefully and waits for it: stops accepting, does a closing handshake with 1001 on every WebSocket,
     * lets requests that are being answered finish, and after the {@linkplain Builder#shutdownTimeout shutdown timeout}
     * drops what is left. The second time it only waits. On an event loop's thread it returns and goes on elsewhere.
     */
    @Override
    public void close() {
        server.close();
    }

    HttpSide side() {
        return server;
    }

    /**
     * Collects the settings of a {@link WebSocketServer}. A setter throws {@link IllegalArgumentException} for what is
     * out of its range, and {@link NullPointerException} for null. Not safe for use by several threads.
     */
    public static final class Builder extends ServerRoutes<Builder> {
        private final List<SocketAddress> addresses = new ArrayList<>();
        private TlsSource.@Nullable Settings tls;
        private ProxyTrust proxies = ProxyTrust.NOBODY;
        private @Nullable Limits perAddress;
        private @Nullable Limits perUser;
        private @Nullable Function<? super Exchange, @Nullable String> users;
        private OptionalInt maxHeadBytes = OptionalInt.empty();
        private int maxHeaderCount = HeadLimits.DEFAULT.fields();
        private Duration handshakeTimeout = Duration.ofSeconds(10);
        private Duration bodyTimeout = Duration.ofSeconds(30);
        private Duration shutdownTimeout = Duration.ofSeconds(10);
        private int maxConnections = 100_000;
        private int loops = LoopEngine.DEFAULT_LOOPS;
        private boolean explainRefusals;
        private final List<ConnectionObserver> observers = new ArrayList<>();

        private Builder() {}

        /**
         * Listens on a TCP port; may be called again for more. {@code localhost} means every loopback address that
         * the machine has, {@code 127.0.0.1} and {@code ::1}, on the same port, since clients connect to either;
         * {@link WebSocketServer#addresses} then has both. Of any other name it is the first address.
         *
         * @param host the address or name to bind to, such as {@code localhost} or {@code 0.0.0.0}
         * @param port 0 to 65535; 0 for any that is free
         * @return this
         */
        public Builder bind(String host, int port) {
            addresses.add(new InetSocketAddress(
                    Objects.requireNonNull(host, "host"), Arguments.within("port", port, 0, 65_535)));
            return this;
        }

        /**
         * Listens on a Unix-domain socket, which must not exist
         * and is deleted in the end; may be called again for more.
         *
         * @param path the socket
         * @return this
         */
        public Builder bindUnix(Path path) {
            addresses.add(UnixDomainSocketAddress.of(Objects.requireNonNull(path, "path")));
            return this;
        }

        @Override
        Builder self() {
            return this;
        }

        /**
         * Speaks TLS 1.2 and 1.3 on every address.
         *
         * @param context has the server's key and certificate
         * @return this
         */
        public Builder tls(SSLContext context) {
            Objects.requireNonNull(context, "context");
            return tls(() -> context);
        }

        /**
         * Speaks TLS 1.2 or 1.3 on every address, in the way that the parameters say: protocols, cipher suites, named
         * groups, whether clients need a certificate, and the like. The application protocol is the server's own,
         * whatever they say.
         *
         * @param context has the server's key and certificate, initialised
         * @param parameters how, copied
         * @return this
         * @throws IllegalArgumentException if the context does not know what they ask for, or they have neither TLS
         *     1.2 nor TLS 1.3
         * @throws IllegalStateException if the context is not initialised
         */
        public Builder tls(SSLContext context, SSLParameters parameters) {
            Objects.requireNonNull(context, "context");
            return tls(() -> context, parameters);
        }

        /**
         * Speaks TLS 1.2 and 1.3 on every address, with a context for each new connection, so that certificates can
         * be renewed while the server runs; {@link PemTls#reloading} makes one of files. Those that are open keep
         * theirs.
         *
         * @param contexts asked now, and once for each new connection by the thread that accepts, so it has to be
         *     quick, and to return the same context while nothing has changed. Once the server runs, what it throws is
         *     logged, and the last good context goes on
         * @return this
         */
        public Builder tls(Supplier<? extends SSLContext> contexts) {
            tls = TlsSource.Settings.of(Objects.requireNonNull(contexts, "contexts"), null);
            return this;
        }

        /**
         * The same, in the way that the parameters say.
         *
         * @param contexts as for {@link #tls(Supplier)}
         * @param parameters as for {@link #tls(SSLContext, SSLParameters)}
         * @return this
         * @throws IllegalArgumentException if the context that there is now does not know what they ask for, or they
         *     have neither TLS 1.2 nor TLS 1.3
         * @throws IllegalStateException if that context is not initialised
         */
        public Builder tls(Supplier<? extends SSLContext> contexts, SSLParameters parameters) {
            tls = TlsSource.Settings.of(
                    Objects.requireNonNull(contexts, "contexts"), Objects.requireNonNull(parameters, "parameters"));
            return this;
        }

        /**
         * Takes the word of proxies for whom a request is from: its address, scheme and host, which the check of
         * origins, {@link Exchange}, {@link Connection#peerAddress} and the log see. Nobody's unless set: whatever
         * others send in fields such as X-Forwarded-For is ignored.
         *
         * @param ranges as for {@link TrustedProxies.Builder#ranges}
         * @return this
         * @throws IllegalArgumentException if one is none
         */
        public Builder trustedProxies(String... ranges) {
            return trustedProxies(TrustedProxies.of(ranges));
        }

        /**
         * The same, for proxies that speak the PROXY protocol, or one kind of fields alone.
         *
         * @param trusted the proxies
         * @return this
         */
        public Builder trustedProxies(TrustedProxies trusted) {
            proxies = Objects.requireNonNull(trusted, "trusted").trust();
            return this;
        }

        /**
         * Bounds a request's head; a longer one gets 431, or 414 if the request line alone is. 16 KiB unless set, and
         * 8 KiB for one line; what is set holds for the whole head, and a single field or query may take all of it.
         *
         * @param bytes 1 or more
         * @return this
         */
        public Builder maxHeadBytes(int bytes) {
            maxHeadBytes = OptionalInt.of(Arguments.positive("maxHeadBytes", bytes));
            return this;
        }

        /**
         * Bounds the fields of a request; more get 431. 100 unless set.
         *
         * @param count 1 or more
         * @return this
         */
        public Builder maxHeaderCount(int count) {
            maxHeaderCount = Arguments.positive("maxHeaderCount", count);
            return this;
        }

        /**
         * Bounds the time from a connection's first moment, or from the last answer,
         * until its next request is answered, TLS included; then the transport is
         * dropped. An upgraded connection has its own times. 10 s unless set.
         *
         * @param timeout positive
         * @return this
         */
        public Builder handshakeTimeout(Duration timeout) {
            handshakeTimeout = Arguments.positive("handshakeTimeout", timeout);
            return this;
        }

        /**
         * Bounds the time that a request's body may take from {@link Exchange#body} on; a slower one gets 408, and its
         * connection ends. The {@linkplain #handshakeTimeout time for the answer} begins anew behind it. 30 s unless
         * set.
         *
         * @param timeout positive
         * @return this
         */
        public Builder bodyTimeout(Duration timeout) {
            bodyTimeout = Arguments.positive("bodyTimeout", timeout);
            return this;
        }

        /**
         * Bounds the graceful end; whatever is open after it is dropped. 10 s unless set.
         *
         * @param timeout positive
         * @return this
         */
        public Builder shutdownTimeout(Duration timeout) {
            shutdownTimeout = Arguments.positive("shutdownTimeout", timeout);
            return this;
        }

        /**
         * Bounds the open transports, WebSockets and others; further
         * clients get 503 and are closed. 100 000 unless set.
         *
         * @param count 1 or more
         * @return this
         */
        public Builder maxConnections(int count) {
            maxConnections = Arguments.positive("maxConnections", count);
            return this;
        }

        /**
         * Bounds what each address may have of this server; an IPv6 address counts by its first 64 bits, and a
         * client behind a {@linkplain #trustedProxies trusted} proxy by the address that this tells. Nothing is
         * bounded unless set, but by {@link #maxConnections}.
         *
         * @param allowance what each may have
         * @return this
         */
        public Builder limitPerAddress(Allowance allowance) {
            perAddress = Objects.requireNonNull(allowance, "allowance").limits();
            return this;
        }

        /**
         * Bounds what each user may have of this server: WebSockets, opening handshakes and messages. Opening
         * handshakes then take a virtual thread each. Nothing is bounded unless set.
         *
         * @param user tells the user of an opening handshake, behind the filters; null for one that does not count. It
         *     may block; what it throws is taken for the handler's
         * @param allowance what each may have
         * @return this
         */
        public Builder limitPerUser(Function<? super Exchange, @Nullable String> user, Allowance allowance) {
            users = Objects.requireNonNull(user, "user");
            perUser = Objects.requireNonNull(allowance, "allowance").limits();
            return this;
        }

        /**
         * Sets how many event loops serve the connections that have a {@link Listener}; each is one thread, which
         * starts with its first connection. One per core unless set.
         *
         * @param count 1 or more
         * @return this
         */
        public Builder loops(int count) {
            loops = Arguments.positive("loops", count);
            return this;
        }

        /**
         * Tells clients why they are refused, in the body of a 4xx and in a Close frame with 1002, 1007, 1008 or 1009:
         * the rule or limit, and what they sent, escaped. Off unless set, since it helps whoever probes a server; its
         * log has each reason once a minute at INFO.
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

        /**
         * Starts the server; it accepts connections when this returns.
         *
         * @return the running server
         * @throws IOException if an address cannot be bound, because it is in use for example; the message names it,
         *     and says of a Unix-domain socket that exists whether a server listens on it
         * @throws IllegalStateException if no address was named
         */
        public WebSocketServer start() throws IOException {
            if (addresses.isEmpty()) {
                throw new IllegalStateException("name an address: bind or bindUnix");
            }
            return new WebSocketServer(this);
        }
    }
}

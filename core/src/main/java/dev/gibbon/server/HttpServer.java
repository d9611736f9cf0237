// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.server;

import dev.gibbon.CloseCode;
import dev.gibbon.Exchange;
import dev.gibbon.Headers;
import dev.gibbon.Upgrader;
import dev.gibbon.connection.Carrier;
import dev.gibbon.connection.RequestContext;
import dev.gibbon.connection.WebSocketConnection;
import dev.gibbon.http.HeadLimits;
import dev.gibbon.loop.Carriers;
import dev.gibbon.loop.LoopEngine;
import dev.gibbon.loop.SelectorLoop;
import dev.gibbon.spi.Transport;
import dev.gibbon.spi.UpgradeReply;
import dev.gibbon.support.LimitedLog;
import dev.gibbon.transport.ChannelTransport;
import dev.gibbon.transport.TlsTransport;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The embedded server at work: accepts transports within its limit, knows those that are no WebSocket yet, and ends
 * all of them. Any thread.
 */
public final class HttpServer implements HttpSide {
    private static final HttpRoutes.Found UNAVAILABLE =
            HttpRoutes.Found.ownAnswer(exchange -> exchange.respond(503, "text/plain", "503 Service Unavailable\n"));
    private static final UpgradeReply.Refused FULL = Hosting.unavailable("maxConnections are open");

    /** How many clients beyond the limit are told so at a time; more are dropped without a word. */
    private static final int MAX_TOLD_FULL = 64;

    /** How a server was set up. */
    public record Settings(
            HttpRoutes routes,
            TlsSource.@Nullable Settings tls,
            ProxyTrust proxies,
            ClientLimits.Settings limits,
            HeadLimits headLimits,
            Duration handshakeTimeout,
            Duration bodyTimeout,
            Duration shutdownTimeout,
            int maxConnections) {}

    private final LoopEngine engine;
    private final Settings settings;
    private final Hosting webSockets;
    private final ClientLimits limits;
    private final @Nullable TlsSource tls;
    private final List<Acceptor> acceptors = new ArrayList<>();

    /** Transports that are no WebSocket yet; those that are one are with the engine. */
    private final Set<HttpConnection> open = ConcurrentHashMap.newKeySet();

    private final AtomicInteger openCount = new AtomicInteger();
    private final AtomicBoolean shuttingDown = new AtomicBoolean();

    /** One for all, since each connection holds it. */
    private final Runnable webSocketEnded = openCount::decrementAndGet;

    /**
     * Binds the addresses and begins to accept.
     *
     * @param engine ends with this server
     */
    public HttpServer(LoopEngine engine, List<SocketAddress> addresses, Settings settings) throws IOException {
        this.engine = engine;
        this.settings = settings;
        this.limits = new ClientLimits(
                settings.limits().perAddress(), settings.limits().perUser(), engine.time());
        this.webSockets = new Hosting(engine, settings.shutdownTimeout(), limits);
        this.tls = settings.tls() == null ? null : new TlsSource(settings.tls(), engine.time(), engine.log());
        try {
            for (SocketAddress address : addresses) {
                bind(address);
            }
        } catch (IOException | RuntimeException e) {
            closeAcceptors();
            throw e;
        }
        FirstUse.prepare(engine.log());
        acceptors.forEach(Acceptor::start);
    }

    private void bind(SocketAddress address) throws IOException {
        Loopback.Binding binding = each -> Acceptor.bind(each, this::accepted, engine.time(), engine.log());
        if (Loopback.isMeant(address)) {
            acceptors.addAll(Loopback.bind(((InetSocketAddress) address).getPort(), binding));
        } else if (address instanceof InetSocketAddress tcp && tcp.isUnresolved()) {
            throw new UnknownHostException("unknown host " + tcp.getHostString());
        } else {
            acceptors.add(binding.bind(address));
        }
    }

    public List<SocketAddress> addresses() {
        return acceptors.stream().map(Acceptor::address).toList();
    }

    /** {@return how many transports are open, WebSockets and others} */
    public int openCount() {
        return openCount.get();
    }

    // ---- Accepting

    private void accepted(SocketChannel channel) throws IOException {
        ChannelTransport socket = new ChannelTransport(channel);
        if (settings.proxies().beginsWithHeader(socket.peerAddress())) {
            socket.expectProxyHeader();
        }
        Entry entry = openCount.get() < settings.maxConnections()
                ? limits.receive(counted(socket.peerAddress()))
                : new Entry(FULL, Admission.NOT_COUNTED);
        if (entry == null) {
            engine.refusals().log("connection closed unanswered", "too many of one address", socket.peerAddress(), "");
            socket.close();
            return;
        }
        boolean begun = false;
        try {
            begin(socket, entry);
            begun = true;
        } finally {
            if (!begun) {
                entry.places().close();
            }
        }
    }

    private void begin(ChannelTransport socket, Entry entry) {
        TlsSource source = tls;
        Transport stream = source == null ? socket : new TlsTransport(socket, source.newEngine(), engine.buffers());
        SelectorLoop loop = engine.loops().next();
        loop.start();
        HttpConnection connection = new HttpConnection(this, Carriers.of(engine, stream, loop), source != null, entry);
        if (admit(connection)) {
            connection.start();
        }
    }

    /** {@return the address that a client counts by: a proxy's own counts for nobody} */
    private Optional<SocketAddress> counted(Optional<SocketAddress> peer) {
        return settings.proxies().trusts(peer) ? Optional.empty() : peer;
    }

    private boolean admit(HttpConnection connection) {
        int count = openCount.incrementAndGet();
        open.add(connection);
        if (count > settings.maxConnections() + MAX_TOLD_FULL || shuttingDown.get()) {
            connection.abort();
            return false;
        }
        return true;
    }

    // ---- What the accepted transports ask

    @Override
    public ProxyTrust proxies() {
        return settings.proxies();
    }

    @Override
    public boolean knowsUsers() {
        return settings.limits().users() != null;
    }

    @Override
    public UpgradeReply.@Nullable Refused refusal(Entry entry, Received request) {
        if (entry.refusal() != null || limits.isNone()) {
            return entry.refusal();
        }
        return request.isUpgrade() ? limits.tooSoon(counted(request.peer())) : null;
    }

    @Override
    public UpgradeReply reply(
            Upgrader upgrader, Received request, Headers extra, Entry entry, @Nullable Exchange exchange) {
        Function<? super Exchange, @Nullable String> users = settings.limits().users();
        String user = users == null || exchange == null ? null : users.apply(exchange);
        Optional<SocketAddress> counted = limits.isNone() ? Optional.empty() : counted(request.peer());
        return webSockets.reply(upgrader, request.opening(counted, user), extra, entry.places());
    }

    @Override
    public WebSocketConnection open(
            HttpConnection from, Opening opening, Carrier carrier, ByteBuffer leftover, RequestContext request) {
        if (!open.remove(from)) { // Aborted meanwhile, and so counted as ended; it ends once more.
            openCount.incrementAndGet();
        }
        Admission places = from.entry().places();
        Runnable atEnd = places.isCounted()
                ? () -> {
                    places.close();
                    webSocketEnded.run();
                }
                : webSocketEnded;
        return webSockets.open(opening, carrier, leftover, atEnd, request);
    }

    @Override
    public void ended(HttpConnection connection) {
        if (open.remove(connection)) {
            connection.entry().places().close();
            openCount.decrementAndGet();
        }
    }

    @Override
    public LoopEngine engine() {
        return engine;
    }

    @Override
    public LimitedLog log() {
        return engine.log();
    }

    @Override
    public HeadLimits headLimits() {
        return settings.headLimits();
    }

    @Override
    public Duration handshakeTimeout() {
        return settings.handshakeTimeout();
    }

    @Override
    public Duration bodyTimeout() {
        return settings.bodyTimeout();
    }

    @Override
    public boolean isShuttingDown() {
        return shuttingDown.get();
    }

    @Override
    public HttpRoutes.Found find(String method, String path) {
        return shuttingDown.get() ? UNAVAILABLE : settings.routes().find(method, path);
    }

    // ---- The end

    /** Has the WebSockets leave over a time, and takes no more; {@return completes once the last has been told} */
    public CompletableFuture<@Nullable Void> drain(CloseCode code, Duration over) {
        return webSockets.drain(code, over);
    }

    public boolean isDraining() {
        return webSockets.isDraining() || shuttingDown.get();
    }

    /** Ends all, waits for it, and drops what is left when the time is up. On a loop's thread it goes on elsewhere. */
    public void close() {
        webSockets.close(shuttingDown.compareAndSet(false, true), this::shutDown);
    }

    /** Waits until all has ended. */
    public void awaitShutdown() throws InterruptedException {
        webSockets.awaitShutdown();
    }

    private void shutDown() {
        long until = webSockets.shutdownDeadline();
        closeAcceptors();
        webSockets.goAway();
        for (HttpConnection connection : open) {
            if (connection.isIdle()) {
                connection.abort();
            }
        }
        webSockets.awaitEmpty(until, () -> open.isEmpty() && engine.members().isEmpty());
        open.forEach(HttpConnection::abort);
        webSockets.end();
    }

    private void closeAcceptors() {
        for (Acceptor acceptor : acceptors) {
            try {
                acceptor.close();
            } catch (IOException e) {
                engine.log().warn("close failed", e);
            }
        }
    }
}

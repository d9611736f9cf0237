// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.netty;

import dev.gibbon.Connection;
import dev.gibbon.ConnectionHandler;
import dev.gibbon.Headers;
import dev.gibbon.Listener;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketHost;
import dev.gibbon.spi.Routes;
import dev.gibbon.spi.UpgradeReply;
import dev.gibbon.spi.UpgradeRequest;
import io.netty.channel.Channel;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.Future;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A request whose path leads to a {@linkplain GibbonNetty.Builder#handle handler}, and the way to answer it, once: at
 * once on the event loop, or later on any thread, within {@link GibbonNetty.Builder#handshakeTimeout}. Nothing here
 * blocks. The client has to wait meanwhile; what it sends is read when there is a connection.
 */
public final class NettyRequest {
    /** Sends what was decided, as the version of HTTP has it. On the event loop. */
    interface Answer {
        void refuse(UpgradeReply.Refused refused);

        /** {@return what carries the connection; null if the client is gone} */
        @Nullable
        NettyStream accept(UpgradeReply.Accepted accepted);
    }

    private final WebSocketHost host;
    private final UpgradeRequest asked;
    private final String target;
    private final Routes.Match<NettyHandler> match;
    private final Channel channel;
    private final EventExecutor events;
    private final Answer answer;
    private final AtomicBoolean answered = new AtomicBoolean();

    /** Event loop only. */
    private @Nullable Future<?> deadline;

    private volatile Headers replyHeaders = Headers.of();

    NettyRequest(
            WebSocketHost host,
            UpgradeRequest asked,
            String target,
            Routes.Match<NettyHandler> match,
            Channel channel,
            EventExecutor events,
            Answer answer) {
        this.host = host;
        this.asked = asked;
        this.target = target;
        this.match = match;
        this.channel = channel;
        this.events = events;
        this.answer = answer;
    }

    /** Has the application answer. On the event loop. */
    void handle(Duration atMost) {
        try {
            match.target().handle(this);
        } catch (Exception | Error e) { // The application's: anything may come, and only this request may suffer.
            UpgradeReply.Refused refused = host.failed(asked, e);
            if (answered.compareAndSet(false, true)) {
                answer.refuse(refused);
            }
        }
        if (!answered.get()) {
            deadline = events.schedule(this::isLate, atMost.toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    private void isLate() {
        if (answered.compareAndSet(false, true)) {
            answer.refuse(refusal(503, "text/plain", "503 Service Unavailable\n", "not answered in time"));
        }
    }

    // ---- What the client asks

    /** {@return the method as sent: {@code CONNECT} over HTTP/2} */
    public String method() {
        return asked.method();
    }

    /** {@return the request target as sent, query included} */
    public String target() {
        return target;
    }

    /** {@return the path as sent, neither decoded nor normalised: what the route matched} */
    public String path() {
        return path(target);
    }

    /** {@return the query as sent, without the question mark, if there is one} */
    public Optional<String> query() {
        int mark = target.indexOf('?');
        return mark < 0 ? Optional.empty() : Optional.of(target.substring(mark + 1));
    }

    /** {@return the path of a target in origin form} */
    static String path(String target) {
        int mark = target.indexOf('?');
        return mark < 0 ? target : target.substring(0, mark);
    }

    /**
     * {@return what stands at {@code {name}} of the route's pattern, percent-decoded; what {@code *} matched, as sent,
     * under {@code "*"}}
     *
     * @param name the name in the pattern
     * @throws IllegalArgumentException if the pattern has no such name
     */
    public String pathParameter(String name) {
        return match.parameter(name);
    }

    /** {@return the host that the client asked for, with the port if it named one; empty if it named none} */
    public String host() {
        return asked.authority();
    }

    /** {@return the fields of the request, without the pseudo-header fields of HTTP/2} */
    public Headers headers() {
        return asked.headers();
    }

    /** {@return the client's address; that of a proxy if there is one} */
    public Optional<SocketAddress> peerAddress() {
        return asked.peerAddress();
    }

    /** {@return the channel that the request came on; with HTTP/2 that of its stream} For its attributes. */
    public Channel channel() {
        return channel;
    }

    // ---- How to answer it

    /**
     * Adds fields to the reply that accepts this request, such as Set-Cookie. Before it is answered.
     *
     * @param headers more fields
     * @return this
     */
    public NettyRequest replyHeaders(Headers headers) {
        replyHeaders = Headers.builder().addAll(replyHeaders).addAll(headers).build();
        return this;
    }

    /**
     * Makes this request a WebSocket whose connection goes to a listener. A request that is no acceptable opening
     * handshake is refused.
     *
     * @param upgrader checks the opening handshake
     * @param listener whose connection it is; called on the event loop
     * @throws IllegalStateException if this request was answered before, or too late
     * @throws IllegalArgumentException if a {@linkplain #replyHeaders field of the reply} is the handshake's to set
     */
    public void listen(Upgrader upgrader, Listener listener) {
        Objects.requireNonNull(listener, "listener");
        upgrade(upgrader, connection -> connection.listen(listener));
    }

    /**
     * Makes this request a WebSocket that a handler serves, on a virtual thread of its own: it is closed with 1000 when
     * the handler returns, and with 1011 when it throws, which is logged. A request that is no acceptable opening
     * handshake is refused.
     *
     * @param upgrader checks the opening handshake
     * @param handler serves the connection
     * @throws IllegalStateException if this request was answered before, or too late
     * @throws IllegalArgumentException if a {@linkplain #replyHeaders field of the reply} is the handshake's to set
     */
    public void serve(Upgrader upgrader, ConnectionHandler handler) {
        Objects.requireNonNull(handler, "handler");
        upgrade(upgrader, connection -> {
            Thread _ = host.serve(connection, handler);
        });
    }

    /**
     * Refuses this request. Over HTTP/1.1 the client's connection ends with it.
     *
     * @param status 400 to 599
     * @param contentType such as {@code text/plain}; the charset is added
     * @param body a text
     * @throws IllegalStateException if this request was answered before, or too late
     * @throws IllegalArgumentException if the status is none of a refusal
     */
    public void respond(int status, String contentType, String body) {
        UpgradeReply.Refused refused = refusal(status, contentType, body, "by the application");
        answers();
        onEvents(() -> send(refused));
    }

    /** {@return a refusal with a text} */
    static UpgradeReply.Refused refusal(int status, String contentType, String body, String reason) {
        return UpgradeReply.Refused.of(
                status,
                Headers.of("Content-Type", contentType + "; charset=utf-8"),
                body.getBytes(StandardCharsets.UTF_8),
                reason);
    }

    private void upgrade(Upgrader upgrader, Consumer<Connection> to) {
        if (answered.get()) {
            answers();
        }
        UpgradeReply reply = host.reply(upgrader, asked, replyHeaders);
        boolean taken = false;
        try {
            answers();
            taken = true;
        } finally {
            if (!taken && reply instanceof UpgradeReply.Accepted accepted) {
                accepted.close();
            }
        }
        boolean queued = onEvents(() -> {
            switch (reply) {
                case UpgradeReply.Refused refused -> send(refused);
                case UpgradeReply.Accepted accepted -> open(accepted, to);
            }
        });
        if (!queued && reply instanceof UpgradeReply.Accepted accepted) {
            accepted.close();
        }
    }

    private void answers() {
        if (!answered.compareAndSet(false, true)) {
            throw new IllegalStateException("this request was answered before, or its time was up");
        }
    }

    /** {@return whether the task has run or will; not once the event loop has stopped} */
    private boolean onEvents(Runnable task) {
        if (events.inEventLoop()) {
            task.run();
            return true;
        }
        try {
            events.execute(task);
            return true;
        } catch (RejectedExecutionException _) {
            return false; // The channel is closed by then.
        }
    }

    private void send(UpgradeReply.Refused refused) {
        inTime();
        answer.refuse(refused);
    }

    private void open(UpgradeReply.Accepted accepted, Consumer<Connection> to) {
        inTime();
        try (accepted) {
            NettyStream stream = answer.accept(accepted);
            if (stream != null) {
                Connection connection = host.open(accepted, stream, ByteBuffer.allocate(0));
                stream.belongsTo(connection);
                to.accept(connection);
            }
        }
    }

    private void inTime() {
        Future<?> known = deadline;
        if (known != null) {
            boolean _ = known.cancel(false);
        }
    }

    /** {@return the request for a log: nothing that the peer chose is in it but its address} */
    @Override
    public String toString() {
        return "HTTP request, route " + match.pattern()
                + peerAddress().map(address -> ", peer " + address).orElse("");
    }
}

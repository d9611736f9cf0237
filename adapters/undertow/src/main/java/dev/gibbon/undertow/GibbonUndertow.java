// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.undertow;

import dev.gibbon.Connection;
import dev.gibbon.ConnectionHandler;
import dev.gibbon.Headers;
import dev.gibbon.Listener;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketHost;
import dev.gibbon.spi.HostLoop;
import dev.gibbon.spi.UpgradeReply;
import io.undertow.server.HttpHandler;
import io.undertow.server.HttpServerExchange;
import io.undertow.util.HttpString;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.function.Consumer;
import org.xnio.StreamConnection;
import org.xnio.XnioIoThread;

/**
 * WebSockets of Gibbon in Undertow, as handlers to be put wherever Undertow takes one: behind a {@code PathHandler}, a
 * {@code PathTemplateHandler} or a login. A connection runs on the I/O thread of its channel, without a hop to another.
 * Immutable, cheap, and for any thread.
 *
 * <pre>{@code
 * GibbonUndertow gibbon = GibbonUndertow.of(host);
 * HttpHandler root = Handlers.pathTemplate()
 *         .add("/echo", gibbon.serve(upgrader, ws -> ws.forEachMessage(ws::writeMessage)))
 *         .add("/room/{name}", exchange -> gibbon.listen(exchange, upgrader, room(exchange)));
 * }</pre>
 *
 * <p>Close the {@link WebSocketHost} before Undertow is stopped: then peers get 1001.
 */
public final class GibbonUndertow {
    private final WebSocketHost host;

    private GibbonUndertow(WebSocketHost host) {
        this.host = host;
    }

    /**
     * {@return what makes WebSockets of a host's}
     *
     * @param host has the connections; the application closes it
     */
    public static GibbonUndertow of(WebSocketHost host) {
        return new GibbonUndertow(Objects.requireNonNull(host, "host"));
    }

    // ---- Handlers that are nothing but WebSockets

    /**
     * {@return a handler whose WebSockets are served on a virtual thread of their own each, which {@code handler} reads
     * from top to bottom} They are closed with 1000 when it returns, and with 1011 when it throws, which is logged.
     *
     * @param upgrader checks the opening handshake
     * @param handler serves a connection
     */
    public HttpHandler serve(Upgrader upgrader, ConnectionHandler handler) {
        Objects.requireNonNull(upgrader, "upgrader");
        Objects.requireNonNull(handler, "handler");
        return exchange -> serve(exchange, upgrader, handler);
    }

    /**
     * {@return a handler whose WebSockets go to a listener, which is called on Undertow's I/O threads and must not
     * block them}
     *
     * @param upgrader checks the opening handshake
     * @param listener whose connections they are
     */
    public HttpHandler listen(Upgrader upgrader, Listener listener) {
        Objects.requireNonNull(upgrader, "upgrader");
        Objects.requireNonNull(listener, "listener");
        return exchange -> listen(exchange, upgrader, listener);
    }

    // ---- Requests that a handler of the application's has looked at

    /**
     * Makes a request a WebSocket that a handler serves, on a virtual thread of its own; see {@link #serve(Upgrader,
     * ConnectionHandler)}. Fields that the application has put into the response before are sent with it. A request
     * that is no acceptable opening handshake is refused.
     *
     * <p>The exchange has ended when this returns. Does not block, and may be called on an I/O thread or a worker.
     *
     * @param exchange the request, not answered yet
     * @param upgrader checks the opening handshake
     * @param handler serves the connection
     */
    public void serve(HttpServerExchange exchange, Upgrader upgrader, ConnectionHandler handler) {
        Objects.requireNonNull(handler, "handler");
        upgrade(exchange, upgrader, connection -> {
            Thread _ = host.serve(connection, handler);
        });
    }

    /**
     * Makes a request a WebSocket whose connection goes to a listener; see {@link #serve(HttpServerExchange, Upgrader,
     * ConnectionHandler)}.
     *
     * @param exchange the request, not answered yet
     * @param upgrader checks the opening handshake
     * @param listener whose connection it is; called on the I/O thread
     */
    public void listen(HttpServerExchange exchange, Upgrader upgrader, Listener listener) {
        Objects.requireNonNull(listener, "listener");
        upgrade(exchange, upgrader, connection -> connection.listen(listener));
    }

    private void upgrade(HttpServerExchange exchange, Upgrader upgrader, Consumer<Connection> to) {
        switch (host.reply(upgrader, Requests.of(exchange), Headers.of())) {
            case UpgradeReply.Refused refused -> refuse(exchange, refused);
            case UpgradeReply.Accepted accepted -> accept(exchange, accepted, to);
        }
    }

    /**
     * Makes a request a WebSocket whose opening handshake the caller has checked himself, by {@link
     * WebSocketHost#reply}: for those who know more of the request than the exchange does. Else as {@link
     * #serve(HttpServerExchange, Upgrader, ConnectionHandler)}.
     *
     * @param exchange the request, not answered yet
     * @param accepted what was agreed on; closed here if nothing comes of it
     * @param to gets the connection, on the I/O thread; it calls {@link WebSocketHost#serve} or {@link
     *     Connection#listen} and does not block
     */
    public void accept(HttpServerExchange exchange, UpgradeReply.Accepted accepted, Consumer<Connection> to) {
        boolean upgraded = false;
        try {
            Objects.requireNonNull(to, "to");
            upgrade(exchange, accepted, to);
            upgraded = true;
        } finally {
            if (!upgraded) {
                accepted.close();
            }
        }
    }

    private static void refuse(HttpServerExchange exchange, UpgradeReply.Refused refused) {
        HttpServerExchange _ = exchange.setStatusCode(refused.status());
        addFields(exchange, refused.headers());
        // Whether the client's connection goes on is Undertow's to say.
        if (refused.headers().contains("Upgrade")) {
            exchange.getResponseHeaders().put(io.undertow.util.Headers.CONNECTION, "Upgrade");
        } else {
            exchange.getResponseHeaders().remove(io.undertow.util.Headers.CONNECTION);
        }
        exchange.getResponseSender().send(ByteBuffer.wrap(refused.body()));
    }

    private void upgrade(HttpServerExchange exchange, UpgradeReply.Accepted accepted, Consumer<Connection> to) {
        // Where the client is gone before the answer has left nothing is opened.
        exchange.getConnection().addCloseListener(_ -> accepted.close());
        addFields(exchange, accepted.headers());
        HttpServerExchange _ = exchange.upgradeChannel(
                "websocket", (channel, upgraded) -> onThread(channel, () -> open(accepted, channel, upgraded, to)));
        HttpServerExchange _ = exchange.endExchange();
    }

    /** The exchange may have ended on a worker. */
    private static void onThread(StreamConnection channel, Runnable task) {
        if (Thread.currentThread().equals(channel.getIoThread())) {
            task.run();
        } else {
            channel.getIoThread().execute(task);
        }
    }

    private void open(
            UpgradeReply.Accepted accepted,
            StreamConnection channel,
            HttpServerExchange exchange,
            Consumer<Connection> to) {
        UndertowStream stream = new UndertowStream(channel, exchange, loop(channel.getIoThread()));
        Connection connection = host.open(accepted, stream, ByteBuffer.allocate(0));
        stream.belongsTo(connection);
        to.accept(connection);
    }

    private static void addFields(HttpServerExchange exchange, Headers fields) {
        for (Headers.Field field : fields) {
            exchange.getResponseHeaders().add(new HttpString(field.name()), field.value());
        }
    }

    private HostLoop loop(XnioIoThread thread) {
        return host.loop(thread.getName(), thread, () -> Thread.currentThread().equals(thread));
    }
}

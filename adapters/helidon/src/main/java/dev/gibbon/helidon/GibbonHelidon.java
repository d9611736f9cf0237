// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.helidon;

import dev.gibbon.Connection;
import dev.gibbon.ConnectionHandler;
import dev.gibbon.Headers;
import dev.gibbon.Listener;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketHost;
import dev.gibbon.spi.Routes;
import dev.gibbon.spi.UpgradeReply;
import dev.gibbon.spi.UpgradeRequest;
import io.helidon.http.HttpPrologue;
import io.helidon.http.WritableHeaders;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.ServerConnectionException;
import io.helidon.webserver.http1.Http1Config;
import io.helidon.webserver.http1.Http1ConnectionSelector;
import io.helidon.webserver.http1.spi.Http1Upgrader;
import io.helidon.webserver.spi.ServerConnection;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * WebSockets of Gibbon in Helidon 4: some paths lead to them, and every other request goes on to Helidon's routing. Set
 * up by one thread before the server starts, and for any thread from then on.
 *
 * <pre>{@code
 * GibbonHelidon gibbon = GibbonHelidon.of(host)
 *         .serve("/echo", upgrader, ws -> ws.forEachMessage(ws::writeMessage))
 *         .serve("/room/{name}", upgrader, (prologue, headers, parameters) -> room(parameters.get("name")));
 * WebServer server = WebServer.builder()
 *         .addConnectionSelector(gibbon.selector())
 *         .connectionOptions(options -> options.tcpNoDelay(true))
 *         .build();
 * }</pre>
 *
 * <p>Helidon's sockets block: a connection has virtual threads that read and write it, listeners' connections too. Set
 * {@code tcpNoDelay}, which Helidon does not, or an answer may wait 40 ms for the peer's acknowledgement. Close the
 * {@link WebSocketHost} before Helidon is stopped: then peers get 1001.
 */
public final class GibbonHelidon implements Http1Upgrader {
    /** What is done with the request of a route. */
    private interface Endpoint {
        /** {@return who gets the connection that it becomes; null if nothing here serves the request} */
        @Nullable
        Consumer<Connection> find(
                HttpPrologue prologue, io.helidon.http.Headers headers, Map<String, String> parameters)
                throws Exception;
    }

    private record Route(Upgrader upgrader, Endpoint endpoint) {}

    private final WebSocketHost host;
    private final Routes<Route> routes = new Routes<>();

    private GibbonHelidon(WebSocketHost host) {
        this.host = host;
    }

    /**
     * {@return an upgrader of Helidon's without routes}
     *
     * @param host has the connections; the application closes it
     */
    public static GibbonHelidon of(WebSocketHost host) {
        return new GibbonHelidon(Objects.requireNonNull(host, "host"));
    }

    // ---- Routes

    /**
     * Serves the WebSockets of a path, each on a virtual thread of its own, which {@code handler} reads from top to
     * bottom; it is closed with 1000 when the handler returns and with 1011 when it throws, which is logged.
     *
     * @param pattern such as {@code /echo}, <code>/room/{name}</code> or {@code /all/*}; see {@link Routes}
     * @param upgrader checks the opening handshake
     * @param handler serves a connection
     * @return this
     * @throws IllegalArgumentException if the pattern is malformed or there is one for the same paths
     */
    public GibbonHelidon serve(String pattern, Upgrader upgrader, ConnectionHandler handler) {
        Objects.requireNonNull(handler, "handler");
        return add(pattern, upgrader, (_, _, _) -> serving(handler));
    }

    /**
     * Serves the WebSockets of a path by a handler that is found for each request.
     *
     * @param pattern as for {@link #serve(String, Upgrader, ConnectionHandler)}
     * @param upgrader checks the opening handshake
     * @param factory finds the handler
     * @return this
     * @throws IllegalArgumentException if the pattern is malformed or there is one for the same paths
     */
    public GibbonHelidon serve(String pattern, Upgrader upgrader, EndpointFactory<ConnectionHandler> factory) {
        Objects.requireNonNull(factory, "factory");
        return add(pattern, upgrader, (prologue, headers, parameters) -> {
            ConnectionHandler handler = factory.find(prologue, headers, parameters);
            return handler == null ? null : serving(handler);
        });
    }

    /**
     * Gives the WebSockets of a path to a listener. It is called on threads of the host's loops, and must not block.
     *
     * @param pattern as for {@link #serve(String, Upgrader, ConnectionHandler)}
     * @param upgrader checks the opening handshake
     * @param listener whose connections they are
     * @return this
     * @throws IllegalArgumentException if the pattern is malformed or there is one for the same paths
     */
    public GibbonHelidon listen(String pattern, Upgrader upgrader, Listener listener) {
        Objects.requireNonNull(listener, "listener");
        return add(pattern, upgrader, (_, _, _) -> listening(listener));
    }

    /**
     * Gives the WebSockets of a path to a listener that is found for each request.
     *
     * @param pattern as for {@link #serve(String, Upgrader, ConnectionHandler)}
     * @param upgrader checks the opening handshake
     * @param factory finds the listener
     * @return this
     * @throws IllegalArgumentException if the pattern is malformed or there is one for the same paths
     */
    public GibbonHelidon listen(String pattern, Upgrader upgrader, EndpointFactory<Listener> factory) {
        Objects.requireNonNull(factory, "factory");
        return add(pattern, upgrader, (prologue, headers, parameters) -> {
            Listener listener = factory.find(prologue, headers, parameters);
            return listener == null ? null : listening(listener);
        });
    }

    private GibbonHelidon add(String pattern, Upgrader upgrader, Endpoint endpoint) {
        routes.add(pattern, new Route(Objects.requireNonNull(upgrader, "upgrader"), endpoint));
        return this;
    }

    /**
     * {@return what Helidon takes connections of HTTP/1.1 by, with these WebSockets in it and every default} For {@code
     * WebServer.builder().addConnectionSelector}. With settings of its own, an application makes a {@link
     * Http1ConnectionSelector} itself, and gives it this object by {@code putUpgrader("websocket", gibbon)}.
     */
    public Http1ConnectionSelector selector() {
        return Http1ConnectionSelector.builder()
                .config(Http1Config.create())
                .putUpgrader(supportedProtocol(), this)
                .build();
    }

    // ---- What Helidon calls

    @Override
    public String supportedProtocol() {
        return "websocket";
    }

    /**
     * {@return what runs the connection that a request becomes, or ends it where it is refused; null if its path is no
     * route's} On the connection's virtual thread.
     */
    @Override
    public @Nullable ServerConnection upgrade(
            ConnectionContext context, HttpPrologue prologue, WritableHeaders<?> headers) {
        String path = prologue.uriPath().rawPath();
        Optional<Routes.Match<Route>> match = routes.match(path);
        if (match.isEmpty()) {
            return null;
        }
        UpgradeRequest asked = Requests.of(context, prologue, headers);
        UpgradeReply reply = host.reply(match.get().target().upgrader(), asked, Headers.of());
        return switch (reply) {
            case UpgradeReply.Refused refused -> refuse(context, refused);
            case UpgradeReply.Accepted accepted -> accept(context, prologue, headers, match.get(), asked, accepted);
        };
    }

    private static ServerConnection refuse(ConnectionContext context, UpgradeReply.Refused refused) {
        Answers.refuse(context, refused);
        return new RefusedConnection();
    }

    private @Nullable ServerConnection accept(
            ConnectionContext context,
            HttpPrologue prologue,
            WritableHeaders<?> headers,
            Routes.Match<Route> match,
            UpgradeRequest asked,
            UpgradeReply.Accepted accepted) {
        boolean sent = false;
        try {
            Consumer<Connection> to = match.target().endpoint().find(prologue, headers, Requests.parameters(match));
            if (to == null) {
                return null;
            }
            Answers.accept(context, accepted);
            sent = true;
            return new UpgradedConnection(context, host, accepted, to);
        } catch (ServerConnectionException e) {
            throw e; // The client is gone.
        } catch (Exception e) {
            // The application's: anything may come, and only this request may suffer.
            return refuse(context, host.failed(asked, e));
        } finally {
            if (!sent) {
                accepted.close();
            }
        }
    }

    private Consumer<Connection> serving(ConnectionHandler handler) {
        return connection -> {
            Thread _ = host.serve(connection, handler);
        };
    }

    private static Consumer<Connection> listening(Listener listener) {
        return connection -> connection.listen(listener);
    }
}

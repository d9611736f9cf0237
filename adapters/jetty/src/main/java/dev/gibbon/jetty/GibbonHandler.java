// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.jetty;

import dev.gibbon.ConnectionHandler;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketHost;
import dev.gibbon.spi.Routes;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.URIUtil;
import org.eclipse.jetty.util.component.LifeCycle;

/**
 * A handler of Jetty's core that serves WebSockets by path; every other request goes to the handler that it wraps, and
 * gets 426 if that leaves it unanswered and its path is one of these. It stands before servlets, in whichever of
 * Jetty's environments they are, or without any.
 *
 * <pre>{@code
 * WebSocketHost host = WebSocketHost.builder().build();
 * Upgrader upgrader = Upgrader.create();
 * server.setHandler(new GibbonHandler(host)
 *         .serve("/echo", upgrader, ws -> ws.forEachMessage(ws::writeMessage))
 *         .serve("/room/{name}", upgrader, (request, path) -> ws -> rooms.join(path.get("name"), ws)));
 * }</pre>
 *
 * <p>When it stops, or the {@link Server} that it is in begins to, it closes the host: peers see 1001, and the server
 * finds no connection to wait for. Paths are added before it starts; from then on it is for any thread.
 */
public final class GibbonHandler extends Handler.Wrapper {
    private final WebSocketHost host;
    private final Routes<Endpoint> endpoints = new Routes<>();

    private final LifeCycle.Listener stopping = new LifeCycle.Listener() {
        @Override
        public void lifeCycleStopping(LifeCycle event) {
            host.close();
        }
    };

    /** What serves the WebSockets of a pattern. */
    private record Endpoint(GibbonJetty gibbon, EndpointFactory<Face> finder) {}

    /**
     * Serves no path yet.
     *
     * @param host whose connections they become; closed when this handler or its server stops, or before, by the
     *     application
     */
    public GibbonHandler(WebSocketHost host) {
        this.host = Objects.requireNonNull(host, "host");
    }

    /**
     * Serves the WebSockets of a path, each on a virtual thread of its own: see {@link WebSocketHost#serve}. Requests
     * that ask for a WebSocket and are no acceptable opening handshake are refused.
     *
     * @param pattern such as {@code /echo}, <code>/room/{name}</code> or {@code /all/*}: see {@link Routes}. It is
     *     compared with Jetty's canonical path in the context that this handler is in: dots are resolved, and what can
     *     be taken for nothing else is decoded
     * @param upgrader checks the opening handshake
     * @param handler serves a connection
     * @return this
     * @throws IllegalStateException if this handler has been started
     * @throws IllegalArgumentException if the pattern is malformed or there is one for the same paths
     */
    public GibbonHandler serve(String pattern, Upgrader upgrader, ConnectionHandler handler) {
        Objects.requireNonNull(handler, "handler");
        return serve(pattern, upgrader, (_, _) -> handler);
    }

    /**
     * Serves the WebSockets of a path with the handler that a factory finds by the request: see {@link
     * #serve(String, Upgrader, ConnectionHandler)}.
     *
     * @param pattern as there
     * @param upgrader checks the opening handshake
     * @param factory finds the handler of one connection
     * @return this
     * @throws IllegalStateException if this handler has been started
     * @throws IllegalArgumentException if the pattern is malformed or there is one for the same paths
     */
    public GibbonHandler serve(String pattern, Upgrader upgrader, EndpointFactory<ConnectionHandler> factory) {
        Objects.requireNonNull(factory, "factory");
        return addFound(pattern, upgrader, (request, parameters) -> {
            ConnectionHandler found = factory.find(request, parameters);
            return found == null ? null : Face.of(host, found);
        });
    }

    /**
     * Gives the WebSockets of a path to a listener.
     *
     * @param pattern as for {@link #serve(String, Upgrader, ConnectionHandler)}
     * @param upgrader checks the opening handshake
     * @param listener whose connections they are
     * @return this
     * @throws IllegalStateException if this handler has been started
     * @throws IllegalArgumentException if the pattern is malformed or there is one for the same paths
     */
    public GibbonHandler listen(String pattern, Upgrader upgrader, dev.gibbon.Listener listener) {
        Objects.requireNonNull(listener, "listener");
        return listen(pattern, upgrader, (_, _) -> listener);
    }

    /**
     * Gives each WebSocket of a path to the listener that a factory finds by the request.
     *
     * @param pattern as for {@link #serve(String, Upgrader, ConnectionHandler)}
     * @param upgrader checks the opening handshake
     * @param factory finds the listener of one connection
     * @return this
     * @throws IllegalStateException if this handler has been started
     * @throws IllegalArgumentException if the pattern is malformed or there is one for the same paths
     */
    public GibbonHandler listen(String pattern, Upgrader upgrader, EndpointFactory<dev.gibbon.Listener> factory) {
        Objects.requireNonNull(factory, "factory");
        return addFound(pattern, upgrader, (request, parameters) -> {
            dev.gibbon.Listener found = factory.find(request, parameters);
            return found == null ? null : Face.of(found);
        });
    }

    private GibbonHandler addFound(String pattern, Upgrader upgrader, EndpointFactory<Face> finder) {
        if (isRunning()) {
            throw new IllegalStateException("paths are added before this handler starts: " + pattern);
        }
        endpoints.add(pattern, new Endpoint(GibbonJetty.of(host, upgrader), finder));
        return this;
    }

    /**
     * Stands before all handlers of a server, those included that it gets until it starts: for servers that
     * somebody else sets up, such as Javalin's.
     *
     * @param server a server that has not been started
     * @return this
     */
    public GibbonHandler wrapAll(Server server) {
        server.addEventListener(new LifeCycle.Listener() {
            @Override
            public void lifeCycleStarting(LifeCycle event) {
                if (server.getHandler() != GibbonHandler.this) { // It may start again.
                    setHandler(server.getHandler());
                    server.setHandler(GibbonHandler.this);
                }
            }
        });
        return this;
    }

    @Override
    protected void doStart() throws Exception {
        super.doStart();
        getServer().addEventListener(stopping);
    }

    @Override
    protected void doStop() throws Exception {
        getServer().removeEventListener(stopping);
        host.close(); // It may be this handler alone that stops.
        super.doStop();
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) throws Exception {
        Routes.Match<Endpoint> match =
                endpoints.match(Request.getPathInContext(request)).orElse(null);
        if (match == null) {
            return super.handle(request, response, callback);
        }
        GibbonJetty gibbon = match.target().gibbon();
        if (!GibbonJetty.isUpgrade(request)) {
            return super.handle(request, response, callback) || gibbon.refusePlain(request, response, callback);
        }
        Map<String, String> parameters = decoded(match.parameters());
        return gibbon.upgradeToFound(
                        () -> match.target().finder().find(request, parameters), request, response, callback)
                || super.handle(request, response, callback);
    }

    /** Jetty has decoded what is not ASCII already, and left what would be taken for another path. */
    private static Map<String, String> decoded(Map<String, String> parameters) {
        Map<String, String> decoded = new HashMap<>();
        parameters.forEach((name, value) -> decoded.put(name, name.equals("*") ? value : URIUtil.decodePath(value)));
        return Collections.unmodifiableMap(decoded);
    }

    /** {@return that handling a request may block} */
    @Override
    public InvocationType getInvocationType() {
        return InvocationType.BLOCKING;
    }
}

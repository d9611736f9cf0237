// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.servlet;

import dev.gibbon.ConnectionHandler;
import dev.gibbon.Listener;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketHost;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Upgrades requests that servlets have received, by the native way of the container they run in: Tomcat (with {@code
 * gibbon-tomcat} beside), Jetty (with {@code gibbon-jetty}) or Undertow (with {@code gibbon-undertow}). In others, and
 * without that, the connection runs over the streams of the servlet specification, which cost a thread for each
 * connection and cannot end one direction alone; that is told in the log, once. Immutable, for any thread.
 *
 * <pre>{@code
 * protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
 *     gibbon.upgrade(request, response, ws -> ws.forEachMessage(ws::writeMessage));
 * }
 * }</pre>
 */
public final class GibbonServlets {
    private static final Logger LOG = Logger.getLogger(GibbonServlets.class.getPackageName());

    /** Those whose libraries are there; the streams, which are everywhere, last. */
    private static final List<ServletContainer> CONTAINERS = containers();

    private final WebSocketHost host;
    private final Upgrader upgrader;
    private final List<ServletContainer> containers;

    GibbonServlets(WebSocketHost host, Upgrader upgrader, List<ServletContainer> containers) {
        this.host = Objects.requireNonNull(host, "host");
        this.upgrader = Objects.requireNonNull(upgrader, "upgrader");
        this.containers = containers;
    }

    /**
     * {@return what upgrades requests} Cheap: one may be made for each request.
     *
     * @param host whose connections they become; to be closed before the container stops
     * @param upgrader checks the opening handshakes
     */
    public static GibbonServlets of(WebSocketHost host, Upgrader upgrader) {
        return new GibbonServlets(host, upgrader, CONTAINERS);
    }

    private static List<ServletContainer> containers() {
        List<ServletContainer> found = new ArrayList<>();
        Iterator<ServletContainer> known = ServiceLoader.load(
                        ServletContainer.class, GibbonServlets.class.getClassLoader())
                .iterator();
        boolean more = true;
        while (more) {
            try {
                more = known.hasNext();
                if (more) {
                    found.add(known.next());
                }
            } catch (ServiceConfigurationError | LinkageError e) { // A container that is not here.
                LOG.log(Level.FINE, "a container is not here", e);
            }
        }
        found.add(new StreamsContainer());
        return List.copyOf(found);
    }

    /**
     * Upgrades a request, and has a handler serve the connection on a virtual thread of its own: see {@link
     * WebSocketHost#serve}. A request that is no acceptable opening handshake is refused, with 426 where it does not
     * ask for a WebSocket. What the response has by then, cookies for instance, goes with the answer. The servlet has
     * nothing more to do with either when this returns. Does not wait for the handler.
     *
     * @param request the request; filters and frameworks may have wrapped it
     * @param response its response, of which nothing has been sent
     * @param handler serves the connection
     * @throws IOException if the answer cannot be sent
     * @throws IllegalStateException if something of the response has been sent, as where a request is upgraded twice
     */
    public void upgrade(HttpServletRequest request, HttpServletResponse response, ConnectionHandler handler)
            throws IOException {
        Objects.requireNonNull(handler, "handler");
        containerOf(request).upgrade(host, upgrader, request, response, handler);
    }

    /**
     * Upgrades a request, and gives the connection to a listener; else as {@link #upgrade(HttpServletRequest,
     * HttpServletResponse, ConnectionHandler)}.
     *
     * @param request the request; filters and frameworks may have wrapped it
     * @param response its response, of which nothing has been sent
     * @param listener whose connection it is
     * @throws IOException if the answer cannot be sent
     */
    public void upgrade(HttpServletRequest request, HttpServletResponse response, Listener listener)
            throws IOException {
        Objects.requireNonNull(listener, "listener");
        containerOf(request).upgrade(host, upgrader, request, response, listener);
    }

    private ServletContainer containerOf(HttpServletRequest request) {
        HttpServletRequest own = ServletHandshake.unwrapped(request);
        for (ServletContainer container : containers) {
            if (container.received(own)) {
                return container;
            }
        }
        throw new IllegalStateException("the streams of servlets are the last resort, and serve all");
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.tomcat;

import dev.gibbon.Connection;
import dev.gibbon.ConnectionHandler;
import dev.gibbon.Listener;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketHost;
import dev.gibbon.servlet.ServletHandshake;
import dev.gibbon.spi.UpgradeReply;
import dev.gibbon.tomcat.internal.Take;
import dev.gibbon.tomcat.internal.Unopened;
import dev.gibbon.tomcat.internal.UpgradeHandler;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * Upgrades requests that Tomcat has received, in a servlet, a filter, or a controller of Spring's: the servlet
 * answers, returns, and Gibbon serves the socket. Tomcat's threads have no more to do with it, and its connector
 * still counts it. Make one for each {@link WebSocketHost}; immutable, for any thread.
 *
 * <pre>{@code
 * protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
 *     gibbon.upgrade(request, response, ws -> ws.forEachMessage(ws::writeMessage));
 * }
 * }</pre>
 */
public final class GibbonTomcat {
    private final WebSocketHost host;
    private final Upgrader upgrader;
    private final Unopened unopened;

    GibbonTomcat(WebSocketHost host, Upgrader upgrader, Unopened unopened) {
        this.host = Objects.requireNonNull(host, "host");
        this.upgrader = Objects.requireNonNull(upgrader, "upgrader");
        this.unopened = unopened;
    }

    /**
     * {@return what upgrades requests}
     *
     * @param host whose connections they become; to be closed before Tomcat stops
     * @param upgrader checks the opening handshakes
     */
    public static GibbonTomcat of(WebSocketHost host, Upgrader upgrader) {
        return new GibbonTomcat(host, upgrader, new Unopened());
    }

    /**
     * {@return the same with another upgrader} Cheap: one may be made for each request, such as for {@linkplain
     * Upgrader#withSubprotocol a subprotocol that is chosen already}.
     *
     * @param other checks the opening handshakes
     */
    public GibbonTomcat with(Upgrader other) {
        return new GibbonTomcat(host, other, unopened);
    }

    /**
     * {@return whether a request asks for a WebSocket: its field Upgrade lists {@code websocket} (RFC 6455 §4.1)} For
     * a path that has a page, too.
     *
     * @param request the request
     */
    public static boolean isUpgrade(HttpServletRequest request) {
        return ServletHandshake.isUpgrade(request);
    }

    /**
     * Upgrades a request, and has a handler serve it on a virtual thread of its own: see {@link WebSocketHost#serve}.
     * A request that is no acceptable opening handshake is refused: the response is written then. Otherwise the 101
     * is sent at once, with what the response has by then, cookies for instance, and the connection opens once the
     * request is over, that is when servlet and filters have returned. Waits for nothing but the answer to be sent.
     *
     * @param request the request, or what filters and frameworks wrap it in
     * @param response its response, of which nothing has been sent
     * @param handler serves the connection
     * @return whether the request was accepted; if not, it was refused
     * @throws IOException if the answer cannot be sent
     * @throws IllegalArgumentException if the request is none of Tomcat's
     * @throws IllegalStateException if something of the response has been sent, as where a request is upgraded twice
     */
    public boolean upgrade(HttpServletRequest request, HttpServletResponse response, ConnectionHandler handler)
            throws IOException {
        return upgradeTo(request, response, Take.by(host, handler));
    }

    /**
     * Upgrades a request, and gives it to a listener. See {@link
     * #upgrade(HttpServletRequest, HttpServletResponse, ConnectionHandler)}.
     *
     * @param request the request, or what filters and frameworks wrap it in
     * @param response its response, of which nothing has been sent
     * @param listener whose connection it is
     * @return whether the request was accepted; if not, it was refused
     * @throws IOException if the answer cannot be sent
     * @throws IllegalArgumentException if the request is none of Tomcat's
     * @throws IllegalStateException if something of the response has been sent, as where a request is upgraded twice
     */
    public boolean upgrade(HttpServletRequest request, HttpServletResponse response, Listener listener)
            throws IOException {
        return upgradeTo(request, response, Take.by(listener));
    }

    private boolean upgradeTo(HttpServletRequest request, HttpServletResponse response, Consumer<Connection> face)
            throws IOException {
        Objects.requireNonNull(response, "response");
        return switch (ServletHandshake.reply(host, upgrader, Objects.requireNonNull(request, "request"))) {
            case UpgradeReply.Refused refused -> {
                ServletHandshake.refuse(refused, request, response);
                yield false;
            }
            case UpgradeReply.Accepted accepted -> {
                accept(request, response, accepted, face);
                yield true;
            }
        };
    }

    private void accept(
            HttpServletRequest request,
            HttpServletResponse response,
            UpgradeReply.Accepted accepted,
            Consumer<Connection> face)
            throws IOException {
        boolean taken = false;
        try {
            ServletHandshake.addFields(accepted, request, response);
            ClassLoader loader = Thread.currentThread().getContextClassLoader();
            unopened.give(handler(request), new Take(host, accepted, face, loader));
            taken = true;
            // What a framework sets behind this, such as another status, must not reach the client.
            response.flushBuffer();
        } finally {
            if (!taken) {
                accepted.close();
            }
        }
    }

    /** {@return the handler that Tomcat has made for the upgrade} Wrappers may keep {@code upgrade} to themselves. */
    private static UpgradeHandler handler(HttpServletRequest request) throws IOException {
        HttpServletRequest own = ServletHandshake.unwrapped(request);
        try {
            return own.upgrade(UpgradeHandler.class);
        } catch (ServletException e) {
            throw new IllegalArgumentException(
                    "no request of Tomcat's: " + own.getClass().getName(), e);
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.servlet;

import dev.gibbon.ConnectionHandler;
import dev.gibbon.Listener;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketHost;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;

/**
 * How requests become WebSockets in one kind of servlet container. {@link GibbonServlets} finds those that are there
 * by {@link java.util.ServiceLoader}: {@code gibbon-tomcat} brings Tomcat's, this module Jetty's and Undertow's.
 * For any thread.
 */
public interface ServletContainer {
    /**
     * {@return whether it is this container that has received a request}
     *
     * @param request the container's own, without wrappers
     */
    boolean received(HttpServletRequest request);

    /**
     * Upgrades a request or refuses it, and has a handler serve the connection, on a virtual thread of its own. What
     * the response has by then, cookies for instance, goes with the answer. Returns once the request is answered.
     *
     * @param host whose connection it becomes
     * @param upgrader checks the opening handshake
     * @param request the request as the application has it: what the handshake looks at is asked of it, since a filter
     *     may know the client's host and scheme; {@link ServletHandshake#unwrapped} has the container's own
     * @param response its response, of which nothing has been sent
     * @param handler serves the connection
     * @throws IOException if the answer cannot be sent
     */
    void upgrade(
            WebSocketHost host,
            Upgrader upgrader,
            HttpServletRequest request,
            HttpServletResponse response,
            ConnectionHandler handler)
            throws IOException;

    /**
     * Upgrades a request or refuses it, and gives the connection to a listener. See above.
     *
     * @param host whose connection it becomes
     * @param upgrader checks the opening handshake
     * @param request the request as the application has it: what the handshake looks at is asked of it, since a filter
     *     may know the client's host and scheme; {@link ServletHandshake#unwrapped} has the container's own
     * @param response its response, of which nothing has been sent
     * @param listener whose connection it is
     * @throws IOException if the answer cannot be sent
     */
    void upgrade(
            WebSocketHost host,
            Upgrader upgrader,
            HttpServletRequest request,
            HttpServletResponse response,
            Listener listener)
            throws IOException;
}

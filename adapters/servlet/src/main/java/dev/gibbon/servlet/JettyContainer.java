// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.servlet;

import dev.gibbon.ConnectionHandler;
import dev.gibbon.Listener;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketHost;
import dev.gibbon.jetty.GibbonJetty;
import dev.gibbon.spi.UpgradeReply;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.List;
import org.eclipse.jetty.ee11.servlet.ServletApiRequest;
import org.eclipse.jetty.ee11.servlet.ServletContextRequest;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Blocker;

/** Jetty's servlets of Jakarta EE 11, whose requests are those of its core in other clothes. */
public final class JettyContainer implements ServletContainer {
    /** One step of Jetty's core; false where the request does not ask for a WebSocket. */
    @FunctionalInterface
    private interface Step {
        boolean upgrade(GibbonJetty gibbon, Request request, Response response, Blocker.Callback callback);
    }

    /** For {@link java.util.ServiceLoader}. Fails where Jetty's servlets or {@code gibbon-jetty} are not here. */
    public JettyContainer() {
        // Loads them now: what is not here is to be left out, not to fail with the first request.
        List<Class<?>> _ = List.of(ServletApiRequest.class, GibbonJetty.class);
    }

    @Override
    public boolean received(HttpServletRequest request) {
        return request instanceof ServletApiRequest;
    }

    @Override
    public void upgrade(
            WebSocketHost host,
            Upgrader upgrader,
            HttpServletRequest request,
            HttpServletResponse response,
            ConnectionHandler handler)
            throws IOException {
        upgrade(
                host,
                upgrader,
                request,
                response,
                (gibbon, asked, answer, callback) -> gibbon.upgrade(asked, answer, callback, handler));
    }

    @Override
    public void upgrade(
            WebSocketHost host,
            Upgrader upgrader,
            HttpServletRequest request,
            HttpServletResponse response,
            Listener listener)
            throws IOException {
        upgrade(
                host,
                upgrader,
                request,
                response,
                (gibbon, asked, answer, callback) -> gibbon.upgrade(asked, answer, callback, listener));
    }

    private static void upgrade(
            WebSocketHost host, Upgrader upgrader, HttpServletRequest request, HttpServletResponse response, Step step)
            throws IOException {
        ServletHandshake.requireUnsent(response);
        ServletContextRequest asked = ServletContextRequest.getServletContextRequest(request);
        try (Blocker.Callback callback = Blocker.callback()) {
            if (step.upgrade(GibbonJetty.of(host, upgrader), asked, asked.getServletContextResponse(), callback)) {
                callback.block();
                // What comes behind this would fail the request, and the connection with it.
                asked.getServletContextResponse().getHttpOutput().softClose();
                return;
            }
            callback.succeeded();
        }
        // It does not ask for a WebSocket, so nothing but a refusal comes.
        switch (ServletHandshake.reply(host, upgrader, request)) {
            case UpgradeReply.Refused refused -> ServletHandshake.refuse(refused, request, response);
            case UpgradeReply.Accepted accepted -> {
                accepted.close();
                throw new IllegalStateException("Jetty sees no WebSocket where there is one");
            }
        }
    }
}

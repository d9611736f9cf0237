// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.servlet;

import dev.gibbon.Connection;
import dev.gibbon.ConnectionHandler;
import dev.gibbon.Listener;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketHost;
import dev.gibbon.spi.UpgradeReply;
import dev.gibbon.undertow.GibbonUndertow;
import io.undertow.servlet.spec.HttpServletRequestImpl;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.List;
import java.util.function.Consumer;

/** Undertow's servlets, each of whose requests has an exchange behind it. */
public final class UndertowContainer implements ServletContainer {
    /** For {@link java.util.ServiceLoader}. Fails where Undertow's servlets or {@code gibbon-undertow} are not here. */
    public UndertowContainer() {
        // Loads them now: what is not here is to be left out, not to fail with the first request.
        List<Class<?>> _ = List.of(HttpServletRequestImpl.class, GibbonUndertow.class);
    }

    @Override
    public boolean received(HttpServletRequest request) {
        return request instanceof HttpServletRequestImpl;
    }

    @Override
    public void upgrade(
            WebSocketHost host,
            Upgrader upgrader,
            HttpServletRequest request,
            HttpServletResponse response,
            ConnectionHandler handler)
            throws IOException {
        upgradeTo(host, upgrader, request, response, connection -> {
            Thread _ = host.serve(connection, handler);
        });
    }

    @Override
    public void upgrade(
            WebSocketHost host,
            Upgrader upgrader,
            HttpServletRequest request,
            HttpServletResponse response,
            Listener listener)
            throws IOException {
        upgradeTo(host, upgrader, request, response, connection -> connection.listen(listener));
    }

    private static void upgradeTo(
            WebSocketHost host,
            Upgrader upgrader,
            HttpServletRequest request,
            HttpServletResponse response,
            Consumer<Connection> taker)
            throws IOException {
        switch (ServletHandshake.reply(host, upgrader, request)) {
            case UpgradeReply.Refused refused -> ServletHandshake.refuse(refused, request, response);
            case UpgradeReply.Accepted accepted -> {
                HttpServletRequestImpl own = (HttpServletRequestImpl) ServletHandshake.unwrapped(request);
                // Fields of the application's response are the exchange's: they go with the answer.
                GibbonUndertow.of(host).accept(own.getExchange(), accepted, taker);
            }
        }
    }
}

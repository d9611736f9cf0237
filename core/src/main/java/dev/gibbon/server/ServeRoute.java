// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.server;

import dev.gibbon.ConnectionHandler;
import dev.gibbon.Exchange;
import dev.gibbon.ExchangeHandler;
import dev.gibbon.Upgrader;
import dev.gibbon.connection.WebSocketConnection;
import java.util.Objects;

/** A route that is nothing but WebSockets: upgrades, has one served, and closes it. */
public record ServeRoute(Upgrader upgrader, ConnectionHandler handler) implements ExchangeHandler {
    public ServeRoute {
        Objects.requireNonNull(upgrader, "upgrader");
        Objects.requireNonNull(handler, "handler");
    }

    @Override
    public void handle(Exchange exchange) throws Exception {
        // What it throws is told, and closes the connection, where this is called.
        run(WebSocketConnection.behind(upgrader.upgrade(exchange)), handler);
    }

    /** Has {@code handler} serve a connection, and closes it when that returns, unless a listener has got it. */
    public static void run(WebSocketConnection connection, ConnectionHandler handler) throws Exception {
        handler.handle(connection);
        if (!connection.hasListener()) {
            connection.close();
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

/** A route that is nothing but WebSockets: upgrades, has one served, and closes it. */
record ServeRoute(Upgrader upgrader, ConnectionHandler handler) implements ExchangeHandler {
    @Override
    public void handle(Exchange exchange) throws Exception {
        Connection opened = upgrader.upgrade(exchange);
        handler.handle(opened); // What it throws is told, and closes the connection, where this is called.
        switch (opened) {
            case WebSocketConnection connection -> {
                if (!connection.hasListener()) {
                    connection.close();
                }
            }
        }
    }
}

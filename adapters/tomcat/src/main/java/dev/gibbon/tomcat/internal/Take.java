// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.tomcat.internal;

import dev.gibbon.Connection;
import dev.gibbon.ConnectionHandler;
import dev.gibbon.Listener;
import dev.gibbon.WebSocketHost;
import dev.gibbon.spi.UpgradeReply;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * A handshake that stands, and who gets its connection.
 *
 * @param host opens it
 * @param accepted how
 * @param face gets it
 * @param loader the class loader of the application that has upgraded the request, which its handler sees as well
 */
public record Take(WebSocketHost host, UpgradeReply.Accepted accepted, Consumer<Connection> face, ClassLoader loader) {
    /** {@return a face: a handler on a virtual thread of its own} */
    public static Consumer<Connection> by(WebSocketHost host, ConnectionHandler handler) {
        Objects.requireNonNull(handler, "handler");
        return connection -> {
            Thread _ = host.serve(connection, handler);
        };
    }

    /** {@return a face: a listener on a loop} */
    public static Consumer<Connection> by(Listener listener) {
        Objects.requireNonNull(listener, "listener");
        return connection -> connection.listen(listener);
    }
}

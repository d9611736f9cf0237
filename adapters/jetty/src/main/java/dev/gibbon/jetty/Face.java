// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.jetty;

import dev.gibbon.Connection;
import dev.gibbon.ConnectionHandler;
import dev.gibbon.Listener;
import dev.gibbon.WebSocketHost;
import org.jspecify.annotations.Nullable;

/** Who gets a connection once it is open. */
@FunctionalInterface
interface Face {
    void take(Connection connection);

    /** Finds who gets the connection of one request. */
    @FunctionalInterface
    interface Finder {
        /** {@return who; null if nobody does} */
        @Nullable
        Face find() throws Exception;
    }

    static Face of(WebSocketHost host, ConnectionHandler handler) {
        return connection -> {
            Thread _ = host.serve(connection, handler);
        };
    }

    static Face of(Listener listener) {
        return connection -> connection.listen(listener);
    }
}

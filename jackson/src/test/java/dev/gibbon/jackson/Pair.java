// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.jackson;

import dev.gibbon.Connection;
import dev.gibbon.ConnectionOptions;
import dev.gibbon.Role;
import dev.gibbon.testkit.ScriptedPeer;
import dev.gibbon.testkit.TransportPair;

/** A connection of a server, and the peer that scripts what it gets. */
record Pair(Connection connection, ScriptedPeer peer) implements AutoCloseable {
    static Pair create() {
        return create(ConnectionOptions.defaults());
    }

    static Pair create(ConnectionOptions options) {
        TransportPair pair = TransportPair.create();
        return new Pair(
                Connection.over(pair.server(), Role.SERVER, options), ScriptedPeer.over(pair.client(), Role.CLIENT));
    }

    @Override
    public void close() {
        connection.abort();
    }
}

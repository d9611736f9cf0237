// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

/** Serves the WebSockets of a {@linkplain WebSocketServer.Builder#serve route}, each on a virtual thread of its own. */
@FunctionalInterface
public interface ConnectionHandler {
    /**
     * Serves one connection, from its opening to its end. May block. The connection is closed when this returns, with
     * 1000 if it is still open, unless it was given to a {@linkplain Connection#listen listener} meanwhile.
     *
     * @param connection the open connection; need not be closed here
     * @throws Exception anything: it is logged with route, peer and stack, and the connection is closed with 1011.
     *     Nothing of this if it only says that the connection has ended.
     */
    void handle(Connection connection) throws Exception;
}

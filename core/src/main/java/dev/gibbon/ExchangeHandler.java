// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

/** Answers the requests of one route of a {@link WebSocketServer}, each on a virtual thread of its own. */
@FunctionalInterface
public interface ExchangeHandler {
    /**
     * Answers one request: {@link Upgrader#upgrade upgrades} it to a WebSocket or {@link Exchange#respond responds}.
     * May block; when it returns after an upgrade the connection stays open for the thread or listener that has it. A
     * route that is nothing but WebSockets has less to get wrong with {@link WebSocketServer.Builder#serve}.
     *
     * @param exchange the request and the way to answer it; for this thread
     * @throws Exception anything: it is logged with route, peer and stack; before an answer the peer gets 500, after an
     *     upgrade the connection is closed with 1011, also where a try-with-resources block has called {@link
     *     Connection#close()} before. Nothing of this if it only says that the connection has ended.
     */
    void handle(Exchange exchange) throws Exception;
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.conformance;

import java.net.URI;

/** A WebSocket client of others, with compression on and else as it comes. */
interface Client extends AutoCloseable {
    /** {@return a class of its own; the jar that it comes from tells name and version} */
    Class<?> library();

    /** Opens a connection, and tells the conversation what happens on it and how to send. */
    void connect(URI url, Conversation conversation) throws Exception;

    /** Ends its threads. */
    @Override
    void close() throws Exception;
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import org.jspecify.annotations.Nullable;

/**
 * Makes or chooses the listener of one connection, for which it may look at the request: path parameters, query,
 * cookies, who has logged in. Called on a virtual thread of the request's own, which ends when a loop has taken over.
 */
@FunctionalInterface
public interface ListenerFactory {
    /**
     * {@return whose connection it will be; null if this has {@linkplain Exchange#respond responded} instead} May
     * block, for example to ask a database. Called when the opening handshake is acceptable and before it is answered.
     *
     * @param exchange the request; not to be upgraded here. Its attributes become those of the connection.
     * @throws Exception anything: it is logged with route, peer and stack, and the peer gets 500
     */
    @Nullable
    Listener listener(Exchange exchange) throws Exception;
}

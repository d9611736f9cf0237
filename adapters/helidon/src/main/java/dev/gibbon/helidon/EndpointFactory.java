// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.helidon;

import io.helidon.http.Headers;
import io.helidon.http.HttpPrologue;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Makes or chooses what serves the WebSocket of one request, for which it may look at the request: path parameters,
 * query, cookies, who has logged in.
 *
 * @param <T> what serves it: a {@link dev.gibbon.ConnectionHandler} or a {@link dev.gibbon.Listener}
 */
@FunctionalInterface
public interface EndpointFactory<T> {
    /**
     * {@return what serves the WebSocket; null if nothing here does, and Helidon's routing is to answer the request}
     * Called on the virtual thread of the client's connection, when the opening handshake is acceptable and before it
     * is answered. May block.
     *
     * @param prologue method, path and query of the request
     * @param headers its fields
     * @param parameters what stands in the path where the pattern has names, percent-decoded; unmodifiable
     * @throws Exception anything: it is logged with its stack, and the client gets 500, or what a {@link
     *     dev.gibbon.RequestException} says
     */
    @Nullable
    T find(HttpPrologue prologue, Headers headers, Map<String, String> parameters) throws Exception;
}

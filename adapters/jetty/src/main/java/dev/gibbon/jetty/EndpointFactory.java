// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.jetty;

import java.util.Map;
import org.eclipse.jetty.server.Request;
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
     * {@return what serves the WebSocket; null if nothing here does, and the next handler is to answer the request}
     * Called on Jetty's thread for the request, when the opening handshake is acceptable and
     * before it is answered. May block.
     *
     * @param request the request; not to be kept, as Jetty uses it again
     * @param parameters what stands in the path where the pattern has names, percent-decoded, and for {@code *} the
     *     rest as it is; unmodifiable
     * @throws Exception anything: Jetty answers with 500, or with the status of an {@link
     *     org.eclipse.jetty.http.HttpException}
     */
    @Nullable
    T find(Request request, Map<String, String> parameters) throws Exception;
}

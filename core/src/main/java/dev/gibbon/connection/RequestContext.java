// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.Nullable;

/**
 * What a server's connection takes over from the request that it was.
 *
 * @param route the pattern of its route, for the log
 * @param attributes what the application has put there by then; null if nothing
 * @param handler the run of the handler that upgrades it; null on a loop
 */
public record RequestContext(
        String route,
        @Nullable ConcurrentMap<String, Object> attributes,
        @Nullable HandlerRun handler) {
    /** That of a connection which this side has dialled, or which no server has accepted. */
    public static final RequestContext NONE = new RequestContext("", null, null);
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import dev.gibbon.http.HttpSyntax;
import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.Nullable;

/**
 * What a server's connection takes over from the request that it was.
 *
 * @param route the pattern of its route, for the log
 * @param path the path that the client asked for, without the query; the same string as the route where it is the same
 *     text, and empty if it is not known
 * @param attributes what the application has put there by then; null if nothing
 * @param handler the run of the handler that upgrades it; null on a loop
 */
public record RequestContext(
        String route,
        String path,
        @Nullable ConcurrentMap<String, Object> attributes,
        @Nullable HandlerRun handler) {
    /** That of a connection which this side has dialled, or which no server has accepted. */
    public static final RequestContext NONE = new RequestContext("", "", null, null);

    /** {@return that of a request for a path, as another server sees it} */
    public static RequestContext hosted(String path) {
        return path.isEmpty() ? NONE : new RequestContext("", path, null, null);
    }

    /** {@return that of a request for a path that a route of ours has matched} */
    public static RequestContext routed(
            String route,
            String path,
            @Nullable ConcurrentMap<String, Object> attributes,
            @Nullable HandlerRun handler) {
        return new RequestContext(route, path.equals(route) ? route : path, attributes, handler);
    }

    /** {@return route and path for a line of the log, as far as they are known, behind a comma each} */
    public static String where(String route, String path) {
        String by = route.isEmpty() ? "" : ", route " + route;
        return path.isEmpty() || path.equals(route) ? by : by + ", path " + HttpSyntax.quoted(path);
    }
}

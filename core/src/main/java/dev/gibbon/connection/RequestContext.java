// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import dev.gibbon.http.HttpSyntax;
import java.util.List;
import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.Nullable;

/**
 * What a server's connection takes over from the request that it was.
 *
 * @param id the number by which the log knew it already, as it knows the connection from now on; 0 for none
 * @param route the pattern of its route, for the log
 * @param path the path that the client asked for, without the query; the same string as the route where it is the same
 *     text, and empty if it is not known
 * @param attributes what the application has put there by then; null if nothing
 * @param handler the run of the handler that upgrades it; null on a loop
 * @param quotas what its messages have to wait for
 */
public record RequestContext(
        long id,
        String route,
        String path,
        @Nullable ConcurrentMap<String, Object> attributes,
        @Nullable HandlerRun handler,
        List<MessageQuota> quotas) {
    /** That of a connection which this side has dialled, or which no server has accepted. */
    public static final RequestContext NONE = new RequestContext(0, "", "", null, null, List.of());

    /** {@return that of a request for a path, as another server sees it} */
    public static RequestContext hosted(String path) {
        return path.isEmpty() ? NONE : new RequestContext(0, "", path, null, null, List.of());
    }

    /** {@return that of a request for a path that a route of ours has matched} */
    public static RequestContext routed(
            long id,
            String route,
            String path,
            @Nullable ConcurrentMap<String, Object> attributes,
            @Nullable HandlerRun handler) {
        return new RequestContext(id, route, path.equals(route) ? route : path, attributes, handler, List.of());
    }

    /** {@return the same of a connection whose messages are limited by these, if there are any} */
    public RequestContext limitedBy(List<MessageQuota> by) {
        return by.isEmpty() ? this : new RequestContext(id, route, path, attributes, handler, by);
    }

    /** {@return route and path for a line of the log, as far as they are known, behind a comma each} */
    public static String where(String route, String path) {
        String by = route.isEmpty() ? "" : ", route " + route;
        return path.isEmpty() || path.equals(route) ? by : by + ", path " + HttpSyntax.quoted(path);
    }
}

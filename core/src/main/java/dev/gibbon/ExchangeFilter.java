// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

/**
 * Looks at requests before the routes of a {@link WebSocketServer} do, whatever these are: a login for example. Called
 * on the virtual thread of the request, so it may block.
 */
@FunctionalInterface
public interface ExchangeFilter {
    /**
     * Lets a request pass by returning, or answers it: {@linkplain Exchange#respond responds}, with 401 say, and then
     * neither another filter nor the route sees it. What it puts into the {@linkplain Exchange#attributes attributes},
     * such as who has logged in, the route finds there, and so does the connection that the request becomes.
     *
     * @param exchange the request; its path parameters are those of the filter's own pattern
     * @throws Exception anything: it is logged with route, peer and stack, and the peer gets 500
     */
    void filter(Exchange exchange) throws Exception;
}

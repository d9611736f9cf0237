// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.server.HttpRoutes;
import dev.gibbon.server.ListenerFactoryRoute;
import dev.gibbon.server.ListenerRoute;
import dev.gibbon.server.ServeRoute;
import dev.gibbon.server.StaticFiles;
import java.nio.file.Path;
import java.util.Objects;

/**
 * What a {@link WebSocketServer} answers, by path: the part of its builder that adds routes and filters. Not safe for
 * use by several threads.
 *
 * @param <B> the builder
 */
public abstract sealed class ServerRoutes<B extends ServerRoutes<B>> permits WebSocketServer.Builder {
    private final HttpRoutes routes = new HttpRoutes();

    ServerRoutes() {}

    HttpRoutes routes() {
        return routes;
    }

    abstract B self();

    /**
     * Answers requests for a path. A pattern's segments are literal or <code>{name}</code>, for one segment that is
     * not empty; its last may be {@code *}, for all the rest. Paths are compared as sent, byte for byte. A literal
     * segment beats a name and a name beats a star.
     *
     * @param pattern such as {@code /echo}, <code>/room/{name}</code> or {@code /static/*}
     * @param handler who answers
     * @return this
     * @throws IllegalArgumentException if the pattern is malformed or there is one for the same paths
     */
    public B handle(String pattern, ExchangeHandler handler) {
        routes.handle(pattern, Objects.requireNonNull(handler, "handler"));
        return self();
    }

    /**
     * Answers requests of one method for a path. A path may have a handler for each of several methods, beside one
     * for all others by {@link #handle(String, ExchangeHandler)}. Where there is none for all others, that of GET
     * answers HEAD too, without the body, OPTIONS is answered with the methods that there are, and any other gets
     * 405 with them.
     *
     * @param method such as {@code POST}; a token without lower-case letters
     * @param pattern as for {@link #handle(String, ExchangeHandler)}
     * @param handler who answers
     * @return this
     * @throws IllegalArgumentException if the method is no such token, the pattern is malformed, or there is a
     *     handler of the same method for the same paths, or one whose pattern names their segments otherwise
     */
    public B handle(String method, String pattern, ExchangeHandler handler) {
        routes.handle(method, pattern, Objects.requireNonNull(handler, "handler"));
        return self();
    }

    /**
     * Has a filter look at each request for a path before its route does: before handlers, WebSockets and listeners
     * alike, and also where there is no route. Filters whose patterns match are asked in the order in which they
     * were added, each unless one before it has answered. A filter guards a path in every spelling: unlike a route
     * it compares segments percent-decoded. Where one matches, requests that go to a {@link Listener} take a
     * virtual thread, too, until they are answered.
     *
     * @param pattern as for {@link #handle(String, ExchangeHandler)}; {@code /*} for every request
     * @param filter lets requests pass, or answers them
     * @return this
     * @throws IllegalArgumentException if the pattern is malformed
     */
    public B filter(String pattern, ExchangeFilter filter) {
        routes.filter(pattern, Objects.requireNonNull(filter, "filter"));
        return self();
    }

    /**
     * Answers GET and HEAD with the files of a directory: those that are there when they are asked for, read a piece
     * at a time, with a type by their extension, {@code ETag} and {@code Last-Modified} (and 304 for a client that has
     * that version), and {@code index.html} for a path that ends in a slash. There are no listings. No path leads out
     * of the directory, by no spelling and no symbolic link, to a name that begins with a dot, or to a file by another
     * spelling of its name. A client has to take 16 KiB within each {@linkplain
     * WebSocketServer.Builder#handshakeTimeout handshake timeout}.
     *
     * @param pattern as for {@link #handle(String, ExchangeHandler)}; its last segment is a star
     * @param root the directory; a link that is turned to another directory is followed there
     * @return this
     * @throws IllegalArgumentException if the pattern is malformed or has no star, there is a handler of GET for
     *     it, or there is no such directory
     */
    public B directory(String pattern, Path root) {
        if (!pattern.endsWith("/*")) {
            throw new IllegalArgumentException("the pattern of a directory ends in a star: " + pattern);
        }
        routes.handle("GET", pattern, new StaticFiles(root));
        return self();
    }

    /**
     * Serves the WebSockets of a path, with an {@link Upgrader} of every
     * default; see {@link #serve(String, Upgrader, ConnectionHandler)}.
     *
     * @param pattern as for {@link #handle(String, ExchangeHandler)}
     * @param handler serves a connection
     * @return this
     * @throws IllegalArgumentException if the pattern is malformed or there is one for the same paths
     */
    public B serve(String pattern, ConnectionHandler handler) {
        return serve(pattern, Upgrader.create(), handler);
    }

    /**
     * Serves the WebSockets of a path, each on a virtual thread of its own, which {@code handler} reads from top to
     * bottom: upgrades, runs the handler, and closes, with 1000 when it returns and 1011 when it throws, which is
     * logged. Requests that are no acceptable opening handshake are refused.
     *
     * @param pattern as for {@link #handle(String, ExchangeHandler)}
     * @param upgrader checks the opening handshake
     * @param handler serves a connection
     * @return this
     * @throws IllegalArgumentException if the pattern is malformed or there is one for the same paths
     */
    public B serve(String pattern, Upgrader upgrader, ConnectionHandler handler) {
        routes.handle(pattern, new ServeRoute(upgrader, handler));
        return self();
    }

    /**
     * Gives the WebSockets of a path straight to a listener: the opening handshake
     * runs on the event loop that will serve the connection, and no thread is made
     * for it.
     *
     * @param pattern as for {@link #handle(String, ExchangeHandler)}
     * @param upgrader who checks the opening handshake
     * @param listener whose connections they are
     * @return this
     * @throws IllegalArgumentException if the pattern is malformed or there is one for the same paths
     */
    public B listen(String pattern, Upgrader upgrader, Listener listener) {
        routes.handle(pattern, new ListenerRoute(pattern, upgrader, listener));
        return self();
    }

    /**
     * Gives each WebSocket of a path to the listener that {@code factory} finds by its request. The opening
     * handshake runs on a virtual thread, which ends with it; then a loop serves the connection.
     *
     * @param pattern as for {@link #handle(String, ExchangeHandler)}
     * @param upgrader checks the opening handshake
     * @param factory finds the listener, or responds
     * @return this
     * @throws IllegalArgumentException if the pattern is malformed or there is one for the same paths
     */
    public B listen(String pattern, Upgrader upgrader, ListenerFactory factory) {
        routes.handle(pattern, new ListenerFactoryRoute(upgrader, factory));
        return self();
    }
}

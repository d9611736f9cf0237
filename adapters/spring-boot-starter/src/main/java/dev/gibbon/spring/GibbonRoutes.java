// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.spring;

import dev.gibbon.ConnectionHandler;
import dev.gibbon.Listener;
import dev.gibbon.servlet.GibbonServlets;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Objects;
import java.util.function.Function;
import org.springframework.web.servlet.function.RouterFunction;
import org.springframework.web.servlet.function.RouterFunctions;
import org.springframework.web.servlet.function.ServerRequest;
import org.springframework.web.servlet.function.ServerResponse;

/**
 * WebSockets as functional routes. For any thread.
 *
 * <pre>{@code
 * @Bean
 * RouterFunction<ServerResponse> prices(GibbonRoutes routes) {
 *     return routes.listen("/prices/{symbol}", request -> new Prices(request.pathVariable("symbol")));
 * }
 * }</pre>
 */
public final class GibbonRoutes {
    private final GibbonServlets gibbon;

    /** Answers a request; Spring writes nothing behind it. */
    @FunctionalInterface
    private interface Upgrade {
        void upgrade(HttpServletRequest request, HttpServletResponse response) throws IOException;
    }

    GibbonRoutes(GibbonServlets gibbon) {
        this.gibbon = gibbon;
    }

    /**
     * {@return a route whose WebSockets a handler serves, each on a virtual thread of its own}
     *
     * @param pattern of Spring, such as <code>/room/{name}</code>
     * @param handlers finds the handler of one connection; what it throws is answered as Spring does
     */
    public RouterFunction<ServerResponse> serve(String pattern, Function<ServerRequest, ConnectionHandler> handlers) {
        Objects.requireNonNull(handlers, "handlers");
        return route(pattern, asked -> {
            ConnectionHandler handler = Objects.requireNonNull(handlers.apply(asked), "a handler");
            return (request, response) -> gibbon.upgrade(request, response, handler);
        });
    }

    /**
     * {@return a route whose WebSockets a listener gets}
     *
     * @param pattern of Spring, such as <code>/room/{name}</code>
     * @param listeners finds the listener of one connection; what it throws is answered as Spring does
     */
    public RouterFunction<ServerResponse> listen(String pattern, Function<ServerRequest, Listener> listeners) {
        Objects.requireNonNull(listeners, "listeners");
        return route(pattern, asked -> {
            Listener listener = Objects.requireNonNull(listeners.apply(asked), "a listener");
            return (request, response) -> gibbon.upgrade(request, response, listener);
        });
    }

    private static RouterFunction<ServerResponse> route(String pattern, Function<ServerRequest, Upgrade> upgrades) {
        return RouterFunctions.route()
                .GET(pattern, asked -> {
                    Upgrade upgrade = upgrades.apply(asked);
                    return ServerResponse.ok().build((request, response) -> {
                        upgrade.upgrade(request, response);
                        return null; // Nothing is left to render.
                    });
                })
                .build();
    }
}

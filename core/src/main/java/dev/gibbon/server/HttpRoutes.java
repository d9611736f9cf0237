// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.server;

import dev.gibbon.ExchangeFilter;
import dev.gibbon.ExchangeHandler;
import dev.gibbon.Headers;
import dev.gibbon.http.HttpSyntax;
import dev.gibbon.http.PathEscapes;
import dev.gibbon.spi.Routes;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What answers a request of the embedded server: the most specific pattern that matches its path, and of that one's
 * handlers the one for its method; and the filters that it passes before. Filled by one thread; from then on for any.
 *
 * <p>A filter guards a path in every spelling, since a handler may decode it: it compares {@linkplain
 * PathEscapes#canonical canonical} ones.
 */
public final class HttpRoutes {
    /** What answers one request, what its path gave for the names of the pattern, and the filters before it. */
    public record Found(ExchangeHandler handler, Routes.Match<?> match, List<Routes.Match<ExchangeFilter>> filters) {
        /** {@return an answer of the server's own, for which there is no route} */
        static Found ownAnswer(ExchangeHandler answer) {
            return new Found(answer, new Routes.Match<>(answer, "", Map.of()), List.of());
        }
    }

    private static final String ANY_METHOD = "";

    private static final Found NOT_FOUND =
            Found.ownAnswer(exchange -> exchange.respond(404, "text/plain", "404 Not Found\n"));

    private final Routes<Methods> routes = new Routes<>();
    private final Map<String, Methods> byPattern = new HashMap<>();

    /** Each with its one pattern, in the order in which they are asked. */
    private final List<Routes<ExchangeFilter>> filters = new ArrayList<>();

    /** Adds a handler of all methods that have none of their own. */
    public void handle(String pattern, ExchangeHandler handler) {
        add(ANY_METHOD, pattern, handler);
    }

    /** Adds a handler of one method, and of HEAD if that is GET. */
    public void handle(String method, String pattern, ExchangeHandler handler) {
        if (!HttpSyntax.isToken(method) || method.chars().anyMatch(Character::isLowerCase)) {
            throw new IllegalArgumentException(
                    "a method is a token in upper case, such as GET: " + HttpSyntax.quoted(method));
        }
        add(method, pattern, handler);
    }

    private void add(String method, String pattern, ExchangeHandler handler) {
        Methods known = byPattern.get(pattern);
        if (known == null) {
            Methods methods = new Methods();
            routes.add(pattern, methods);
            byPattern.put(pattern, methods);
            methods.handlers.put(method, handler);
        } else if (known.handlers.putIfAbsent(method, handler) != null) {
            throw new IllegalArgumentException("there is a route for the same paths already: " + pattern);
        }
    }

    /** Adds a filter behind those that are there. */
    public void filter(String pattern, ExchangeFilter filter) {
        Routes<ExchangeFilter> one = new Routes<>();
        one.add(pattern, filter); // Checks the pattern as it is.
        filters.add(canonical(pattern, filter));
    }

    private static Routes<ExchangeFilter> canonical(String pattern, ExchangeFilter filter) {
        Routes<ExchangeFilter> one = new Routes<>();
        one.add(
                Arrays.stream(pattern.split("/", -1))
                        .map(segment -> segment.startsWith("{") ? segment : PathEscapes.canonical(segment))
                        .collect(Collectors.joining("/")),
                filter);
        return one;
    }

    /** {@return what answers a request, whatever it is} */
    Found find(String method, String path) {
        Routes.Match<Methods> match = routes.match(path).orElse(null);
        Found found = match == null ? NOT_FOUND : new Found(match.target().handler(method), match, List.of());
        return filters.isEmpty() ? found : new Found(found.handler(), found.match(), filters(path));
    }

    private List<Routes.Match<ExchangeFilter>> filters(String path) {
        String canonical = PathEscapes.canonical(path);
        return filters.stream()
                .flatMap(filter -> filter.match(canonical).stream())
                .toList();
    }

    /** The handlers of one pattern. */
    private static final class Methods {
        private final Map<String, ExchangeHandler> handlers = new LinkedHashMap<>();

        ExchangeHandler handler(String method) {
            @Nullable ExchangeHandler handler = handlers.get(method);
            if (handler == null && method.equals("HEAD")) {
                handler = handlers.get("GET");
            }
            if (handler == null) {
                handler = handlers.get(ANY_METHOD);
            }
            return handler == null ? withoutHandler(method) : handler;
        }

        /** {@return the answer to a method that no handler is for (RFC 9110 §9.3.7, §15.5.6)} */
        private ExchangeHandler withoutHandler(String method) {
            Set<String> methods = new LinkedHashSet<>(handlers.keySet());
            if (methods.contains("GET")) {
                methods.add("HEAD");
            }
            methods.add("OPTIONS");
            String allow = String.join(", ", methods);
            return method.equals("OPTIONS")
                    ? exchange -> exchange.respond(204, Headers.of("Allow", allow), new byte[0])
                    : exchange -> exchange.respond(
                            405,
                            Headers.of("Allow", allow, "Content-Type", "text/plain; charset=utf-8"),
                            "405 Method Not Allowed\n".getBytes(StandardCharsets.US_ASCII));
        }
    }
}

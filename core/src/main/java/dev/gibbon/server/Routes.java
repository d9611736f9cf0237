// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.server;

import dev.gibbon.ExchangeHandler;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which handler answers which path. A pattern is a path whose segments are literal or
 * <code>{name}</code>, and whose last may be {@code *} for all the rest. Paths are compared as
 * sent: no decoding, no dots resolved, so nothing else can take a path for another. Among patterns
 * that match, a literal segment beats a name and a name beats a star, from left to right.
 */
public final class Routes {
    /** A handler and what the path gave for the names of its pattern. */
    public record Match(ExchangeHandler handler, Map<String, String> parameters, String pattern) {
        /** An answer of the server's own, for which there is no route. */
        public Match(ExchangeHandler handler) {
            this(handler, Map.of(), "");
        }
    }

    private record Route(String pattern, List<String> segments, ExchangeHandler handler) {}

    private final List<Route> routes = new ArrayList<>();

    public void add(String pattern, ExchangeHandler handler) {
        List<String> segments = split(pattern);
        if (!pattern.startsWith("/")) {
            throw new IllegalArgumentException("a route's pattern begins with a slash: " + pattern);
        }
        segments.forEach(segment -> requireWhole(pattern, segment));
        List<String> names = segments.stream().filter(Routes::isName).toList();
        if (Set.copyOf(names).size() < names.size()) {
            throw new IllegalArgumentException("a pattern has a name twice: " + pattern);
        }
        int star = segments.indexOf("*");
        if (star >= 0 && star < segments.size() - 1) {
            throw new IllegalArgumentException("a star is the last segment of a pattern: " + pattern);
        }
        if (routes.stream().anyMatch(route -> shape(route.segments()).equals(shape(segments)))) {
            throw new IllegalArgumentException("there is a route for the same paths already: " + pattern);
        }
        routes.add(new Route(pattern, segments, handler));
        routes.sort((a, b) -> shape(a.segments()).compareTo(shape(b.segments())));
    }

    /** A brace in a literal would never match: a name takes a whole segment, and no client sends a brace as it is. */
    private static void requireWhole(String pattern, String segment) {
        String inside = isName(segment) ? segment.substring(1, segment.length() - 1) : segment;
        if (inside.contains("{") || inside.contains("}")) {
            throw new IllegalArgumentException("a name is a whole segment, {name}: " + pattern);
        }
        if (isName(segment) && inside.equals("*")) {
            throw new IllegalArgumentException("a star has no braces: " + pattern);
        }
    }

    /** Sorts the most specific first, segment by segment: literal, name, star. */
    private static String shape(List<String> segments) {
        StringBuilder shape = new StringBuilder();
        for (String segment : segments) {
            shape.append(segment.equals("*") ? "2" : isName(segment) ? "1" : "0" + segment)
                    .append('/');
        }
        return shape.toString();
    }

    /** {@return the route of this path, if it goes straight to a listener} */
    @Nullable
    public ListenerRoute listener(String path) {
        return match(path).map(Match::handler).orElse(null) instanceof ListenerRoute route ? route : null;
    }

    public Optional<Match> match(String path) {
        List<String> segments = split(path);
        for (Route route : routes) {
            Map<String, String> parameters = new HashMap<>();
            if (matches(route.segments(), segments, parameters)) {
                return Optional.of(new Match(route.handler(), Map.copyOf(parameters), route.pattern()));
            }
        }
        return Optional.empty();
    }

    private static boolean matches(List<String> pattern, List<String> path, Map<String, String> parameters) {
        for (int i = 0; i < pattern.size(); i++) {
            String segment = pattern.get(i);
            if (segment.equals("*")) {
                parameters.put("*", String.join("/", path.subList(Math.min(i, path.size()), path.size())));
                return path.size() >= i;
            }
            if (i >= path.size()) {
                return false;
            }
            if (isName(segment) && !path.get(i).isEmpty()) {
                parameters.put(segment.substring(1, segment.length() - 1), path.get(i));
            } else if (!segment.equals(path.get(i))) {
                return false;
            }
        }
        return pattern.size() == path.size();
    }

    private static boolean isName(String segment) {
        return segment.length() > 2 && segment.startsWith("{") && segment.endsWith("}");
    }

    private static List<String> split(String path) {
        return List.of(path.substring(Math.min(1, path.length())).split("/", -1));
    }
}

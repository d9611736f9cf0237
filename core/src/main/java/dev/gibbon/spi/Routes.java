// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.spi;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * What a path leads to, for the embedded server and for hosts that know no paths. A pattern is a path whose segments
 * are literal or <code>{name}</code>, for one segment that is not empty, and whose last may be {@code *} for all the
 * rest. Paths are compared as sent: no decoding, no dots resolved, so nothing else can take a path for another. Among
 * patterns that match, a literal segment beats a name and a name beats a star, from left to right.
 *
 * <p>Filled by one thread; from then on for any thread.
 *
 * @param <T> what a path leads to
 */
public final class Routes<T> {
    /**
     * Where a path leads.
     *
     * @param target what was {@linkplain Routes#add added}
     * @param pattern the pattern that matches
     * @param parameters what the path gave for the names of the pattern, as sent; {@code *} is such a name
     * @param <T> what a path leads to
     */
    public record Match<T>(T target, String pattern, Map<String, String> parameters) {
        /** Copies the parameters. */
        public Match {
            Objects.requireNonNull(target, "target");
            Objects.requireNonNull(pattern, "pattern");
            parameters = Map.copyOf(parameters);
        }

        /**
         * {@return what stands at {@code {name}} of the pattern, percent-decoded; what {@code *} matched, as sent,
         * under {@code "*"}} A percent sign that begins no escape stands for itself, and what is no UTF-8 becomes
         * U+FFFD.
         *
         * @param name the name in the pattern
         * @throws IllegalArgumentException if the pattern has no such name
         */
        public String parameter(String name) {
            String value = parameters.get(name);
            if (value == null) {
                throw new IllegalArgumentException("the route has no {" + name + "}");
            }
            return name.equals("*") ? value : PercentEncoding.decode(value);
        }
    }

    /** {@code named}: whether the path gives anything for a name or star. */
    private record Route<T>(String pattern, List<String> segments, boolean named, T target) {}

    private final List<Route<T>> routes = new ArrayList<>();

    /** Begins without any. */
    public Routes() {}

    /**
     * Has the paths of a pattern lead somewhere.
     *
     * @param pattern such as {@code /echo}, <code>/room/{name}</code> or {@code /static/*}
     * @param target where they lead
     * @throws IllegalArgumentException if the pattern is malformed or there is one for the same paths
     */
    public void add(String pattern, T target) {
        Objects.requireNonNull(target, "target");
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
        routes.add(new Route<>(pattern, segments, star >= 0 || !names.isEmpty(), target));
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

    /**
     * {@return where a path leads, if it leads anywhere}
     *
     * @param path as sent, without the query
     */
    public Optional<Match<T>> match(String path) {
        for (Route<T> route : routes) {
            if (matches(route.segments(), path)) {
                Map<String, String> given = route.named() ? parameters(route.segments(), path) : Map.of();
                return Optional.of(new Match<>(route.target(), route.pattern(), given));
            }
        }
        return Optional.empty();
    }

    /** Goes along the path segment by segment, and takes none of them out: most routes have no use for them. */
    private static boolean matches(List<String> pattern, String path) {
        int from = first(path);
        for (int i = 0; i < pattern.size(); i++) { // No iterator: each request comes here for each route.
            String segment = pattern.get(i);
            if (segment.equals("*")) {
                return true;
            }
            if (from > path.length()) { // It has no more segments.
                return false;
            }
            int end = end(path, from);
            boolean literal = end - from == segment.length() && path.startsWith(segment, from);
            if (!literal && (!isName(segment) || end == from)) {
                return false;
            }
            from = end + 1;
        }
        return from > path.length();
    }

    /** {@return what a path that matches gives for the names of a pattern} */
    private static Map<String, String> parameters(List<String> pattern, String path) {
        Map<String, String> parameters = new HashMap<>();
        int from = first(path);
        for (String segment : pattern) {
            if (segment.equals("*")) {
                parameters.put("*", path.substring(Math.min(from, path.length())));
                break;
            }
            int end = end(path, from);
            if (isName(segment)) {
                parameters.put(segment.substring(1, segment.length() - 1), path.substring(from, end));
            }
            from = end + 1;
        }
        return parameters;
    }

    /** {@return where the first segment of a path begins} */
    private static int first(String path) {
        return Math.min(1, path.length());
    }

    /** {@return where the segment ends that begins at {@code from}} */
    private static int end(String path, int from) {
        int slash = path.indexOf('/', from);
        return slash < 0 ? path.length() : slash;
    }

    private static boolean isName(String segment) {
        return segment.length() > 2 && segment.startsWith("{") && segment.endsWith("}");
    }

    private static List<String> split(String path) {
        return List.of(path.substring(Math.min(1, path.length())).split("/", -1));
    }
}

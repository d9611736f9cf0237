// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.gibbon.ExchangeFilter;
import dev.gibbon.ExchangeHandler;
import dev.gibbon.spi.Routes;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HttpRoutesTest {
    private final HttpRoutes routes = new HttpRoutes();

    private static ExchangeHandler handler() {
        return new ExchangeHandler() { // One of its own, unlike a lambda that captures nothing.
            @Override
            public void handle(dev.gibbon.Exchange exchange) {}
        };
    }

    private ExchangeHandler add(String method, String pattern) {
        ExchangeHandler handler = handler();
        routes.handle(method, pattern, handler);
        return handler;
    }

    private ExchangeHandler found(String method, String path) {
        return routes.find(method, path).handler();
    }

    @Nested
    class Methods {
        @Test
        void eachMethodHasItsHandlerAndThatOfGetAnswersHead() {
            ExchangeHandler get = add("GET", "/a");
            ExchangeHandler put = add("PUT", "/a");
            assertEquals(get, found("GET", "/a"));
            assertEquals(get, found("HEAD", "/a"));
            assertEquals(put, found("PUT", "/a"));
        }

        @Test
        void aHandlerOfHeadBeatsThatOfGet() {
            ExchangeHandler _ = add("GET", "/a");
            ExchangeHandler head = add("HEAD", "/a");
            assertEquals(head, found("HEAD", "/a"));
        }

        @Test
        void theHandlerOfAllOthersTakesWhatIsLeft() {
            ExchangeHandler others = handler();
            routes.handle("/a", others);
            ExchangeHandler post = add("POST", "/a");
            assertEquals(post, found("POST", "/a"));
            for (String method : List.of("GET", "HEAD", "OPTIONS", "BREW")) {
                assertEquals(others, found(method, "/a"));
            }
        }

        @Test
        void theMostSpecificPatternDecidesWhateverTheMethod() {
            ExchangeHandler name = add("GET", "/{name}");
            ExchangeHandler _ = add("POST", "/a");
            assertEquals(name, found("GET", "/b"));
            assertEquals("/a", routes.find("GET", "/a").match().pattern());
        }

        @ParameterizedTest
        @ValueSource(strings = {"", "get", "Get", "G T", "GET\r\nX:", "/a"})
        void aMethodIsATokenInUpperCase(String method) {
            assertThrows(IllegalArgumentException.class, () -> routes.handle(method, "/a", handler()));
        }

        @Test
        void aMethodOfAPatternHasOneHandler() {
            ExchangeHandler _ = add("GET", "/{a}");
            assertThrows(IllegalArgumentException.class, () -> add("GET", "/{a}"));
            assertThrows(IllegalArgumentException.class, () -> add("POST", "/{b}"), "names that differ");
            routes.handle("/{a}", handler());
            assertThrows(IllegalArgumentException.class, () -> routes.handle("/{a}", handler()));
        }
    }

    @Nested
    class Filters {
        private ExchangeFilter filter(String pattern) {
            ExchangeFilter filter = new ExchangeFilter() {
                @Override
                public void filter(dev.gibbon.Exchange exchange) {}
            };
            routes.filter(pattern, filter);
            return filter;
        }

        private List<ExchangeFilter> filters(String path) {
            return routes.find("GET", path).filters().stream()
                    .map(Routes.Match::target)
                    .toList();
        }

        @Test
        void allThatMatchAreAskedInTheirOrderAlsoWhereThereIsNoRoute() {
            ExchangeFilter room = filter("/room/{name}");
            ExchangeFilter all = filter("/*");
            ExchangeFilter _ = filter("/other");
            ExchangeHandler _ = add("GET", "/room/a");
            assertEquals(List.of(room, all), filters("/room/a"));
            assertEquals(List.of(all), filters("/none"));
            assertEquals(List.of(all), filters("/"));
        }

        @Test
        void theSamePatternMayHaveSeveral() {
            assertEquals(List.of(filter("/a"), filter("/a")), filters("/a"));
        }

        @ParameterizedTest
        @ValueSource(
                strings = {"/private/x", "/%70rivate/x", "/%50rivate/x", "/privat%65/", "/private", "/p%72ivate//"})
        void sec18AGuardedPathIsGuardedInEachOfItsSpellings(String path) {
            ExchangeFilter filter = filter("/private/*");
            ExchangeFilter capital = filter("/Private/*");
            assertEquals(List.of(path.contains("%50") ? capital : filter), filters(path));
        }

        @ParameterizedTest
        @CsvSource({
            "/a b/*, /a%20b/x",
            "/a%20b/*, /a%20b/x",
            "/a%2fb, /a%2Fb",
            "/50%, /50%",
            "/50%, /50%25",
            "/[x], /%5Bx%5d",
            "/[x], /[x]",
            "/grüße, /gr%C3%BC%c3%9Fe",
            "/{name}/a, /x%2Fy/%61"
        })
        void patternsAndPathsMayEscapeWhatTheyLike(String pattern, String path) {
            assertEquals(List.of(filter(pattern)), filters(path));
        }

        @ParameterizedTest
        @CsvSource({"/a/b, /a%2Fb", "/a, /%2561", "/a, /A", "/private/*, /privates/x"})
        void anotherPathIsAnother(String pattern, String path) {
            ExchangeFilter _ = filter(pattern);
            assertEquals(List.of(), filters(path));
        }

        @Test
        void theirParametersAreDecodedOnce() {
            ExchangeFilter _ = filter("/room/{name}");
            assertEquals(
                    "100%41",
                    routes.find("GET", "/room/100%2541").filters().getFirst().parameter("name"));
        }

        @ParameterizedTest
        @ValueSource(strings = {"a", "/a/{x", "/*/a", "/{x}/{x}"})
        void aMalformedPatternIsRefused(String pattern) {
            assertThrows(IllegalArgumentException.class, () -> filter(pattern));
        }
    }
}

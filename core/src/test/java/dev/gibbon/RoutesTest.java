// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.spi.Routes;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RoutesTest {
    private final Routes<ExchangeHandler> routes = new Routes<>();

    private ExchangeHandler add(String pattern) {
        ExchangeHandler handler = _ -> {};
        routes.add(pattern, handler);
        return handler;
    }

    private Map<String, String> parameters(String path) {
        return routes.match(path).orElseThrow().parameters();
    }

    @Test
    void aLiteralPatternMatchesItsPathAlone() {
        ExchangeHandler root = add("/");
        ExchangeHandler echo = add("/echo");
        assertEquals(root, routes.match("/").orElseThrow().target());
        assertEquals(echo, routes.match("/echo").orElseThrow().target());
        for (String other : new String[] {"/echo/", "/Echo", "/ech", "/echo2", "//echo", "/x/../echo", "/%65cho"}) {
            assertTrue(routes.match(other).isEmpty(), other);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "/room/main, literal",
        "/room/other, name",
        "/room/other/deep, star",
        "/room/main/deep, star",
        "/room/main/log, name then literal"
    })
    void aLiteralBeatsANameAndANameBeatsAStarFromLeftToRight(String path, String winner) {
        Map<String, ExchangeHandler> handlers = Map.of(
                "star", add("/room/*"),
                "name", add("/room/{id}"),
                "literal", add("/room/main"),
                "name then literal", add("/room/{id}/log"));
        assertEquals(handlers.get(winner), routes.match(path).orElseThrow().target());
    }

    @Test
    void theOrderInWhichRoutesWereAddedDoesNotMatter() {
        ExchangeHandler literal = add("/a/b");
        ExchangeHandler name = add("/a/{x}");
        Routes<ExchangeHandler> turned = new Routes<>();
        turned.add("/a/{x}", name);
        turned.add("/a/b", literal);
        for (String path : new String[] {"/a/b", "/a/c"}) {
            assertEquals(
                    routes.match(path).orElseThrow().target(),
                    turned.match(path).orElseThrow().target());
        }
    }

    @Test
    void namesGetTheirSegmentsAsSent() {
        ExchangeHandler _ = add("/room/{room}/user/{user}");
        assertEquals(Map.of("room", "a%20b", "user", "7"), parameters("/room/a%20b/user/7"));
    }

    @Test
    void aParameterIsDecodedButWhatTheStarMatched() {
        ExchangeHandler _ = add("/room/{room}/*");
        Routes.Match<ExchangeHandler> match =
                routes.match("/room/a%20b%C3%A9/c%2Fd/e").orElseThrow();
        assertEquals("/room/{room}/*", match.pattern());
        assertEquals("a b\u00e9", match.parameter("room"));
        assertEquals("c%2Fd/e", match.parameter("*"));
        assertThrows(IllegalArgumentException.class, () -> match.parameter("other"));
    }

    @Test
    void anEmptySegmentIsNoName() {
        ExchangeHandler _ = add("/room/{room}");
        assertTrue(routes.match("/room/").isEmpty());
        assertTrue(routes.match("/room").isEmpty());
    }

    @Test
    void anEmptySegmentIsALiteral() {
        ExchangeHandler _ = add("/room//{user}/");
        assertEquals(Map.of("user", "7"), parameters("/room//7/"));
        for (String other : new String[] {"/room/7/", "/room//7", "/room///7/", "/room//7//"}) {
            assertTrue(routes.match(other).isEmpty(), other);
        }
    }

    @Test
    void aStarTakesAllTheRestEvenNothing() {
        ExchangeHandler _ = add("/static/*");
        assertEquals(Map.of("*", "css/a.css"), parameters("/static/css/a.css"));
        assertEquals(Map.of("*", ""), parameters("/static/"));
        assertEquals(Map.of("*", ""), parameters("/static"));
        assertTrue(routes.match("/statics/a").isEmpty());
        assertEquals(Map.of("*", "../secret"), parameters("/static/../secret"), "as sent: the handler decides");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "echo", "", "/a/*/b", "/*/b", "/a/{", "/a/}", "/a/{}", "/a/{x", "/a/b{x}", "/{x}{y}", "/{a{b}}", "/{*}"
            })
    void aMalformedPatternIsRefused(String pattern) {
        assertThrows(IllegalArgumentException.class, () -> routes.add(pattern, _ -> {}));
    }

    @ParameterizedTest
    @ValueSource(strings = {"/a/{x}/{x}", "/{x}/b/{x}/*"})
    void aNameThatStandsTwiceIsRefused(String pattern) {
        assertThrows(IllegalArgumentException.class, () -> routes.add(pattern, _ -> {}));
    }

    @ParameterizedTest
    @CsvSource({"/a, /a", "/{x}, /{y}", "/a/*, /a/*", "/{x}/b/*, /{y}/b/*"})
    void twoPatternsForTheSamePathsAreRefused(String first, String second) {
        ExchangeHandler _ = add(first);
        assertThrows(IllegalArgumentException.class, () -> routes.add(second, _ -> {}));
    }
}

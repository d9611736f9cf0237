// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.net.URISyntaxException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TypedUrlTest {
    @ParameterizedTest
    @CsvSource(
            delimiterString = " -> ",
            value = {
                "localhost -> ws://localhost",
                "localhost:8080/echo -> ws://localhost:8080/echo",
                "localhost:8080/echo?next=http://x -> ws://localhost:8080/echo?next=http://x",
                "h/a://b -> ws://h/a://b",
                "WS://h -> ws://h",
                "http://h/ -> ws://h/",
                "HTTPS://h/ -> wss://h/",
                "ws:/h/ -> ws://h/",
                "wss:///h/ -> wss://h/",
                "ws:8080/ -> ws://ws:8080/",
                "[::1]:8080 -> ws://[::1]:8080",
                "ftp://h/ -> ftp://h/",
                "httpbin.org/x -> ws://httpbin.org/x"
            })
    void aSchemeIsFoundWhereOneWasTyped(String typed, String uri) throws URISyntaxException {
        assertEquals(uri, TypedUrl.parse(typed).toString());
    }

    @ParameterizedTest
    @CsvSource(
            delimiterString = " -> ",
            quoteCharacter = '`',
            value = {
                "/a?{\"a\":[1,2]} -> /a?%7B%22a%22:[1,2]%7D",
                "/a|b?c|d -> /a%7Cb?c%7Cd",
                "/a b?c d -> /a%20b?c%20d",
                "/50%?50% -> /50%25?50%25",
                "/a%20b?%zz%2 -> /a%20b?%25zz%252",
                "/[1]^?^<>'\" -> /%5B1%5D%5E?%5E%3C%3E%27%22",
                "/ü?ö=😀 -> /%C3%BC?%C3%B6=%F0%9F%98%80",
                "\\a\\b?c\\d -> /a/b?c%5Cd",
                "/it's?a?b/c -> /it's?a?b/c",
                "/a#b c -> /a#b%20c"
            })
    void whatAUriCannotHoldIsEncodedAsABrowserDoes(String typed, String encoded) throws URISyntaxException {
        assertEquals("ws://h" + encoded, TypedUrl.parse("ws://h" + typed).toString());
        assertEquals("ws://h" + encoded, TypedUrl.parse("h" + typed).toString());
    }

    @Test
    void blanksAroundItAndLineBreaksInItGo() throws URISyntaxException {
        assertEquals("ws://h/ab", TypedUrl.parse("  ws://h/a\n\tb \n").toString());
    }

    @Test
    void anAddressThatIsNoneIsRefused() {
        assertThrows(URISyntaxException.class, () -> TypedUrl.parse("ws://h h/"));
        assertThrows(URISyntaxException.class, () -> TypedUrl.parse("[::1:80/"));
        assertThrows(URISyntaxException.class, () -> TypedUrl.parse("ws://"));
    }
}

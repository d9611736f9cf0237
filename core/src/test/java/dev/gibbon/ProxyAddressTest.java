// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.PasswordAuthentication;
import java.net.URI;
import java.util.Optional;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ProxyAddressTest {
    private static final String USER = "alice";
    private static final String PASSWORD = "se cret";

    private static String pair(ProxyAddress proxy) {
        PasswordAuthentication credentials = proxy.credentials().orElseThrow();
        return credentials.getUserName() + "|" + new String(credentials.getPassword());
    }

    @Nested
    class Uris {
        @ParameterizedTest
        @CsvSource({
            "http://proxy.example, HTTP, proxy.example, 80",
            "HTTPS://Proxy.Example./, HTTPS, proxy.example, 443",
            "socks5://proxy.example, SOCKS5, proxy.example, 1080",
            "socks5h://192.0.2.1:9050, SOCKS5H, 192.0.2.1, 9050",
            "socks://proxy.example, SOCKS5H, proxy.example, 1080",
            "SOCKS://proxy.example:1081/, SOCKS5H, proxy.example, 1081",
            "http://proxy.example:, HTTP, proxy.example, 80",
            "http://[2001:db8::1]:3128/, HTTP, 2001:db8:0:0:0:0:0:1, 3128",
            "http://my_proxy:65535, HTTP, my_proxy, 65535",
        })
        void schemeHostAndPort(String uri, ProxyAddress.Protocol protocol, String host, int port) {
            ProxyAddress proxy = ProxyAddress.parse(uri);
            assertEquals(ProxyAddress.of(protocol, host, port), proxy);
            assertEquals(protocol, proxy.protocol());
            assertEquals(host, proxy.host());
            assertEquals(port, proxy.port());
            assertEquals(Optional.empty(), proxy.credentials());
            assertEquals(proxy, ProxyAddress.of(URI.create(uri)));
        }

        @ParameterizedTest
        @CsvSource({
            "http://u:p@h, u|p",
            "http://u@h, u|",
            "http://u:@h, u|",
            "http://:p@h, |p",
            "http://u:a:b@h, u|a:b",
            "http://u%40x:%3A%2f%23@h, u@x|:/#",
            "http://u:p/q#r?s@h, u|p/q#r?s",
            "http://u:a@b@h, u|a@b",
            "http://%C3%A9:£@h, é|£",
            "http://u+v:a%20b@h, u+v|a b",
            "socks5h://u%01v:p@h, u\u0001v|p",
        })
        void credentialsArePercentDecodedAsUtf8(String uri, String expected) {
            assertEquals(expected, pair(ProxyAddress.parse(uri)));
        }

        @ParameterizedTest
        @ValueSource(strings = {"socks4://alice@proxy", "SOCKS4A://proxy:1080"})
        void socks4IsRefusedWithWhatToWrite(String uri) {
            IllegalArgumentException failure =
                    assertThrows(IllegalArgumentException.class, () -> ProxyAddress.parse(uri));
            assertTrue(failure.getMessage().contains("write socks5h://"), failure.getMessage());
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "",
                    "se%20cret",
                    "proxy:80",
                    "//proxy",
                    "ftp://alice:se%20cret@proxy",
                    "socks4://proxy",
                    "http://",
                    "http://alice:se%20cret@",
                    "http://:80",
                    "http://proxy:0",
                    "http://proxy:65536",
                    "http://proxy:x",
                    "http://alice:se%20cret@proxy/path",
                    "http://alice:se%20cret@proxy?query",
                    "http://alice:se%20cret@proxy#fragment",
                    "http://alice:se%20cret/proxy",
                    "http://pro xy",
                    "http://proxy\r\nX: y",
                    "http://bücher",
                    "http://[::1%25eth0]",
                    "http://::1",
                    "http://alice:se%20cret%@proxy",
                    "http://alice:se%20cret%2@proxy",
                    "http://alice:se%20cret%zz@proxy",
                    "http://alice:se%20cret%ff@proxy",
                    "http://alice%3A:se%20cret@proxy",
                    "http://alice:se%20cret%0d%0aX:y@proxy",
                    "socks5://alice@proxy",
                    "socks5://:se%20cret@proxy",
                })
        void anythingElseIsRefusedWithoutRepeatingIt(String uri) {
            IllegalArgumentException failure =
                    assertThrows(IllegalArgumentException.class, () -> ProxyAddress.parse(uri));
            for (Throwable e = failure; e != null; e = e.getCause()) {
                assertFalse(e.toString().contains("alice"), e.toString());
                assertFalse(e.toString().contains("cret"), e.toString());
            }
        }
    }

    @Nested
    class Parts {
        @ParameterizedTest
        @CsvSource({"::1, 0:0:0:0:0:0:0:1", "[::1], 0:0:0:0:0:0:0:1", "A.Example, a.example", "192.0.2.1, 192.0.2.1"})
        void hostIsKeptInOneForm(String host, String expected) {
            assertEquals(
                    expected,
                    ProxyAddress.of(ProxyAddress.Protocol.HTTP, host, 80).host());
        }

        @ParameterizedTest
        @CsvSource({"'',80", "a:81,80", "'a b',80", "[::1]:81,80", "a,0", "a,65536", "a,-1"})
        void malformedHostOrPortIsRefused(String host, int port) {
            assertThrows(IllegalArgumentException.class, () -> ProxyAddress.of(ProxyAddress.Protocol.HTTP, host, port));
        }

        @Test
        void socksCredentialsFitTheirLengthByte() {
            ProxyAddress proxy = ProxyAddress.parse("socks5://h");
            assertEquals("é|p", pair(proxy.withCredentials("é", "p")));
            assertEquals(255, pair(proxy.withCredentials("u", "p".repeat(255))).length() - 2 /* u and | */);
            String tooLong = "é".repeat(128);
            assertThrows(IllegalArgumentException.class, () -> proxy.withCredentials("u", tooLong));
            assertThrows(IllegalArgumentException.class, () -> proxy.withCredentials(tooLong, "p"));
            assertThrows(IllegalArgumentException.class, () -> proxy.withCredentials("u", ""));
            assertThrows(IllegalArgumentException.class, () -> proxy.withCredentials("", "p"));
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "Host",
                    "HOST",
                    "Content-Length",
                    "transfer-encoding",
                    "TE",
                    "Trailer",
                    "Connection",
                    "Upgrade",
                    "Expect",
                    "Sec-WebSocket-Key",
                    "sec-websocket-x",
                    "Authorization",
                    "Cookie"
                })
        void hc25FieldOfTheRequestOrTheTargetIsRefusedInAnySpelling(String name) {
            ProxyAddress proxy = ProxyAddress.parse("http://h");
            Headers headers = Headers.of(name, "x");
            assertThrows(IllegalArgumentException.class, () -> proxy.withHeaders(headers));
        }

        @Test
        void ownAuthorizationAndCredentialsExcludeEachOther() {
            Headers own = Headers.of("proxy-authorization", "Bearer x");
            ProxyAddress proxy = ProxyAddress.parse("https://h").withHeaders(own);
            assertEquals(own, proxy.headers());
            assertThrows(IllegalArgumentException.class, () -> proxy.withCredentials("u", "p"));
            ProxyAddress known = proxy.withHeaders(Headers.of()).withCredentials("u", "p");
            assertEquals("u|p", pair(known));
            assertThrows(IllegalArgumentException.class, () -> known.withHeaders(own));
            assertEquals(proxy, known.withoutCredentials().withHeaders(own));
        }

        @Test
        void socksHasNoHeaders() {
            ProxyAddress proxy = ProxyAddress.parse("socks5h://h");
            assertThrows(IllegalArgumentException.class, () -> proxy.withHeaders(Headers.of("User-Agent", "x")));
            assertEquals(proxy, proxy.withHeaders(Headers.of()));
        }

        @Test
        void credentialsAreACopy() {
            ProxyAddress proxy = ProxyAddress.parse("http://u:p@h");
            proxy.credentials().orElseThrow().getPassword()[0] = 'x';
            assertEquals("u|p", pair(proxy));
        }

        @Test
        void equalityCountsEverything() {
            ProxyAddress proxy = ProxyAddress.parse("http://u:p@h");
            assertEquals(proxy, ProxyAddress.parse("http://h:80/").withCredentials("u", "p"));
            assertEquals(
                    proxy.hashCode(),
                    ProxyAddress.parse("http://h:80/").withCredentials("u", "p").hashCode());
            assertNotEquals(proxy, ProxyAddress.parse("http://u:q@h"));
            assertNotEquals(proxy, ProxyAddress.parse("http://h"));
            assertNotEquals(proxy, ProxyAddress.parse("https://u:p@h:80"));
            assertNotEquals(proxy, proxy.withHeaders(Headers.of("A", "b")));
        }

        @Test
        void toStringTellsNoSecret() {
            ProxyAddress proxy = ProxyAddress.parse("http://[::1]:3128").withHeaders(Headers.of("X-Secret", PASSWORD));
            assertEquals(
                    "http://[0:0:0:0:0:0:0:1]:3128",
                    proxy.withCredentials(USER, PASSWORD).toString());
            assertTrue(ProxyAddress.parse("socks5h://u:p@h").toString().equals("socks5h://h:1080"));
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.gibbon.ProxyPolicy;
import java.io.IOException;
import java.net.URI;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EnvironmentProxiesTest {
    private static final String DIRECT = "direct";

    /** {@return the proxy for a target, in an environment spelled {@code A=b C=d}} */
    private static String proxy(String environment, String target) throws IOException {
        Map<String, String> variables = new HashMap<>();
        Arrays.stream(environment.split(" "))
                .map(setting -> setting.split("=", 2))
                .forEach(setting -> variables.put(setting[0], setting[1]));
        return ProxyPolicy.environment(variables)
                .proxyFor(URI.create(target))
                .map(Object::toString)
                .orElse(DIRECT);
    }

    @ParameterizedTest
    @CsvSource({
        "A=b, ws://t, direct",
        "HTTP_PROXY=http://p:1, ws://t, http://p:1",
        "HTTP_PROXY=http://p:1, WS://t, http://p:1",
        "HTTP_PROXY=http://p:1, wss://t, direct",
        "HTTPS_PROXY=http://p:1, ws://t, direct",
        "HTTPS_PROXY=http://p:1, wss://t, http://p:1",
        "HTTPS_PROXY=http://p:1, WSS://t, http://p:1",
        "ALL_PROXY=socks5://p:1, ws://t, socks5://p:1",
        "ALL_PROXY=socks5h://p:1, wss://t, socks5h://p:1",
        "ALL_PROXY=socks://p:1, ws://t, socks5h://p:1",
        "all_proxy=socks://p:1/, wss://t, socks5h://p:1",
        "HTTPS_PROXY=socks://p, wss://t, socks5h://p:1080",
        "ALL_PROXY=http://a:1 HTTP_PROXY=http://p:1, ws://t, http://p:1",
        "ALL_PROXY=http://a:1 HTTP_PROXY=http://p:1, wss://t, http://a:1",
        "HTTP_PROXY=http://u:1 http_proxy=http://l:1, ws://t, http://l:1",
        "HTTPS_PROXY=http://u:1 https_proxy=http://l:1, wss://t, http://l:1",
        "ALL_PROXY=http://u:1 all_proxy=http://l:1, ws://t, http://l:1",
        "HTTP_PROXY=http://u:1 http_proxy=, ws://t, http://u:1",
        "HTTP_PROXY=p:3128, ws://t, http://p:3128",
        "HTTP_PROXY=u:p@p, ws://t, http://p:80",
    })
    void variableForTheSchemeThenTheOneForAllAndLowerCaseWins(String environment, String target, String expected)
            throws IOException {
        assertEquals(expected, proxy(environment, target));
    }

    @ParameterizedTest
    @CsvSource({
        "HTTP_PROXY=http://evil:1 REQUEST_METHOD=GET, ws://t, direct",
        "HTTP_PROXY=http://evil:1 REQUEST_METHOD=, ws://t, direct",
        "HTTP_PROXY=http://evil:1 http_proxy=http://p:1 REQUEST_METHOD=GET, ws://t, http://p:1",
        "HTTP_PROXY=http://evil:1 ALL_PROXY=http://p:1 REQUEST_METHOD=GET, ws://t, http://p:1",
        "HTTPS_PROXY=http://p:1 REQUEST_METHOD=GET, wss://t, http://p:1",
    })
    void underCgiTheUpperCaseHttpProxyIsARequestsHeader(String environment, String target, String expected)
            throws IOException {
        assertEquals(expected, proxy(environment, target));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ws://localhost",
                "ws://LOCALHOST.:80",
                "ws://a.localhost/",
                "ws://127.0.0.1",
                "ws://127.9.9.9:8080/x",
                "ws://127.1",
                "ws://[::1]",
                "ws://[::ffff:127.0.0.1]:80"
            })
    void loopbackIsAlwaysDirect(String target) throws IOException {
        assertEquals(DIRECT, proxy("HTTP_PROXY=http://p:1", target));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ws://localhost.example",
                "ws://notlocalhost",
                "ws://128.0.0.1",
                "ws://127.0.0.1.example",
                "ws://[::2]",
                "ws://10.0.0.1",
                "ws://my_host:8080/",
                "ws://u:p@t:80"
            })
    void everythingElseIsNot(String target) throws IOException {
        assertEquals("http://p:1", proxy("HTTP_PROXY=http://p:1", target));
    }

    @ParameterizedTest
    @CsvSource({
        "ws://t:8080, 8080",
        "ws://t, 80",
        "ws://t:, 80",
        "wss://t, 443",
        "ws://my_host, 80",
        "ws://my_host:81, 81",
        "ws://[2001:db8::1]:82, 82",
        "ws://[2001:db8::1], 80"
    })
    void portOfNoProxyIsTheTargetsOwnOrItsSchemesDefault(String target, int port) throws IOException {
        assertEquals(DIRECT, proxy("ALL_PROXY=http://p:1 NO_PROXY=*:" + port, target));
        assertEquals("http://p:1", proxy("ALL_PROXY=http://p:1 NO_PROXY=*:" + (port + 1), target));
    }

    @Test
    void lowerCaseNoProxyWins() throws IOException {
        assertEquals("http://p:1", proxy("HTTP_PROXY=http://p:1 NO_PROXY=t no_proxy=u", "ws://t"));
        assertEquals(DIRECT, proxy("HTTP_PROXY=http://p:1 NO_PROXY=u no_proxy=t", "ws://t"));
        assertEquals(DIRECT, proxy("HTTP_PROXY=http://p:1 NO_PROXY=t no_proxy=", "ws://t"));
    }

    @Test
    void malformedValueFailsOnlyWhatWouldUseItAndIsNotRepeated() throws IOException {
        String environment = "HTTP_PROXY=ftp://alice:secret@p NO_PROXY=u";
        IOException failure = assertThrows(IOException.class, () -> proxy(environment, "ws://t"));
        assertEquals(
                "environment variable HTTP_PROXY: proxy scheme is not http, https, socks5 or socks5h",
                failure.getMessage());
        assertFalse(failure.toString().contains("secret"));
        assertFalse(String.valueOf(failure.getCause()).contains("secret"));
        assertEquals(DIRECT, proxy(environment, "wss://t"));
        assertEquals(DIRECT, proxy(environment, "ws://u"));
        assertEquals(DIRECT, proxy(environment, "ws://localhost"));
    }

    @Test
    void environmentIsCopied() throws IOException {
        Map<String, String> variables = new HashMap<>(Map.of("HTTP_PROXY", "http://p:1"));
        ProxyPolicy policy = ProxyPolicy.environment(variables);
        variables.clear();
        assertEquals(
                "http://p:1",
                policy.proxyFor(URI.create("ws://t")).orElseThrow().toString());
    }
}

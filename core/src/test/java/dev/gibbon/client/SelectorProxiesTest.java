// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.gibbon.ProxyPolicy;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SelectorProxiesTest {
    private static final InetSocketAddress PLACE = InetSocketAddress.createUnresolved("proxy.example", 8080);

    /** Gives one answer and remembers the questions. */
    private static final class Script extends ProxySelector {
        private final List<Proxy> answer;
        private final List<String> questions = new ArrayList<>();

        Script(Proxy... answer) {
            this.answer = List.of(answer);
        }

        @Override
        public List<Proxy> select(URI uri) {
            questions.add(uri.toString());
            return answer;
        }

        @Override
        public void connectFailed(URI uri, SocketAddress address, IOException failure) {
            throw new AssertionError("not asked to connect");
        }
    }

    private static String proxy(ProxySelector selector, String target) throws IOException {
        return ProxyPolicy.selector(selector)
                .proxyFor(URI.create(target))
                .map(Object::toString)
                .orElse("direct");
    }

    @ParameterizedTest
    @CsvSource({
        "ws://t:81/a?b=c, http://t:81/a?b=c",
        "wss://t/, https://t/",
        "WSS://[::1]:82, https://[::1]:82",
    })
    void isAskedForTheHttpUriThatCorresponds(String target, String question) throws IOException {
        Script script = new Script(Proxy.NO_PROXY);
        assertEquals("direct", proxy(script, target));
        assertEquals(List.of(question), script.questions);
    }

    @Test
    void firstOfTheListCounts() throws IOException {
        Proxy http = new Proxy(Proxy.Type.HTTP, PLACE);
        Proxy socks = new Proxy(Proxy.Type.SOCKS, PLACE);
        assertEquals("http://proxy.example:8080", proxy(new Script(http, socks), "ws://t"));
        assertEquals("socks5h://proxy.example:8080", proxy(new Script(socks, http), "ws://t"));
        assertEquals("direct", proxy(new Script(Proxy.NO_PROXY, http), "ws://t"));
        assertEquals("direct", proxy(new Script(), "ws://t"));
    }

    @Test
    void selectorOfTheJdkWorksForBothSchemes() throws IOException {
        ProxySelector selector = ProxySelector.of(PLACE);
        assertEquals("http://proxy.example:8080", proxy(selector, "ws://t"));
        assertEquals("http://proxy.example:8080", proxy(selector, "wss://t"));
        assertEquals("direct", proxy(ProxySelector.of(null), "wss://t"));
    }

    @Test
    void unusableProxyFailsInsteadOfGoingDirect() {
        Proxy portless = new Proxy(Proxy.Type.HTTP, InetSocketAddress.createUnresolved("proxy.example", 0));
        assertThrows(ProxyException.class, () -> proxy(new Script(portless), "ws://t"));
        Proxy zoned = new Proxy(Proxy.Type.SOCKS, InetSocketAddress.createUnresolved("fe80::1%eth0", 80));
        assertThrows(ProxyException.class, () -> proxy(new Script(zoned), "ws://t"));
    }
}

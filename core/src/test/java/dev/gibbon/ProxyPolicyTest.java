// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.net.ProxySelector;
import java.net.URI;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The policies that there are; the rules of two of them are in EnvironmentProxiesTest and SelectorProxiesTest. */
class ProxyPolicyTest {
    private static final URI TARGET = URI.create("ws://example.com/");

    @Test
    void eachLeadsWhereItSays() throws IOException {
        ProxyAddress proxy = ProxyAddress.parse("http://proxy.example:3128");
        assertEquals(Optional.empty(), ProxyPolicy.direct().proxyFor(TARGET));
        assertEquals(Optional.of(proxy), ProxyPolicy.via(proxy).proxyFor(TARGET));
        Map<String, String> variables = Map.of("all_proxy", "http://proxy.example:3128");
        assertEquals(Optional.of(proxy), ProxyPolicy.environment(variables).proxyFor(TARGET));
        assertEquals(
                Optional.empty(), ProxyPolicy.selector(ProxySelector.of(null)).proxyFor(TARGET));
    }

    @Test
    void whatItConsultsMayNotBeMissing() {
        assertThrows(NullPointerException.class, () -> ProxyPolicy.via(null));
        assertThrows(NullPointerException.class, () -> ProxyPolicy.selector(null));
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.client;

import dev.gibbon.ProxyAddress;
import dev.gibbon.ProxyPolicy;
import dev.gibbon.http.HttpSyntax;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.URI;
import java.util.List;
import java.util.Optional;

/** Takes the first proxy that a {@link ProxySelector} lists. */
public final class SelectorProxies implements ProxyPolicy {
    private final ProxySelector selector;

    /** Asks {@code selector}. */
    public SelectorProxies(ProxySelector selector) {
        this.selector = selector;
    }

    @Override
    public Optional<ProxyAddress> proxyFor(URI target) throws IOException {
        List<Proxy> proxies = selector.select(asHttp(target));
        return proxies.isEmpty() ? Optional.empty() : address(proxies.getFirst());
    }

    /** The JDK's own selectors know {@code http} and {@code https}, and go direct for anything else. */
    private static URI asHttp(URI target) {
        String text = target.toString();
        String scheme = text.substring(0, text.indexOf(':'));
        String http = HttpSyntax.equalsIgnoreCase(scheme, "wss") ? "https" : "http";
        return URI.create(http + text.substring(scheme.length()));
    }

    private static Optional<ProxyAddress> address(Proxy proxy) throws IOException {
        return switch (proxy.type()) {
            case DIRECT -> Optional.empty();
            case HTTP -> Optional.of(address(ProxyAddress.Protocol.HTTP, proxy));
            case SOCKS -> Optional.of(address(ProxyAddress.Protocol.SOCKS5H, proxy));
        };
    }

    private static ProxyAddress address(ProxyAddress.Protocol protocol, Proxy proxy) throws IOException {
        if (!(proxy.address() instanceof InetSocketAddress place)) {
            throw new ProxyException("the ProxySelector named a proxy that is not at an InetSocketAddress");
        }
        try {
            return ProxyAddress.of(protocol, place.getHostString(), place.getPort());
        } catch (IllegalArgumentException e) {
            throw new ProxyException("the ProxySelector named no usable proxy: " + e.getMessage(), e);
        }
    }
}

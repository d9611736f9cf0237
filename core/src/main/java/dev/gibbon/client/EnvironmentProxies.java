// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.client;

import dev.gibbon.ProxyAddress;
import dev.gibbon.ProxyPolicy;
import dev.gibbon.http.HttpSyntax;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The proxies that environment variables name, in the way of curl; {@link ProxyPolicy#environment(Map)} has the rules.
 */
public final class EnvironmentProxies implements ProxyPolicy {
    private static final int WS_PORT = 80;
    private static final int WSS_PORT = 443;

    private final Optional<Setting> forWs;
    private final Optional<Setting> forWss;
    private final DirectHosts directHosts;

    /** A variable with its value, which may hold credentials. */
    private record Setting(String name, String value) {
        @Override
        public String toString() {
            return name;
        }
    }

    /** Takes what it needs from {@code variables}. */
    public EnvironmentProxies(Map<String, String> variables) {
        boolean cgi = variables.containsKey("REQUEST_METHOD");
        Optional<Setting> forAll = first(variables, "all_proxy", "ALL_PROXY");
        // As CGI, HTTP_PROXY is what some request has in its Proxy field ("httpoxy").
        List<String> httpNames = cgi ? List.of("http_proxy") : List.of("http_proxy", "HTTP_PROXY");
        forWs = first(variables, httpNames.toArray(String[]::new)).or(() -> forAll);
        forWss = first(variables, "https_proxy", "HTTPS_PROXY").or(() -> forAll);
        directHosts = DirectHosts.parse(
                first(variables, "no_proxy", "NO_PROXY").map(Setting::value).orElse(""));
    }

    @Override
    public Optional<ProxyAddress> proxyFor(URI target) throws IOException {
        boolean secure = HttpSyntax.equalsIgnoreCase(String.valueOf(target.getScheme()), "wss");
        Optional<Setting> setting = secure ? forWss : forWs;
        if (setting.isEmpty()) {
            return Optional.empty();
        }
        // From the authority, since URI has no host for a name with an underscore.
        String authority = String.valueOf(target.getRawAuthority());
        String place = authority.substring(authority.lastIndexOf('@') + 1);
        int colon = place.lastIndexOf(':');
        boolean hasPort = colon > place.lastIndexOf(']');
        TargetHost host = TargetHost.parse(hasPort ? place.substring(0, colon) : place)
                .orElseThrow(() -> new IllegalArgumentException("the target has a malformed host"));
        int defaultPort = secure ? WSS_PORT : WS_PORT;
        int port = hasPort && colon + 1 < place.length() ? Integer.parseInt(place.substring(colon + 1)) : defaultPort;
        return isLocal(host) || directHosts.contains(host, port)
                ? Optional.empty()
                : Optional.of(address(setting.get()));
    }

    private static Optional<Setting> first(Map<String, String> variables, String... names) {
        for (String name : names) {
            String value = variables.getOrDefault(name, "").strip();
            if (!value.isEmpty()) {
                return Optional.of(new Setting(name, value));
            }
        }
        return Optional.empty();
    }

    /** This machine is another one for the proxy (RFC 6761 §6.3). */
    private static boolean isLocal(TargetHost host) {
        return host.address()
                .map(InetAddress::isLoopbackAddress)
                .orElseGet(() -> host.text().equals("localhost") || host.text().endsWith(".localhost"));
    }

    private static ProxyAddress address(Setting setting) throws ProxyException {
        try {
            String value = setting.value();
            return ProxyAddress.parse(value.contains("://") ? value : "http://" + value);
        } catch (IllegalArgumentException e) {
            throw new ProxyException("environment variable " + setting.name() + ": " + e.getMessage(), e);
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.client.EnvironmentProxies;
import dev.gibbon.client.SelectorProxies;
import java.io.IOException;
import java.net.ProxySelector;
import java.net.URI;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Decides through which proxy a connection goes, if any.
 *
 * <p>A policy is called by many threads at once, once for each address dialled.
 */
@FunctionalInterface
public interface ProxyPolicy {
    /**
     * {@return the proxy for a connection to {@code target}, or empty for a direct one}
     *
     * @param target the {@code ws} or {@code wss} URI being dialled
     * @throws IOException if there should be a proxy but none can be named; the connection is then not made at all
     */
    Optional<ProxyAddress> proxyFor(URI target) throws IOException;

    /** {@return a policy without proxies} */
    static ProxyPolicy direct() {
        return _ -> Optional.empty();
    }

    /**
     * {@return a policy that sends every connection through one proxy, those to this machine included}
     *
     * @param proxy which one
     */
    static ProxyPolicy via(ProxyAddress proxy) {
        Optional<ProxyAddress> always = Optional.of(proxy);
        return _ -> always;
    }

    /** {@return the policy that the environment of this process states, as it is now: {@link #environment(Map)}} */
    static ProxyPolicy environment() {
        return environment(System.getenv());
    }

    /**
     * {@return the policy that environment variables state}
     *
     * <p>{@code HTTP_PROXY} names the proxy for {@code ws}, {@code HTTPS_PROXY} that for {@code wss}, {@code ALL_PROXY}
     * that for either where the first is missing. The lower-case name wins, and an empty variable is a missing one. A
     * value is what {@link ProxyAddress#parse} takes; without a scheme it means {@code http}. A malformed value fails
     * the connections that would use it. Where {@code REQUEST_METHOD} is set the process is a CGI script and
     * {@code HTTP_PROXY} in upper case may come from a request's {@code Proxy} header, so it is ignored.
     *
     * <p>{@code NO_PROXY} lists, between commas or blanks, the hosts to reach directly: {@code *}
     * for all; a domain with everything below it, a leading {@code .} or {@code *.} making no
     * difference; an IP address; a block such as {@code 10.0.0.0/8}; each but a block with an
     * optional {@code :port}. Names are not looked up, and what is malformed matches nothing.
     *
     * <p>{@code localhost}, names below it and loopback addresses are always reached directly.
     *
     * @param variables the environment; copied
     */
    static ProxyPolicy environment(Map<String, String> variables) {
        return new EnvironmentProxies(variables);
    }

    /**
     * {@return the policy of a selector} It is asked for the {@code http} or {@code https} URI that corresponds, and
     * the first proxy it lists is taken. A SOCKS proxy is spoken to as {@link ProxyAddress.Protocol#SOCKS5H}.
     *
     * @param selector {@link ProxySelector#getDefault()}, for example
     */
    static ProxyPolicy selector(ProxySelector selector) {
        return new SelectorProxies(Objects.requireNonNull(selector, "selector"));
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.client;

import dev.gibbon.http.Authority;
import dev.gibbon.http.HttpSyntax;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.Optional;

/**
 * The host that a connection is for: a name, or an address that needs no look-up.
 *
 * @param text lower case without a trailing dot; an IPv6 address written out in full, without brackets
 * @param address the address, if the text is one
 */
record TargetHost(String text, Optional<InetAddress> address) {
    private static final int MAX_PORT = 65_535;

    /**
     * {@return the host that {@code text} spells; empty if it is malformed}
     *
     * @param text a name in its ASCII form or an address; an IPv6 address with or without brackets, never with a zone,
     *     which means nothing to another machine
     */
    static Optional<TargetHost> parse(String text) {
        boolean bracketed = text.startsWith("[") && text.endsWith("]");
        if (bracketed || text.indexOf(':') >= 0) {
            return ipv6(bracketed ? text.substring(1, text.length() - 1) : text);
        }
        Optional<String> name = Authority.parse(text).map(Authority::host); // no colon is left here
        return name.map(host -> ipv4(host).orElseGet(() -> new TargetHost(host, Optional.empty())));
    }

    /**
     * {@return the host that a tunnel leads to}
     *
     * @throws IllegalArgumentException if it is malformed, or the port out of range
     */
    static TargetHost require(String text, int port) {
        if (port < 1 || port > MAX_PORT) {
            throw new IllegalArgumentException("target port " + port + " is not within 1 to " + MAX_PORT);
        }
        return parse(text)
                .orElseThrow(() -> new IllegalArgumentException("malformed target host " + HttpSyntax.quoted(text)));
    }

    /** {@return the host as a URI has it: an IPv6 address in brackets} */
    String bracketed() {
        return text.indexOf(':') < 0 ? text : "[" + text + "]";
    }

    private static Optional<TargetHost> ipv6(String literal) {
        if (!HttpSyntax.all(literal, c -> HttpSyntax.isHexDigit(c) || c == ':' || c == '.')) {
            return Optional.empty();
        }
        try {
            // An IPv4-mapped address comes back as the IPv4 address it is.
            return Optional.of(of(Inet6Address.ofLiteral(literal)));
        } catch (IllegalArgumentException _) {
            return Optional.empty();
        }
    }

    private static Optional<TargetHost> ipv4(String host) {
        // The shorter forms too: 127.1 is what a look-up would take for 127.0.0.1.
        if (!HttpSyntax.all(host, c -> HttpSyntax.isDigit(c) || c == '.')) {
            return Optional.empty();
        }
        try {
            return Optional.of(of(Inet4Address.ofLiteral(host)));
        } catch (IllegalArgumentException _) {
            return Optional.empty();
        }
    }

    private static TargetHost of(InetAddress address) {
        return new TargetHost(address.getHostAddress(), Optional.of(address));
    }
}

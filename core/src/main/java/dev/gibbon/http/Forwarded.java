// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.http;

import dev.gibbon.Headers;
import dev.gibbon.support.IpAddress;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What proxies say about the request that the first of them got: by the field Forwarded (RFC 7239), or by
 * X-Forwarded-For, -Proto and -Host. Each proxy adds to the right what it has seen, so whatever stands left of what the
 * outermost proxy that is trusted has added is the client's own words, which nobody believes.
 *
 * @param client whom that proxy got the request from; null if it does not say
 * @param scheme the scheme in lower case; empty if it does not say
 * @param host the host, with the port if it has one; empty if it does not say
 */
public record Forwarded(@Nullable InetSocketAddress client, String scheme, String host) {
    private static final Forwarded NOTHING = new Forwarded(null, "", "");
    private static final String FORWARDED = "Forwarded";
    private static final String FOR = "X-Forwarded-For";
    private static final String PROTO = "X-Forwarded-Proto";
    private static final String HOST = "X-Forwarded-Host";
    private static final List<String> X_FIELDS = List.of(FOR, PROTO, HOST);

    /** More proxies in a row than there are anywhere. */
    private static final int MAX_PROXIES = 32;

    private static final int MAX_PORT = 65_535;

    /** One proxy's words, as far as they matter. */
    private record Hop(String from, String scheme, String host) {}

    /**
     * {@return what the proxies say}
     *
     * @param headers of a request that a proxy has sent which is trusted
     * @param standard whether the field Forwarded counts
     * @param usual whether the fields X-Forwarded-* count
     * @param trusted whether an address is that of a proxy which is trusted
     * @throws HttpHeadException with 400 if what a trusted proxy has added is malformed, or both kinds count and are
     *     there: whichever it was that the proxy did not add, the client may have sent
     */
    public static Forwarded of(Headers headers, boolean standard, boolean usual, Predicate<InetAddress> trusted)
            throws HttpHeadException {
        boolean hasStandard = standard && headers.contains(FORWARDED);
        boolean hasUsual = usual && X_FIELDS.stream().anyMatch(headers::contains);
        if (hasStandard && hasUsual) {
            throw new HttpHeadException(400, "a trusted proxy sent Forwarded and X-Forwarded-*; one kind can count");
        }
        if (hasStandard) {
            return ofHops(hops(headers.all(FORWARDED)), trusted);
        }
        return hasUsual ? ofLists(headers, trusted) : NOTHING;
    }

    // ---- X-Forwarded-*

    private static Forwarded ofLists(Headers headers, Predicate<InetAddress> trusted) throws HttpHeadException {
        List<String> addresses = list(headers, FOR);
        InetSocketAddress client = null;
        int hops = 0;
        while (hops < addresses.size()) {
            hops++;
            requireFew(hops);
            InetSocketAddress from = address(addresses.get(addresses.size() - hops), FOR);
            if (from == null) {
                break;
            }
            client = from;
            if (!trusted.test(from.getAddress())) {
                break;
            }
        }
        int place = Math.max(1, hops);
        String scheme = scheme(at(list(headers, PROTO), place));
        return new Forwarded(client, scheme, host(at(list(headers, HOST), place), HOST));
    }

    /** {@return what stands in a field's lists, from left to right; empty elements are none (RFC 9110 §5.6.1.2)} */
    private static List<String> list(Headers headers, String name) {
        List<String> elements = new ArrayList<>();
        for (String value : headers.all(name)) {
            for (int at = 0; at <= value.length(); ) {
                int comma = value.indexOf(',', at);
                int end = comma < 0 ? value.length() : comma;
                String element = value.substring(at, end).strip();
                if (!element.isEmpty()) {
                    elements.add(element);
                }
                at = end + 1;
            }
        }
        return elements;
    }

    /**
     * {@return what the proxy said that is so many places from the right} Where there are fewer it is the outermost
     * that said something.
     */
    private static String at(List<String> elements, int place) {
        return elements.isEmpty() ? "" : elements.get(Math.max(0, elements.size() - place));
    }

    // ---- Forwarded

    private static Forwarded ofHops(List<Hop> hops, Predicate<InetAddress> trusted) throws HttpHeadException {
        InetSocketAddress client = null;
        Hop last = null;
        for (int i = hops.size() - 1; i >= 0; i--) {
            requireFew(hops.size() - i);
            last = hops.get(i);
            InetSocketAddress from = last.from().isEmpty() ? null : address(last.from(), FORWARDED);
            if (from == null) {
                break;
            }
            client = from;
            if (!trusted.test(from.getAddress())) {
                break;
            }
        }
        return last == null ? NOTHING : new Forwarded(client, scheme(last.scheme()), host(last.host(), FORWARDED));
    }

    /** {@return the elements of all fields, from left to right (RFC 7239 §4)} */
    private static List<Hop> hops(List<String> values) throws HttpHeadException {
        List<Hop> hops = new ArrayList<>();
        for (String value : values) {
            ForwardedParser parser = new ForwardedParser(value);
            while (parser.nextElement()) {
                hops.add(new Hop(parser.parameter("for"), parser.parameter("proto"), parser.parameter("host")));
            }
        }
        return hops;
    }

    private static void requireFew(int hops) throws HttpHeadException {
        if (hops > MAX_PROXIES) {
            throw new HttpHeadException(400, "more than " + MAX_PROXIES + " proxies, all of them trusted");
        }
    }

    // ---- Values

    /** {@return the address of a node; null if it is one that does not want to be known (RFC 7239 §6)} */
    private static @Nullable InetSocketAddress address(String node, String field) throws HttpHeadException {
        if (HttpSyntax.equalsIgnoreCase(node, "unknown") || node.startsWith("_")) {
            return null;
        }
        int bracket = node.startsWith("[") ? node.indexOf(']') : -1;
        int colon = bracket >= 0 ? bracket + 1 : node.indexOf(':');
        boolean bare = bracket < 0 && colon != node.lastIndexOf(':'); // An IPv6 address alone.
        int end = bare || colon < 0 ? node.length() : colon;
        String literal = bracket >= 0 ? node.substring(1, bracket) : node.substring(0, end);
        Optional<InetAddress> address = IpAddress.parse(literal);
        int port = end == node.length() ? 0 : port(node, end);
        if (address.isEmpty() || port < 0 || (bracket >= 0 && literal.indexOf(':') < 0)) {
            throw new HttpHeadException(400, HttpSyntax.quoted(node) + " in " + field + " is no address (RFC 7239 §6)");
        }
        return new InetSocketAddress(address.get(), port);
    }

    /** {@return the port behind an address, 0 if it does not want to be known, and -1 if it is none} */
    private static int port(String node, int colon) {
        if (node.charAt(colon) != ':') {
            return -1;
        }
        return node.startsWith("_", colon + 1) ? 0 : IpAddress.decimal(node, colon + 1, node.length(), MAX_PORT);
    }

    private static String scheme(String text) throws HttpHeadException {
        return switch (HttpSyntax.toLowerCase(text)) {
            case "" -> "";
            case "http", "ws" -> "http";
            case "https", "wss" -> "https";
            default ->
                throw new HttpHeadException(
                        400, "scheme " + HttpSyntax.quoted(text) + " of a trusted proxy is not http or https");
        };
    }

    private static String host(String text, String field) throws HttpHeadException {
        if (!text.isEmpty() && !Authority.isValid(text)) {
            throw new HttpHeadException(400, "malformed host " + HttpSyntax.quoted(text) + " in " + field);
        }
        return text;
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.client;

import dev.gibbon.http.HttpSyntax;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;

/** The hosts that {@code NO_PROXY} lists; {@link dev.gibbon.ProxyPolicy#environment(java.util.Map)} has the rules. */
record DirectHosts(List<Entry> entries) {
    private static final Pattern SEPARATOR = Pattern.compile("[,\\s]+");
    private static final int MAX_PORT_DIGITS = 5;
    private static final int MAX_PREFIX_DIGITS = 3;

    /** One item of the list. */
    sealed interface Entry {
        boolean matches(TargetHost host, int port);
    }

    /** Every host. */
    record Everything(OptionalInt port) implements Entry {
        @Override
        public boolean matches(TargetHost host, int otherPort) {
            return isPort(port, otherPort);
        }
    }

    /** A host and what is below it; an address is only itself. */
    record Domain(TargetHost root, OptionalInt port) implements Entry {
        @Override
        public boolean matches(TargetHost host, int otherPort) {
            boolean below = root.address().isEmpty()
                    && host.address().isEmpty()
                    && host.text().endsWith("." + root.text());
            return isPort(port, otherPort) && (below || host.equals(root));
        }
    }

    /** The addresses whose first bits are those of another (RFC 4632 §3.1, RFC 4291 §2.3). */
    record Block(InetAddress start, int prefixBits) implements Entry {
        @Override
        public boolean matches(TargetHost host, int otherPort) {
            return host.address().map(address -> contains(address.getAddress())).orElse(false);
        }

        private boolean contains(byte[] address) {
            byte[] first = start.getAddress();
            if (address.length != first.length) {
                return false;
            }
            for (int bit = 0; bit < prefixBits; bit++) {
                int mask = 0x80 >> (bit % Byte.SIZE);
                if (((address[bit / Byte.SIZE] ^ first[bit / Byte.SIZE]) & mask) != 0) {
                    return false;
                }
            }
            return true;
        }
    }

    DirectHosts {
        entries = List.copyOf(entries);
    }

    static DirectHosts parse(String list) {
        return new DirectHosts(Arrays.stream(SEPARATOR.split(list))
                .map(DirectHosts::entry)
                .flatMap(Optional::stream)
                .toList());
    }

    boolean contains(TargetHost host, int port) {
        return entries.stream().anyMatch(entry -> entry.matches(host, port));
    }

    private static Optional<Entry> entry(String text) {
        int slash = text.indexOf('/');
        if (slash >= 0) {
            return block(text.substring(0, slash), text.substring(slash + 1));
        }
        // A colon starts a port behind a bracket or where it
        // is the only one; else it belongs to an IPv6 address.
        int colon = text.lastIndexOf(':');
        boolean hasPort = colon > 0 && (text.charAt(colon - 1) == ']' || text.indexOf(':') == colon);
        OptionalInt port = hasPort ? number(text.substring(colon + 1), MAX_PORT_DIGITS) : OptionalInt.empty();
        if (hasPort && port.isEmpty()) {
            return Optional.empty();
        }
        String host = hasPort ? text.substring(0, colon) : text;
        return host.equals("*")
                ? Optional.of(new Everything(port))
                : TargetHost.parse(withoutDot(host)).map(root -> new Domain(root, port));
    }

    private static Optional<Entry> block(String start, String prefix) {
        OptionalInt bits = number(prefix, MAX_PREFIX_DIGITS);
        return TargetHost.parse(start)
                .flatMap(TargetHost::address)
                .filter(address -> bits.isPresent() && bits.getAsInt() <= address.getAddress().length * Byte.SIZE)
                .map(address -> new Block(address, bits.getAsInt()));
    }

    private static String withoutDot(String host) {
        String name = host.startsWith("*.") ? host.substring(1) : host;
        return name.startsWith(".") ? name.substring(1) : name;
    }

    private static OptionalInt number(String digits, int maxDigits) {
        return digits.isEmpty() || digits.length() > maxDigits || !HttpSyntax.all(digits, HttpSyntax::isDigit)
                ? OptionalInt.empty()
                : OptionalInt.of(Integer.parseInt(digits));
    }

    private static boolean isPort(OptionalInt port, int otherPort) {
        return port.isEmpty() || port.getAsInt() == otherPort;
    }
}

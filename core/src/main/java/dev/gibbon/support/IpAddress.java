// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.support;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Optional;

/** IP addresses as other programs write them, without the forms that only some programs know. */
public final class IpAddress {
    private static final int V4_BYTES = 4;
    private static final int MAX_V4_CHARS = "255.255.255.255".length();
    private static final int MAX_V6_CHARS = "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255".length();

    private IpAddress() {}

    /**
     * {@return the address that {@code text} spells; empty if it spells none}
     * An IPv4 address is four decimal numbers without leading zeros; an IPv6 address has no brackets and no zone. One
     * that has an IPv4 address in it ({@code ::ffff:192.0.2.1}) is that.
     */
    public static Optional<InetAddress> parse(String text) {
        return text.indexOf(':') < 0 ? v4(text) : v6(text);
    }

    private static Optional<InetAddress> v4(String text) {
        if (text.length() > MAX_V4_CHARS) {
            return Optional.empty();
        }
        byte[] bytes = new byte[V4_BYTES];
        int at = 0;
        for (int i = 0; i < V4_BYTES; i++) {
            int end = i < V4_BYTES - 1 ? text.indexOf('.', at) : text.length();
            int number = end < 0 ? -1 : decimal(text, at, end, 255);
            if (number < 0) {
                return Optional.empty();
            }
            bytes[i] = (byte) number;
            at = end + 1;
        }
        return Optional.of(of(bytes));
    }

    private static Optional<InetAddress> v6(String text) {
        if (text.length() > MAX_V6_CHARS || !isV6Text(text)) {
            return Optional.empty();
        }
        try {
            return Optional.of(Inet6Address.ofLiteral(text));
        } catch (IllegalArgumentException _) {
            return Optional.empty();
        }
    }

    /** The JDK's parser also takes a zone, which means nothing to another machine. */
    private static boolean isV6Text(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean hexDigit = c <= 'f' && Character.digit(c, 16) >= 0;
            if (!hexDigit && c != ':' && c != '.') {
                return false;
            }
        }
        return true;
    }

    /**
     * {@return the number between two indexes of a text, or -1 if there is none}
     *
     * @param max the largest there may be; no more digits are looked at than it has
     */
    public static int decimal(CharSequence text, int from, int to, int max) {
        int digits = to - from;
        if (digits < 1 || digits > Integer.toString(max).length() || (digits > 1 && text.charAt(from) == '0')) {
            return -1;
        }
        int number = 0;
        for (int i = from; i < to; i++) {
            char c = text.charAt(i);
            if (c < '0' || c > '9') {
                return -1;
            }
            number = 10 * number + (c - '0');
        }
        return number > max ? -1 : number;
    }

    /** {@return the address of 4 or 16 bytes} */
    public static InetAddress of(byte[] bytes) {
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(bytes.length + " bytes are no IP address", e);
        }
    }
}

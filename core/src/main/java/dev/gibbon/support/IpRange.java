// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.support;

import java.net.InetAddress;
import java.util.Arrays;

/**
 * The IP addresses that begin with the same bits (RFC 4632 §3.1, RFC 4291 §2.3).
 *
 * @param first the first of them, not changed
 * @param prefixBits how many bits they share
 */
public record IpRange(byte[] first, int prefixBits) {
    /**
     * {@return the range that {@code text} spells}
     *
     * @param text an address, which is a range of its own, or an address and a prefix, such as {@code 10.0.0.0/8}
     * @throws IllegalArgumentException if it spells none, or the address has bits behind the prefix
     */
    public static IpRange parse(String text) {
        int slash = text.indexOf('/');
        byte[] address = IpAddress.parse(slash < 0 ? text : text.substring(0, slash))
                .map(InetAddress::getAddress)
                .orElseThrow(() -> new IllegalArgumentException(
                        "no IP address or range of them, such as 10.0.0.0/8 or fd00::/8: " + text));
        int bits = Byte.SIZE * address.length;
        int prefix = slash < 0 ? bits : IpAddress.decimal(text, slash + 1, text.length(), bits);
        if (prefix < 0) {
            throw new IllegalArgumentException("the prefix of " + text + " is no number from 0 to " + bits);
        }
        byte[] first = masked(address, prefix);
        if (!Arrays.equals(first, address)) {
            throw new IllegalArgumentException(text + " has bits behind its prefix; is "
                    + IpAddress.of(first).getHostAddress() + "/" + prefix + " meant?");
        }
        return new IpRange(first, prefix);
    }

    /** {@return whether it is one of them} */
    public boolean contains(InetAddress address) {
        byte[] bytes = address.getAddress();
        return bytes.length == first.length && Arrays.equals(first, masked(bytes, prefixBits));
    }

    /** {@return the first address of the range of {@code prefix} bits that an address is in} */
    public static byte[] masked(byte[] address, int prefix) {
        byte[] first = address.clone();
        for (int i = 0; i < first.length; i++) {
            int kept = Math.clamp(prefix - (long) i * Byte.SIZE, 0, Byte.SIZE);
            first[i] &= (byte) (0xFF00 >> kept);
        }
        return first;
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.server;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a client's address is counted as: an IPv4 address, or the 64 bits of an IPv6 address that name a network, since
 * whoever has one of its addresses has all (RFC 6177 §2).
 *
 * @param v4 which of the two
 * @param bits the address or its first half
 */
record Network(boolean v4, long bits) {
    /** {@return that of a peer; null if it has no IP address} */
    static @Nullable Network of(Optional<SocketAddress> peer) {
        return peer.isPresent() && peer.get() instanceof InetSocketAddress tcp && !tcp.isUnresolved()
                ? of(tcp.getAddress())
                : null;
    }

    private static Network of(InetAddress address) {
        ByteBuffer bytes = ByteBuffer.wrap(address.getAddress());
        return address instanceof Inet4Address
                ? new Network(true, Integer.toUnsignedLong(bytes.getInt()))
                : new Network(false, bytes.getLong());
    }
}

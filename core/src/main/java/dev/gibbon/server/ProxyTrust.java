// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.server;

import dev.gibbon.Headers;
import dev.gibbon.http.Forwarded;
import dev.gibbon.http.HttpHeadException;
import dev.gibbon.support.IpRange;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.util.List;
import java.util.Optional;

/**
 * The proxies whose word a server takes for whom a transport or a request is from. Immutable.
 *
 * @param ranges their addresses
 * @param unix whether whoever connects to a Unix-domain socket is one
 * @param standard whether the field Forwarded counts
 * @param usual whether the fields X-Forwarded-* count
 * @param proxyProtocol whether their transports begin with a header of the PROXY protocol
 */
public record ProxyTrust(List<IpRange> ranges, boolean unix, boolean standard, boolean usual, boolean proxyProtocol) {
    /** There are none. */
    public static final ProxyTrust NOBODY = new ProxyTrust(List.of(), false, false, false, false);

    public ProxyTrust {
        ranges = List.copyOf(ranges);
    }

    /** {@return whether a transport with this peer is a proxy's} */
    boolean trusts(Optional<SocketAddress> peer) {
        return peer.isPresent()
                && switch (peer.get()) {
                    case InetSocketAddress tcp -> !tcp.isUnresolved() && trusts(tcp.getAddress());
                    case UnixDomainSocketAddress _ -> unix;
                    default -> false;
                };
    }

    private boolean trusts(InetAddress address) {
        for (IpRange range : ranges) {
            if (range.contains(address)) {
                return true;
            }
        }
        return false;
    }

    /** {@return whether a transport with this peer has to begin with a header of the PROXY protocol} */
    boolean beginsWithHeader(Optional<SocketAddress> peer) {
        return proxyProtocol && trusts(peer);
    }

    /**
     * {@return what the proxies say about a request that one of them has sent}
     *
     * @throws HttpHeadException with 400 if what they say is malformed or ambiguous
     */
    Forwarded forwarded(Headers headers) throws HttpHeadException {
        return Forwarded.of(headers, standard, usual, this::trusts);
    }
}

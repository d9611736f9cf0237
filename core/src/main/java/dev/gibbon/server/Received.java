// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.server;

import dev.gibbon.http.Forwarded;
import dev.gibbon.http.HttpHeadException;
import dev.gibbon.http.ValidRequest;
import dev.gibbon.spi.UpgradeRequest;
import dev.gibbon.transport.Stream;
import java.net.SocketAddress;
import java.util.Optional;

/**
 * A request, and whom it is from: the peer of its transport, or whom that speaks for if it is a proxy that is trusted.
 *
 * @param request what was read, for the host that the client asked for
 * @param peer the client's address, as far as it is known
 * @param secure whether the client used TLS, be it to this server or to a proxy
 */
record Received(ValidRequest request, Optional<SocketAddress> peer, boolean secure) {
    /**
     * {@return the request that came by a transport}
     *
     * @param secure whether the transport has TLS
     * @throws HttpHeadException with 400 if what a trusted proxy says is malformed or ambiguous
     */
    static Received of(ValidRequest request, Stream stream, boolean secure, ProxyTrust proxies)
            throws HttpHeadException {
        Optional<SocketAddress> peer = stream.peerAddress();
        if (!proxies.trusts(peer)) {
            return new Received(request, peer, secure);
        }
        Forwarded said = proxies.forwarded(request.head().headers());
        return new Received(
                said.host().isEmpty() ? request : request.at(said.host()),
                said.client() == null ? peer : Optional.of(said.client()),
                said.scheme().isEmpty() ? secure : said.scheme().equals("https"));
    }

    /** {@return what the opening handshake looks at} */
    UpgradeRequest opening() {
        return request.openingRequest(secure);
    }
}

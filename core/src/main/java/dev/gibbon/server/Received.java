// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.server;

import dev.gibbon.connection.Refusals;
import dev.gibbon.handshake.ServerHandshake;
import dev.gibbon.http.Forwarded;
import dev.gibbon.http.HttpHeadException;
import dev.gibbon.http.ValidRequest;
import dev.gibbon.spi.UpgradeReply;
import dev.gibbon.spi.UpgradeRequest;
import dev.gibbon.transport.Stream;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

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

    /** {@return whether it asks for a WebSocket} */
    boolean isUpgrade() {
        return ServerHandshake.isUpgrade(request.head().headers());
    }

    /** {@return the answer that refuses it; the log is told, and observers are if it asks for a WebSocket} */
    ByteBuffer[] refused(UpgradeReply.Refused refusal, Refusals refusals) {
        String path = request.target().path();
        ByteBuffer[] answer = Refusals.bytes(
                isUpgrade() ? refusals.reply(refusal, peer, path) : refusals.plainReply(refusal, peer, path));
        return request.head().method().equals("HEAD") ? new ByteBuffer[] {answer[0]} : answer;
    }

    /**
     * {@return what the opening handshake looks at}
     *
     * @param counted the address that its limits are counted by; empty for none
     * @param user whose it is; null if that is not known
     */
    UpgradeRequest opening(Optional<SocketAddress> counted, @Nullable String user) {
        UpgradeRequest opening = request.openingRequest(secure);
        UpgradeRequest from = counted.isPresent() ? opening.from(counted.get()) : opening;
        return user == null ? from : from.by(user);
    }
}

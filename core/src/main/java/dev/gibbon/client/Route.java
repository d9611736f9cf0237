// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.client;

import dev.gibbon.HandshakeTimeoutException.Stage;
import dev.gibbon.ProxyAddress;
import dev.gibbon.http.HeadLimits;
import dev.gibbon.spi.Transport;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;

/**
 * The way to a target: sockets, TLS where the proxy or the target wants it, the proxy's tunnel.
 *
 * @param network connects to the target or to its proxy
 * @param resolver looks up the target where a SOCKS5 proxy wants its address
 * @param tls how TLS is spoken, to the proxy as well
 * @param headLimits how much is read of the head of a proxy's reply
 * @param maxBodyBytes how much is read of the body of a proxy's refusal
 */
public record Route(Network network, Resolver resolver, Tls tls, HeadLimits headLimits, int maxBodyBytes) {
    /**
     * {@return a transport that carries the target's HTTP, owned by the deadline}
     *
     * @throws ConnectRefusedException if the proxy refused
     * @throws IOException if any step failed, the deadline passed, or this thread was interrupted
     */
    public Transport open(Target target, Optional<ProxyAddress> proxy, Deadline deadline) throws IOException {
        Transport transport = proxy.isPresent()
                ? tunnel(target, proxy.get(), deadline)
                : network.connect(target.host(), target.port(), deadline);
        if (!target.secure()) {
            return transport;
        }
        deadline.stage(Stage.TLS);
        return tls.over(transport, tls.serverName().orElse(target.host()), target.port(), deadline);
    }

    private Transport tunnel(Target target, ProxyAddress proxy, Deadline deadline) throws IOException {
        if (target.host().indexOf('%') >= 0) {
            throw new IOException("an address in a zone means nothing to " + proxy);
        }
        ProxyTunnel tunnel = ProxyTunnel.of(proxy, headLimits, maxBodyBytes, resolverOf(target, proxy, deadline));
        Transport toProxy = network.connect(proxy.host(), proxy.port(), deadline);
        deadline.stage(Stage.PROXY);
        if (proxy.protocol() == ProxyAddress.Protocol.HTTPS) {
            toProxy = tls.over(toProxy, proxy.host(), proxy.port(), deadline);
        }
        ByteBuffer behindTheReply = tunnel.open(toProxy, target.host(), target.port());
        return deadline.own(PrefixedTransport.of(behindTheReply, toProxy));
    }

    /** Looks up before the proxy is connected to, since the deadline owns one thing at a time. */
    private ProxyTunnel.Resolver resolverOf(Target target, ProxyAddress proxy, Deadline deadline) throws IOException {
        if (proxy.protocol() != ProxyAddress.Protocol.SOCKS5) {
            return host -> {
                throw new IllegalStateException("look-up of " + host + ", which the proxy was to do");
            };
        }
        deadline.stage(Stage.NAME_LOOKUP);
        List<InetAddress> addresses =
                deadline.own(new Lookup(resolver, target.host())).await();
        return _ -> addresses.getFirst();
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.client;

import dev.gibbon.ProxyAddress;
import dev.gibbon.http.HeadLimits;
import dev.gibbon.spi.Transport;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;

/** Asks a proxy, over a connection to it, for a tunnel to a target. Immutable; any number of threads may share one. */
public interface ProxyTunnel {
    /**
     * Opens the tunnel: when this returns, the transport carries the bytes of the target. It blocks for as long as the
     * proxy likes; to bound that, close the transport from another thread.
     *
     * <p>No byte that the proxy sent is lost: what came behind its reply is returned and belongs before what is read
     * next. A WebSocket server never speaks first, over TLS or not, so usually there is none.
     *
     * @param toProxy a blocking transport to the proxy, TLS already under it for an HTTPS proxy; never closed here.
     *     After an exception it is of no more use
     * @param targetHost a host name in its ASCII form, or an address; IPv6 with or without brackets
     * @param targetPort 1 to 65535
     * @return the bytes that came behind the reply
     * @throws ConnectRefusedException if an HTTP proxy answered with another status than 2xx
     * @throws ProxyException if the proxy refused in another way, broke its protocol or left
     * @throws IOException if the transport broke or was closed
     * @throws IllegalArgumentException if the target is malformed; nothing was sent then
     */
    ByteBuffer open(Transport toProxy, String targetHost, int targetPort) throws IOException;

    /** Looks up the addresses of host names, for {@link ProxyAddress.Protocol#SOCKS5}. */
    @FunctionalInterface
    interface Resolver {
        /**
         * {@return the address that the proxy shall connect to}
         *
         * @param host a host name
         * @throws IOException if there is none
         */
        InetAddress resolve(String host) throws IOException;
    }

    /**
     * {@return the way to open tunnels through a proxy}
     *
     * @param proxy which one
     * @param headLimits how much is read of the head of a reply to {@code CONNECT}
     * @param maxBodyBytes how much is read of the body of a refusal
     * @param resolver asked for host names by {@link ProxyAddress.Protocol#SOCKS5}
     *     alone, on the thread that opens the tunnel
     */
    static ProxyTunnel of(ProxyAddress proxy, HeadLimits headLimits, int maxBodyBytes, Resolver resolver) {
        return switch (proxy.protocol()) {
            case HTTP, HTTPS -> new HttpConnectTunnel(proxy, headLimits, maxBodyBytes);
            case SOCKS5 -> new Socks5Tunnel(proxy, resolver);
            case SOCKS5H -> new Socks5Tunnel(proxy);
        };
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.internal.dial;

import dev.gibbon.Transport;
import dev.gibbon.internal.ChannelTransport;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.util.Optional;

/** Connects TCP and Unix-domain sockets. */
public record SocketConnector(Optional<InetAddress> localAddress) implements AddressConnector {
    @Override
    public Transport connect(SocketAddress address) throws IOException {
        boolean unix = address instanceof UnixDomainSocketAddress;
        SocketChannel channel = unix ? SocketChannel.open(StandardProtocolFamily.UNIX) : SocketChannel.open();
        boolean connected = false;
        try {
            if (!unix && localAddress.isPresent()) {
                channel.bind(new InetSocketAddress(localAddress.get(), 0));
            }
            channel.connect(address);
            Transport transport = new ChannelTransport(channel);
            connected = true;
            return transport;
        } finally {
            if (!connected) {
                channel.close();
            }
        }
    }
}

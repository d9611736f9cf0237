// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.client;

import dev.gibbon.spi.Transport;
import dev.gibbon.transport.ChannelTransport;
import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.net.SocketAddress;
import java.net.SocketException;
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
        } catch (ConnectException e) {
            throw told(new ConnectException(message(address, e)), e);
        } catch (NoRouteToHostException e) {
            throw told(new NoRouteToHostException(message(address, e)), e);
        } catch (BindException e) {
            throw told(new BindException(message(address, e)), e);
        } catch (SocketException e) {
            throw told(new SocketException(message(address, e)), e);
        } finally {
            if (!connected) {
                channel.close();
            }
        }
    }

    /** The system's own messages name no address, and a name may have several. */
    private static String message(SocketAddress address, IOException e) {
        String place = address instanceof InetSocketAddress tcp && tcp.getAddress() != null
                ? literal(tcp.getAddress()) + ":" + tcp.getPort()
                : address.toString();
        return "cannot connect to " + place + ": " + e.getMessage();
    }

    private static String literal(InetAddress address) {
        String literal = address.getHostAddress();
        return literal.contains(":") ? "[" + literal + "]" : literal;
    }

    private static <T extends IOException> T told(T named, IOException cause) {
        named.initCause(cause);
        return named;
    }
}

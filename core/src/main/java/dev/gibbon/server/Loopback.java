// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.server;

import dev.gibbon.http.HttpSyntax;
import java.io.IOException;
import java.net.BindException;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketAddress;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.List;

/**
 * Listens on {@code localhost} as clients understand it: browsers and Node connect to {@code ::1} or {@code
 * 127.0.0.1}, whichever they like better (RFC 6761 §6.3), whatever a hosts file says. So a server listens on both,
 * on the same port.
 */
public final class Loopback {
    private static final String NAME = "localhost";
    private static final List<InetAddress> ADDRESSES =
            List.of(Inet4Address.ofLiteral("127.0.0.1"), Inet6Address.ofLiteral("::1"));

    /** How many free ports of the one to try, if the other has them in use. */
    private static final int PORTS_TO_TRY = 16;

    /** Binds one address. */
    @FunctionalInterface
    public interface Binding {
        Acceptor bind(SocketAddress address) throws IOException;
    }

    private Loopback() {}

    /** {@return whether this is {@code localhost} by name} */
    public static boolean isMeant(SocketAddress address) {
        return address instanceof InetSocketAddress tcp && HttpSyntax.equalsIgnoreCase(tcp.getHostString(), NAME);
    }

    /**
     * {@return what listens on each loopback address that this machine has}
     *
     * @param port 0 for any that is free on all of them
     * @throws BindException if the port is in use on one of them
     */
    public static List<Acceptor> bind(int port, Binding binding) throws IOException {
        List<InetAddress> here = addresses();
        for (int tries = 1; ; tries++) {
            try {
                return bindAll(here, port, binding);
            } catch (BindException e) {
                if (port != 0 || tries == PORTS_TO_TRY) {
                    throw e;
                }
            }
        }
    }

    private static List<InetAddress> addresses() throws SocketException {
        List<InetAddress> here = new ArrayList<>();
        for (InetAddress address : ADDRESSES) {
            if (NetworkInterface.getByInetAddress(address) != null) {
                here.add(address);
            }
        }
        return here.isEmpty() ? List.of(InetAddress.getLoopbackAddress()) : here;
    }

    private static List<Acceptor> bindAll(List<InetAddress> addresses, int wanted, Binding binding) throws IOException {
        List<Acceptor> bound = new ArrayList<>();
        int port = wanted;
        try {
            for (InetAddress address : addresses) {
                Acceptor acceptor = binding.bind(new InetSocketAddress(address, port));
                bound.add(acceptor);
                if (acceptor.address() instanceof InetSocketAddress tcp) {
                    port = tcp.getPort();
                }
            }
            return bound;
        } catch (IOException | RuntimeException e) {
            for (Acceptor acceptor : bound) {
                acceptor.close();
            }
            throw e;
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.client;

import dev.gibbon.Connector;
import dev.gibbon.HandshakeTimeoutException.Stage;
import dev.gibbon.TimeSource;
import dev.gibbon.spi.Transport;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;

/** Gets from a host and a port to a connected transport. */
public final class Network {
    private final TimeSource time;
    private final Dial dial;

    /** What to race for a host. */
    private interface Dial {
        List<Race.Attempt> attempts(String host, int port, Deadline deadline) throws IOException;
    }

    private Network(TimeSource time, Dial dial) {
        this.time = time;
        this.dial = dial;
    }

    /** {@return the network of this machine: names are looked up, and addresses tried in the manner of RFC 8305} */
    public static Network of(TimeSource time, Resolver resolver, AddressConnector connector) {
        return new Network(time, (host, port, deadline) -> {
            deadline.stage(Stage.NAME_LOOKUP);
            List<Race.Attempt> attempts = new ArrayList<>();
            for (InetAddress address :
                    interleave(deadline.own(new Lookup(resolver, host)).await())) {
                InetSocketAddress socketAddress = new InetSocketAddress(address, port);
                attempts.add(() -> connector.connect(socketAddress));
            }
            return attempts;
        });
    }

    /** {@return whatever the caller's own connector reaches, given names as they are} */
    public static Network through(TimeSource time, Connector connector) {
        return new Network(time, (host, port, _) -> List.of(() -> connector.connect(host, port)));
    }

    /**
     * {@return a transport to the host, owned by the deadline}
     *
     * @throws IOException if none came about, the deadline passed, or this thread was interrupted
     */
    public Transport connect(String host, int port, Deadline deadline) throws IOException {
        List<Race.Attempt> attempts = dial.attempts(host, port, deadline);
        deadline.stage(Stage.CONNECT);
        return deadline.own(deadline.own(new Race(time, attempts)).await());
    }

    /** {@return the addresses with their families by turns, the first one's family first (RFC 8305 §4)} */
    static List<InetAddress> interleave(List<InetAddress> addresses) {
        List<InetAddress> first = new ArrayList<>();
        List<InetAddress> second = new ArrayList<>();
        for (InetAddress address : addresses) {
            boolean sameFamily = address.getClass() == addresses.getFirst().getClass();
            (sameFamily ? first : second).add(address);
        }
        List<InetAddress> ordered = new ArrayList<>();
        for (int i = 0; i < Math.max(first.size(), second.size()); i++) {
            if (i < first.size()) {
                ordered.add(first.get(i));
            }
            if (i < second.size()) {
                ordered.add(second.get(i));
            }
        }
        return ordered;
    }
}

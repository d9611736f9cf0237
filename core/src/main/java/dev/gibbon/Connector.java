// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.spi.Transport;
import java.io.IOException;

/** A caller's own way to reach a host: other sockets, another network, a pair in memory. */
@FunctionalInterface
public interface Connector {
    /**
     * {@return a connected transport, the dialer's from now on} Called on a virtual thread of its own, which may block
     * here. When the dial is given up that thread is interrupted; a transport that comes all the same is closed.
     *
     * @param host the name or address of the URI, IPv6 without brackets, or of its proxy; not looked up yet
     * @param port the port
     * @throws IOException if the host cannot be reached
     */
    Transport connect(String host, int port) throws IOException;
}

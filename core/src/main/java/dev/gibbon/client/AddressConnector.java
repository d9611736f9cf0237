// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.client;

import dev.gibbon.spi.Transport;
import java.io.IOException;
import java.net.SocketAddress;

/** Connects to one address. */
@FunctionalInterface
public interface AddressConnector {
    /**
     * {@return a connected transport} Blocks; interrupting the thread ends that, and nothing stays open.
     *
     * @throws IOException if no connection came about
     */
    Transport connect(SocketAddress address) throws IOException;
}

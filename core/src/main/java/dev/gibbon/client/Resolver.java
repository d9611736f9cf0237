// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.client;

import java.io.IOException;
import java.net.InetAddress;
import java.util.List;

/** Finds the addresses of a name. */
@FunctionalInterface
public interface Resolver {
    /**
     * {@return the addresses, most preferred first, one or more} Blocks.
     *
     * @throws IOException if there are none
     */
    List<InetAddress> resolve(String host) throws IOException;

    /** {@return the platform's resolver, which caches and orders as configured there} */
    static Resolver system() {
        return host -> List.of(InetAddress.getAllByName(host));
    }
}

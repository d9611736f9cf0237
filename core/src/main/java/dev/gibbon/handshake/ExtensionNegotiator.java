// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.handshake;

import java.util.List;

/** Chooses, on the server, which of the offered extensions a connection uses (RFC 6455 §9.1). */
@FunctionalInterface
public interface ExtensionNegotiator {
    /**
     * {@return the extensions to accept with the parameters agreed, in the order they apply; empty to use none}
     *
     * @param offers what the client offers, most preferred first; each accepted name must be among them
     */
    List<ExtensionOffer> accept(List<ExtensionOffer> offers);

    /** {@return a negotiator that declines everything} */
    static ExtensionNegotiator none() {
        return _ -> List.of();
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.handshake;

import java.util.List;
import java.util.Optional;

/**
 * What both sides of an opening handshake settled on.
 *
 * @param subprotocol the chosen subprotocol (RFC 6455 §1.9), if any
 * @param extensions the extensions in use with their agreed parameters, in the order of the server's reply (§9.1)
 */
public record Agreement(Optional<String> subprotocol, List<ExtensionOffer> extensions) {
    /** Copies the list. */
    public Agreement {
        extensions = List.copyOf(extensions);
    }
}

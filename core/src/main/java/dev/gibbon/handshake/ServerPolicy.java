// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.handshake;

import dev.gibbon.OriginPolicy;
import dev.gibbon.http.HttpSyntax;
import java.util.HashSet;
import java.util.List;

/**
 * What a server lets in and speaks.
 *
 * @param origins which pages may connect
 * @param subprotocols what the server speaks, compared with case; the client's order decides
 * @param anySubprotocol whether it speaks every other subprotocol too
 * @param requireSubprotocol whether a client that shares no subprotocol is refused
 * @param extensions chooses among the offered extensions
 */
public record ServerPolicy(
        OriginPolicy origins,
        List<String> subprotocols,
        boolean anySubprotocol,
        boolean requireSubprotocol,
        ExtensionNegotiator extensions) {
    /**
     * Checks and copies the subprotocols.
     *
     * @throws IllegalArgumentException if a subprotocol is not a token or repeated, or one is required and none spoken
     */
    public ServerPolicy {
        subprotocols = checkedSubprotocols(subprotocols);
        if (requireSubprotocol && subprotocols.isEmpty() && !anySubprotocol) {
            throw new IllegalArgumentException("a subprotocol is required but none is supported");
        }
    }

    /** A server that speaks what it lists and nothing else. */
    public ServerPolicy(
            OriginPolicy origins,
            List<String> subprotocols,
            boolean requireSubprotocol,
            ExtensionNegotiator extensions) {
        this(origins, subprotocols, false, requireSubprotocol, extensions);
    }

    /**
     * {@return the same for a server that speaks these subprotocols and no other, and refuses who offers none of
     * them if there are any}
     */
    public ServerPolicy speaking(List<String> chosen) {
        return new ServerPolicy(origins, chosen, false, !chosen.isEmpty(), extensions);
    }

    boolean speaks(String subprotocol) {
        return anySubprotocol || subprotocols.contains(subprotocol);
    }

    /** {@return same origin only, no subprotocol, no extension} */
    public static ServerPolicy defaults() {
        return new ServerPolicy(OriginPolicy.sameOrigin(), List.of(), false, ExtensionNegotiator.none());
    }

    /**
     * {@return a copy of a list of our own subprotocols}
     *
     * @throws IllegalArgumentException unless each is a token and stands there once (§4.1 step 10)
     */
    public static List<String> checkedSubprotocols(List<String> subprotocols) {
        for (String subprotocol : subprotocols) {
            if (!HttpSyntax.isToken(subprotocol)) {
                throw new IllegalArgumentException(
                        "subprotocol " + HttpSyntax.quoted(subprotocol) + " is not a token (§4.1)");
            }
        }
        if (new HashSet<>(subprotocols).size() < subprotocols.size()) {
            throw new IllegalArgumentException("a subprotocol is listed twice (§4.1): " + subprotocols);
        }
        return List.copyOf(subprotocols);
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.handshake;

import dev.gibbon.HandshakeException;
import dev.gibbon.Headers;
import dev.gibbon.http.Authority;
import dev.gibbon.http.HttpSyntax;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The client's side of one opening handshake (RFC 6455 §4.1): the fields of the request, and the checks of the reply.
 * One per connection, since each has its own key.
 */
public final class ClientHandshake {
    /** How many interim replies a client skips before it gives up. */
    public static final int MAX_INTERIM_REPLIES = 8;

    private static final int SWITCHING_PROTOCOLS = 101;

    private final String key;
    private final List<String> subprotocols;
    private final boolean requireSubprotocol;
    private final List<ExtensionOffer> offers;

    /**
     * Starts a handshake.
     *
     * @param nonce 16 bytes, fresh from a cryptographic source
     * @param subprotocols what the client speaks, most preferred first; may be empty
     * @param requireSubprotocol whether a reply that chooses none is refused
     * @param offers the extensions to offer, most preferred first; may be empty
     * @throws IllegalArgumentException if a subprotocol is not a token or repeated, one is required and none offered,
     *     or the nonce has another length
     */
    public ClientHandshake(
            byte[] nonce, List<String> subprotocols, boolean requireSubprotocol, List<ExtensionOffer> offers) {
        this.key = AcceptKey.keyOf(nonce);
        this.subprotocols = ServerPolicy.checkedSubprotocols(subprotocols);
        this.requireSubprotocol = requireSubprotocol;
        this.offers = List.copyOf(offers);
        if (requireSubprotocol && subprotocols.isEmpty()) {
            throw new IllegalArgumentException("a subprotocol is required but none is offered");
        }
    }

    /**
     * {@return whether a reply is interim, to be skipped while the client waits for the final one (RFC 9110 §15.2)}
     *
     * @param status the status of a reply
     */
    public static boolean isInterim(int status) {
        return status >= 100 && status < 200 && status != SWITCHING_PROTOCOLS;
    }

    /**
     * {@return all fields of the request, which is a GET in HTTP/1.1}
     *
     * @param host host and port of the URI, the port left out where it is the scheme's default
     * @param extra fields to add behind the handshake's own; a Host among them takes the place of {@code host}
     * @throws IllegalArgumentException if the host is malformed, or {@code extra} has a field that the handshake itself
     *     sets, in whatever spelling
     */
    public Headers requestFields(String host, Headers extra) {
        HandshakeFields.requireUnreserved(extra);
        Headers.Builder fields = Headers.builder()
                .add(HandshakeFields.HOST, checkedHost(host, extra.all(HandshakeFields.HOST)))
                .add(HandshakeFields.UPGRADE, HandshakeFields.WEBSOCKET)
                .add(HandshakeFields.CONNECTION, "Upgrade")
                .add(HandshakeFields.KEY, key)
                .add(HandshakeFields.VERSION, HandshakeFields.THIRTEEN);
        if (!subprotocols.isEmpty()) {
            fields.add(HandshakeFields.PROTOCOL, String.join(", ", subprotocols));
        }
        if (!offers.isEmpty()) {
            fields.add(HandshakeFields.EXTENSIONS, ExtensionList.format(offers));
        }
        for (Headers.Field field : extra) {
            if (!field.is(HandshakeFields.HOST)) {
                fields.add(field.name(), field.value());
            }
        }
        return fields.build();
    }

    /**
     * {@return what the server agreed to, once its final reply passed every check of §4.1} A 101 has no body, whatever
     * Content-Length and Transfer-Encoding say (RFC 9112 §6.3): what follows its head are frames.
     *
     * @param version the HTTP version of the reply
     * @param status its status
     * @param reply its fields
     * @throws HandshakeException if the reply refuses the handshake or breaks a rule; it has the status
     */
    public Agreement check(String version, int status, Headers reply) throws HandshakeException {
        if (status != SWITCHING_PROTOCOLS) {
            throw new HandshakeException(status, "status " + status + ", not 101 (§4.1)");
        }
        if (!version.equals(HandshakeFields.HTTP_1_1)) {
            throw broken("101 in " + HttpSyntax.quoted(version) + ", not HTTP/1.1 (RFC 9110 §7.8)");
        }
        checkUpgrade(reply);
        checkAccept(reply.all(HandshakeFields.ACCEPT));
        return new Agreement(
                chosenSubprotocol(reply.all(HandshakeFields.PROTOCOL)),
                chosenExtensions(reply.all(HandshakeFields.EXTENSIONS)));
    }

    private static String checkedHost(String host, List<String> overrides) {
        if (overrides.size() > 1) {
            throw new IllegalArgumentException(overrides.size() + " Host headers (RFC 9112 §3.2)");
        }
        String chosen = overrides.isEmpty() ? host : overrides.getFirst();
        if (!Authority.isValid(chosen)) {
            throw new IllegalArgumentException("malformed host " + HttpSyntax.quoted(chosen) + " (RFC 9110 §7.2)");
        }
        return chosen;
    }

    private static void checkUpgrade(Headers reply) throws HandshakeException {
        if (!TokenList.contains(reply.all(HandshakeFields.UPGRADE), HandshakeFields.WEBSOCKET)) {
            throw broken("Upgrade does not list websocket (§4.1)");
        }
        if (!TokenList.contains(reply.all(HandshakeFields.CONNECTION), "upgrade")) {
            throw broken("Connection does not list upgrade (§4.1)");
        }
    }

    private void checkAccept(List<String> accepts) throws HandshakeException {
        if (accepts.size() != 1) {
            throw broken(accepts.size() + " Sec-WebSocket-Accept fields, not 1 (§11.3.3)");
        }
        if (!accepts.getFirst().equals(AcceptKey.accept(key))) {
            throw broken("Sec-WebSocket-Accept " + HttpSyntax.quoted(accepts.getFirst())
                    + " does not answer the key (§4.1)");
        }
    }

    private Optional<String> chosenSubprotocol(List<String> chosen) throws HandshakeException {
        if (chosen.size() > 1) {
            throw broken(chosen.size() + " Sec-WebSocket-Protocol fields (§11.3.4)");
        }
        if (chosen.isEmpty() && requireSubprotocol) {
            throw broken("the server chose none of " + subprotocols);
        }
        if (!chosen.isEmpty() && !subprotocols.contains(chosen.getFirst())) {
            throw broken("subprotocol " + HttpSyntax.quoted(chosen.getFirst()) + " was not requested (§4.1)");
        }
        return chosen.stream().findFirst();
    }

    private List<ExtensionOffer> chosenExtensions(List<String> lines) throws HandshakeException {
        List<ExtensionOffer> chosen;
        try {
            chosen = ExtensionList.parse(lines);
        } catch (FieldSyntaxException e) {
            throw broken("malformed Sec-WebSocket-Extensions: " + e.getMessage() + " (§9.1)");
        }
        Set<String> names = new HashSet<>();
        for (ExtensionOffer extension : chosen) {
            if (offers.stream().noneMatch(offer -> offer.name().equals(extension.name()))) {
                throw broken("extension " + HttpSyntax.quoted(extension.name()) + " was not offered (§4.1)");
            }
            if (!names.add(extension.name())) {
                throw broken("extension " + HttpSyntax.quoted(extension.name()) + " is accepted twice (§9.1)");
            }
        }
        return chosen;
    }

    private static HandshakeException broken(String message) {
        return new HandshakeException(SWITCHING_PROTOCOLS, message);
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.handshake;

import dev.gibbon.Headers;
import dev.gibbon.http.Authority;
import dev.gibbon.http.HttpSyntax;
import dev.gibbon.spi.UpgradeRequest;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;

/**
 * The server's side of the opening handshake (RFC 6455 §4.2) as a function from a request to a reply.
 *
 * <p>The first check that fails decides: <table> <caption>Order of checks</caption>
 * <tr><th>#</th><th>check</th><th>status of the refusal</th></tr> <tr><td>1</td><td>the version is HTTP/1.1;
 * HTTP/1.0 has no Upgrade (RFC 9110 §7.8)</td><td>426</td></tr> <tr><td>2</td><td>Upgrade lists {@code websocket}
 * (§4.2.1), which that of a request for a page does not</td><td>426</td></tr> <tr><td>3</td><td>Connection lists
 * {@code upgrade} (§4.2.1)</td><td>400</td></tr> <tr><td>4</td><td>the method is GET
 * (§4.2.1)</td><td>405</td></tr> <tr><td>5</td><td>no body: no Transfer-Encoding, no Content-Length but one
 * 0</td><td>400</td></tr> <tr><td>6</td><td>one host, well-formed
 * (§4.2.1)</td><td>400</td></tr> <tr><td>7</td><td>Expect is absent or {@code 100-continue} (RFC 9110
 * §10.1.1)</td><td>417</td></tr> <tr><td>8</td><td>Sec-WebSocket-Version is 13 (§4.4); another number, or a draft's
 * Key1</td><td>426</td></tr> <tr><td></td><td>absent, repeated, a list, or no such number</td><td>400</td></tr>
 * <tr><td>9</td><td>at most one Origin</td><td>400</td></tr> <tr><td></td><td>the origin policy agrees
 * (§4.2.2)</td><td>403</td></tr> <tr><td>10</td><td>one Sec-WebSocket-Key, base64 of 16 bytes
 * (§4.2.1)</td><td>400</td></tr> <tr><td>11</td><td>Sec-WebSocket-Protocol is a list of distinct tokens
 * (§4.1)</td><td>400</td></tr> <tr><td></td><td>a subprotocol in common, if the policy requires
 * one</td><td>400</td></tr> <tr><td>12</td><td>Sec-WebSocket-Extensions keeps its grammar and bound
 * (§9.1)</td><td>400</td></tr> </table>
 *
 * <p>An extended CONNECT (RFC 8441 §5) has no checks 1 to 4 and 10, but {@code :protocol} must be {@code
 * websocket}, or it gets 501; 426, which stands for Upgrade, becomes 400; and it is accepted with 200.
 */
public final class ServerHandshake {
    /** What each reply to HTTP/1.1 begins with. */
    private static final Headers SWITCHING =
            Headers.of(HandshakeFields.UPGRADE, HandshakeFields.WEBSOCKET, HandshakeFields.CONNECTION, "Upgrade");

    private ServerHandshake() {}

    /**
     * {@return whether the request asks to become a WebSocket: Connection lists {@code upgrade} and Upgrade lists
     * {@code websocket}; nothing else is looked at}
     *
     * @param headers the fields of a request
     */
    public static boolean isUpgrade(Headers headers) {
        return TokenList.contains(headers.all(HandshakeFields.CONNECTION), "upgrade")
                && TokenList.contains(headers.all(HandshakeFields.UPGRADE), HandshakeFields.WEBSOCKET);
    }

    /**
     * {@return the subprotocols that the client offers, most preferred first; empty if it offers none}
     *
     * @param headers the fields of a request
     * @throws FieldSyntaxException if the list holds anything but distinct tokens (§4.1)
     */
    public static List<String> offeredSubprotocols(Headers headers) throws FieldSyntaxException {
        List<String> lines = headers.all(HandshakeFields.PROTOCOL);
        if (lines.isEmpty()) {
            return List.of();
        }
        List<String> offered = TokenList.parse(lines);
        if (new HashSet<>(offered).size() < offered.size()) {
            throw new FieldSyntaxException("a subprotocol is offered twice");
        }
        return offered;
    }

    /**
     * {@return the reply to a request: accepted if every check of the table passes, else the refusal of the first that
     * fails}
     *
     * @param request what the client sent
     * @param policy what the server lets in and speaks
     * @param extra fields to add to a 101, behind the handshake's own
     * @throws IllegalArgumentException if {@code extra} has a field that the handshake itself sets; checked first, so
     *     that the mistake shows with any request
     */
    public static HandshakeOutcome respond(UpgradeRequest request, ServerPolicy policy, Headers extra) {
        HandshakeFields.requireUnreserved(extra);
        try {
            Headers headers = request.headers();
            checkAsksForWebSocket(request);
            checkNoBody(headers);
            checkHost(request.authority(), headers.all(HandshakeFields.HOST));
            checkExpect(headers.all("Expect"));
            checkVersionOfProtocol(headers);
            checkOrigin(request, policy);
            Headers.Builder reply = begun(request);
            Optional<String> subprotocol = chooseSubprotocol(headers, policy);
            List<ExtensionOffer> extensions = chooseExtensions(headers, policy.extensions());
            return accepted(reply, new Agreement(subprotocol, extensions), extra);
        } catch (Refusal refusal) {
            return HandshakeOutcome.Refused.of(request.kind(), refusal.status, String.valueOf(refusal.getMessage()));
        }
    }

    private static void checkAsksForWebSocket(UpgradeRequest request) throws Refusal {
        switch (request.kind()) {
            case HTTP_1_1 -> {
                checkVersionOfHttp(request.version());
                checkUpgrade(request.headers());
                checkMethod(request.method());
            }
            case EXTENDED_CONNECT -> {
                if (!request.protocol().equals(HandshakeFields.WEBSOCKET)) {
                    throw new Refusal(501, ":protocol " + HttpSyntax.quoted(request.protocol()) + " (RFC 9220 §3)");
                }
            }
        }
    }

    /** {@return the reply's fields so far: a key is answered where there must be one} */
    private static Headers.Builder begun(UpgradeRequest request) throws Refusal {
        Headers.Builder reply = Headers.builder();
        return switch (request.kind()) {
            case HTTP_1_1 -> {
                String key = checkedKey(request.headers().all(HandshakeFields.KEY));
                yield reply.addAll(SWITCHING).add(HandshakeFields.ACCEPT, AcceptKey.accept(key));
            }
            case EXTENDED_CONNECT -> reply;
        };
    }

    private static void checkVersionOfHttp(String version) throws Refusal {
        if (!version.equals(HandshakeFields.HTTP_1_1)) {
            throw new Refusal(426, "version " + HttpSyntax.quoted(version) + " has no Upgrade (RFC 9110 §7.8)");
        }
    }

    private static void checkUpgrade(Headers headers) throws Refusal {
        if (!TokenList.contains(headers.all(HandshakeFields.UPGRADE), HandshakeFields.WEBSOCKET)) {
            throw new Refusal(426, "Upgrade does not list websocket (§4.2.1)");
        }
        if (!TokenList.contains(headers.all(HandshakeFields.CONNECTION), "upgrade")) {
            throw new Refusal(400, "Connection does not list upgrade (§4.2.1)");
        }
    }

    private static void checkMethod(String method) throws Refusal {
        if (!method.equals("GET")) {
            throw new Refusal(405, "method " + HttpSyntax.quoted(method) + ", not GET (§4.2.1)");
        }
    }

    /** A body would be taken for frames here and for the next request by a proxy before us, or the other way round. */
    private static void checkNoBody(Headers headers) throws Refusal {
        if (headers.contains(HandshakeFields.TRANSFER_ENCODING)) {
            throw new Refusal(400, "Transfer-Encoding on an opening handshake");
        }
        List<String> lengths = headers.all(HandshakeFields.CONTENT_LENGTH);
        if (lengths.size() > 1) {
            throw new Refusal(400, lengths.size() + " Content-Length fields (RFC 9112 §6.3)");
        }
        if (!lengths.isEmpty() && !lengths.getFirst().equals("0")) {
            throw new Refusal(400, "Content-Length " + HttpSyntax.quoted(lengths.getFirst()) + ", not 0");
        }
    }

    private static void checkHost(String host, List<String> hostFields) throws Refusal {
        if (hostFields.size() > 1) {
            throw new Refusal(400, hostFields.size() + " Host fields (RFC 9112 §3.2)");
        }
        if (!Authority.isValid(host)) {
            throw new Refusal(400, "malformed host " + HttpSyntax.quoted(host) + " (§4.2.1)");
        }
    }

    private static void checkExpect(List<String> expectations) throws Refusal {
        for (String expectation : expectations) {
            // There is no body to wait for, so the 101 itself is the answer. An empty list expects
            // nothing (RFC 9110 §5.6.1.2).
            if (!expectation.isEmpty() && !HttpSyntax.equalsIgnoreCase(expectation, "100-continue")) {
                throw new Refusal(417, "unknown expectation " + HttpSyntax.quoted(expectation));
            }
        }
    }

    private static void checkVersionOfProtocol(Headers headers) throws Refusal {
        List<String> versions = headers.all(HandshakeFields.VERSION);
        if (versions.isEmpty() && headers.contains("Sec-WebSocket-Key1")) {
            throw new Refusal(426, "handshake of a draft before version 13 (§4.4)");
        }
        if (versions.size() != 1) {
            throw new Refusal(400, versions.size() + " Sec-WebSocket-Version fields, not 1 (§11.3.5)");
        }
        String version = versions.getFirst();
        if (!version.equals(HandshakeFields.THIRTEEN)) {
            int status = isProtocolVersion(version) ? 426 : 400;
            throw new Refusal(status, "Sec-WebSocket-Version " + HttpSyntax.quoted(version) + ", not 13 (§4.4)");
        }
    }

    /** The grammar of §4.3: 0 to 255 without a leading zero. */
    private static boolean isProtocolVersion(String text) {
        boolean digits = !text.isEmpty() && text.length() <= 3 && HttpSyntax.all(text, HttpSyntax::isDigit);
        boolean leadingZero = text.length() > 1 && text.startsWith("0");
        return digits && !leadingZero && Integer.parseInt(text) <= 255;
    }

    private static void checkOrigin(UpgradeRequest request, ServerPolicy policy) throws Refusal {
        List<String> origins = request.headers().all("Origin");
        if (origins.size() > 1) {
            throw new Refusal(400, origins.size() + " Origin fields (RFC 6454 §7.3)");
        }
        Optional<String> origin = origins.isEmpty() ? Optional.empty() : Optional.of(origins.getFirst());
        if (!policy.origins().allows(origin, request.authority(), request.secure())) {
            throw new Refusal(
                    403,
                    "origin " + HttpSyntax.quoted(origin.orElse("")) + " may not connect to "
                            + HttpSyntax.quoted(request.authority()) + " (§4.2.2)");
        }
    }

    private static String checkedKey(List<String> keys) throws Refusal {
        if (keys.size() != 1) {
            throw new Refusal(400, keys.size() + " Sec-WebSocket-Key fields, not 1 (§11.3.1)");
        }
        if (!AcceptKey.isValid(keys.getFirst())) {
            throw new Refusal(
                    400, "Sec-WebSocket-Key " + HttpSyntax.quoted(keys.getFirst()) + " is not 16 bytes (§4.2.1)");
        }
        return keys.getFirst();
    }

    private static Optional<String> chooseSubprotocol(Headers headers, ServerPolicy policy) throws Refusal {
        try {
            for (String offered : offeredSubprotocols(headers)) {
                if (policy.speaks(offered)) {
                    return Optional.of(offered);
                }
            }
        } catch (FieldSyntaxException e) {
            throw new Refusal(400, "malformed Sec-WebSocket-Protocol: " + e.getMessage() + " (§4.1)");
        }
        if (policy.requireSubprotocol()) {
            throw new Refusal(400, "no subprotocol in common, and the policy requires one");
        }
        return Optional.empty();
    }

    private static List<ExtensionOffer> chooseExtensions(Headers headers, ExtensionNegotiator negotiator)
            throws Refusal {
        List<ExtensionOffer> offers;
        try {
            offers = ExtensionList.parse(headers.all(HandshakeFields.EXTENSIONS));
        } catch (FieldSyntaxException e) {
            throw new Refusal(400, "malformed Sec-WebSocket-Extensions: " + e.getMessage() + " (§9.1)");
        }
        List<ExtensionOffer> accepted = negotiator.accept(offers);
        for (ExtensionOffer extension : accepted) {
            if (offers.stream().noneMatch(offer -> offer.name().equals(extension.name()))) {
                throw new IllegalStateException("extension " + extension.name() + " was not offered (§9.1)");
            }
        }
        return accepted;
    }

    private static HandshakeOutcome accepted(Headers.Builder reply, Agreement agreement, Headers extra) {
        agreement.subprotocol().ifPresent(name -> reply.add(HandshakeFields.PROTOCOL, name));
        if (!agreement.extensions().isEmpty()) {
            reply.add(HandshakeFields.EXTENSIONS, ExtensionList.format(agreement.extensions()));
        }
        return new HandshakeOutcome.Accepted(reply.addAll(extra).build(), agreement);
    }

    /** Carries a failed check to {@link #respond}. Without a stack trace: peers cause these at will. */
    private static final class Refusal extends Exception {
        private static final long serialVersionUID = 1L;

        private final int status;

        Refusal(int status, String reason) {
            super(reason, null, false, false);
            this.status = status;
        }
    }
}

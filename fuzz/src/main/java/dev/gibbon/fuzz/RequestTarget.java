// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.fuzz;

import dev.gibbon.HandshakeException;
import dev.gibbon.Headers;
import dev.gibbon.OriginPolicy;
import dev.gibbon.handshake.Agreement;
import dev.gibbon.handshake.ClientHandshake;
import dev.gibbon.handshake.ExtensionList;
import dev.gibbon.handshake.ExtensionNegotiator;
import dev.gibbon.handshake.ExtensionOffer;
import dev.gibbon.handshake.FieldSyntaxException;
import dev.gibbon.handshake.HandshakeOutcome;
import dev.gibbon.handshake.HandshakeOutcome.Accepted;
import dev.gibbon.handshake.HandshakeOutcome.Refused;
import dev.gibbon.handshake.HttpStatus;
import dev.gibbon.handshake.ServerHandshake;
import dev.gibbon.handshake.ServerPolicy;
import dev.gibbon.http.HeadLimits;
import dev.gibbon.http.HeadParser;
import dev.gibbon.http.HeadWriter;
import dev.gibbon.http.HttpHeadException;
import dev.gibbon.http.RequestHead;
import dev.gibbon.http.ResponseHead;
import dev.gibbon.http.ValidRequest;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;

/**
 * The head of a request, from its bytes to the reply. Choices: 1 byte of flags (1: any origin; 2: subprotocols chat and
 * v2; 4: one is required; 8: the first extension offered is accepted; 16: TLS; 32: small limits), then sizes of pieces.
 */
public final class RequestTarget {
    private static final int ALLOCATION_FACTOR = 256;
    private static final HeadLimits SMALL = new HeadLimits(40, 60, 300, 6);

    private RequestTarget() {}

    /**
     * Runs one input whole and in pieces.
     *
     * @param data choices and the bytes of a request
     */
    public static void fuzzerTestOneInput(byte[] data) {
        FuzzInput input = new FuzzInput(data);
        int flags = input.choice();
        HeadLimits limits = (flags & 32) != 0 ? SMALL : HeadLimits.DEFAULT;
        int[] sizes = input.sizes();
        byte[] wire = input.rest();
        List<byte[]> pieces = FuzzInput.cut(wire, sizes);
        List<String> whole = run(flags, limits, List.of(wire));
        Oracle.requireEqual(whole, run(flags, limits, pieces));
        Oracle.requireFrugal(wire.length, ALLOCATION_FACTOR, () -> run(flags, limits, pieces));
    }

    private static List<String> run(int flags, HeadLimits limits, List<byte[]> pieces) {
        List<String> seen = new ArrayList<>();
        HeadParser<RequestHead> parser = HeadParser.ofRequest(limits);
        try {
            if (Heads.feed(parser, pieces, seen)) {
                RequestHead head = parser.head();
                seen.add(Oracle.latin1(HeadWriter.bytes(head)));
                requireReadable(head);
                ValidRequest request = ValidRequest.of(head);
                seen.add(request.host() + " " + request.target() + " " + request.framing());
                seen.add(reply(flags, request));
            }
        } catch (HttpHeadException e) {
            Oracle.require(e.status() >= 400, "status " + e.status() + " is no refusal");
            Oracle.requirePrintable(e.getMessage());
            seen.add(e.status() + " " + e.getMessage());
        }
        return seen;
    }

    /** A head that was read can be written and read again, and is the same. */
    private static void requireReadable(RequestHead head) {
        HeadParser<RequestHead> again = HeadParser.ofRequest(new HeadLimits(1 << 20, 1 << 20, 1 << 20, 1 << 20));
        try {
            Oracle.require(Heads.feed(again, List.of(HeadWriter.bytes(head)), new ArrayList<>()), "cut when written");
            Oracle.require(again.head().equals(head), "another head when written and read again");
        } catch (HttpHeadException e) {
            throw new AssertionError("unreadable when written", e);
        }
    }

    private static String reply(int flags, ValidRequest request) {
        ServerPolicy policy = policy(flags);
        HandshakeOutcome outcome = ServerHandshake.respond(
                request.openingRequest((flags & 16) != 0), policy, Headers.of("Server", "gibbon"));
        return switch (outcome) {
            case Accepted accepted -> {
                requireAcceptable(request.head().headers(), accepted);
                yield head(101, accepted.reply()) + accepted.agreement();
            }
            case Refused refused -> {
                Oracle.requirePrintable(refused.reason());
                yield head(refused.status(), refused.reply()) + refused.reason();
            }
        };
    }

    private static ServerPolicy policy(int flags) {
        OriginPolicy origins = (flags & 1) != 0 ? OriginPolicy.any() : OriginPolicy.sameOrigin();
        boolean subprotocols = (flags & 2) != 0;
        ExtensionNegotiator first = offers -> offers.stream().limit(1).toList();
        return new ServerPolicy(
                origins,
                subprotocols ? List.of("chat", "v2") : List.of(),
                subprotocols && (flags & 4) != 0,
                (flags & 8) != 0 ? first : ExtensionNegotiator.none());
    }

    /** Every reply is one head, whatever the request said: nothing of it splits the reply. */
    private static String head(int status, Headers reply) {
        ResponseHead head = new ResponseHead("HTTP/1.1", status, HttpStatus.text(status), reply);
        byte[] bytes = HeadWriter.bytes(head);
        HeadParser<ResponseHead> parser = HeadParser.ofResponse(new HeadLimits(1 << 20, 1 << 20, 1 << 20, 1 << 20));
        try {
            List<String> consumed = new ArrayList<>();
            Oracle.require(Heads.feed(parser, List.of(bytes), consumed), "a reply that does not end");
            Oracle.require(consumed.equals(List.of("head of " + bytes.length)), "a reply and something behind it");
            Oracle.require(parser.head().equals(head), "a reply that reads as another");
        } catch (HttpHeadException e) {
            throw new AssertionError("a reply that cannot be read", e);
        }
        return Oracle.latin1(bytes);
    }

    /** What our server accepts, our client that asked for it accepts too, and both agree on what was agreed. */
    private static void requireAcceptable(Headers asked, Accepted accepted) {
        byte[] nonce = Base64.getDecoder().decode(asked.all("Sec-WebSocket-Key").getFirst());
        try {
            List<String> subprotocols = ServerHandshake.offeredSubprotocols(asked);
            List<ExtensionOffer> offers = ExtensionList.parse(asked.all("Sec-WebSocket-Extensions"));
            Agreement read =
                    new ClientHandshake(nonce, subprotocols, false, offers).check("HTTP/1.1", 101, accepted.reply());
            Oracle.require(read.equals(accepted.agreement()), "agreed on " + accepted.agreement() + " and " + read);
            Optional<String> subprotocol = read.subprotocol();
            Oracle.require(subprotocol.isEmpty() || subprotocols.contains(subprotocol.get()), "not offered");
        } catch (FieldSyntaxException | HandshakeException e) {
            throw new AssertionError("accepted by the server, refused by the client", e);
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.fuzz;

import dev.gibbon.HandshakeException;
import dev.gibbon.handshake.Agreement;
import dev.gibbon.handshake.ClientHandshake;
import dev.gibbon.handshake.ExtensionOffer;
import dev.gibbon.http.HeadLimits;
import dev.gibbon.http.HeadParser;
import dev.gibbon.http.HeadWriter;
import dev.gibbon.http.HttpHeadException;
import dev.gibbon.http.ResponseHead;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The head of a response, from its bytes to what the client makes of it. The key is the one of RFC 6455 §1.3. Choices:
 * 1 byte of flags (1: offers the subprotocols chat and v2; 2: requires one; 4: offers permessage-deflate; 32: small
 * limits), then sizes of pieces.
 */
public final class ResponseTarget {
    private static final int ALLOCATION_FACTOR = 256;
    private static final HeadLimits SMALL = new HeadLimits(40, 60, 300, 6);
    private static final byte[] NONCE = "the sample nonce".getBytes(StandardCharsets.US_ASCII);

    private ResponseTarget() {}

    /**
     * Runs one input whole and in pieces.
     *
     * @param data choices and the bytes of a response
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
        HeadParser<ResponseHead> parser = HeadParser.ofResponse(limits);
        try {
            if (Heads.feed(parser, pieces, seen)) {
                ResponseHead head = parser.head();
                seen.add(Oracle.latin1(HeadWriter.bytes(head)));
                seen.add(ClientHandshake.isInterim(head.status()) + " " + check(flags, head));
            }
        } catch (HttpHeadException e) {
            Oracle.requirePrintable(e.getMessage());
            seen.add(e.getMessage() == null ? "" : e.getMessage());
        } catch (HandshakeException e) {
            Oracle.requirePrintable(e.getMessage());
            seen.add(e.status() + " " + e.getMessage());
        }
        return seen;
    }

    private static Agreement check(int flags, ResponseHead head) throws HandshakeException {
        List<String> subprotocols = (flags & 1) != 0 ? List.of("chat", "v2") : List.of();
        List<ExtensionOffer> offers = (flags & 4) != 0 ? List.of(ExtensionOffer.of("permessage-deflate")) : List.of();
        boolean required = !subprotocols.isEmpty() && (flags & 2) != 0;
        Agreement agreement = new ClientHandshake(NONCE, subprotocols, required, offers)
                .check(head.version(), head.status(), head.headers());
        Oracle.require(head.status() == 101, "agreed with status " + head.status());
        Oracle.require(subprotocols.containsAll(agreement.subprotocol().stream().toList()), "not offered");
        Oracle.require(!required || agreement.subprotocol().isPresent(), "agreed without a subprotocol");
        Oracle.require(agreement.extensions().size() <= offers.size(), "extensions that were not offered");
        return agreement;
    }
}

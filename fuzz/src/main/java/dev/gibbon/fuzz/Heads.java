// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.fuzz;

import dev.gibbon.http.HeadParser;
import dev.gibbon.http.HttpHeadException;
import java.nio.ByteBuffer;
import java.util.List;

/** Feeding message heads in pieces. */
final class Heads {
    private Heads() {}

    /** {@return whether the head is complete} Notes how many bytes it took, in {@code seen}, also when it fails. */
    static boolean feed(HeadParser<?> parser, List<byte[]> pieces, List<String> seen) throws HttpHeadException {
        int before = 0;
        for (byte[] piece : pieces) {
            ByteBuffer in = Oracle.guarded(piece);
            int start = in.position();
            boolean complete;
            try {
                complete = parser.feed(in);
            } catch (HttpHeadException e) {
                seen.add("failed after " + (before + in.position() - start));
                throw e;
            } finally {
                Oracle.requireGuardsIntact(in);
            }
            if (complete) {
                seen.add("head of " + (before + in.position() - start));
                return true;
            }
            Oracle.require(!in.hasRemaining(), "wants more, leaves some");
            before += piece.length;
        }
        seen.add("wants more after " + before);
        return false;
    }
}

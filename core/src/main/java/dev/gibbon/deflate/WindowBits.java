// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.deflate;

import dev.gibbon.PermessageDeflate;
import java.util.OptionalInt;

/** The size of an LZ77 window as its base-2 logarithm (RFC 7692 §7.1.2). */
final class WindowBits {
    static final int LEAST = PermessageDeflate.MIN_WINDOW_BITS;
    static final int MOST = PermessageDeflate.MAX_WINDOW_BITS;

    private WindowBits() {}

    /** {@return the number, if the text is 8 to 15 in decimal without a leading zero (§7.1.2.1)} */
    static OptionalInt parse(String text) {
        for (int bits = LEAST; bits <= MOST; bits++) {
            if (text.equals(Integer.toString(bits))) {
                return OptionalInt.of(bits);
            }
        }
        return OptionalInt.empty();
    }
}

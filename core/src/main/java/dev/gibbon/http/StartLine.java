// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.http;

import dev.gibbon.Headers;

/** Reads the first line of a head byte by byte. */
sealed interface StartLine<H> permits RequestLine, StatusLine {
    /** {@return whether the line, its CR LF included, is complete with this byte, 0 to 255} */
    boolean accept(int b) throws HttpHeadException;

    /** {@return the head, once the line is complete and its fields are known} */
    H head(Headers headers);
}

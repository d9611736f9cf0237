// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.deflate;

/** What follows the input that a {@link MessageDeflater} is given. */
public enum FlushMode {
    /** More of the message; what was given may wait inside until there is enough of it. */
    MORE,
    /** Perhaps a pause: everything given so far comes out, so that the peer can decompress it. */
    FLUSH,
    /** Nothing: the message ends. */
    LAST
}

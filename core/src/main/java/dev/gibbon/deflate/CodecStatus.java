// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.deflate;

/** Where a step of a codec stopped. */
public enum CodecStatus {
    /** All input is consumed, and all that came of it so far is out. */
    INPUT_NEEDED,
    /**
     * There may be more to come of the input that was given: call again, with room, and with what is left of the input.
     */
    OUTPUT_PENDING,
    /** The message is over and all of it is out; nothing is leased any more. */
    ENDED
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.http;

import java.util.OptionalInt;

/**
 * How much of a message head is read at most.
 *
 * @param startLineBytes bytes of the request or status line, its end not counted
 * @param fieldLineBytes bytes of one field line, its end not counted
 * @param headBytes bytes of the whole head, all line ends counted
 * @param fields number of field lines
 */
public record HeadLimits(int startLineBytes, int fieldLineBytes, int headBytes, int fields) {
    /** What browsers and proxies stay well below: 8 KiB a line, 16 KiB in all, 100 fields. */
    public static final HeadLimits DEFAULT = new HeadLimits(8 * 1024, 8 * 1024, 16 * 1024, 100);

    /**
     * {@return the limits of a head of which somebody said how long it may be: a single line may take all of that}
     *
     * @param headBytes bytes of the whole head; empty for the default, and that of its lines
     * @param fields number of field lines
     * @throws IllegalArgumentException if one is not positive
     */
    public static HeadLimits of(OptionalInt headBytes, int fields) {
        return headBytes.isPresent()
                ? new HeadLimits(headBytes.getAsInt(), headBytes.getAsInt(), headBytes.getAsInt(), fields)
                : new HeadLimits(DEFAULT.startLineBytes, DEFAULT.fieldLineBytes, DEFAULT.headBytes, fields);
    }

    /**
     * Checks the limits.
     *
     * @throws IllegalArgumentException if one is not positive
     */
    public HeadLimits {
        if (startLineBytes < 1 || fieldLineBytes < 1 || headBytes < 1 || fields < 1) {
            throw new IllegalArgumentException("head limits must be positive: " + startLineBytes + ", " + fieldLineBytes
                    + ", " + headBytes + ", " + fields);
        }
    }
}

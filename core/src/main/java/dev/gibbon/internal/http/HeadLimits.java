// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.internal.http;

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

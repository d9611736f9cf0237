// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.fuzz;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Takes what a fuzzer made apart: choices first, byte by byte, then what the peer sends. */
final class FuzzInput {
    private static final int MAX_SIZES = 7;

    private final byte[] data;
    private int position;

    FuzzInput(byte[] data) {
        this.data = data;
    }

    /** {@return the next choice, 0 to 255; 0 when there are no more bytes} */
    int choice() {
        return position < data.length ? Byte.toUnsignedInt(data[position++]) : 0;
    }

    boolean hasMore() {
        return position < data.length;
    }

    /** {@return the power of two that the next choice names, from 1 to 2^31} */
    long powerOfTwo() {
        return 1L << (choice() & 31);
    }

    /**
     * {@return sizes of pieces, to be used in turn: a count of up to 7, then each size less one; one byte each if none}
     */
    int[] sizes() {
        int[] sizes = new int[choice() & MAX_SIZES];
        Arrays.setAll(sizes, _ -> 1 + choice());
        return sizes.length == 0 ? new int[] {1} : sizes;
    }

    /** {@return all bytes that no choice took} */
    byte[] rest() {
        return Arrays.copyOfRange(data, position, data.length);
    }

    static List<byte[]> cut(byte[] bytes, int[] sizes) {
        List<byte[]> pieces = new ArrayList<>();
        int from = 0;
        for (int i = 0; from < bytes.length; i++) {
            int to = Math.min(bytes.length, from + sizes[i % sizes.length]);
            pieces.add(Arrays.copyOfRange(bytes, from, to));
            from = to;
        }
        return pieces;
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.deflate;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;

/**
 * A slow decoder of DEFLATE (RFC 1951) that trusts nothing: written from the RFC alone, it shares no code with zlib,
 * and fails on any distance beyond the window or what was output, any incomplete or overfull code, any bit left over.
 * One per direction; with context takeover it remembers the earlier messages.
 */
public final class StrictInflater {
    private static final int[] LENGTH_BASE = {
        3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227,
        258
    };
    private static final int[] LENGTH_EXTRA = {
        0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0
    };
    private static final int[] DISTANCE_BASE = {
        1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097,
        6145, 8193, 12289, 16385, 24577
    };
    private static final int[] CODE_LENGTH_ORDER = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};

    private final int window;
    private final boolean takeover;

    private byte[] out = new byte[1024];
    private int size;
    private int farthest;
    private byte[] in = {};
    private int bit;

    /**
     * Makes a decoder.
     *
     * @param windowBits how far the sender may refer back, as a base-2 logarithm
     * @param takeover whether it may refer to earlier messages
     */
    public StrictInflater(int windowBits, boolean takeover) {
        this.window = 1 << windowBits;
        this.takeover = takeover;
    }

    /** {@return the farthest distance met so far} */
    public int farthest() {
        return farthest;
    }

    /** {@return the message whose compressed payload this is} */
    public byte[] message(byte[] payload) {
        ByteArrayOutputStream whole = new ByteArrayOutputStream();
        whole.writeBytes(payload);
        whole.writeBytes(new byte[] {0, 0, (byte) 0xFF, (byte) 0xFF}); // RFC 7692 §7.2.2
        in = whole.toByteArray();
        bit = 0;
        if (!takeover) {
            size = 0;
        }
        int start = size;
        boolean stored = false;
        while (bit < 8 * in.length) {
            boolean last = bits(1) == 1;
            int type = bits(2);
            switch (type) {
                case 0 -> stored();
                case 1 -> coded(fixedLiterals(), new Code(lengths(30, 5), true));
                case 2 -> dynamic();
                default -> throw new AssertionError("block type 3");
            }
            stored = type == 0;
            if (last) {
                bit = (bit + 7) & ~7;
            }
        }
        check(stored, "the message does not end in an empty stored block");
        return Arrays.copyOfRange(out, start, size);
    }

    private void stored() {
        bit = (bit + 7) & ~7;
        int length = bits(16);
        check((length ^ 0xFFFF) == bits(16), "stored length");
        for (int i = 0; i < length; i++) {
            put((byte) bits(8));
        }
    }

    private void dynamic() {
        int literals = bits(5) + 257;
        int distances = bits(5) + 1;
        check(literals <= 286 && distances <= 30, "too many codes");
        int[] ofLengths = new int[19];
        int count = bits(4) + 4;
        for (int i = 0; i < count; i++) {
            ofLengths[CODE_LENGTH_ORDER[i]] = bits(3);
        }
        Code code = new Code(ofLengths, false);
        int[] all = new int[literals + distances];
        for (int i = 0; i < all.length; ) {
            int symbol = code.next();
            if (symbol < 16) {
                all[i++] = symbol;
                continue;
            }
            check(symbol != 16 || i > 0, "repeat of nothing");
            int value = symbol == 16 ? all[i - 1] : 0;
            int repeat = symbol == 16 ? 3 + bits(2) : symbol == 17 ? 3 + bits(3) : 11 + bits(7);
            check(i + repeat <= all.length, "repeat beyond the end");
            Arrays.fill(all, i, i + repeat, value);
            i += repeat;
        }
        check(all[256] != 0, "no end of block");
        coded(
                new Code(Arrays.copyOf(all, literals), false),
                new Code(Arrays.copyOfRange(all, literals, all.length), true));
    }

    private void coded(Code literals, Code distances) {
        while (true) {
            int symbol = literals.next();
            if (symbol < 256) {
                put((byte) symbol);
            } else if (symbol == 256) {
                return;
            } else {
                check(symbol <= 285, "length symbol");
                int length = LENGTH_BASE[symbol - 257] + bits(LENGTH_EXTRA[symbol - 257]);
                int code = distances.next();
                check(code < 30, "distance symbol");
                int distance = DISTANCE_BASE[code] + bits(Math.max(0, code / 2 - 1));
                check(distance <= window, "distance " + distance + " > window " + window);
                check(distance <= size, "distance " + distance + " > output " + size);
                farthest = Math.max(farthest, distance);
                for (int i = 0; i < length; i++) {
                    put(out[size - distance]);
                }
            }
        }
    }

    private void put(byte b) {
        if (size == out.length) {
            out = Arrays.copyOf(out, 2 * size);
        }
        out[size++] = b;
    }

    private int bits(int count) {
        int value = 0;
        for (int i = 0; i < count; i++) {
            check(bit < 8 * in.length, "the data ends within a block");
            value |= ((in[bit >> 3] >> (bit & 7)) & 1) << i;
            bit++;
        }
        return value;
    }

    private Code fixedLiterals() {
        int[] lengths = new int[288];
        Arrays.fill(lengths, 0, 144, 8);
        Arrays.fill(lengths, 144, 256, 9);
        Arrays.fill(lengths, 256, 280, 7);
        Arrays.fill(lengths, 280, 288, 8);
        return new Code(lengths, false);
    }

    private static int[] lengths(int count, int length) {
        int[] lengths = new int[count];
        Arrays.fill(lengths, length);
        return lengths;
    }

    private static void check(boolean holds, String otherwise) {
        if (!holds) {
            throw new AssertionError(otherwise);
        }
    }

    /** A prefix code (RFC 1951 §3.2.2), decoded one bit at a time. */
    private final class Code {
        private final int[] counts = new int[16];
        private final int[] symbols;

        /**
         * Makes it.
         *
         * @param mayBeIncomplete whether some bits may mean nothing, as
         *     with one distance or the fixed distances (§3.2.6, §3.2.7)
         */
        Code(int[] lengths, boolean mayBeIncomplete) {
            for (int length : lengths) {
                counts[length]++;
            }
            int unused = 1;
            int[] offsets = new int[17];
            for (int length = 1; length <= 15; length++) {
                unused = 2 * unused - counts[length];
                check(unused >= 0, "more codes than bits can tell apart");
                offsets[length + 1] = offsets[length] + counts[length];
            }
            check(unused == 0 || mayBeIncomplete, "bits that mean nothing");
            symbols = new int[lengths.length];
            for (int symbol = 0; symbol < lengths.length; symbol++) {
                if (lengths[symbol] != 0) {
                    symbols[offsets[lengths[symbol]]++] = symbol;
                }
            }
        }

        int next() {
            int code = 0;
            int first = 0;
            int index = 0;
            for (int length = 1; length <= 15; length++) {
                code |= bits(1);
                int count = counts[length];
                if (code - first < count) {
                    return symbols[index + code - first];
                }
                index += count;
                first = (first + count) << 1;
                code <<= 1;
            }
            throw new AssertionError("no such code");
        }
    }
}

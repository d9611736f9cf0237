// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit;

import java.util.Arrays;
import java.util.List;

/** The splitters we bring. */
final class Splitters {
    private Splitters() {}

    record AtMost(int bytes) implements Splitter {
        AtMost {
            if (bytes < 1) {
                throw new IllegalArgumentException("bytes must be at least 1: " + bytes);
            }
        }

        @Override
        public int split(long position, int available) {
            return Math.min(bytes, available);
        }

        @Override
        public String toString() {
            return switch (bytes) {
                case Integer.MAX_VALUE -> "whole";
                case 1 -> "bytewise";
                default -> "atMost(" + bytes + ")";
            };
        }
    }

    record Random(long seed, int maxBytes) implements Splitter {
        // The finalizer of SplitMix64: it turns neighbouring
        // places into unrelated numbers without keeping state.
        private static final long GOLDEN = 0x9E3779B97F4A7C15L;
        private static final long MIX_1 = 0xBF58476D1CE4E5B9L;
        private static final long MIX_2 = 0x94D049BB133111EBL;

        Random {
            if (maxBytes < 1) {
                throw new IllegalArgumentException("maxBytes must be at least 1: " + maxBytes);
            }
        }

        @Override
        public int split(long position, int available) {
            long mixed = seed + (position + 1) * GOLDEN;
            mixed = (mixed ^ (mixed >>> 30)) * MIX_1;
            mixed = (mixed ^ (mixed >>> 27)) * MIX_2;
            mixed ^= mixed >>> 31;
            return Math.min(1 + (int) Long.remainderUnsigned(mixed, maxBytes), available);
        }

        @Override
        public String toString() {
            return "random(" + seed + ", " + maxBytes + ")";
        }
    }

    record At(List<Long> offsets) implements Splitter {
        static At sorted(long... offsets) {
            for (long offset : offsets) {
                if (offset < 1) {
                    throw new IllegalArgumentException("an offset must be at least 1: " + offset);
                }
            }
            return new At(Arrays.stream(offsets).sorted().boxed().toList());
        }

        @Override
        public int split(long position, int available) {
            for (long offset : offsets) {
                if (offset > position) {
                    return (int) Math.min(offset - position, available);
                }
            }
            return available;
        }

        @Override
        public String toString() {
            return "at" + offsets;
        }
    }
}

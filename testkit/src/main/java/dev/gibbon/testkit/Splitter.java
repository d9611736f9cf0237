// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit;

import java.util.List;

/**
 * Decides how many bytes one read brings or one write takes, so that a test meets the splits a network may make. A
 * splitter is a pure function of the place in the stream: it holds no state and may be shared by any number of
 * transports and threads.
 */
@FunctionalInterface
public interface Splitter {
    /**
     * Answers how many bytes to move now.
     *
     * @param position how many bytes of this direction were moved before
     * @param available how many could be moved, at least 1
     * @return from 1 to {@code available}
     */
    int split(long position, int available);

    /** {@return a splitter that moves all there is} */
    static Splitter whole() {
        return atMost(Integer.MAX_VALUE);
    }

    /** {@return a splitter that moves one byte at a time} */
    static Splitter bytewise() {
        return atMost(1);
    }

    /**
     * Moves up to a fixed number of bytes at a time.
     *
     * @param bytes the most that one call moves, at least 1
     * @return the splitter
     */
    static Splitter atMost(int bytes) {
        return new Splitters.AtMost(bytes);
    }

    /**
     * Moves from 1 to {@code maxBytes} bytes at a time. The sizes follow from the seed and the place in the stream
     * alone, so that a seed repeats its splits whenever the same bytes are available.
     *
     * @param seed which splits
     * @param maxBytes the most that one call moves, at least 1
     * @return the splitter
     */
    static Splitter random(long seed, int maxBytes) {
        return new Splitters.Random(seed, maxBytes);
    }

    /**
     * Splits the stream at the given places and nowhere else.
     *
     * @param offsets the places, counted in bytes from the start of the stream, each at least 1, in any order
     * @return the splitter
     */
    static Splitter at(long... offsets) {
        return Splitters.At.sorted(offsets);
    }

    /**
     * Lists the three feeds that every test of a parser should pass: whole, byte by byte, and at random places.
     *
     * @param seed for the last
     * @return the splitters, with a {@code toString} fit for the name of a test
     */
    static List<Splitter> feeds(long seed) {
        return List.of(whole(), bytewise(), random(seed, 64));
    }
}

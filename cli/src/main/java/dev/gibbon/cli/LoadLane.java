// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import org.HdrHistogram.Histogram;

/**
 * What one thread of a load needs for itself: messages to send and
 * compare with, and what it measured. That thread only, until the end.
 */
final class LoadLane {
    private static final long HIGHEST_NANOS = 3_600_000_000_000L;
    private static final long LOWEST_NANOS = 64;

    /**
     * Errors below a thousandth; where a virtual thread stands for
     * each connection, a hundredth at an eighth of the memory.
     */
    private static final int DIGITS = 3;

    private static final int FEW_DIGITS = 2;

    private final Thread thread;
    private final LoadPayloads payloads;
    private final Histogram latencies;
    private final Histogram completions;

    /** Made by the thread that it is for. */
    LoadLane(LoadScenario scenario) {
        thread = Thread.currentThread();
        payloads = scenario.payloads();
        int digits = thread.isVirtual() ? FEW_DIGITS : DIGITS;
        latencies = histogram(digits);
        completions = scenario.mode() == LoadMode.BROADCAST ? histogram(digits) : latencies;
    }

    private static Histogram histogram(int digits) {
        return new Histogram(LOWEST_NANOS, HIGHEST_NANOS, digits);
    }

    /** {@return what all of a load comes together in} */
    static Histogram total() {
        return histogram(DIGITS);
    }

    Thread thread() {
        return thread;
    }

    LoadPayloads payloads() {
        return payloads;
    }

    void record(long nanos) {
        latencies.recordValue(Math.min(nanos, HIGHEST_NANOS));
    }

    /** The last of all receivers of a broadcast has it. */
    void recordCompletion(long nanos) {
        completions.recordValue(Math.min(nanos, HIGHEST_NANOS));
    }

    Histogram latencies() {
        return latencies;
    }

    Histogram completions() {
        return completions;
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.HdrHistogram.Histogram;

/**
 * What came of a load.
 *
 * @param scenario what it was
 * @param seconds how long it was measured
 * @param latencies a value in nanoseconds for every message that was counted
 * @param completions the same for whole broadcasts, up to the last receiver
 * @param clientCpuSeconds CPU time of this process in that time
 * @param busiestLoop the part of the time that the busiest event loop of this process was running, if it had any
 * @param server what the server used in that time, if it was looked at
 * @param idle what became of connections that were left alone
 * @param compression what the server's answers come to on the wire, if that was looked at
 * @param errors how many things went wrong
 * @param firstError what did first
 */
record LoadResult(
        LoadScenario scenario,
        double seconds,
        Histogram latencies,
        Optional<Histogram> completions,
        double clientCpuSeconds,
        OptionalDouble busiestLoop,
        Optional<Server> server,
        Optional<Idle> idle,
        Optional<Compression> compression,
        long errors,
        Optional<String> firstError) {
    private static final double BUSY = 0.95;

    /** From here on rates and parts of the time mean something, also where the CPU's clock is coarse. */
    private static final double TELLING_SECONDS = 1;

    /**
     * The server's side.
     *
     * @param cpuSeconds CPU time while it was measured
     * @param rssBytes memory at the end of that
     */
    record Server(double cpuSeconds, long rssBytes) {}

    /**
     * Idle connections.
     *
     * @param alive how many answered at the end
     * @param rssBytesPerConnection how much memory of the server's each took
     */
    record Idle(int alive, OptionalLong rssBytesPerConnection) {}

    /**
     * The answers to some messages of the load on a connection of their own.
     *
     * @param agreed the extensions that the server agreed to, with their parameters; empty if it declined
     * @param plainBytes what the answers say
     * @param wireBytes what came over the wire for it, the headers of frames included
     */
    record Compression(String agreed, long plainBytes, long wireBytes) {
        /** {@return the part of the bytes that is left} */
        double wirePart() {
            return wireBytes / (double) plainBytes;
        }
    }

    long messages() {
        return latencies.getTotalCount();
    }

    /** {@return whether it was measured long enough for figures: all the time that was asked for, or a second of it} */
    boolean isTelling() {
        return seconds >= Math.min(TELLING_SECONDS, scenario.duration().toNanos() / 1e9);
    }

    /** {@return the part of the time that this process was running, of what it could have} */
    double clientBusy() {
        return busiestLoop.orElse(
                clientCpuSeconds / seconds / Runtime.getRuntime().availableProcessors());
    }

    /** {@return whether this side may have been the limit, so that the figures say nothing about the server} */
    boolean isLimitedByClient() {
        return isTelling() && clientBusy() > BUSY;
    }
}

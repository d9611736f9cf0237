// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.bench.peers;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import org.jspecify.annotations.Nullable;

/**
 * What {@code gibbon load --json} tells.
 *
 * @param messages echoes that came back, or messages delivered, or handshakes done, in the measured time
 * @param seconds the measured time
 * @param messagesPerSecond absent in an idle run
 * @param clientCpuMicrosPerMessage absent where there were no messages
 * @param latencyMicros absent where nothing was timed
 * @param server absent where no process id was given
 * @param errors of connections and of bytes that did not match
 * @param alive of an idle run, the connections that were open at its end
 * @param compression absent unless it was offered
 */
@JsonIgnoreProperties(ignoreUnknown = true)
record LoadResult(
        int connections,
        double seconds,
        long messages,
        @Nullable Double messagesPerSecond,
        @Nullable Latency latencyMicros,
        double clientCpuSeconds,
        @Nullable Double clientCpuMicrosPerMessage,
        long errors,
        @Nullable Server server,
        @Nullable Integer alive,
        @Nullable Compression compression) {
    /** Quantiles in microseconds. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    record Latency(double p50, double p90, double p99, double p999, double max) {}

    /**
     * What the server's answers come to.
     *
     * @param agreed its answer to the offer
     * @param wirePart the bytes on the wire, frame headers included, divided by those they stand for
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    record Compression(String agreed, double wirePart) {}

    /**
     * The server's side.
     *
     * @param cpuMicrosPerMessage absent where there were no messages
     * @param rssBytesPerConnection of an idle run, what its connections added
     */
    @JsonIgnoreProperties(ignoreUnknown = true)
    record Server(
            double cpuSeconds,
            @Nullable Double cpuMicrosPerMessage,
            long rssBytes,
            @Nullable Double rssBytesPerConnection) {}
}

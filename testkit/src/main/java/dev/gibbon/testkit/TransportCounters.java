// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit;

/**
 * What one end of a {@link TransportPair} was asked to do up to a moment, counted as system calls would be.
 *
 * @param reads how many reads brought bytes
 * @param bytesRead how many bytes they brought
 * @param writes how many writes returned, whatever they took
 * @param bytesWritten how many bytes they took
 * @param buffersWritten how many buffers with bytes in them were handed to those writes, all together
 */
public record TransportCounters(long reads, long bytesRead, long writes, long bytesWritten, long buffersWritten) {
    /**
     * Counts what came after an earlier moment.
     *
     * @param earlier counters of the same end
     * @return the differences
     */
    public TransportCounters since(TransportCounters earlier) {
        return new TransportCounters(
                reads - earlier.reads,
                bytesRead - earlier.bytesRead,
                writes - earlier.writes,
                bytesWritten - earlier.bytesWritten,
                buffersWritten - earlier.buffersWritten);
    }
}

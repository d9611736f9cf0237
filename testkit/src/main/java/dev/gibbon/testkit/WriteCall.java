// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit;

/**
 * One write, as the log of {@link TransportPair.Builder#logWrites()} keeps it.
 *
 * @param buffers how many buffers with bytes in them were handed over
 * @param offered how many bytes they held
 * @param taken how many of them the write took
 */
public record WriteCall(int buffers, long offered, long taken) {}

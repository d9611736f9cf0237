// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.protocol;

/**
 * What a peer may make us hold or do (§10.4).
 *
 * @param maxFrameBytes the longest payload of one data frame
 * @param maxMessageBytes the longest message, all its fragments together
 * @param maxFragments how many frames one message may have, empty ones counted
 * @param maxControlFramesPerMinute how many Ping and Pong frames may come in a minute, and at once
 */
public record Limits(long maxFrameBytes, long maxMessageBytes, int maxFragments, int maxControlFramesPerMinute) {}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.protocol;

import dev.gibbon.CloseCode;
import dev.gibbon.MessageTooBigException;
import dev.gibbon.ProtocolException;

/**
 * What a peer may make us hold or do (§10.4).
 *
 * @param maxFrameBytes the longest payload of one data frame
 * @param maxMessageBytes the longest message, all its fragments together
 * @param maxFragments how many frames one message may have, empty ones counted
 * @param maxControlFramesPerMinute how many Ping and Pong frames may come in a minute, and at once
 */
public record Limits(long maxFrameBytes, long maxMessageBytes, int maxFragments, int maxControlFramesPerMinute) {
    /**
     * By which part a payload may be longer than the limit of what
     * it says: what DEFLATE makes of bytes that it cannot compress.
     */
    private static final int EXPANSION = 64;

    /** And by how many bytes for each frame. */
    private static final int EXPANSION_BYTES = 64;

    void checkFragments(int fragments) throws ProtocolException {
        if (fragments > maxFragments) {
            throw new ProtocolException(
                    CloseCode.POLICY_VIOLATION, "message of more than " + maxFragments + " fragments (§10.4)");
        }
    }

    /** Checks a frame that has begun, behind so many bytes of its message. */
    void checkPlain(long payload, long messageBytes) throws MessageTooBigException {
        if (payload > maxFrameBytes) {
            throw new MessageTooBigException(
                    "frame of " + payload + " bytes > " + maxFrameBytes + " (§10.4)", maxFrameBytes);
        }
        if (payload > maxMessageBytes - messageBytes) {
            throw new MessageTooBigException(
                    "message of " + messageBytes + " + " + payload + " bytes > " + maxMessageBytes + " (§10.4)",
                    maxMessageBytes);
        }
    }

    /**
     * The same for a compressed message, the {@code fragments}th of its frames. It is bounded on the wire, since
     * DEFLATE can go on for ever without saying anything, but has room for bytes that it can only make longer.
     */
    void checkCompressed(long payload, long messageBytes, int fragments) throws MessageTooBigException {
        long mostInFrame = expanded(maxFrameBytes, 1);
        if (payload > mostInFrame) {
            throw new MessageTooBigException(
                    "compressed frame of " + payload + " bytes > " + mostInFrame + " (§10.4)", maxFrameBytes);
        }
        long mostInMessage = expanded(maxMessageBytes, fragments);
        if (payload > mostInMessage - messageBytes) {
            throw new MessageTooBigException(
                    "compressed message of " + messageBytes + " + " + payload + " bytes > " + mostInMessage
                            + " (§10.4)",
                    maxMessageBytes);
        }
    }

    private static long expanded(long plain, int frames) {
        long most = plain + plain / EXPANSION + (long) EXPANSION_BYTES * frames;
        return most < 0 ? Long.MAX_VALUE : most;
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.http;

import java.nio.ByteBuffer;

/**
 * Reads one message head from bytes that come in pieces of any size, strictly by RFC 9112 and within limits. A fault
 * is reported with the byte that makes it one, and each byte is taken once, so hostile input costs what its length
 * costs.
 *
 * <p>For one message and one thread.
 *
 * @param <H> {@link RequestHead} or {@link ResponseHead}
 */
public final class HeadParser<H> {
    /** What the next byte belongs to, or that there is none. */
    private enum State {
        START_LINE,
        FIELDS,
        COMPLETE,
        FAILED
    }

    private final StartLine<H> startLine;
    private final FieldSection fieldSection;
    private final int maxBytes;
    private State state = State.START_LINE;
    private int bytes;

    /** Both parts collect their text in the same place, one after the other. */
    private HeadParser(StartLine<H> startLine, HeadLimits limits, boolean unfolds, TextBuffer text) {
        this.startLine = startLine;
        this.fieldSection = new FieldSection(limits.fieldLineBytes(), limits.fields(), unfolds, text);
        this.maxBytes = limits.headBytes();
    }

    /**
     * {@return a parser of one request head}
     *
     * @param limits what it reads at most
     */
    public static HeadParser<RequestHead> ofRequest(HeadLimits limits) {
        TextBuffer text = new TextBuffer();
        return new HeadParser<>(new RequestLine(startLineBytes(limits), text), limits, false, text);
    }

    /**
     * {@return a parser of one response head}
     *
     * @param limits what it reads at most
     */
    public static HeadParser<ResponseHead> ofResponse(HeadLimits limits) {
        TextBuffer text = new TextBuffer();
        return new HeadParser<>(new StatusLine(startLineBytes(limits), text), limits, true, text);
    }

    private static int startLineBytes(HeadLimits limits) {
        return Math.min(limits.startLineBytes(), limits.headBytes());
    }

    /**
     * {@return whether the head is complete} If so, {@code in} is left at the first byte behind it, else it is used up.
     *
     * @param in bytes that follow those of the calls before
     * @throws HttpHeadException if the bytes are no head, or pass a limit; the parser is of no more use
     * @throws IllegalStateException if the head was complete before, or a call before failed
     */
    public boolean feed(ByteBuffer in) throws HttpHeadException {
        if (state == State.COMPLETE || state == State.FAILED) {
            throw new IllegalStateException("feed after the head is " + state);
        }
        try {
            while (state != State.COMPLETE && in.hasRemaining()) {
                accept(Byte.toUnsignedInt(in.get()));
            }
        } catch (HttpHeadException e) {
            state = State.FAILED;
            throw e;
        }
        return state == State.COMPLETE;
    }

    /** {@return whether not a single byte was fed yet: a peer that leaves now leaves between messages} */
    public boolean isUntouched() {
        return bytes == 0;
    }

    /**
     * {@return the head}
     *
     * @throws IllegalStateException if it is not complete
     */
    public H head() {
        if (state != State.COMPLETE) {
            throw new IllegalStateException("no head yet: " + state);
        }
        return startLine.head(fieldSection.headers());
    }

    private void accept(int b) throws HttpHeadException {
        bytes++;
        if (state == State.START_LINE) { // It has its own limit, no longer than the head's, and its own status.
            if (startLine.accept(b)) {
                state = State.FIELDS;
            }
            return;
        }
        if (bytes > maxBytes) {
            throw new HttpHeadException(431, "message head > " + maxBytes + " bytes");
        }
        if (fieldSection.accept(b)) {
            state = State.COMPLETE;
        }
    }
}

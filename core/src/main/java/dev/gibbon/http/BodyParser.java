// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.http;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads the body of one request from bytes that come in pieces of any size, strictly by RFC 9112 §6 and §7.1, and
 * within limits. Where a body ends the next request begins, so whatever is not just as it has to be is an error:
 * blanks around a chunk's size, a line end that is LF alone, a chunk that is longer than it says. Chunk extensions and
 * trailer fields are read and dropped.
 *
 * <p>For one message and one thread at a time.
 */
public final class BodyParser {
    /** Longest size of a chunk, leading zeros included, that surely fits a {@code long}. */
    private static final int MAX_SIZE_DIGITS = 15;

    /** Room is made as bytes come, whatever a peer announces: first so much, and later at most that at once. */
    private static final int FIRST_SEGMENT_BYTES = 4 * 1024;

    private static final int SEGMENT_BYTES = 64 * 1024;

    /** What the next byte belongs to, or that there is none. */
    private enum State {
        DATA,
        CHUNK_SIZE,
        CHUNK_EXTENSION,
        SIZE_LF,
        CHUNK_CR,
        CHUNK_LF,
        TRAILERS,
        COMPLETE,
        FAILED
    }

    private final boolean chunked;
    private final int maxBytes;

    private final HeadLimits limits;
    private final List<byte[]> segments = new ArrayList<>();
    private State state;

    /** Of a chunk, or of a body whose length is known. */
    private long remaining;

    private int sizeDigits;
    private @Nullable FieldSection trailers;

    /** Other than content in a chunked body: extensions and trailer fields. */
    private int otherBytes;

    /** Of the content so far, and of its last segment. */
    private int length;

    private int segmentLength;

    /**
     * Reads a body within limits.
     *
     * @param framing how it is delimited
     * @param maxBytes of its content
     * @param limits what trailer fields and chunk extensions may have
     * @throws HttpHeadException with 413 if it is known to be too long
     */
    public BodyParser(BodyFraming framing, int maxBytes, HeadLimits limits) throws HttpHeadException {
        this.maxBytes = maxBytes;
        this.limits = limits;
        switch (framing) {
            case BodyFraming.Length(long known) -> {
                chunked = false;
                requireRoom(known);
                remaining = known;
                state = known == 0 ? State.COMPLETE : State.DATA;
            }
            case BodyFraming.Chunked() -> {
                chunked = true;
                state = State.CHUNK_SIZE;
            }
        }
    }

    /**
     * {@return whether the body is complete} If so, {@code in} is left at the first byte behind it, else it is used up.
     *
     * @param in bytes that follow those of the calls before
     * @throws HttpHeadException if the bytes are no body, or pass a limit; the parser is of no more use
     */
    public boolean feed(ByteBuffer in) throws HttpHeadException {
        try {
            while (state != State.COMPLETE && in.hasRemaining()) {
                if (state == State.DATA) {
                    takeContent(in);
                } else {
                    accept(Byte.toUnsignedInt(in.get()));
                }
            }
        } catch (HttpHeadException e) {
            state = State.FAILED;
            throw e;
        }
        return state == State.COMPLETE;
    }

    /** {@return the content so far, a copy} */
    public byte[] bytes() {
        byte[] all = new byte[length];
        int at = 0;
        for (byte[] segment : segments) {
            int count = Math.min(segment.length, length - at);
            System.arraycopy(segment, 0, all, at, count);
            at += count;
        }
        return all;
    }

    private void takeContent(ByteBuffer in) {
        if (segments.isEmpty() || segmentLength == segments.getLast().length) {
            int most = segments.isEmpty() ? FIRST_SEGMENT_BYTES : SEGMENT_BYTES;
            segments.add(new byte[chunked ? most : (int) Math.min(most, remaining)]);
            segmentLength = 0;
        }
        byte[] segment = segments.getLast();
        int count = (int) Math.min(Math.min(in.remaining(), remaining), segment.length - segmentLength);
        in.get(segment, segmentLength, count);
        segmentLength += count;
        length += count;
        remaining -= count;
        if (remaining == 0) {
            state = chunked ? State.CHUNK_CR : State.COMPLETE;
        }
    }

    private void accept(int b) throws HttpHeadException {
        switch (state) {
            case CHUNK_SIZE -> chunkSize(b);
            case CHUNK_EXTENSION -> {
                if (b == '\r') {
                    state = State.SIZE_LF;
                } else {
                    countOther();
                    require(HttpSyntax.isFieldValueChar(b), b, "in a chunk extension");
                }
            }
            case SIZE_LF -> {
                require(b == '\n', b, "after CR");
                state = remaining == 0 ? State.TRAILERS : State.DATA;
            }
            case CHUNK_CR -> {
                require(b == '\r', b, "behind a chunk");
                state = State.CHUNK_LF;
            }
            case CHUNK_LF -> {
                require(b == '\n', b, "behind a chunk");
                state = State.CHUNK_SIZE;
                sizeDigits = 0;
            }
            case TRAILERS -> {
                countOther();
                if (trailers().accept(b)) {
                    state = State.COMPLETE;
                }
            }
            case DATA, COMPLETE, FAILED -> throw new IllegalStateException("a byte of a body that is " + state);
        }
    }

    private FieldSection trailers() {
        FieldSection begun = trailers;
        if (begun == null) {
            begun = new FieldSection(limits.fieldLineBytes(), limits.fields(), false, new TextBuffer());
            trailers = begun;
        }
        return begun;
    }

    private void chunkSize(int b) throws HttpHeadException {
        if (HttpSyntax.isHexDigit(b)) {
            sizeDigits++;
            require(sizeDigits <= MAX_SIZE_DIGITS, b, "that makes the size of a chunk too long");
            remaining = remaining << 4 | HexFormat.fromHexDigit(b);
            return;
        }
        require(sizeDigits > 0 && (b == '\r' || b == ';'), b, "in the size of a chunk");
        requireRoom(length + remaining);
        state = b == '\r' ? State.SIZE_LF : State.CHUNK_EXTENSION;
    }

    private void requireRoom(long bytes) throws HttpHeadException {
        if (bytes > maxBytes) {
            throw new HttpHeadException(413, "body > " + maxBytes + " bytes");
        }
    }

    private void countOther() throws HttpHeadException {
        if (++otherBytes > limits.headBytes()) {
            throw new HttpHeadException(431, "chunk extensions and trailer fields > " + limits.headBytes() + " bytes");
        }
    }

    private static void require(boolean legal, int b, String where) throws HttpHeadException {
        if (!legal) {
            throw new HttpHeadException(
                    400, "byte 0x" + HexFormat.of().toHexDigits((byte) b) + " " + where + " (RFC 9112 §7.1)");
        }
    }
}

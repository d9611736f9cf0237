// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.client;

import dev.gibbon.http.HttpSyntax;
import dev.gibbon.http.ResponseHead;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * The first bytes of the body of a refusal (RFC 9112 §6.3). It is for people to read, and the connection is closed
 * behind it: so what is malformed ends it, and no content coding is undone, since 64 KiB can stand for 64 MiB.
 */
final class BodyReader {
    /** Longest chunk-size line; sizes of a body that we would read have five digits, extensions mean nothing to us. */
    private static final int MAX_LINE_BYTES = 256;

    private static final int MAX_SIZE_DIGITS = 15;

    /** What the next byte belongs to. */
    private enum State {
        BYTES,
        CHUNK_SIZE,
        CHUNK_DATA,
        CHUNK_END,
        DONE
    }

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final StringBuilder line = new StringBuilder();
    private final int maxBytes;
    private State state;
    private long remaining;

    BodyReader(ResponseHead head, int maxBytes) {
        this.maxBytes = maxBytes;
        List<String> codings = head.headers().all("Transfer-Encoding");
        List<String> lengths = head.headers().all("Content-Length");
        remaining = Long.MAX_VALUE;
        if (head.status() == 101 || head.status() == 204 || head.status() == 304 || maxBytes == 0) {
            state = State.DONE;
        } else if (!codings.isEmpty()) {
            boolean chunked = codings.size() == 1 && HttpSyntax.equalsIgnoreCase(codings.getFirst(), "chunked");
            state = chunked ? State.CHUNK_SIZE : State.BYTES;
        } else {
            state = State.BYTES;
            if (lengths.size() == 1) {
                remaining = number(lengths.getFirst(), 10);
            }
            if (remaining == 0) {
                state = State.DONE;
            }
        }
    }

    /** {@return whether the body may go on; if so {@code in} is used up} */
    boolean feed(ByteBuffer in) {
        while (state != State.DONE && in.hasRemaining()) {
            switch (state) {
                case BYTES, CHUNK_DATA -> takeBytes(in);
                case CHUNK_SIZE -> takeSize((char) Byte.toUnsignedInt(in.get()));
                case CHUNK_END -> {
                    if (in.get() == '\n') {
                        state = State.CHUNK_SIZE;
                    }
                }
                case DONE -> {}
            }
        }
        return state != State.DONE;
    }

    private void takeBytes(ByteBuffer in) {
        int count = (int) Math.min(Math.min(in.remaining(), remaining), maxBytes - bytes.size());
        byte[] taken = new byte[count];
        in.get(taken);
        bytes.writeBytes(taken);
        remaining -= count;
        if (bytes.size() == maxBytes) {
            state = State.DONE;
        } else if (remaining == 0) {
            state = state == State.BYTES ? State.DONE : State.CHUNK_END;
        }
    }

    private void takeSize(char c) {
        if (c != '\n') {
            line.append(c);
            if (line.length() > MAX_LINE_BYTES) {
                state = State.DONE;
            }
            return;
        }
        String text = line.toString().strip();
        line.setLength(0);
        int extension = text.indexOf(';');
        remaining = number(extension < 0 ? text : text.substring(0, extension).strip(), 16);
        // The last chunk is empty; what would be endless here was no number.
        state = remaining == 0 || remaining == Long.MAX_VALUE ? State.DONE : State.CHUNK_DATA;
    }

    /** {@return the number, or the largest there is where the text is none: the bound then decides} */
    private static long number(String digits, int radix) {
        boolean valid = !digits.isEmpty()
                && digits.length() <= MAX_SIZE_DIGITS
                && HttpSyntax.all(digits, c -> radix == 10 ? HttpSyntax.isDigit(c) : HttpSyntax.isHexDigit(c));
        return valid ? Long.parseLong(digits, radix) : Long.MAX_VALUE;
    }

    byte[] bytes() {
        return bytes.toByteArray();
    }
}

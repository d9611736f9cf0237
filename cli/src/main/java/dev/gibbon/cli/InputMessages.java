// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import dev.gibbon.Message;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/**
 * The messages in a stream: each line a text message, or each piece that a read brings a binary one. For one thread.
 */
final class InputMessages {
    private static final int BUFFER_BYTES = 64 * 1024;

    private final InputStream in;
    private final boolean binary;
    private long line;

    InputMessages(InputStream in, boolean binary) {
        this.in = binary ? in : new BufferedInputStream(in, BUFFER_BYTES);
        this.binary = binary;
    }

    /**
     * {@return the next message; empty at the end of the stream} Blocks until it is there.
     *
     * @throws CharacterCodingException if a line is not UTF-8, with a message that says which
     */
    Optional<Message> next() throws IOException {
        return binary ? nextPiece() : nextLine();
    }

    private Optional<Message> nextPiece() throws IOException {
        byte[] buffer = new byte[BUFFER_BYTES];
        int count = in.read(buffer);
        return count < 0 ? Optional.empty() : Optional.of(Message.binary(Arrays.copyOf(buffer, count)));
    }

    private Optional<Message> nextLine() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        int next = in.read();
        if (next < 0) {
            return Optional.empty();
        }
        line++;
        while (next >= 0 && next != '\n') {
            bytes.write(next);
            next = in.read();
        }
        byte[] raw = bytes.toByteArray();
        int length = raw.length > 0 && raw[raw.length - 1] == '\r' ? raw.length - 1 : raw.length;
        try {
            return Optional.of(Message.text(StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(raw, 0, length))
                    .toString()));
        } catch (CharacterCodingException e) {
            throw new NotTextException(line, e);
        }
    }

    /** A line that is not UTF-8. */
    static final class NotTextException extends CharacterCodingException {
        private static final long serialVersionUID = 1L;

        private final long line;

        NotTextException(long line, CharacterCodingException cause) {
            this.line = line;
            initCause(cause);
        }

        @Override
        public String getMessage() {
            return "line " + line + " of the input is not UTF-8; --binary sends any bytes";
        }
    }
}

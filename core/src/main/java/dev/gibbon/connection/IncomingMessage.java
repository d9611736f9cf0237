// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import dev.gibbon.MessageReader;
import dev.gibbon.MessageType;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Objects;

/** The streamed view of the message that is coming. Everything but {@link #type} belongs to the reader thread. */
public final class IncomingMessage implements MessageReader {
    /** What a reader is told that it may not call. */
    static final String READ = "read on a MessageReader";

    private final Reading reading;
    private final MessageType type;

    /** What came of this message and was not read. */
    private ByteBuffer piece;

    /** Whether nothing comes behind it. */
    private boolean last;

    private boolean superseded;

    private Duration timeout = ChronoUnit.FOREVER.getDuration();

    IncomingMessage(Reading reading, MessageType type, byte[] begun, boolean last) {
        this.reading = reading;
        this.type = type;
        this.piece = ByteBuffer.wrap(begun);
        this.last = last;
    }

    void came(byte[] bytes, boolean isLast) {
        piece = ByteBuffer.wrap(bytes);
        last = isLast;
    }

    /** Throws away what came, and notes whether more comes. */
    void skip(boolean isLast) {
        last = isLast;
    }

    boolean hasAll() {
        return last;
    }

    void supersede() {
        superseded = true;
    }

    boolean superseded() {
        return superseded;
    }

    @Override
    public MessageType type() {
        return type;
    }

    @Override
    public MessageReader timeout(Duration atMost) {
        timeout = Objects.requireNonNull(atMost, "atMost");
        return this;
    }

    @Override
    public int read(ByteBuffer dst) throws IOException {
        if (!Objects.requireNonNull(dst, "dst").hasRemaining()) {
            return 0;
        }
        Mailbox.mayWait(READ);
        reading.requireCurrent(this);
        while (!piece.hasRemaining()) {
            if (last) {
                return -1;
            }
            reading.more(this, timeout);
        }
        int n = Math.min(piece.remaining(), dst.remaining());
        dst.put(piece.slice(piece.position(), n));
        piece.position(piece.position() + n);
        return n;
    }

    @Override
    public InputStream inputStream() {
        return new InputStream() {
            @Override
            public int read() throws IOException {
                byte[] one = new byte[1];
                return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
            }

            @Override
            public int read(byte[] dst, int offset, int length) throws IOException {
                return IncomingMessage.this.read(ByteBuffer.wrap(dst, offset, length));
            }
        };
    }

    @Override
    public Reader reader() {
        if (type != MessageType.TEXT) {
            throw new IllegalStateException("a binary message has no text; use inputStream()");
        }
        return new InputStreamReader(inputStream(), StandardCharsets.UTF_8);
    }
}

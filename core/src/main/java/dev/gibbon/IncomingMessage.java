// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** The streamed view of the message that is coming. Everything but {@link #type} belongs to the reader thread. */
final class IncomingMessage implements MessageReader {
    private final Receiver receiver;
    private final MessageType type;

    /** What came of this message before it was streamed; usually nothing. */
    private final ByteBuffer begun;

    /** How many bytes of the message lie in the receiver's buffer, and whether they are the last. */
    private int inChunk;

    private boolean last;
    private boolean superseded;

    IncomingMessage(Receiver receiver, MessageType type, byte[] begun) {
        this.receiver = receiver;
        this.type = type;
        this.begun = ByteBuffer.wrap(begun);
    }

    void came(int length, boolean isLast) {
        inChunk = length;
        last = isLast;
    }

    void took(int length) {
        inChunk -= length;
    }

    int inChunk() {
        return inChunk;
    }

    boolean ended() {
        return last && inChunk == 0;
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
    public int read(ByteBuffer dst) throws IOException {
        if (!dst.hasRemaining()) {
            return 0;
        }
        if (begun.hasRemaining() && !superseded) {
            int n = Math.min(begun.remaining(), dst.remaining());
            dst.put(begun.slice(begun.position(), n));
            begun.position(begun.position() + n);
            return n;
        }
        LoopGuard.mayWait("read on a MessageReader", WebSocketConnection.READ_REMEDY);
        return receiver.read(this, dst);
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

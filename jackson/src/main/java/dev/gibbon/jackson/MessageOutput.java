// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.jackson;

import dev.gibbon.Connection;
import dev.gibbon.InterruptedCallException;
import dev.gibbon.MessageType;
import dev.gibbon.MessageWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A text message that Jackson writes. What it hands over first is kept back: where nothing follows, as with all small
 * values, that is the whole message, and the connection sends it as one; otherwise the message is streamed.
 *
 * <p>Jackson flushes and closes it also when serialising has failed, and neither does anything here: only {@link
 * #complete()} makes a message of what was written. Writer's thread only.
 */
final class MessageOutput extends OutputStream {
    private final Connection connection;

    /** What came first; null until something has come, and once the message has begun. */
    private byte @Nullable [] first;

    private @Nullable MessageWriter message;

    private @Nullable IOException failure;

    /** What ended a wait; all that was written is sent nevertheless. */
    private @Nullable InterruptedCallException interrupted;

    MessageOutput(Connection connection) {
        this.connection = connection;
    }

    /** {@return what the connection threw, or null} */
    @Nullable
    IOException failure() {
        return failure;
    }

    @Override
    public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] src, int offset, int length) throws IOException {
        ByteBuffer piece = ByteBuffer.wrap(src, offset, length);
        MessageWriter begun = message;
        if (begun == null && first == null) {
            first = new byte[length];
            piece.get(first);
            return;
        }
        try {
            append(begun == null ? begin() : begun, piece);
        } catch (IOException e) {
            failure = e;
            throw e;
        }
    }

    private MessageWriter begin() throws IOException {
        MessageWriter begun = connection.nextWriter(MessageType.TEXT);
        message = begun;
        byte[] before = first;
        first = null;
        if (before != null) {
            append(begun, ByteBuffer.wrap(before));
        }
        return begun;
    }

    /** An interrupt must not cut the value: the rest of it is written without waiting, and the caller told then. */
    private void append(MessageWriter to, ByteBuffer piece) throws IOException {
        try {
            to.write(piece);
        } catch (InterruptedCallException e) {
            interrupted = e;
        }
    }

    /** Sends the message, or what is left of it. */
    void complete() throws IOException {
        MessageWriter begun = message;
        if (begun != null) {
            begun.close();
        } else {
            byte[] whole = first;
            connection.writeText(whole == null ? ByteBuffer.allocate(0) : ByteBuffer.wrap(whole));
        }
        InterruptedCallException cut = interrupted;
        if (cut != null) {
            throw cut;
        }
    }

    /** Gives the message up; does nothing if it is complete, or has not begun. */
    void abandon() {
        MessageWriter begun = message;
        if (begun != null) {
            begun.abandon();
        }
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.extension.deflate.FlushMode;
import dev.gibbon.frame.Opcode;
import dev.gibbon.internal.BufferPool;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.ByteBuffer;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Gathers the pieces of one message in a leased buffer and sends each full one as a fragment. Writer's thread only. */
final class OutgoingMessage implements MessageWriter {
    private final Sender sender;
    private final BufferPool pool;
    private final MessageType type;
    private final Thread owner = Thread.currentThread();

    /** What is gathered and not sent; leased with the first byte and given back at the end, however that comes. */
    private @Nullable ByteBuffer gathered;

    /** The opcode of the next fragment: the message's own, then CONTINUATION. */
    private Opcode opcode;

    /** Whether it is compressed, which was settled when it began. */
    private final boolean compressed;

    private boolean ended;

    /** Who may touch the buffer: the writer while it writes, and otherwise whoever ends the connection. */
    private enum Use {
        IDLE,
        WRITING,
        LOST
    }

    private final AtomicReference<Use> use = new AtomicReference<>(Use.IDLE);

    OutgoingMessage(Sender sender, BufferPool pool, MessageType type, boolean compressed) {
        this.compressed = compressed;
        this.sender = sender;
        this.pool = pool;
        this.type = type;
        this.opcode = type == MessageType.TEXT ? Opcode.TEXT : Opcode.BINARY;
    }

    /** {@return whether the calling thread began this message and has not ended it} */
    boolean openOnThisThread() {
        return owner == Thread.currentThread() && !ended;
    }

    /** Something to do with the message that needs its buffer. */
    private interface Step {
        void run() throws IOException;
    }

    private void step(Step step) throws IOException {
        if (!use.compareAndSet(Use.IDLE, Use.WRITING)) {
            ended = true;
            throw sender.closedForWriting();
        }
        try {
            step.run();
        } finally {
            if (!use.compareAndSet(Use.WRITING, Use.IDLE)) { // Lost meanwhile.
                giveBack();
            }
        }
    }

    /** The connection is gone: gives the buffer back, now or once the write that goes on has ended. Any thread. */
    void lost() {
        if (use.getAndSet(Use.LOST) == Use.IDLE) {
            giveBack();
        }
    }

    private void giveBack() {
        if (gathered != null) {
            pool.release(gathered);
            gathered = null;
        }
    }

    @Override
    public void write(ByteBuffer src) throws IOException {
        requireOpen();
        step(() -> gather(src));
    }

    private void gather(ByteBuffer src) throws IOException {
        while (src.hasRemaining()) {
            ByteBuffer buffer = buffer();
            if (!buffer.hasRemaining() || (buffer.position() == 0 && src.remaining() > 2 * buffer.capacity())) {
                sendGathered(FlushMode.MORE);
                if (src.remaining() > 2 * buffer.capacity()) { // Large enough to go as it is, without a copy.
                    send(FlushMode.MORE, src);
                    return;
                }
            }
            int n = Math.min(buffer.remaining(), src.remaining());
            buffer.put(src.slice(src.position(), n));
            src.position(src.position() + n);
        }
    }

    @Override
    public void write(String text) throws IOException {
        requireText();
        write(ByteBuffer.wrap(Message.encode(text)));
    }

    @Override
    public void flush() throws IOException {
        requireOpen();
        step(() -> sendGathered(FlushMode.FLUSH));
    }

    @Override
    public void close() throws IOException {
        if (ended) {
            return;
        }
        step(this::sendLast);
    }

    private void sendLast() throws IOException {
        ByteBuffer rest = gathered;
        try {
            send(FlushMode.LAST, rest == null ? ByteBuffer.allocate(0) : rest.flip());
        } finally {
            end();
        }
    }

    /** Gives the buffer back and lets the next message begin, whatever became of this one. */
    private void end() {
        ended = true;
        giveBack();
    }

    @Override
    public OutputStream outputStream() {
        return new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                OutgoingMessage.this.write(ByteBuffer.wrap(new byte[] {(byte) b}));
            }

            @Override
            public void write(byte[] src, int offset, int length) throws IOException {
                OutgoingMessage.this.write(ByteBuffer.wrap(src, offset, length));
            }

            @Override
            public void flush() throws IOException {
                OutgoingMessage.this.flush();
            }

            @Override
            public void close() throws IOException {
                OutgoingMessage.this.close();
            }
        };
    }

    @Override
    public Writer writer() {
        requireText();
        return new OutputStreamWriter(
                outputStream(),
                StandardCharsets.UTF_8
                        .newEncoder()
                        .onMalformedInput(CodingErrorAction.REPORT)
                        .onUnmappableCharacter(CodingErrorAction.REPORT));
    }

    private ByteBuffer buffer() {
        ByteBuffer buffer = gathered;
        if (buffer == null) {
            buffer = pool.lease();
            gathered = buffer;
        }
        return buffer;
    }

    private void sendGathered(FlushMode mode) throws IOException {
        ByteBuffer buffer = gathered;
        boolean any = buffer != null && buffer.position() > 0;
        if (buffer != null && any) {
            send(mode, buffer.flip());
            buffer.clear();
        } else if (compressed && mode == FlushMode.FLUSH) {
            send(mode, ByteBuffer.allocate(0)); // Of what was sent before some may wait in the compressor.
        }
    }

    private void send(FlushMode mode, ByteBuffer payload) throws IOException {
        boolean sent = false;
        try {
            if (compressed) {
                opcode = sender.compressed(opcode, mode, payload);
            } else {
                sender.fragment(opcode, mode == FlushMode.LAST, payload);
                opcode = Opcode.CONTINUATION;
            }
            sent = true;
        } finally {
            if (!sent) {
                end();
                sender.abandonMessage(opcode == Opcode.CONTINUATION);
            }
        }
    }

    private void requireOpen() {
        if (ended) {
            throw new IllegalStateException("this message was ended");
        }
    }

    private void requireText() {
        if (type != MessageType.TEXT) {
            throw new IllegalStateException("this message is binary; use the bytes");
        }
    }
}

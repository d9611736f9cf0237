// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import dev.gibbon.InterruptedCallException;
import dev.gibbon.MessageType;
import dev.gibbon.MessageWriter;
import dev.gibbon.deflate.FlushMode;
import dev.gibbon.frame.Opcode;
import dev.gibbon.frame.Utf8Validator;
import dev.gibbon.support.BufferPool;
import java.io.IOException;
import java.io.OutputStream;
import java.io.Writer;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Gathers the pieces of one message in a leased buffer and sends each full one as a fragment. Writer's thread only. */
public final class OutgoingMessage implements MessageWriter {
    private final Sender sender;
    private final BufferPool pool;
    private final MessageType type;
    private final Thread owner = Thread.currentThread();

    /** What is gathered and not sent; leased with the first byte and given back at the end, however that comes. */
    private @Nullable ByteBuffer gathered;

    private final Opcode opcode;

    /** Whether it is compressed, which was settled when it began. */
    private final boolean compressed;

    private boolean ended;

    /** How many were sent so far. */
    private long bytes;

    /** A high surrogate whose low one has not come; 0 for none. */
    private char high;

    /** What has seen the bytes of a text; null as long as none came. */
    private @Nullable Utf8Validator utf8;

    /** What ended the wait of the present call, if something did; all that it was given is sent nevertheless. */
    private @Nullable InterruptedCallException interrupted;

    /** Whether a piece was refused: the message would lack it. */
    private boolean spoiled;

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
            throw sender.output().closedForWriting();
        }
        try {
            step.run();
        } finally {
            if (!use.compareAndSet(Use.WRITING, Use.IDLE)) { // Lost meanwhile.
                giveBack();
            }
        }
        InterruptedCallException cut = interrupted;
        interrupted = null;
        if (cut != null) {
            throw cut;
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
        Objects.requireNonNull(src, "src");
        requireOpen();
        if (high != 0) {
            throw refused("the text ends in half a surrogate pair, and bytes follow it (RFC 6455 §8.1)");
        }
        if (type == MessageType.TEXT && !utf8().accept(src, src.position(), src.limit())) {
            throw refused(Text.notUtf8("the bytes of this piece"));
        }
        step(() -> gather(src));
    }

    private Utf8Validator utf8() {
        Utf8Validator validator = utf8;
        if (validator == null) {
            validator = new Utf8Validator();
            utf8 = validator;
        }
        return validator;
    }

    /** {@return whether the bytes that came end inside a character} */
    private boolean cutCharacter() {
        Utf8Validator validator = utf8;
        return validator != null && !validator.complete();
    }

    private IllegalArgumentException refused(String why) {
        spoiled = true;
        return new IllegalArgumentException(why);
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
        Objects.requireNonNull(text, "text");
        requireText();
        requireOpen();
        if (cutCharacter()) {
            throw refused(Text.notUtf8("the bytes before this text end inside a character"));
        }
        String all = high == 0 ? text : high + text;
        boolean cut = !all.isEmpty() && Character.isHighSurrogate(all.charAt(all.length() - 1));
        byte[] bytes;
        try {
            bytes = Text.encode(cut ? all.substring(0, all.length() - 1) : all);
        } catch (IllegalArgumentException e) {
            spoiled = true;
            throw e;
        }
        high = cut ? all.charAt(all.length() - 1) : 0;
        step(() -> gather(ByteBuffer.wrap(bytes)));
    }

    @Override
    public void flush() throws IOException {
        requireOpen();
        step(() -> sendGathered(FlushMode.FLUSH));
    }

    @Override
    public void close() throws IOException {
        if (!completeOrAbandon()) {
            throw new IllegalArgumentException(
                    spoiled
                            ? "a piece of the message was refused, so it was given up"
                            : "the text ends inside a character, so it was given up (RFC 6455 §8.1)");
        }
    }

    /** {@return whether the message is complete; if not, since it lacks a piece, it is given up} */
    boolean completeOrAbandon() throws IOException {
        if (ended) {
            return true;
        }
        if (spoiled || high != 0 || cutCharacter()) {
            abandon();
            return false;
        }
        step(this::sendLast);
        return true;
    }

    @Override
    public void abandon() {
        boolean first = !ended;
        ended = true;
        if (first && use.compareAndSet(Use.IDLE, Use.WRITING)) {
            try {
                sender.abandonMessage("a message was given up half-way (§5.4)");
            } finally {
                giveBack();
                use.compareAndSet(Use.WRITING, Use.IDLE);
            }
        }
    }

    private void sendLast() throws IOException {
        ByteBuffer rest = gathered;
        try {
            send(FlushMode.LAST, rest == null ? ByteBuffer.allocate(0) : rest.flip());
        } finally {
            end();
        }
    }

    /** Nothing more is written: gives the buffer back. */
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
        return new Writer() {
            @Override
            public void write(char[] text, int offset, int length) throws IOException {
                OutgoingMessage.this.write(new String(text, offset, length));
            }

            @Override
            public void write(String text, int offset, int length) throws IOException {
                OutgoingMessage.this.write(text.substring(offset, offset + length));
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
        int more = payload.remaining();
        boolean sent = false;
        try {
            if (compressed) {
                sender.compressed(opcode, mode, payload);
            } else {
                sender.fragment(opcode, mode == FlushMode.LAST, payload);
            }
            sent = true;
        } catch (InterruptedCallException e) {
            sent = true;
            interrupted = e;
        } finally {
            if (!sent) {
                end();
                sender.abandonMessage("a message was refused half-way (§5.4)");
            }
        }
        bytes += more;
        if (mode == FlushMode.LAST) {
            sender.sent(opcode, bytes);
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

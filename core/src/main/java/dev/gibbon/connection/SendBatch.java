// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import dev.gibbon.deflate.CodecStatus;
import dev.gibbon.deflate.FlushMode;
import dev.gibbon.deflate.MessageDeflater;
import dev.gibbon.frame.FrameHeader;
import dev.gibbon.frame.FrameSerializer;
import dev.gibbon.frame.Opcode;
import dev.gibbon.protocol.Outbound;
import dev.gibbon.support.BufferPool;
import dev.gibbon.transport.Stream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Frames that leave together: leased chunks that hold headers and small payloads, and between them large payloads that
 * stay where the caller has them. Filled under the send lock, then written by one thread without it. Writing can stop
 * and go on anywhere, so that a non-blocking transport can be served too.
 */
public final class SendBatch {
    /**
     * Up to here a payload is copied behind its header. A heap buffer would be copied on its way to the system call
     * anyway, and a copy of 16 KiB costs less than the second entry of a gather write (bench/jmh).
     */
    public static final int COPY_LIMIT = 16 * 1024;

    /** How long a frame of a message gets that is compressed in steps. */
    private static final int FRAGMENT_BYTES = 32 * 1024;

    /**
     * How many steps of {@link MessageDeflater#STEP_BYTES} go into
     * such a frame at most: as long as others wait for the lock.
     */
    private static final int FRAGMENT_STEPS = 16;

    /** What the compressor wants beyond the payload's own length. */
    private static final int DEFLATE_ROOM = 16;

    private static final int USUAL_SEGMENTS = 4;

    /** Whose bytes a segment is. */
    private enum Owner {
        /** This batch's, for good: its first chunk. */
        BATCH,
        /** The pool's: a further chunk. */
        POOL,
        /** The caller's, who may change it once its write has returned. */
        CALLER,
        /** A loop's, of a message that it has received: it gets it back. */
        LENT,
        /** Nobody's: it never changes. */
        NOBODY
    }

    private final BufferPool pool;

    /** The chunk that most batches need and no other; made with the first frame, and kept. */
    private @Nullable ByteBuffer own;

    private boolean ownUsed;

    // Segment i is a leased chunk or a borrowed payload. A chunk may have a tail: payload that is
    // masked into the same chunk, piece by piece, once what the chunk holds has been written; so a
    // client's huge frame needs no huge buffer.
    private ByteBuffer[] segments = new ByteBuffer[USUAL_SEGMENTS];
    private Owner[] owners = new Owner[USUAL_SEGMENTS];
    private @Nullable ByteBuffer[] tails = new ByteBuffer[USUAL_SEGMENTS];
    private int[] tailKeys = new int[USUAL_SEGMENTS];
    private long[] tailPhases = new long[USUAL_SEGMENTS];
    private int count;

    /** The first segment that is not written yet, once writing has begun. */
    private int next;

    private long bytes;

    /** Whether nothing here is borrowed any more. */
    private boolean owned;

    /** Whether the last segment is a chunk with room at its end. */
    private boolean open;

    /** The received message that the caller's segment is, while its listener is called. */
    private @Nullable ReceivedView view;

    /** Whose the lent segment is; there is one at most. */
    private @Nullable AssemblyBuffers lender;

    public SendBatch(BufferPool pool) {
        this.pool = pool;
    }

    public boolean isEmpty() {
        return count == 0;
    }

    /** {@return how many bytes were put in} */
    public long bytes() {
        return bytes;
    }

    /**
     * Appends a frame and consumes {@code payload}, unless it is large.
     *
     * @return whether {@code payload} is borrowed: it must stay as it is until this batch is written or given up
     */
    public boolean append(Outbound outbound, Opcode opcode, boolean fin, int rsvBits, ByteBuffer payload) {
        int length = payload.remaining();
        ByteBuffer chunk = chunkWithRoom(FrameHeader.MAX_HEADER_BYTES + Math.min(length, COPY_LIMIT));
        int before = chunk.position();
        int maskingKey = outbound.putHeader(chunk, opcode, fin, rsvBits, length);
        bytes += chunk.position() - before + (long) length;
        if (length <= COPY_LIMIT) {
            outbound.putPayload(chunk, payload, maskingKey, 0);
            return false;
        }
        if (outbound.masks()) {
            return appendMasked(outbound, chunk, payload, maskingKey);
        }
        seal();
        add(payload, Owner.CALLER);
        return true;
    }

    /** Appends a frame whose payload is an array: the same, without a buffer around what is copied anyway. */
    public boolean append(Outbound outbound, Opcode opcode, byte[] payload) {
        if (payload.length > COPY_LIMIT) {
            return append(outbound, opcode, true, 0, ByteBuffer.wrap(payload));
        }
        ByteBuffer chunk = chunkWithRoom(FrameHeader.MAX_HEADER_BYTES + payload.length);
        int before = chunk.position();
        int maskingKey = outbound.putHeader(chunk, opcode, true, 0, payload.length);
        outbound.putPayload(chunk, payload, maskingKey);
        bytes += chunk.position() - before;
        return false;
    }

    /** Appends bytes that are frames already, such as a prepared message; borrowed if large. */
    public boolean appendEncoded(ByteBuffer frames) {
        int length = frames.remaining();
        bytes += length;
        if (length <= COPY_LIMIT) {
            chunkWithRoom(length).put(frames);
            return false;
        }
        seal();
        add(frames, Owner.NOBODY);
        return true;
    }

    /**
     * What was just appended and is borrowed is a message that was received: its buffer may be kept instead of a copy.
     */
    void received(ReceivedView message) {
        view = message;
    }

    private boolean appendMasked(Outbound outbound, ByteBuffer chunk, ByteBuffer payload, int maskingKey) {
        int fits = Math.min(chunk.remaining(), payload.remaining());
        putMasked(outbound, chunk, payload, fits, maskingKey, 0);
        if (!payload.hasRemaining()) {
            return false;
        }
        int chunkIndex = count - 1;
        seal();
        owned = false;
        tails[chunkIndex] = payload;
        tailKeys[chunkIndex] = maskingKey;
        tailPhases[chunkIndex] = fits;
        return true;
    }

    private static void putMasked(
            Outbound outbound, ByteBuffer dst, ByteBuffer src, int length, int maskingKey, long phase) {
        int limit = src.limit();
        src.limit(src.position() + length);
        outbound.putPayload(dst, src, maskingKey, phase);
        src.limit(limit);
    }

    /**
     * Writes as much as the transport takes.
     *
     * @param progress told of bytes that went out
     * @return whether everything is written; if not the stream takes no more now
     */
    public boolean writeTo(Stream stream, Outbound outbound, SendProgress progress) throws IOException {
        seal();
        while (next < count) {
            if (!segments[next].hasRemaining()) {
                if (!refill(next, outbound)) {
                    next++;
                }
                continue;
            }
            long n = stream.write(segments, next, run());
            if (n == 0) {
                return false;
            }
            progress.wrote(n);
        }
        return true;
    }

    /** How many segments may go in one gather write: up to and including the first whose tail must follow it. */
    private int run() {
        int end = next;
        while (end < count - 1) {
            ByteBuffer tail = tails[end];
            if (tail != null && tail.hasRemaining()) {
                break;
            }
            end++;
        }
        return end + 1 - next;
    }

    private boolean refill(int index, Outbound outbound) {
        ByteBuffer tail = tails[index];
        if (tail == null || !tail.hasRemaining()) {
            return false;
        }
        ByteBuffer chunk = segments[index].clear();
        int fits = Math.min(chunk.remaining(), tail.remaining());
        putMasked(outbound, chunk, tail, fits, tailKeys[index], tailPhases[index]);
        tailPhases[index] += fits;
        chunk.flip();
        return true;
    }

    /** Copies what is borrowed and not written yet, and gives chunks back that hold little: this batch will wait. */
    public void own() {
        if (owned) {
            return;
        }
        owned = true;
        seal();
        for (int i = next; i < count; i++) {
            if (owners[i] == Owner.CALLER) {
                keepOrCopy(i);
            } else if (owners[i] == Owner.LENT && segments[i].remaining() < segments[i].capacity() / 4) {
                copySegment(i);
            }
            if (owners[i] == Owner.NOBODY || owners[i] == Owner.LENT) {
                continue;
            }
            ByteBuffer tail = tails[i];
            if (tail != null && tail.hasRemaining()) {
                tails[i] = copy(tail);
                continue;
            }
            tails[i] = null; // Its owner may set its position again, and then it would be sent twice.
            if (segments[i].remaining() < BufferPool.BUFFER_BYTES / 4) {
                copySegment(i);
            }
        }
        view = null; // Its listener's call may return before this batch is written.
    }

    private void keepOrCopy(int index) {
        ByteBuffer payload = segments[index];
        AssemblyBuffers owner = view == null || lender != null ? null : view.keep(payload.remaining());
        if (owner == null) {
            copySegment(index);
        } else {
            segments[index] = payload.duplicate(); // The view's position and limit are its own again soon.
            owners[index] = Owner.LENT;
            lender = owner;
        }
    }

    private void copySegment(int index) {
        ByteBuffer original = segments[index];
        segments[index] = copy(original);
        giveBack(index, original);
        owners[index] = Owner.NOBODY;
    }

    private static ByteBuffer copy(ByteBuffer bytes) {
        return ByteBuffer.allocate(bytes.remaining()).put(bytes).flip();
    }

    /** Gives every chunk back and forgets every payload. */
    public void clear() {
        for (int i = 0; i < count; i++) {
            giveBack(i, segments[i]);
            tails[i] = null;
        }
        segments = segments.length > USUAL_SEGMENTS ? new ByteBuffer[USUAL_SEGMENTS] : segments;
        if (owners.length > USUAL_SEGMENTS) {
            owners = new Owner[USUAL_SEGMENTS];
            tails = new ByteBuffer[USUAL_SEGMENTS];
            tailKeys = new int[USUAL_SEGMENTS];
            tailPhases = new long[USUAL_SEGMENTS];
        } else {
            Arrays.fill(segments, null);
        }
        count = 0;
        owned = false;
        next = 0;
        bytes = 0;
        open = false;
        view = null;
    }

    /**
     * Appends a message as one compressed frame, if that makes it shorter.
     *
     * @param plain at most {@link Compressor#WHOLE_BYTES}; consumed if this succeeds
     * @return whether it succeeded; if not, nothing was done
     */
    boolean appendDeflated(Outbound outbound, Opcode opcode, MessageDeflater deflater, ByteBuffer plain) {
        int length = plain.remaining();
        ByteBuffer chunk = chunkWithRoom(FrameHeader.MAX_HEADER_BYTES + length + DEFLATE_ROOM);
        int start = chunk.position();
        int header = FrameSerializer.headerBytes(length, outbound.masks()); // That of the shorter one is no longer.
        boolean done = false;
        chunk.position(start + header);
        try {
            done = deflater.deflate(plain, chunk);
        } finally {
            if (!done) {
                chunk.position(start);
            }
        }
        if (done) {
            frameAround(outbound, opcode, true, chunk, start, start + header);
        }
        return done;
    }

    /**
     * Appends what comes of a part of a message as one compressed frame; none if nothing does.
     *
     * @param opcode that of the message, or CONTINUATION
     * @param plain consumed as far as fits the frame and takes a bounded time
     * @param mode what follows {@code plain}
     * @return whether all that comes of {@code plain} is in this
     *     frame; then it is the final one after {@link FlushMode#LAST}
     */
    boolean appendDeflated(
            Outbound outbound, Opcode opcode, MessageDeflater deflater, ByteBuffer plain, FlushMode mode) {
        ByteBuffer chunk = chunkWithRoom(FrameHeader.MAX_HEADER_BYTES + FRAGMENT_BYTES);
        int start = chunk.position();
        int header = FrameSerializer.headerBytes(FRAGMENT_BYTES, outbound.masks());
        int limit = chunk.limit();
        CodecStatus status = CodecStatus.OUTPUT_PENDING;
        boolean done = false;
        chunk.limit(start + header + FRAGMENT_BYTES).position(start + header);
        try {
            for (int steps = FRAGMENT_STEPS; steps > 0 && status == CodecStatus.OUTPUT_PENDING; steps--) {
                status = deflater.deflate(plain, mode, chunk);
            }
            done = true;
        } finally {
            chunk.limit(limit).position(done ? chunk.position() : start);
        }
        boolean fin = status == CodecStatus.ENDED;
        if (chunk.position() == start + header && !fin) {
            chunk.position(start);
        } else {
            frameAround(outbound, opcode, fin, chunk, start, start + header);
        }
        return status != CodecStatus.OUTPUT_PENDING;
    }

    /**
     * Puts the header before a compressed payload, which is moved
     * if that proves to be shorter than the room left for it.
     */
    private void frameAround(Outbound outbound, Opcode opcode, boolean fin, ByteBuffer chunk, int start, int from) {
        int length = chunk.position() - from;
        chunk.position(start);
        int rsvBits = opcode == Opcode.CONTINUATION ? 0 : FrameHeader.RSV1_BIT; // RFC 7692 §6.1
        int maskingKey = outbound.putHeader(chunk, opcode, fin, rsvBits, length);
        int payload = chunk.position();
        if (payload < from) {
            chunk.put(payload, chunk, from, length);
        }
        chunk.position(payload + length);
        outbound.maskPayload(chunk, payload, maskingKey);
        bytes += chunk.position() - start;
    }

    private ByteBuffer chunkWithRoom(int room) {
        if (open) {
            ByteBuffer chunk = segments[count - 1];
            if (chunk.remaining() >= room) {
                return chunk;
            }
            seal();
        }
        if (ownUsed) {
            add(pool.lease(), Owner.POOL);
        } else {
            add(own(BufferPool.BUFFER_BYTES), Owner.BATCH);
            ownUsed = true;
        }
        open = true;
        return segments[count - 1];
    }

    private ByteBuffer own(int bytes) {
        ByteBuffer chunk = own;
        if (chunk == null) {
            chunk = ByteBuffer.allocateDirect(bytes);
            own = chunk;
        }
        return chunk.clear();
    }

    private void giveBack(int index, ByteBuffer chunk) {
        if (owners[index] == Owner.POOL) {
            pool.release(chunk);
        } else if (owners[index] == Owner.BATCH) {
            ownUsed = false;
        } else if (owners[index] == Owner.LENT && lender != null) {
            lender.release(chunk);
            lender = null;
        }
    }

    private void seal() {
        if (open) {
            segments[count - 1].flip();
            open = false;
        }
    }

    private void add(ByteBuffer segment, Owner owner) {
        owned = false;
        if (count == segments.length) {
            int size = 2 * count;
            segments = Arrays.copyOf(segments, size);
            owners = Arrays.copyOf(owners, size);
            tails = Arrays.copyOf(tails, size);
            tailKeys = Arrays.copyOf(tailKeys, size);
            tailPhases = Arrays.copyOf(tailPhases, size);
        }
        segments[count] = segment;
        owners[count] = owner;
        count++;
    }
}

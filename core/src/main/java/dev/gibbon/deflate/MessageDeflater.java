// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.deflate;

import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.zip.Deflater;
import org.jspecify.annotations.Nullable;

/**
 * Compresses the messages of one connection (RFC 7692 §7.2.1), whole or in steps of bounded work. For one thread at a
 * time, and in the order in which the messages are sent.
 *
 * <p>A compressor is leased while a message is in flight. Between messages only the window of plain bytes is kept, and
 * that only where context takeover is agreed; before the next message a compressor is primed with it. The result is as
 * short as that of a compressor that is kept. With the largest window the one that was leased last is leased again if
 * no one else had it in between: it knows the context without being primed.
 *
 * <p>The JDK's compressor always refers back as far as 2^15 bytes. Where less is agreed, a message is cut into
 * segments: before each, the compressor starts anew and is primed with no more plain bytes than, together with the
 * segment, make one window. So no distance can exceed it, whatever the agreed bits, 8 included, which zlib itself
 * cannot do. A message that fits the window together with what it may refer to is one segment.
 */
public final class MessageDeflater implements AutoCloseable {
    /**
     * The least room with which a step gets anywhere: what is held
     * back, and a block's marker that is not cut (see zlib's manual).
     */
    public static final int MIN_ROOM = 16;

    /** How many bytes one call takes in at most, so that a caller can let others on in between. */
    public static final int STEP_BYTES = 16 * 1024;

    /**
     * The lengths of an empty stored block, which end what a flush puts out and are cut off a message's end (§7.2.1).
     */
    private static final int TAIL_BYTES = 4;

    private static final int TAIL = 0x0000_FFFF;

    /** The header of an empty stored block, all that is left of it once its lengths are cut off (§7.2.3.6). */
    private static final byte EMPTY_BLOCK = 0;

    private static final int UNBOUNDED = Integer.MAX_VALUE;
    private static final byte[] NO_BYTES = {};

    private enum Flushing {
        NO,
        SEGMENT,
        CALLER,
        MESSAGE
    }

    private final ZlibPool pool;
    private final boolean takeover;
    private final int windowBits;
    private final boolean keepsDeflater;

    /**
     * Plain bytes that came before; null without takeover between messages, and if the compressor knows them itself.
     */
    private @Nullable SlidingWindow history;

    private @Nullable Deflater deflater;

    /** What was leased for the last message, as far as it was left in the pool knowing all that went before. */
    private ZlibPool.@Nullable Kept last;

    // The message in flight.
    private boolean inMessage;
    private int segmentRoom;

    /** Whether bytes went in since the last flush ended. Without any, zlib leaves a flush out. */
    private boolean unflushed;

    /** Whether the last call filled its room, so that there may be output without input. */
    private boolean pending;

    private Flushing flushing = Flushing.NO;

    // The newest bytes of the message's last flush, which may be the tail.
    private int held;
    private int heldBytes;

    /**
     * Makes a compressor of what we send.
     *
     * @param pool lends the zlib objects
     * @param outgoing what our messages keep to
     * @param live whether to keep the compressor between messages, where takeover with the largest window is agreed
     */
    public MessageDeflater(ZlibPool pool, DeflateAgreement.Direction outgoing, boolean live) {
        this.pool = pool;
        this.takeover = outgoing.contextTakeover();
        this.windowBits = outgoing.windowBits();
        this.keepsDeflater = live && takeover && windowBits == WindowBits.MOST;
        this.history = takeover && !keepsDeflater ? new SlidingWindow(outgoing.historyBits()) : null;
    }

    /**
     * Compresses a whole message, if that makes it shorter. Not in steps, so for messages of moderate size.
     *
     * @param plain the message, consumed if this succeeds
     * @param out where the payload to send with RSV1 goes
     * @return whether it succeeded; if not, because the payload would not be shorter or does not fit {@code out}, both
     *     buffers are as they were and the message may be sent uncompressed, as if this had not been called
     * @throws IllegalStateException if a message is in flight
     */
    public boolean deflate(ByteBuffer plain, ByteBuffer out) {
        requireNoMessage();
        int from = plain.position();
        int to = plain.limit();
        int start = out.position();
        int end = out.limit();
        if (to - from <= 1) {
            return false;
        }
        // A byte more than could succeed, since a compressor that fills its room may not be done.
        // One that is kept must go through with it all the same, or the context would be lost.
        int room = keepsDeflater ? end - start : (int) Math.min(end - start, (long) to - from + TAIL_BYTES);
        boolean done = false;
        try {
            out.limit(start + room);
            done = segments(plain, out);
        } finally {
            plain.limit(to).position(done ? to : from);
            out.limit(end).position(done ? out.position() - TAIL_BYTES : start);
            returnLease(done);
        }
        if (done && history != null) {
            history.append(plain, from, to);
        }
        return done;
    }

    /**
     * Compresses a message in steps, until the input is consumed, {@code out} has no room to speak of, or
     * {@value #STEP_BYTES} bytes went in.
     *
     * @param in plain bytes, consumed as far as the status says; not kept
     * @param mode what follows {@code in}
     * @param out where the payload to send with RSV1 goes; with
     *     less than {@value #MIN_ROOM} bytes' room nothing happens
     * @return {@link CodecStatus#ENDED} after {@link FlushMode#LAST}, once all is out
     */
    public CodecStatus deflate(ByteBuffer in, FlushMode mode, ByteBuffer out) {
        int mostIn = in.position() + Math.min(in.remaining(), STEP_BYTES);
        if (!inMessage) {
            begin();
        }
        while (out.remaining() >= MIN_ROOM) {
            if (flushing != Flushing.NO) {
                if (flush(out)) {
                    Flushing done = flushing;
                    flushing = Flushing.NO;
                    unflushed = false;
                    if (done == Flushing.MESSAGE) {
                        requireTail();
                        endMessage();
                        return CodecStatus.ENDED;
                    }
                }
            } else if (in.hasRemaining() && segmentRoom == 0) {
                if (unflushed) {
                    flushing = Flushing.SEGMENT;
                } else {
                    beginSegment(mode == FlushMode.LAST ? in.remaining() : UNBOUNDED);
                }
            } else if (in.hasRemaining() || pending) {
                if (in.position() == mostIn && !pending) {
                    return CodecStatus.OUTPUT_PENDING;
                }
                feed(in, Math.min(mostIn, in.position() + Math.min(segmentRoom, in.remaining())), out);
            } else if (mode == FlushMode.MORE || (mode == FlushMode.FLUSH && !unflushed)) {
                return CodecStatus.INPUT_NEEDED;
            } else if (unflushed) {
                flushing = mode == FlushMode.LAST ? Flushing.MESSAGE : Flushing.CALLER;
            } else {
                out.put(EMPTY_BLOCK);
                endMessage();
                return CodecStatus.ENDED;
            }
        }
        return CodecStatus.OUTPUT_PENDING;
    }

    /**
     * Notes that a message which was compressed elsewhere, such as a prepared one, is sent next: with context takeover
     * the peer counts it among those that later ones may refer to.
     *
     * @param plain its bytes, consumed
     * @throws IllegalStateException if a message is in flight
     */
    public void remember(ByteBuffer plain) {
        requireNoMessage();
        Deflater kept = deflater;
        last = null; // Distances would be counted without this message.
        if (history != null) {
            history.append(plain, plain.position(), plain.limit());
        } else if (kept != null && plain.hasRemaining()) {
            kept.setDictionary(plain);
        }
        plain.position(plain.limit());
    }

    /** {@return whether a message has begun and not ended} */
    public boolean midMessage() {
        return inMessage;
    }

    /** {@return how many bytes the window takes} */
    public int windowBytes() {
        return history == null ? 0 : history.allocated();
    }

    /**
     * Gives up the message in flight, if there is one, and returns the lease. If any of it was sent, the connection can
     * send nothing more; if not, the next message may follow, and refers to no earlier one.
     */
    public void release() {
        if (inMessage) {
            inMessage = false;
            returnLease(false);
            forget(); // It holds what the peer never sees.
        }
    }

    /** Returns what is leased and lets the window go. May be called again, and at any stage of a message. */
    @Override
    public void close() {
        inMessage = false;
        returnLease(false);
        forget();
    }

    /**
     * {@return the payload of a message that refers to no other, for any connection with the same
     * {@linkplain #form form}; empty if it would not be shorter}
     *
     * @param pool lends the zlib object, and sets the level
     * @param windowBits what {@link #form} gave
     * @param plain the message, consumed
     */
    public static Optional<byte[]> encode(ZlibPool pool, int windowBits, ByteBuffer plain) {
        ByteBuffer out = ByteBuffer.allocate(plain.remaining() + TAIL_BYTES);
        try (MessageDeflater once =
                new MessageDeflater(pool, new DeflateAgreement.Direction(false, windowBits), false)) {
            if (!once.deflate(plain, out)) {
                plain.position(plain.limit());
                return Optional.empty();
            }
        }
        byte[] payload = new byte[out.flip().remaining()];
        out.get(payload);
        return Optional.of(payload);
    }

    /**
     * {@return the window bits under which to look for a message that was {@linkplain #encode encoded} once: those of
     * every window that the whole message fits are the same}
     *
     * @param outgoing what the connection's messages keep to
     * @param length the message's plain bytes
     */
    public static int form(DeflateAgreement.Direction outgoing, int length) {
        return length <= 1 << outgoing.windowBits() ? WindowBits.MOST : outgoing.windowBits();
    }

    private void requireNoMessage() {
        if (inMessage) {
            throw new IllegalStateException("a message is in flight");
        }
    }

    private boolean segments(ByteBuffer plain, ByteBuffer out) {
        int from = plain.position();
        int to = plain.limit();
        for (int at = from; at < to; at = plain.position()) {
            boolean inContext = resume();
            Deflater lease = inContext ? leased() : freshLease();
            int length = to - at;
            if (!inContext) {
                int before = at - from;
                int dictionary = dictionaryBytes(length, before + (history == null ? 0 : history.size()));
                int ofPlain = Math.min(dictionary, before);
                if (history != null) {
                    history.prime(lease, dictionary - ofPlain);
                }
                if (ofPlain > 0) {
                    lease.setDictionary(plain.limit(at).position(at - ofPlain));
                }
                length = Math.min(length, segmentBytes(dictionary));
            }
            lease.setInput(plain.limit(at + length).position(at));
            int _ = lease.deflate(out, Deflater.SYNC_FLUSH);
            if (!out.hasRemaining()) {
                return false;
            }
        }
        return true;
    }

    /** {@return whether there is now a compressor that knows the context, at a message's begin} */
    private boolean resume() {
        if (deflater == null && last != null) {
            deflater = pool.leaseAgain(last);
            last = null;
            return deflater != null;
        }
        return deflater != null && keepsDeflater;
    }

    /**
     * {@return with how many plain bytes to prime a compressor}
     *
     * @param ahead how many bytes are to be compressed, as far as is known
     * @param available how many came before
     */
    private int dictionaryBytes(int ahead, int available) {
        int window = 1 << windowBits;
        if (windowBits == WindowBits.MOST) {
            return Math.min(available, window); // The compressor itself forgets what is farther away.
        }
        // Half a window each, unless all that is to come takes less.
        return Math.min(available, Math.max(window / 2, window - ahead));
    }

    private int segmentBytes(int dictionary) {
        return windowBits == WindowBits.MOST ? UNBOUNDED : (1 << windowBits) - dictionary;
    }

    private Deflater freshLease() {
        Deflater lease = deflater;
        if (lease != null) {
            lease.reset();
        } else {
            lease = pool.leaseDeflater();
            deflater = lease;
        }
        return lease;
    }

    private Deflater leased() {
        Deflater lease = deflater;
        if (lease == null) {
            throw new IllegalStateException("no compressor leased");
        }
        return lease;
    }

    private void begin() {
        inMessage = true;
        unflushed = false;
        pending = false;
        flushing = Flushing.NO;
        held = 0;
        heldBytes = 0;
        segmentRoom = resume() ? UNBOUNDED : 0;
        if (history == null && !keepsDeflater && windowBits < WindowBits.MOST) {
            history = new SlidingWindow(windowBits); // For the segments of this message.
        }
    }

    private void beginSegment(int ahead) {
        Deflater lease = freshLease();
        int dictionary = 0;
        if (history != null) {
            dictionary = dictionaryBytes(ahead, history.size());
            history.prime(lease, dictionary);
        }
        segmentRoom = segmentBytes(dictionary);
    }

    private void feed(ByteBuffer in, int to, ByteBuffer out) {
        Deflater lease = leased();
        int from = in.position();
        int limit = in.limit();
        int room = out.remaining();
        lease.setInput(in.limit(to));
        int n = lease.deflate(out, Deflater.NO_FLUSH);
        in.limit(limit);
        pending = n == room;
        int consumed = in.position() - from;
        unflushed |= consumed > 0;
        if (history != null) {
            history.append(in, from, from + consumed);
        }
        if (segmentRoom != UNBOUNDED) {
            segmentRoom -= consumed;
        }
    }

    /** {@return whether all that went in is out; of a message's last flush the newest bytes are held back} */
    private boolean flush(ByteBuffer out) {
        Deflater lease = leased();
        int start = out.position();
        for (int i = held - 1; i >= 0; i--) {
            out.put((byte) (heldBytes >>> (8 * i)));
        }
        held = 0;
        int room = out.remaining();
        lease.setInput(NO_BYTES); // Not the caller's next segment.
        int n = lease.deflate(out, Deflater.SYNC_FLUSH);
        pending = false;
        if (flushing == Flushing.MESSAGE) {
            hold(out, start);
        }
        return n < room;
    }

    private void hold(ByteBuffer out, int start) {
        int end = out.position();
        held = Math.min(TAIL_BYTES, end - start);
        heldBytes = 0;
        for (int i = end - held; i < end; i++) {
            heldBytes = (heldBytes << 8) | (out.get(i) & 0xFF);
        }
        out.position(end - held);
    }

    private void requireTail() {
        if (held != TAIL_BYTES || heldBytes != TAIL) {
            throw new IllegalStateException("a flush did not end in an empty stored block (RFC 7692 §7.2.1)");
        }
    }

    private void endMessage() {
        inMessage = false;
        returnLease(true);
        if (!takeover) {
            history = null;
        }
    }

    private void forget() {
        last = null;
        if (!takeover) {
            history = null;
        } else if (history != null) {
            history.clear();
        }
    }

    /**
     * Ends the use of the compressor for a message, which it may
     * keep the context of if the peer will see all that it was fed.
     */
    private void returnLease(boolean inContext) {
        Deflater lease = deflater;
        if (lease == null) {
            return;
        }
        if (inContext && keepsDeflater) {
            lease.setInput(NO_BYTES); // Or the caller's buffer would stay referenced.
            return;
        }
        deflater = null;
        if (inContext && takeover && windowBits == WindowBits.MOST) {
            last = pool.releaseInContext(lease);
        } else {
            pool.release(lease);
        }
    }
}

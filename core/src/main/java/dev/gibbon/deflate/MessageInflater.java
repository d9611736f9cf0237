// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.deflate;

import dev.gibbon.CloseCode;
import dev.gibbon.ProtocolException;
import java.nio.ByteBuffer;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.jspecify.annotations.Nullable;

/**
 * Decompresses the messages of one connection, in steps of bounded work (RFC 7692 §7.2.2). Reader thread only.
 *
 * <p>A decompressor is leased from the first byte of a message to its end. Between messages only the window is kept,
 * and that only where context takeover is agreed. The state machine:
 * <table>
 * <caption>States</caption>
 * <tr><th>state</th><th>left when</th><th>next</th></tr>
 * <tr><td>BETWEEN</td><td>the first byte comes</td><td>BLOCKS</td></tr>
 * <tr><td>BLOCKS</td><td>a block with BFINAL ends (§7.2.3.4)</td><td>FINAL_BLOCK_ENDED</td></tr>
 * <tr><td></td><td>the last payload is consumed, so what the sender cut off is put back (§7.2.2)</td><td>TAIL</td></tr>
 * <tr><td>FINAL_BLOCK_ENDED</td><td>more payload comes, on a byte boundary</td><td>BLOCKS</td></tr>
 * <tr><td></td><td>there is none</td><td>BETWEEN</td></tr>
 * <tr><td>TAIL</td><td>it proves to be one empty block</td><td>BETWEEN</td></tr>
 * <tr><td>any</td><td>the data is corrupt, or the message given up with context takeover</td><td>FAILED</td></tr>
 * </table>
 */
public final class MessageInflater implements AutoCloseable {
    /** How many bytes one call puts out at most, so that a caller can let others on in between. */
    public static final int STEP_BYTES = 16 * 1024;

    private static final byte[] NO_BYTES = {};

    /**
     * What the sender cut off, the lengths of an empty stored block (§7.2.1), and then
     * an empty final one. If the end of the message is not where the sender says it is,
     * the latter is taken for something else, and the stream is not finished behind it.
     */
    private static final byte[] TAIL = {0, 0, (byte) 0xFF, (byte) 0xFF, 1, 0, 0, (byte) 0xFF, (byte) 0xFF};

    /** Final blocks that a message may have however short it is. */
    private static final int FREE_RESTARTS = 64;

    /** And for each of these bytes that came out one more. A restart costs as much as hundreds of bytes. */
    private static final int BYTES_PER_RESTART = 64;

    private enum State {
        BETWEEN,
        BLOCKS,
        FINAL_BLOCK_ENDED,
        TAIL,
        FAILED
    }

    private final ZlibPool pool;
    private final @Nullable SlidingWindow window;

    private State state = State.BETWEEN;
    private @Nullable Inflater inflater;

    /** Whether the last call filled its room, so that there may be output without input. */
    private boolean pending;

    private long inflated;
    private int restarts;

    /**
     * Makes a decompressor of what a peer sends.
     *
     * @param pool lends the zlib objects
     * @param incoming what the peer's messages keep to
     */
    public MessageInflater(ZlibPool pool, DeflateAgreement.Direction incoming) {
        this.pool = pool;
        this.window = incoming.contextTakeover() ? new SlidingWindow(incoming.windowBits()) : null;
    }

    /**
     * Decompresses, until the input is consumed, the output full, or {@value #STEP_BYTES} bytes are out. Allocates
     * nothing in proportion to the message: a caller that has a limit counts {@link #inflated()} after each call. Give
     * it room for one byte more than the limit allows, since a full buffer does not show whether there is more.
     *
     * <p>A message whose frames have no payload at all is taken for an
     * empty one, though a sender should send a zero byte (§7.2.3.6).
     *
     * @param in unmasked payload of the message's frames, consumed as far as the status says; not kept
     * @param last whether the message ends behind {@code in}
     * @param out where the plain bytes go
     * @throws ProtocolException 1007 if the data is no DEFLATE stream, or does not
     *     end with the message; 1008 if it ends a stream over and over without saying
     *     anything. The lease is returned, and this object must not be used any more.
     */
    public CodecStatus inflate(ByteBuffer in, boolean last, ByteBuffer out) throws ProtocolException {
        int mostOut = out.position() + Math.min(out.remaining(), STEP_BYTES);
        while (true) {
            switch (state) {
                case BETWEEN -> {
                    inflated = 0;
                    if (!in.hasRemaining()) {
                        return last ? CodecStatus.ENDED : CodecStatus.INPUT_NEEDED;
                    }
                    begin();
                }
                case BLOCKS -> {
                    if (in.hasRemaining() || pending) {
                        if (out.position() == mostOut) {
                            return CodecStatus.OUTPUT_PENDING;
                        }
                        blocks(in, out, mostOut);
                    } else if (last) {
                        leased().setInput(TAIL);
                        state = State.TAIL;
                    } else {
                        return CodecStatus.INPUT_NEEDED;
                    }
                }
                case FINAL_BLOCK_ENDED -> {
                    if (in.hasRemaining()) {
                        restart();
                    } else if (last) {
                        return ended();
                    } else {
                        return CodecStatus.INPUT_NEEDED;
                    }
                }
                case TAIL -> {
                    requireEnd(out);
                    return ended();
                }
                case FAILED ->
                    throw new IllegalStateException("this connection's messages cannot be inflated any more");
            }
        }
    }

    /** {@return how many bytes came out of the present message, or of the last one if none is in flight} */
    public long inflated() {
        return inflated;
    }

    /** {@return whether a message has begun and not ended} */
    public boolean midMessage() {
        return inflater != null;
    }

    /** {@return how many bytes the window takes} */
    public int windowBytes() {
        return window == null ? 0 : window.allocated();
    }

    /**
     * Gives up the message in flight, if there is one, and returns the lease. Without context takeover the next message
     * may follow; with it the peer's later messages may refer to what was not inflated, so none can. A caller that only
     * wants to skip a message inflates it and throws the bytes away.
     */
    public void release() {
        Inflater lease = inflater;
        if (lease != null) {
            inflater = null;
            pool.release(lease);
            state = window == null ? State.BETWEEN : State.FAILED;
        }
    }

    /** Returns the lease and lets the window go. May be called again, and at any stage of a message. */
    @Override
    public void close() {
        release();
        state = State.FAILED;
        if (window != null) {
            window.clear();
        }
    }

    private Inflater leased() {
        Inflater lease = inflater;
        if (lease == null) {
            throw new IllegalStateException("no message in flight");
        }
        return lease;
    }

    private void begin() {
        Inflater lease = pool.leaseInflater();
        inflater = lease;
        restarts = 0;
        pending = false;
        prime(lease);
        state = State.BLOCKS;
    }

    private void prime(Inflater lease) {
        if (window != null) {
            window.prime(lease);
        }
    }

    private void blocks(ByteBuffer in, ByteBuffer out, int mostOut) throws ProtocolException {
        Inflater lease = leased();
        int from = out.position();
        int before = in.remaining();
        int limit = out.limit();
        lease.setInput(in);
        int n;
        try {
            n = lease.inflate(out.limit(mostOut));
        } catch (DataFormatException e) {
            throw corrupt(String.valueOf(e.getMessage()));
        } finally {
            out.limit(limit);
        }
        inflated += n;
        if (window != null) {
            window.append(out, from, from + n);
        }
        if (lease.finished()) {
            pending = false;
            state = State.FINAL_BLOCK_ENDED;
            return;
        }
        pending = out.position() == mostOut;
        if (n == 0 && in.hasRemaining() && in.remaining() == before) {
            throw corrupt("no progress"); // Cannot be without a preset dictionary; here so that no loop depends on it.
        }
    }

    /** What follows a final block is a new stream, on a byte boundary (§7.2.3.4), within the same window. */
    private void restart() throws ProtocolException {
        if (++restarts > FREE_RESTARTS + inflated / BYTES_PER_RESTART) {
            fail();
            throw new ProtocolException(
                    CloseCode.POLICY_VIOLATION,
                    restarts + " final blocks in a message of " + inflated + " bytes so far (RFC 7692 §7.2.3.4)");
        }
        Inflater lease = leased();
        lease.reset();
        prime(lease);
        state = State.BLOCKS;
    }

    /** Nothing may come out of the tail, and it must end the stream; {@code out} only lends the room to see that. */
    private void requireEnd(ByteBuffer out) throws ProtocolException {
        Inflater lease = leased();
        int position = out.position();
        int limit = out.limit();
        int n;
        try {
            n = position < limit ? lease.inflate(out.limit(position + 1)) : lease.inflate(new byte[1]);
        } catch (DataFormatException e) {
            throw corrupt(String.valueOf(e.getMessage()));
        } finally {
            out.limit(limit).position(position);
        }
        if (n > 0 || !lease.finished() || lease.getRemaining() > 0) {
            throw corrupt("it ends within a block");
        }
    }

    private CodecStatus ended() {
        Inflater lease = leased();
        inflater = null;
        pool.release(lease);
        state = State.BETWEEN;
        return CodecStatus.ENDED;
    }

    private ProtocolException corrupt(String how) {
        fail();
        return new ProtocolException(
                CloseCode.INVALID_PAYLOAD,
                "compressed message is corrupt after " + inflated + " bytes: " + how + " (RFC 7692 §7.2.2)");
    }

    private void fail() {
        Inflater lease = inflater;
        if (lease != null) {
            inflater = null;
            lease.setInput(NO_BYTES);
            pool.discard(lease);
        }
        state = State.FAILED;
    }
}

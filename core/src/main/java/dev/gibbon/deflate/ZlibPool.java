// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.deflate;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.Deflater;
import java.util.zip.Inflater;
import org.jspecify.annotations.Nullable;

/**
 * Raw compressors and decompressors, leased for as long as a message is in flight. Owned by a server, upgrader or
 * dialer and shared by its connections; any thread.
 *
 * <p>Each holds native memory, a compressor up to 270 KiB and a decompressor up to 40 KiB, so those that the pool does
 * not keep are ended at once instead of waiting for the garbage collector.
 */
public final class ZlibPool implements AutoCloseable {
    private static final byte[] NO_BYTES = {};

    private final int level;
    private final ArrayBlockingQueue<Kept> deflaters;
    private final ArrayBlockingQueue<Inflater> inflaters;
    private final AtomicInteger live = new AtomicInteger();
    private final AtomicInteger leased = new AtomicInteger();
    private volatile boolean closed;

    /**
     * Makes an empty pool.
     *
     * @param level how hard its compressors compress, 1 to 9
     * @param keep how many unused compressors to keep, and how many
     *     decompressors; as many as messages are worked on at the same time
     */
    public ZlibPool(int level, int keep) {
        this.level = level;
        deflaters = new ArrayBlockingQueue<>(keep);
        inflaters = new ArrayBlockingQueue<>(keep);
    }

    /** {@return a compressor in its initial state, the caller's until it is released or discarded} */
    Deflater leaseDeflater() {
        Kept pooled =
                deflaters.poll(); // The one that has lain there longest, so that a busy connection meets its own again.
        Deflater deflater = pooled != null ? pooled.deflater : new Deflater(level, true);
        if (pooled == null) {
            live.incrementAndGet();
        } else if (pooled.inContext) {
            deflater.reset();
        }
        leased.incrementAndGet();
        return deflater;
    }

    /**
     * {@return the compressor that was {@linkplain #releaseInContext released}, just as it was; null if another has
     * leased it since, or it is ended}
     */
    @Nullable
    Deflater leaseAgain(Kept kept) {
        if (!deflaters.remove(kept)) {
            return null;
        }
        leased.incrementAndGet();
        return kept.deflater;
    }

    /** Takes a compressor back. The caller must not touch it any more. */
    void release(Deflater deflater) {
        if (!closed) {
            deflater.reset(); // Here and not on the next lease, so that nothing of the caller's stays referenced.
        }
        keep(new Kept(deflater, false));
    }

    /**
     * Takes a compressor back as it is, knowing what it compressed:
     * whoever leased it may go on with it, if no one else needs it before.
     *
     * @return what to {@linkplain #leaseAgain lease it again} by
     */
    Kept releaseInContext(Deflater deflater) {
        deflater.setInput(NO_BYTES); // Or the caller's buffer would stay referenced.
        Kept kept = new Kept(deflater, true);
        keep(kept);
        return kept;
    }

    private void keep(Kept kept) {
        if (closed || !deflaters.offer(kept)) {
            end(kept.deflater);
        }
        endIfClosed();
        leased.decrementAndGet(); // Last, so that whoever sees 0 finds all of them here or ended.
    }

    /** Takes a compressor back that is not to be used again. */
    void discard(Deflater deflater) {
        end(deflater);
        leased.decrementAndGet();
    }

    /** {@return a decompressor in its initial state, the caller's until it is released or discarded} */
    Inflater leaseInflater() {
        Inflater pooled = inflaters.poll();
        Inflater inflater = pooled != null ? pooled : new Inflater(true);
        if (pooled == null) {
            live.incrementAndGet();
        }
        leased.incrementAndGet();
        return inflater;
    }

    /** Takes a decompressor back. The caller must not touch it any more. */
    void release(Inflater inflater) {
        if (closed) {
            end(inflater);
        } else {
            inflater.reset();
            if (!inflaters.offer(inflater)) {
                end(inflater);
            }
            endIfClosed();
        }
        leased.decrementAndGet(); // Last, so that whoever sees 0 finds all of them here or ended.
    }

    /** Takes a decompressor back that is not to be used again, since what it was fed was corrupt. */
    void discard(Inflater inflater) {
        end(inflater);
        leased.decrementAndGet();
    }

    /** {@return how many objects with native memory there are, leased ones included} */
    public int live() {
        return live.get();
    }

    /** {@return how many objects are out; 0 when no message is in flight and no connection keeps its compressor} */
    public int leased() {
        return leased.get();
    }

    /** Ends what is not leased, and from now on whatever comes back. May be called again. */
    @Override
    public void close() {
        closed = true;
        endIfClosed();
    }

    /** An object may have come back while another thread closed; whoever is last to look ends it. */
    private void endIfClosed() {
        if (!closed) {
            return;
        }
        for (Kept kept = deflaters.poll(); kept != null; kept = deflaters.poll()) {
            end(kept.deflater);
        }
        for (Inflater i = inflaters.poll(); i != null; i = inflaters.poll()) {
            end(i);
        }
    }

    private void end(Deflater deflater) {
        deflater.end();
        live.decrementAndGet();
    }

    private void end(Inflater inflater) {
        inflater.end();
        live.decrementAndGet();
    }

    /** One stay of a compressor in the pool. Whoever takes it out of the queue has the compressor. */
    static final class Kept {
        private final Deflater deflater;

        /** Whether it knows what it compressed last. */
        private final boolean inContext;

        private Kept(Deflater deflater, boolean inContext) {
            this.deflater = deflater;
            this.inContext = inContext;
        }
    }
}

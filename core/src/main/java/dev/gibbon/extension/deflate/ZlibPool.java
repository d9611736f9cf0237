// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.extension.deflate;

import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/**
 * Raw compressors and decompressors, leased for as long as a message is in flight. Owned by a server, upgrader or dialer and shared
 * by its connections; any thread.
 *
 * <p>Each holds native memory, a compressor up to 270 KiB and a decompressor up to 40 KiB, so those that the pool does not keep are
 * ended at once instead of waiting for the garbage collector.
 */
public final class ZlibPool implements AutoCloseable {
    private final int level;
    private final ArrayBlockingQueue<Deflater> deflaters;
    private final ArrayBlockingQueue<Inflater> inflaters;
    private final AtomicInteger live = new AtomicInteger();
    private final AtomicInteger leased = new AtomicInteger();
    private volatile boolean closed;

    /**
     * Makes an empty pool.
     *
     * @param level how hard its compressors compress, 1 to 9
     * @param keep how many unused compressors to keep, and how many decompressors; as many as messages are worked on at the same time
     */
    public ZlibPool(int level, int keep) {
        this.level = level;
        deflaters = new ArrayBlockingQueue<>(keep);
        inflaters = new ArrayBlockingQueue<>(keep);
    }

    /** {@return a compressor in its initial state, the caller's until it is released or discarded} */
    Deflater leaseDeflater() {
        Deflater pooled = deflaters.poll();
        Deflater deflater = pooled != null ? pooled : new Deflater(level, true);
        if (pooled == null) {
            live.incrementAndGet();
        }
        leased.incrementAndGet();
        return deflater;
    }

    /** Takes a compressor back. The caller must not touch it any more. */
    void release(Deflater deflater) {
        if (closed) {
            end(deflater);
        } else {
            deflater.reset(); // Here and not on the next lease, so that nothing of the caller's stays referenced.
            if (!deflaters.offer(deflater)) {
                end(deflater);
            }
            endIfClosed();
        }
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
        for (Deflater d = deflaters.poll(); d != null; d = deflaters.poll()) {
            end(d);
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
}

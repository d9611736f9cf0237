// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import dev.gibbon.ConnectionObserver;
import dev.gibbon.ConnectionOptions;
import dev.gibbon.TimeSource;
import dev.gibbon.deflate.ZlibPool;
import dev.gibbon.protocol.Limits;
import dev.gibbon.protocol.MaskingKeys;
import dev.gibbon.support.BufferPool;
import dev.gibbon.support.LimitedLog;
import dev.gibbon.support.SystemTimeSource;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.LongSupplier;
import java.util.zip.Deflater;
import org.jspecify.annotations.Nullable;

/**
 * What the connections of one server, dialer or adapter share: buffers, time, masking keys, and a tick that looks at
 * each of them now and then, so that nothing is timed per message. Any thread.
 */
public abstract class Engine {
    private static final int CORES = Runtime.getRuntime().availableProcessors();

    /** No moment of the engine's clock, but later than each. */
    public static final long NEVER = Long.MAX_VALUE;

    /** How long is for ever: more nanoseconds hardly fit. */
    private static final Duration FOR_EVER = Duration.ofDays(100 * 365);

    private static final int KEPT_BUFFERS = 64;

    /** As many messages are compressed at a time as there are cores, and some that stream are in the middle. */
    private static final int KEPT_CODECS = 2 * CORES + 4;

    /** What all connections hold that nobody has taken yet, at most. */
    private static final long MAX_READ_AHEAD = 64L * 1024 * 1024;

    private final TimeSource time;
    private final LongSupplier clock;
    private final BufferPool buffers = new BufferPool(KEPT_BUFFERS);
    private final ArrayBlockingQueue<SendBatch> batches = new ArrayBlockingQueue<>(KEPT_BUFFERS);
    /** By level; made when a connection first compresses with it. */
    private final AtomicReferenceArray<@Nullable ZlibPool> zlib =
            new AtomicReferenceArray<>(Deflater.BEST_COMPRESSION + 1);

    private final AtomicLong readAhead = new AtomicLong();
    private final AtomicLong ids = new AtomicLong();
    private final AtomicLong threads = new AtomicLong();
    private final MaskingKeys maskingKeys;
    private final Members connections = new Members();
    private final LimitedLog log;
    private final Observers observers;
    private final Refusals refusals;
    private final Ticks ticks;

    private volatile @Nullable Limits lastLimits;

    public Engine(
            TimeSource time,
            MaskingKeys maskingKeys,
            boolean explainRefusals,
            List<ConnectionObserver> observing,
            Observers.@Nullable Recorder recorder) {
        this.time = time;
        this.clock = time::nanoTime;
        this.log = new LimitedLog(time);
        this.observers = new Observers(observing, recorder, log);
        this.refusals = new Refusals(time, log, observers, explainRefusals);
        this.ticks = new Ticks(time, log);
        this.maskingKeys = maskingKeys;
    }

    /** {@return whether the calling thread must not wait: turns of connections run on it} */
    public abstract boolean isEventThread();

    public TimeSource time() {
        return time;
    }

    /** {@return the same, for those that only ask how late it is} */
    LongSupplier clock() {
        return clock;
    }

    /** {@return the limits of a connection with these options} Most have those of the connection before. */
    Limits limits(ConnectionOptions options) {
        Limits wanted = Input.limits(options);
        Limits last = lastLimits;
        if (last != null && wanted.equals(last)) {
            return last;
        }
        lastLimits = wanted;
        return wanted;
    }

    /** {@return the moment so long from now; of zero or less now, and {@link #NEVER} of a century} */
    public long until(Duration atMost) {
        if (atMost.compareTo(FOR_EVER) >= 0) {
            return NEVER;
        }
        long now = time.nanoTime();
        return atMost.isNegative() ? now : now + atMost.toNanos();
    }

    public BufferPool buffers() {
        return buffers;
    }

    /** {@return what lends compressors of a level, and decompressors} */
    public ZlibPool zlib(int level) {
        ZlibPool known = zlib.get(level);
        if (known == null) {
            ZlibPool made = new ZlibPool(level, KEPT_CODECS);
            known = zlib.compareAndExchange(level, null, made);
            return known == null ? made : known;
        }
        return known;
    }

    /** Ends what only the end of the server or of the process would, once there are no connections any more. */
    public void end() {
        for (int level = 0; level < zlib.length(); level++) {
            ZlibPool pool = zlib.get(level);
            if (pool != null) {
                pool.close();
            }
        }
        if (time instanceof SystemTimeSource system) {
            system.endWhenIdle();
        }
    }

    public LimitedLog log() {
        return log;
    }

    /** {@return those who are told what happens} */
    public Observers observers() {
        return observers;
    }

    /**
     * Code of the application threw: the log says so, and so it is observed.
     *
     * @param code what threw
     * @param on the connection or request that it served
     */
    public void applicationThrew(String code, Object on, Throwable thrown) {
        log.applicationThrew(code, on, thrown);
        observers.applicationThrew(on, thrown);
    }

    public Refusals refusals() {
        return refusals;
    }

    public MaskingKeys maskingKeys() {
        return maskingKeys;
    }

    /** {@return the connections that are not closed yet} */
    public Members members() {
        return connections;
    }

    /** {@return the connections that are not closed yet, as they are now} */
    public Collection<WebSocketConnection> connections() {
        return connections.list();
    }

    /** {@return whether connections may read on ahead of those that read} */
    public boolean mayReadAhead() {
        return readAhead.get() < MAX_READ_AHEAD;
    }

    /** {@return how many bytes connections hold that nobody has taken yet} */
    public long readAheadBytes() {
        return readAhead.get();
    }

    /** Counts what connections hold that nobody has taken yet. */
    public void readAhead(long bytes) {
        long _ = readAhead.addAndGet(bytes);
    }

    public SendBatch leaseBatch() {
        SendBatch batch = batches.poll();
        return batch != null ? batch : new SendBatch(buffers);
    }

    public void release(SendBatch batch) {
        batch.clear();
        boolean _ = batches.offer(batch); // A full pool lets the batch go.
    }

    /** {@return a number for a transport or a connection, which no other has} */
    public long nextId() {
        return ids.incrementAndGet();
    }

    /** Runs a short task that may block on a connection, on a virtual thread of its own. */
    public void start(String name, Runnable task) {
        unstarted(name, task).start();
    }

    /** {@return a virtual thread whose name has a number that no other of this engine's has} */
    public Thread unstarted(String name, Runnable task) {
        return Thread.ofVirtual().name(name + "-" + threads.incrementAndGet()).unstarted(task);
    }

    public void register(WebSocketConnection connection) {
        connections.add(connection);
        ticks.add(connection.watch());
    }

    public void unregister(WebSocketConnection connection) {
        connections.remove(connection);
        ticks.remove(connection.watch());
    }
}

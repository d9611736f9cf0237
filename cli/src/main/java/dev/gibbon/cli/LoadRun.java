// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * A load that is under way, as all its threads share it: how far it is, what was measured, and what went wrong first.
 */
final class LoadRun {
    /** How far it is. */
    enum Phase {
        /** Messages flow and are checked, but not counted. */
        WARMUP,
        /** They are counted. */
        MEASURED,
        /** No more are sent; those that are outstanding are awaited and checked. */
        OVER
    }

    /** What was used up to one moment. */
    private record Sample(
            long nanos, long cpuNanos, Map<Thread, Long> threadNanos, LoadedProcess.@Nullable Usage server) {}

    private final LoadScenario scenario;
    private final @Nullable LoadedProcess server;
    private final Optional<LoadResult.Compression> compression;
    private final ConcurrentMap<Thread, LoadLane> lanes = new ConcurrentHashMap<>();
    private final AtomicLong errors = new AtomicLong();
    private final AtomicReference<@Nullable String> firstError = new AtomicReference<>();
    private final CountDownLatch failed = new CountDownLatch(1);
    private volatile Phase phase = Phase.WARMUP;
    private volatile boolean givenUp;

    private final OperatingSystemMXBean process = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
    private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();

    // Of the thread that measures.
    private @Nullable Sample begin;
    private @Nullable Sample end;

    LoadRun(LoadScenario scenario, @Nullable LoadedProcess server, Optional<LoadResult.Compression> compression) {
        this.scenario = scenario;
        this.server = server;
        this.compression = compression;
    }

    LoadScenario scenario() {
        return scenario;
    }

    Phase phase() {
        return phase;
    }

    /** {@return what this thread measures with} */
    LoadLane lane() {
        return lanes.computeIfAbsent(Thread.currentThread(), _ -> new LoadLane(scenario));
    }

    /**
     * Something is wrong: the load ends now. What else goes wrong
     * once it was given up is a consequence, and not counted.
     */
    void fail(String what) {
        if (givenUp) {
            return;
        }
        errors.incrementAndGet();
        firstError.compareAndSet(null, what);
        failed.countDown();
    }

    boolean hasFailed() {
        return failed.getCount() == 0;
    }

    /** From here on connections are torn down by us. */
    void giveUp() {
        phase = Phase.OVER;
        givenUp = true;
    }

    /** Lets the load run through its phases, up to the last; returns early if something goes wrong. */
    void measure() throws CommandFailedException, InterruptedException {
        boolean _ = await(scenario.warmup());
        begin = sample();
        phase = Phase.MEASURED;
        boolean _ = await(scenario.duration());
        end = sample();
        phase = Phase.OVER;
    }

    private boolean await(Duration time) throws InterruptedException {
        return failed.await(time.toNanos(), TimeUnit.NANOSECONDS);
    }

    private Sample sample() throws CommandFailedException {
        Map<Thread, Long> threadNanos = new HashMap<>();
        for (Thread thread : lanes.keySet()) {
            if (!thread.isVirtual()) {
                threadNanos.put(thread, threads.getThreadCpuTime(thread.threadId()));
            }
        }
        LoadedProcess.Usage usage = server == null ? null : server.usage();
        return new Sample(System.nanoTime(), process.getProcessCpuTime(), threadNanos, usage);
    }

    /** {@return what came of it} All other threads are done by now. */
    LoadResult result(Optional<LoadResult.Idle> idle) {
        Sample first = begin;
        Sample last = end;
        if (first == null || last == null) {
            throw new IllegalStateException("nothing was measured");
        }
        Histogram latencies = LoadLane.total();
        Histogram completions = LoadLane.total();
        for (LoadLane lane : lanes.values()) {
            latencies.add(lane.latencies());
            completions.add(lane.completions());
        }
        double seconds = (last.nanos - first.nanos) / 1e9;
        return new LoadResult(
                scenario,
                seconds,
                latencies,
                scenario.mode() == LoadMode.BROADCAST ? Optional.of(completions) : Optional.empty(),
                (last.cpuNanos - first.cpuNanos) / 1e9,
                busiestThread(first, last),
                server(first, last),
                idle,
                compression,
                errors.get(),
                Optional.ofNullable(firstError.get()));
    }

    /** {@return the part of the time that the busiest event loop was running, if there are event loops} */
    private static OptionalDouble busiestThread(Sample first, Sample last) {
        return first.threadNanos.entrySet().stream()
                .filter(entry -> entry.getValue() >= 0)
                .mapToDouble(entry -> last.threadNanos.getOrDefault(entry.getKey(), 0L) - entry.getValue())
                .map(nanos -> nanos / (last.nanos - first.nanos))
                .max();
    }

    private static Optional<LoadResult.Server> server(Sample first, Sample last) {
        if (first.server == null || last.server == null) {
            return Optional.empty();
        }
        double cpuSeconds = (last.server.cpuNanos() - first.server.cpuNanos()) / 1e9;
        return Optional.of(new LoadResult.Server(cpuSeconds, last.server.rssBytes()));
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.bench.peers;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.management.JMException;
import org.jspecify.annotations.Nullable;

/**
 * Watches a server's JVM while the load runs.
 *
 * <p>The load does not say when its measured time begins, but it ends when that is over. So samples are taken all
 * along, a few in the measured time, and those between its edges count. What is allocated between them, divided by the
 * messages of that time, has neither the handshakes in it nor what the warm-up allocates.
 */
final class JvmWatch implements AutoCloseable {
    /**
     * The samples that count lie between these parts of the measured
     * time: its borders are known to a fraction of a second only.
     */
    private static final double FROM = 0.05;

    private static final double TO = 0.90;

    /** How often the asking is timed, so to speak: what it allocates is taken from what is found. */
    private static final int CALIBRATIONS = 4;

    private final JvmProbe probe;
    private final Path openFiles;
    private final Scenario scenario;
    private final long costOfSample;
    private final long heapBefore;
    private final long filesBefore;
    private final CountDownLatch over = new CountDownLatch(1);
    private final Thread watcher;

    // Watching thread only, until it has ended.
    private final List<JvmProbe.Sample> samples = new ArrayList<>();
    private @Nullable Double heapPerConnection;

    private JvmWatch(JvmProbe probe, long pid, Scenario scenario, Duration interval) throws IOException, JMException {
        this.probe = probe;
        this.scenario = scenario;
        openFiles = Path.of("/proc", Long.toString(pid), "fd");
        long cost = Long.MAX_VALUE;
        long before = probe.sample().allocatedBytes();
        for (int i = 0; i < CALIBRATIONS; i++) {
            long after = probe.sample().allocatedBytes();
            cost = Math.min(cost, after - before);
            before = after;
        }
        costOfSample = cost;
        boolean idle = scenario.mode() == Scenario.Mode.IDLE;
        heapBefore = idle ? probe.liveHeap() : 0;
        filesBefore = idle ? countFiles() : 0;
        watcher = Thread.ofPlatform().daemon().start(() -> watch(interval));
    }

    /** {@return a watch that has begun} @throws IOException if the server's JVM cannot be asked */
    static JvmWatch start(long pid, Scenario scenario, Duration measured) throws IOException, JMException {
        JvmProbe probe = JvmProbe.attach(pid);
        try {
            return new JvmWatch(probe, pid, scenario, measured.dividedBy(6));
        } catch (IOException | JMException | RuntimeException e) {
            probe.close();
            throw e;
        }
    }

    private void watch(Duration interval) {
        try {
            while (!over.await(interval.toMillis(), TimeUnit.MILLISECONDS)) {
                samples.add(probe.sample());
                if (scenario.mode() == Scenario.Mode.IDLE && allAreOpen()) {
                    long heap = probe.liveHeap();
                    // Still. The least counts: handshakes are not quite over, or all are just
                    // used, elsewhen.
                    if (allAreOpen()) {
                        double each = (heap - heapBefore) / (double) scenario.connections();
                        heapPerConnection = heapPerConnection == null ? each : Math.min(heapPerConnection, each);
                    }
                }
            }
        } catch (IOException | JMException | InterruptedException _) {
            // The server is gone, which the load tells better. What was sampled until now is kept.
        }
    }

    private boolean allAreOpen() throws IOException {
        return countFiles() - filesBefore >= scenario.connections();
    }

    private long countFiles() throws IOException {
        try (var files = Files.list(openFiles)) {
            return files.count();
        }
    }

    /**
     * Ends the watch.
     *
     * @param endNanos when the load's process was over
     * @return what was found about the run whose result is given
     */
    JvmFigures figures(LoadResult load, long endNanos) throws InterruptedException {
        over.countDown();
        watcher.join();
        return figures(samples, costOfSample, load, endNanos, heapPerConnection);
    }

    static JvmFigures figures(
            List<JvmProbe.Sample> samples,
            long costOfSample,
            LoadResult load,
            long endNanos,
            @Nullable Double heapPerConnection) {
        double measured = load.seconds() * 1e9;
        List<JvmProbe.Sample> inside = samples.stream()
                .filter(sample -> endNanos - sample.nanos() >= (1 - TO) * measured
                        && endNanos - sample.nanos() <= (1 - FROM) * measured)
                .toList();
        if (inside.size() < 2) {
            return new JvmFigures(null, null, null, null, heapPerConnection);
        }
        JvmProbe.Sample first = inside.getFirst();
        JvmProbe.Sample last = inside.getLast();
        double seconds = (last.nanos() - first.nanos()) / 1e9;
        double messages = load.messages() / load.seconds() * seconds;
        double allocated = last.allocatedBytes() - first.allocatedBytes() - costOfSample * (inside.size() - 1.0);
        return new JvmFigures(
                seconds,
                last.collections() - first.collections(),
                last.collectionMillis() - first.collectionMillis(),
                messages > 0 ? Math.max(0, allocated) / messages : null,
                heapPerConnection);
    }

    @Override
    public void close() throws IOException {
        over.countDown();
        probe.close();
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import dev.gibbon.Connection;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Connections that are opened, used once and closed, over and over. */
final class LoadHandshakes {
    private final LoadRun run;
    private final LoadDialing dialing;

    private LoadHandshakes(LoadRun run, LoadDialing dialing) {
        this.run = run;
        this.dialing = dialing;
    }

    /** Runs the load from the first connection to the last. */
    static void run(LoadRun run, LoadDialing dialing) throws CommandFailedException, InterruptedException {
        LoadHandshakes load = new LoadHandshakes(run, dialing);
        List<Thread> workers = new ArrayList<>();
        for (int i = 0; i < run.scenario().concurrency(); i++) {
            int index = i;
            workers.add(Thread.ofVirtual().name("gibbon-load-" + i).start(() -> load.work(index)));
        }
        try {
            run.measure();
            for (Thread worker : workers) {
                if (!worker.join(run.scenario().patience())) {
                    run.fail("a connection that was being opened or closed is not done");
                }
            }
        } finally {
            run.giveUp();
        }
    }

    private void work(int index) {
        LoadLane lane = run.lane();
        try {
            for (long sequence = 0; run.phase() != LoadRun.Phase.OVER && !run.hasFailed(); sequence++) {
                long took = once(lane, index, sequence);
                if (run.phase() == LoadRun.Phase.MEASURED) {
                    lane.record(took);
                }
            }
        } catch (IOException e) {
            run.fail("connection " + index + ": " + LoadDialing.explain(e));
        }
    }

    /** {@return how long the opening handshake took, in nanoseconds} */
    private long once(LoadLane lane, int index, long sequence) throws IOException {
        long begin = System.nanoTime();
        try (Connection connection = dialing.open(index)) {
            long took = System.nanoTime() - begin;
            if (run.scenario().echo()) {
                connection.writeMessage(lane.payloads().message(index, sequence));
                lane.payloads().wrong(index, sequence, connection.readMessage()).ifPresent(run::fail);
            }
            return took;
        }
    }
}

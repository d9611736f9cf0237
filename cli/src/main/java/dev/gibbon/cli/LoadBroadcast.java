// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import dev.gibbon.CloseStatus;
import dev.gibbon.Connection;
import dev.gibbon.Listener;
import dev.gibbon.MessageType;
import dev.gibbon.MessageView;
import dev.gibbon.WebSocketException;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * One connection sends, and the server passes each message on to all others, perhaps
 * to the sender too. Either the next one is sent when every receiver has the last,
 * or they are sent at fixed times; latency is measured from when a message was due.
 */
final class LoadBroadcast {
    /** Messages that may be under way at a fixed rate; the next one waits. */
    private static final int MAX_IN_FLIGHT = 1024;

    /** Numbers on the wire: what is broadcast, and what is sent until every receiver takes part. */
    private static final int BROADCAST = 0;

    private static final int PROBE = 0xFFFF_FFFF;
    private static final Duration PROBE_PAUSE = Duration.ofMillis(50);
    private static final long LOOK_MILLIS = 1;

    private final LoadRun run;
    private final int receivers;
    private final Connection sender;
    private final CountDownLatch joined;
    private final CountDownLatch ended;

    /** Rings: when a message was due, and how many receivers have not got it yet. */
    private final AtomicLongArray dueNanos = new AtomicLongArray(MAX_IN_FLIGHT);

    private final AtomicIntegerArray missing = new AtomicIntegerArray(MAX_IN_FLIGHT);

    // Of whoever sends: the pacing thread; otherwise the thread
    // on which the last receiver got the message before.
    private final LoadPayloads payloads;
    private long sent;

    private LoadBroadcast(LoadRun run, Connection sender) {
        this.run = run;
        this.sender = sender;
        receivers = run.scenario().connections();
        payloads = run.scenario().payloads();
        joined = new CountDownLatch(receivers);
        ended = new CountDownLatch(receivers + 1);
    }

    /** Runs the load from the first connection to the last. */
    static void run(LoadRun run, LoadDialing dialing) throws CommandFailedException, InterruptedException {
        List<Connection> connections = dialing.openAll(run.scenario().connections() + 1);
        Connection sender = connections.getLast();
        LoadBroadcast load = new LoadBroadcast(run, sender);
        try {
            for (int i = 0; i < load.receivers; i++) {
                connections.get(i).listen(load.new Receiver(i));
            }
            sender.listen(load.new Receiver(load.receivers));
            load.awaitReceivers();
            load.broadcast();
            run.giveUp();
            dialing.closeAll(connections);
            boolean _ = load.ended.await(run.scenario().patience().toNanos(), TimeUnit.NANOSECONDS);
        } finally {
            run.giveUp();
            connections.forEach(Connection::abort);
        }
    }

    /** A handshake is over before the server knows the connection as a receiver, so it is asked until all are there. */
    private void awaitReceivers() throws CommandFailedException, InterruptedException {
        long deadline = System.nanoTime() + run.scenario().patience().toNanos();
        try {
            do {
                if (System.nanoTime() - deadline > 0 && !run.hasFailed()) {
                    run.fail("a broadcast does not reach " + joined.getCount() + " of " + receivers + " receivers");
                }
                if (run.hasFailed()) {
                    return;
                }
                sender.writeMessage(payloads.message(PROBE, 0));
            } while (!joined.await(PROBE_PAUSE.toMillis(), TimeUnit.MILLISECONDS));
        } catch (IOException e) {
            run.fail("the sender: " + Visible.of(String.valueOf(e.getMessage())));
        }
    }

    private void broadcast() throws CommandFailedException, InterruptedException {
        double rate = run.scenario().rate().orElse(0);
        Thread pacing = Thread.ofPlatform().name("gibbon-load-pace").daemon().unstarted(() -> {
            if (rate > 0) {
                pace((long) (1e9 / rate));
            } else {
                send(System.nanoTime());
            }
        });
        if (!run.hasFailed()) {
            pacing.start();
        }
        run.measure();
        pacing.join();
        long deadline = System.nanoTime() + run.scenario().patience().toNanos();
        while (!run.hasFailed() && underWay() > 0) {
            if (System.nanoTime() - deadline > 0) {
                run.fail("of " + underWay() + " broadcasts not every receiver got its copy");
            }
            Thread.sleep(LOOK_MILLIS);
        }
    }

    private void pace(long pauseNanos) {
        long due = System.nanoTime();
        while (run.phase() != LoadRun.Phase.OVER && !run.hasFailed()) {
            long wait = due - System.nanoTime();
            if (missing.get(slot(sent)) > 0) {
                wait = TimeUnit.MILLISECONDS.toNanos(LOOK_MILLIS);
            }
            if (wait > 0) {
                LockSupport.parkNanos(wait);
            } else {
                send(due);
                due += pauseNanos;
            }
        }
    }

    private void send(long due) {
        int slot = slot(sent);
        dueNanos.set(slot, due);
        missing.set(slot, receivers);
        try {
            sender.writeMessage(payloads.message(BROADCAST, sent++));
        } catch (IOException e) {
            run.fail("the sender: " + Visible.of(String.valueOf(e.getMessage())));
        }
    }

    private int underWay() {
        int count = 0;
        for (int i = 0; i < MAX_IN_FLIGHT; i++) {
            count += missing.get(i) > 0 ? 1 : 0;
        }
        return count;
    }

    private static int slot(long sequence) {
        return (int) sequence & (MAX_IN_FLIGHT - 1);
    }

    /** One connection; the sender is the last of them, and what it gets itself is checked but not counted. */
    private final class Receiver implements Listener {
        private final int index;
        private @Nullable LoadLane lane;
        private boolean isJoined;
        private boolean isWrong;
        private long received;

        Receiver(int index) {
            this.index = index;
        }

        @Override
        public void onOpen(Connection connection) {
            lane = run.lane();
        }

        @Override
        public void onText(Connection connection, MessageView message) {
            onCopy(connection, MessageType.TEXT, message);
        }

        @Override
        public void onBinary(Connection connection, MessageView message) {
            onCopy(connection, MessageType.BINARY, message);
        }

        private void onCopy(Connection connection, MessageType type, MessageView message) {
            LoadLane own = lane;
            if (own == null) {
                throw new IllegalStateException("a message before the connection was open");
            }
            if (isWrong) {
                return;
            }
            long now = System.nanoTime();
            if (own.payloads().matches(BROADCAST, received, type, message.bytes())) {
                long sequence = received++;
                if (index < receivers) {
                    delivered(own, sequence, now);
                }
            } else if (received == 0 && own.payloads().matches(PROBE, 0, type, message.bytes())) {
                if (!isJoined && index < receivers) {
                    joined.countDown();
                }
                isJoined = true;
            } else {
                wrong(connection, own.payloads().difference(BROADCAST, received, type, message.bytes()));
            }
        }

        private void delivered(LoadLane own, long sequence, long now) {
            int slot = slot(sequence);
            long latency = now - dueNanos.get(slot);
            boolean isLast = missing.decrementAndGet(slot) == 0;
            LoadRun.Phase phase = run.phase();
            if (phase == LoadRun.Phase.MEASURED) {
                own.record(latency);
                if (isLast) {
                    own.recordCompletion(latency);
                }
            }
            if (isLast && phase != LoadRun.Phase.OVER && run.scenario().rate().isEmpty()) {
                send(now);
            }
        }

        private void wrong(Connection connection, String what) {
            isWrong = true;
            fail(what);
            connection.abort();
        }

        private void fail(String what) {
            run.fail((index < receivers ? "receiver " + index : "the sender") + ", " + what);
        }

        @Override
        public void onClose(Connection connection, CloseStatus status) {
            end("the server closed it with " + Visible.of(status.toString()));
        }

        @Override
        public void onFailure(Connection connection, WebSocketException failure) {
            end(Visible.of(String.valueOf(failure.getMessage())));
        }

        private void end(String why) {
            if (!isWrong) {
                fail("message " + received + ": " + why); // Which is no matter once everything is closed.
            }
            ended.countDown();
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import dev.gibbon.CloseStatus;
import dev.gibbon.Connection;
import dev.gibbon.Listener;
import dev.gibbon.MessageType;
import dev.gibbon.MessageView;
import dev.gibbon.WebSocketException;
import java.io.IOException;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Connections that are opened, used a little if that is wanted, and
 * left alone; at the end each has to show by an echo that it is alive.
 */
final class LoadIdle {
    private final LoadRun run;
    private final CountDownLatch answered;
    private final AtomicInteger alive = new AtomicInteger();
    private volatile long askedNanos;

    private LoadIdle(LoadRun run) {
        this.run = run;
        answered = new CountDownLatch(run.scenario().connections());
    }

    /** Runs the load from the first connection to the last. */
    static LoadResult.Idle run(LoadRun run, LoadDialing dialing, @Nullable LoadedProcess server)
            throws CommandFailedException, InterruptedException {
        int count = run.scenario().connections();
        long rssBefore = server == null ? 0 : server.usage().rssBytes();
        LoadIdle load = new LoadIdle(run);
        List<Connection> connections = dialing.openAll(count, load::exchange);
        try {
            for (int i = 0; i < count; i++) {
                connections.get(i).listen(load.new Resting(i));
            }
            run.measure();
            OptionalLong each = server == null
                    ? OptionalLong.empty()
                    : OptionalLong.of((server.usage().rssBytes() - rssBefore) / count);
            load.askAll(connections);
            run.giveUp();
            dialing.closeAll(connections);
            return new LoadResult.Idle(load.alive.get(), each);
        } finally {
            run.giveUp();
            connections.forEach(Connection::abort);
        }
    }

    /** As many echoes as are wanted before it is left alone. */
    private void exchange(int index, Connection connection) throws IOException {
        LoadPayloads payloads = run.lane().payloads();
        for (int i = 0; i < run.scenario().exchanges() && !run.hasFailed(); i++) {
            connection.writeMessage(payloads.message(index, i));
            payloads.wrong(index, i, connection.readMessage()).ifPresent(run::fail);
        }
    }

    /** {@return the number of the message that asks who is alive} */
    private int question() {
        return run.scenario().exchanges();
    }

    private void askAll(List<Connection> connections) throws InterruptedException {
        LoadPayloads payloads = run.scenario().payloads();
        askedNanos = System.nanoTime();
        for (int i = 0; i < connections.size(); i++) {
            try {
                connections.get(i).writeMessage(payloads.message(i, question()));
            } catch (IOException _) {
                // Its listener is told why, and counts.
            }
        }
        if (!answered.await(run.scenario().patience().toNanos(), TimeUnit.NANOSECONDS)) {
            run.fail(answered.getCount() + " of " + connections.size() + " connections did not answer");
        }
    }

    /** One connection. */
    private final class Resting implements Listener {
        private final int index;
        private boolean done;
        private boolean isWrong;

        Resting(int index) {
            this.index = index;
        }

        @Override
        public void onText(Connection connection, MessageView message) {
            onAnswer(connection, MessageType.TEXT, message);
        }

        @Override
        public void onBinary(Connection connection, MessageView message) {
            onAnswer(connection, MessageType.BINARY, message);
        }

        private void onAnswer(Connection connection, MessageType type, MessageView message) {
            LoadLane lane = run.lane();
            long asked = askedNanos;
            if (isWrong) {
                return;
            }
            if (done || asked == 0) {
                wrong(connection, "connection " + index + ": a message came that was not asked for");
            } else if (!lane.payloads().matches(index, question(), type, message.bytes())) {
                wrong(connection, lane.payloads().difference(index, question(), type, message.bytes()));
            } else {
                lane.record(System.nanoTime() - asked);
                alive.incrementAndGet();
                countDown();
            }
        }

        private void wrong(Connection connection, String what) {
            isWrong = true;
            run.fail(what);
            connection.abort();
        }

        private void countDown() {
            if (!done) {
                done = true;
                answered.countDown();
            }
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
                run.fail("connection " + index + ": " + why); // Which is no matter once everything is closed.
            }
            countDown();
        }
    }
}

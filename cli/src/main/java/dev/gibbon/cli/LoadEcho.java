// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import dev.gibbon.CloseCode;
import dev.gibbon.CloseStatus;
import dev.gibbon.Connection;
import dev.gibbon.Listener;
import dev.gibbon.MessageType;
import dev.gibbon.MessageView;
import dev.gibbon.WebSocketException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Messages to and fro: every connection has so many in flight, and replaces each that comes back at once. */
final class LoadEcho {
    private static final int WHOLE_BYTES = 32 * 1024;

    private final LoadRun run;
    private final CountDownLatch ended;
    private volatile boolean overdue;

    private LoadEcho(LoadRun run) {
        this.run = run;
        ended = new CountDownLatch(run.scenario().connections());
    }

    /** Runs the load from the first connection to the last. */
    static void run(LoadRun run, LoadDialing dialing) throws CommandFailedException, InterruptedException {
        List<Connection> connections = dialing.openAll(run.scenario().connections());
        new LoadEcho(run).run(connections);
    }

    private void run(List<Connection> connections) throws CommandFailedException, InterruptedException {
        try {
            for (int i = 0; i < connections.size(); i++) {
                connections.get(i).listen(new Exchange(i));
            }
            run.measure();
            long patience = run.scenario().patience().toNanos();
            if (!run.hasFailed() && !ended.await(patience, TimeUnit.NANOSECONDS)) {
                overdue = true;
                connections.forEach(Connection::abort); // Each tells now what it waits for.
                boolean _ = ended.await(patience, TimeUnit.NANOSECONDS);
            }
        } finally {
            run.giveUp();
            connections.forEach(Connection::abort);
        }
    }

    /** One connection. */
    private final class Exchange implements Listener {
        private final int index;

        /** When each message in flight was sent: a ring, the length of which is a power of two. */
        private final long[] sentNanos;

        private @Nullable LoadLane lane;
        private long sent;
        private long received;
        private boolean isWrong;

        /** How much has come of a message that comes in parts. */
        private int partsBytes;

        Exchange(int index) {
            this.index = index;
            sentNanos = new long[Integer.highestOneBit(2 * run.scenario().depth() - 1)];
        }

        /** Large ones are compared where they lie, as they come: nothing is gained by copying them together. */
        @Override
        public long wholeMessageBytes() {
            return WHOLE_BYTES;
        }

        @Override
        public void onOpen(Connection connection) throws IOException {
            LoadLane own = run.lane();
            lane = own;
            long now = System.nanoTime();
            for (int i = 0; i < run.scenario().depth(); i++) {
                send(connection, own, now);
            }
        }

        @Override
        public void onText(Connection connection, MessageView message) throws IOException {
            onAnswer(connection, MessageType.TEXT, message);
        }

        @Override
        public void onBinary(Connection connection, MessageView message) throws IOException {
            onAnswer(connection, MessageType.BINARY, message);
        }

        private void onAnswer(Connection connection, MessageType type, MessageView message) throws IOException {
            long now = System.nanoTime();
            LoadLane own = own();
            ByteBuffer payload = message.bytes();
            if (isToBeIgnored(connection)) {
                return;
            }
            if (own.payloads().matches(index, received, type, payload)) {
                replace(connection, own, now);
            } else {
                wrong(connection, own.payloads().difference(index, received, type, payload));
            }
        }

        @Override
        public void onPart(Connection connection, MessageView part) throws IOException {
            long now = System.nanoTime();
            LoadLane own = own();
            ByteBuffer bytes = part.bytes();
            if (part.isFirst()) {
                partsBytes = 0;
            }
            if (isToBeIgnored(connection)) {
                return;
            }
            int from = partsBytes;
            partsBytes += bytes.remaining();
            boolean isWhole = !part.isLast() || partsBytes == run.scenario().size();
            if (!isWhole || !own.payloads().matches(index, received, part.type(), from, bytes)) {
                wrong(connection, own.payloads().difference(index, received, part.type(), from, bytes, part.isLast()));
            } else if (part.isLast()) {
                replace(connection, own, now);
            }
        }

        private LoadLane own() {
            LoadLane own = lane;
            if (own == null) {
                throw new IllegalStateException("a message before the connection was open");
            }
            return own;
        }

        private boolean isToBeIgnored(Connection connection) {
            if (!isWrong && received == sent) {
                wrong(connection, "connection " + index + ": a message came that was not asked for");
            }
            return isWrong;
        }

        /** The answer that was due has come, and is right. */
        private void replace(Connection connection, LoadLane own, long now) throws IOException {
            long latency = now - sentNanos[slot(received)];
            received++;
            LoadRun.Phase phase = run.phase();
            if (phase == LoadRun.Phase.OVER) {
                if (received == sent) {
                    connection.close(CloseCode.NORMAL, "");
                }
                return;
            }
            if (phase == LoadRun.Phase.MEASURED) {
                own.record(latency);
            }
            send(connection, own, now);
        }

        private void send(Connection connection, LoadLane own, long now) throws IOException {
            sentNanos[slot(sent)] = now;
            connection.writeMessage(own.payloads().message(index, sent));
            sent++;
        }

        private int slot(long sequence) {
            return (int) sequence & (sentNanos.length - 1);
        }

        private void wrong(Connection connection, String what) {
            isWrong = true;
            run.fail(what);
            connection.abort();
        }

        @Override
        public void onClose(Connection connection, CloseStatus status) {
            end(run.phase() == LoadRun.Phase.OVER, "the server closed it with " + Visible.of(status.toString()));
        }

        @Override
        public void onFailure(Connection connection, WebSocketException failure) {
            end(false, Visible.of(String.valueOf(failure.getMessage())));
        }

        private void end(boolean isClean, String why) {
            long open = sent - received;
            if (!isWrong && (!isClean || open > 0)) {
                String waits = open == 0 ? ": " : ", message " + received + ": no answer, " + open + " outstanding; ";
                run.fail("connection " + index + waits + (overdue ? "nothing came in time" : why));
            }
            ended.countDown();
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import dev.gibbon.Connection;
import dev.gibbon.Dialer;
import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Opens the connections of a load, so many at a time.
 *
 * @param dialers taken in turn, one for each address to connect from
 * @param uri where to
 * @param concurrency how many at a time
 */
record LoadDialing(List<Dialer> dialers, URI uri, int concurrency) {
    private record Failure(int index, IOException cause) {}

    /** What is done with a connection by the thread that opened it, before that opens the next. */
    @FunctionalInterface
    interface FirstUse {
        void of(int index, Connection connection) throws IOException;
    }

    /** What a thread does with one of many. */
    @FunctionalInterface
    interface Work {
        /** {@return whether to go on} */
        boolean done(int index);
    }

    /** {@return a new connection, open} */
    Connection open(int index) throws IOException {
        return dialers.get(index % dialers.size()).dial(uri);
    }

    /**
     * {@return that many open connections}
     *
     * @throws CommandFailedException if one cannot be opened; none is left then
     */
    List<Connection> openAll(int count) throws CommandFailedException, InterruptedException {
        return openAll(count, (_, _) -> {});
    }

    /**
     * {@return that many open connections, each used once}
     *
     * @throws CommandFailedException if one fails; none is left then
     */
    List<Connection> openAll(int count, FirstUse use) throws CommandFailedException, InterruptedException {
        @Nullable Connection[] opened = new Connection[count];
        AtomicReference<@Nullable Failure> failure = new AtomicReference<>();
        forEach(count, index -> {
            try {
                Connection connection = open(index);
                opened[index] = connection;
                use.of(index, connection);
            } catch (IOException e) {
                failure.compareAndSet(null, new Failure(index, e));
            }
            return failure.get() == null;
        });
        List<Connection> open = new ArrayList<>(count);
        for (Connection connection : opened) {
            if (connection != null) {
                open.add(connection);
            }
        }
        Failure first = failure.get();
        if (first != null) {
            open.forEach(Connection::abort);
            throw new CommandFailedException(
                    "connection " + first.index + " of " + count + ": " + explain(first.cause), first.cause);
        }
        return open;
    }

    /** Does the closing handshake with all of them. */
    void closeAll(List<Connection> connections) throws InterruptedException {
        forEach(connections.size(), index -> {
            connections.get(index).close();
            return true;
        });
    }

    /** Does the work for each index below {@code count}, in virtual threads; returns once none of them is left. */
    private void forEach(int count, Work work) throws InterruptedException {
        AtomicInteger next = new AtomicInteger();
        List<Thread> workers = new ArrayList<>();
        for (int i = 0; i < Math.min(concurrency, count); i++) {
            workers.add(Thread.ofVirtual().name("gibbon-load-" + i).start(() -> {
                int index = next.getAndIncrement();
                while (index < count && work.done(index)) {
                    index = next.getAndIncrement();
                }
            }));
        }
        for (Thread worker : workers) {
            worker.join();
        }
    }

    /** {@return why a dial came to nothing, and what helps where that is known} */
    static String explain(IOException failure) {
        String line = Ending.ofDial(failure).line();
        String message = String.valueOf(failure.getMessage());
        if (message.contains("Too many open files")) {
            return line + "; allow more with ulimit -n";
        }
        boolean noPort = message.contains("Cannot assign requested address");
        return noPort ? line + "; more --source addresses have more ports" : line;
    }
}

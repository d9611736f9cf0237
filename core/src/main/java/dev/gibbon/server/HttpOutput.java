// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.server;

import dev.gibbon.connection.Driver;
import dev.gibbon.transport.Stream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * The way out of an {@link HttpConnection}: a handler's thread writes what the stream takes at once, and waits
 * while turns write the rest. One answer at a time.
 */
public final class HttpOutput {
    private final Stream stream;
    private final Driver driver;
    private final AnswerDeadline deadline;

    /** Settles the turn in which something was queued. */
    private final Runnable settle;

    // In a turn only.
    private ByteBuffer @Nullable [] rest;
    private @Nullable Runnable whenSent;

    /** What a handler's thread waits for. */
    private volatile @Nullable CompletableFuture<Boolean> sent;

    private volatile boolean ended;

    HttpOutput(Stream stream, Driver driver, AnswerDeadline deadline, Runnable settle) {
        this.stream = stream;
        this.driver = driver;
        this.deadline = deadline;
        this.settle = settle;
    }

    /**
     * Refuses an answer that comes too late.
     *
     * @throws IOException if the transport has been dropped for that
     */
    void requireInTime() throws IOException {
        deadline.requireInTime();
    }

    /** What is left of an answer has its time anew, since a part of it has left. A handler's thread. */
    void goOn() {
        if (!deadline.isOver()) {
            deadline.arm();
        }
    }

    /**
     * Sends, and waits until all has left. A handler's thread, while nothing else is being sent.
     *
     * @throws InterruptedIOException if the thread is interrupted meanwhile; what it began is still sent whole
     * @throws IOException if the client is gone, or has not taken it in time
     */
    void write(ByteBuffer... answer) throws IOException {
        try {
            send(answer);
        } catch (IOException e) {
            throw deadline.explained(e);
        }
    }

    private void send(ByteBuffer... answer) throws IOException {
        if (take(answer)) {
            return;
        }
        ByteBuffer[] own = copy(answer);
        CompletableFuture<Boolean> done = new CompletableFuture<>();
        sent = done;
        driver.execute(() -> {
            queue(
                    () -> {
                        boolean _ = done.complete(true);
                    },
                    own);
            settle.run();
        });
        if (ended) {
            end();
        }
        try {
            boolean _ = done.get();
        } catch (ExecutionException e) {
            throw new IOException("the client is gone", e.getCause());
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("a response was interrupted while it waited; it is still sent whole");
        }
    }

    /** What the caller may change once its call has returned is ours from now on. */
    private static ByteBuffer[] copy(ByteBuffer... answer) {
        int bytes = 0;
        for (ByteBuffer each : answer) {
            bytes += each.remaining();
        }
        ByteBuffer own = ByteBuffer.allocate(bytes);
        for (ByteBuffer each : answer) {
            own.put(each);
        }
        return new ByteBuffer[] {own.flip()};
    }

    /** {@return whether the stream took all, and the system below it} */
    private boolean take(ByteBuffer... answer) throws IOException {
        int next = 0;
        while (next < answer.length) {
            if (!answer[next].hasRemaining()) {
                next++;
            } else if (stream.write(answer, next, answer.length - next) == 0) {
                return false;
            }
        }
        return stream.flush();
    }

    // ---- Turns

    /** Queues an answer, of which {@code then} is to know that it has left. */
    void queue(Runnable then, ByteBuffer... answer) {
        rest = answer;
        whenSent = then;
    }

    /** {@return whether all has left} */
    boolean allSent() {
        return rest == null;
    }

    /** Runs {@code then} once all has left, now perhaps. */
    void afterAll(Runnable then) {
        Runnable first = whenSent;
        if (rest == null) {
            then.run();
        } else if (first == null) {
            whenSent = then;
        } else {
            whenSent = () -> {
                first.run();
                then.run();
            };
        }
    }

    /** Writes on as far as it goes. */
    void push() throws IOException {
        ByteBuffer[] answer = rest;
        if (answer == null || !take(answer)) {
            return;
        }
        rest = null;
        Runnable then = whenSent;
        whenSent = null;
        if (then != null) {
            then.run();
        }
    }

    /** The transport is gone: nobody waits any more. Any thread. */
    void end() {
        ended = true;
        CompletableFuture<Boolean> waiting = sent;
        if (waiting != null) {
            boolean _ = waiting.completeExceptionally(new ClosedChannelException());
        }
    }
}

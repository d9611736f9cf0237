// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.reconnect;

import dev.gibbon.Connection;
import dev.gibbon.ConnectionClosedException;
import dev.gibbon.TimeSource;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Runs the resume hook of a {@link ReconnectingClient} on a thread of its own: a hook may wait for what cannot
 * come, such as a receipt of the very client, in a way that heeds no interrupt, and then the client must go on
 * without it.
 */
final class ResumeRun {
    private final ReconnectSettings settings;

    /** That of the hook that is waited for; null if none is. */
    private final AtomicReference<@Nullable Thread> thread = new AtomicReference<>();

    ResumeRun(ReconnectSettings settings) {
        this.settings = settings;
    }

    /** {@return whether the hook, or what it calls, is asking} */
    boolean isInside() {
        return Thread.currentThread().equals(thread.get());
    }

    boolean hasThread() {
        return thread.get() != null;
    }

    /**
     * Returns when the hook has returned, or its time is up; then its connection is gone, it is interrupted, and left
     * behind if it does not heed that. An interrupt of the caller goes to the hook.
     */
    void run(Connection connection) throws IOException {
        CompletableFuture<@Nullable Void> end = new CompletableFuture<>();
        Thread hook = Thread.ofVirtual().name("gibbon-resume").unstarted(() -> call(connection, end));
        thread.set(hook);
        TimeSource.Timer timer =
                settings.time().schedule(settings.resumeTimeout(), () -> expire(connection, hook, end));
        hook.start();
        try {
            await(hook, end);
        } finally {
            timer.cancel();
            thread.set(null);
        }
    }

    private void call(Connection connection, CompletableFuture<@Nullable Void> end) {
        try {
            settings.resumeHook().resume(connection);
            end.complete(null);
        } catch (Exception | Error e) { // The application's: the client's own thread decides what becomes of it.
            end.completeExceptionally(e);
        }
    }

    private void expire(Connection connection, Thread hook, CompletableFuture<@Nullable Void> end) {
        String why = "the resume hook did not return in " + settings.resumeTimeout();
        if (end.completeExceptionally(new ConnectionClosedException(why, null, null, null))) {
            connection.abort();
            hook.interrupt();
        }
    }

    private void await(Thread hook, CompletableFuture<@Nullable Void> end) throws IOException {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    end.get();
                    return;
                } catch (InterruptedException _) {
                    interrupted = true;
                    hook.interrupt();
                }
            }
        } catch (ExecutionException e) {
            throw rethrown(e.getCause());
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Throws what the hook threw. */
    private static IOException rethrown(@Nullable Throwable thrown) {
        return switch (thrown) {
            case IOException e -> e;
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            case null, default -> new IOException("the resume hook threw", thrown);
        };
    }
}

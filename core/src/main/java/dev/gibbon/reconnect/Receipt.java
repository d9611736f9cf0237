// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.reconnect;

import dev.gibbon.Connection;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** The receipt of a message. Like those that depend on it, it refuses to be waited for on an event loop's thread. */
final class Receipt<T extends @Nullable Object> extends CompletableFuture<T> {
    private static final String WHAT = " on the receipt of a message";
    private static final String REMEDY = "use whenComplete or thenAccept, or wait on a thread of your own";

    /** Refuses a call that may wait on the thread of an event loop, which serves other connections too. */
    static void mayWait(String call, String remedy) {
        if (Connection.isLoopThread()) {
            throw new IllegalStateException(call + " may wait, and "
                    + Thread.currentThread().getName() + " must not, since it serves other connections too: " + remedy);
        }
    }

    @Override
    public <U extends @Nullable Object> CompletableFuture<U> newIncompleteFuture() {
        return new Receipt<>();
    }

    private void mayWait(String call) {
        if (!isDone()) {
            mayWait(call + WHAT, REMEDY);
        }
    }

    @Override
    public T get() throws InterruptedException, ExecutionException {
        mayWait("get");
        return super.get();
    }

    @Override
    public T get(long timeout, TimeUnit unit) throws InterruptedException, ExecutionException, TimeoutException {
        mayWait("get");
        return super.get(timeout, unit);
    }

    @Override
    public T join() {
        mayWait("join");
        return super.join();
    }
}

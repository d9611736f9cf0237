// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** A future that, like those that depend on it, refuses to be waited for on the thread of an event loop. */
public final class Promise<T extends @Nullable Object> extends CompletableFuture<T> {
    private static final String REMEDY = "use whenComplete or thenAccept, or wait on a thread of your own";

    /** What the result belongs to. */
    private final String what;

    Promise(String what) {
        this.what = what;
    }

    @Override
    public <U extends @Nullable Object> CompletableFuture<U> newIncompleteFuture() {
        return new Promise<>(what);
    }

    private void mayWait(String call) {
        if (!isDone()) {
            LoopGuard.mayWait(call + " on " + what, REMEDY);
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

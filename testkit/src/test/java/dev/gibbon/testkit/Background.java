// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;

/** Something that goes on in a virtual thread beside a test. */
record Background<T>(FutureTask<T> task, Thread thread) {
    static <T> Background<T> start(Callable<T> work) {
        FutureTask<T> task = new FutureTask<>(work);
        return new Background<>(task, Thread.startVirtualThread(task));
    }

    T result() throws Exception {
        return task.get(5, TimeUnit.SECONDS);
    }

    Throwable failure() throws Exception {
        try {
            throw new AssertionError("ended with " + result());
        } catch (ExecutionException e) {
            return e.getCause();
        }
    }
}

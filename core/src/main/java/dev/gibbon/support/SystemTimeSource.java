// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.support;

import dev.gibbon.TimeSource;
import java.time.Duration;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * The machine's monotonic clock, and timers on one daemon platform
 * thread that ends when it has had nothing to do for a while.
 */
public final class SystemTimeSource implements TimeSource {
    private static final long IDLE_SECONDS = 5;

    private final ScheduledThreadPoolExecutor timers;

    /**
     * Starts no thread until the first timer is set. A platform
     * thread, so that busy virtual threads cannot hold timers up.
     */
    public SystemTimeSource() {
        timers = new ScheduledThreadPoolExecutor(
                1, Thread.ofPlatform().name("gibbon-timer").daemon().factory());
        timers.setRemoveOnCancelPolicy(true);
        timers.setKeepAliveTime(IDLE_SECONDS, TimeUnit.SECONDS);
        timers.allowCoreThreadTimeOut(true);
    }

    /** From now on the thread ends as soon as no timer is set. */
    public void endWhenIdle() {
        timers.setKeepAliveTime(1, TimeUnit.MILLISECONDS);
    }

    @Override
    public long nanoTime() {
        return System.nanoTime();
    }

    @Override
    public Timer schedule(Duration delay, Runnable task) {
        ScheduledFuture<?> future = timers.schedule(task, delay.toNanos(), TimeUnit.NANOSECONDS);
        return () -> future.cancel(false);
    }
}

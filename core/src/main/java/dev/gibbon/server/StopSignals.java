// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.server;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Ends a server well when a signal stops the program: Ctrl-C, SIGTERM, a hang-up. */
public final class StopSignals {
    private static final long LOOK_MILLIS = 50;

    /** As a shell says it of a program that Ctrl-C ended. */
    private static final int SIGNALLED = 130;

    /** How long the thread that waited for the signal may go on. */
    private static final Duration AFTERWARDS = Duration.ofSeconds(5);

    /** Waits for the end of what a signal, or anything else, stops. */
    @FunctionalInterface
    public interface End {
        void await() throws InterruptedException;
    }

    private StopSignals() {}

    /**
     * Waits for {@code end}, and has {@code stop} bring it about at the first signal; the second ends the program at
     * once. The JVM by itself would let any further signal wait for the end of what the first began. Afterwards the
     * JVM waits for the calling thread to end, for a moment.
     *
     * @param stop ends everything gracefully
     * @throws InterruptedException if interrupted meanwhile; signals are no more looked at then
     * @throws IllegalStateException if the JVM ends already
     */
    public static void await(Runnable stop, End end) throws InterruptedException {
        Thread caller = Thread.currentThread();
        Thread hook = Thread.ofPlatform().name("gibbon-stop").unstarted(() -> stop(stop, caller));
        Runtime.getRuntime().addShutdownHook(hook);
        try {
            end.await();
        } finally {
            forget(hook);
        }
    }

    private static void forget(Thread hook) {
        try {
            boolean _ = Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException _) {
            // It runs: the end is its.
        }
    }

    private static void stop(Runnable stop, Thread caller) {
        CountDownLatch stopped = new CountDownLatch(1);
        Thread _ = Thread.ofPlatform().name("gibbon-second-signal").daemon().start(() -> watchForSecond(stopped));
        try {
            stop.run();
            boolean _ = caller.join(AFTERWARDS);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        } finally {
            stopped.countDown();
        }
    }

    /**
     * Looks for the threads in which the JVM handles signals, one for each: the first waits for our shutdown hook, and
     * a second one for the first. There is no supported way to be told of a signal. Should the threads be named
     * otherwise one day, the second signal does nothing and the shutdown timeout still ends the program.
     */
    private static void watchForSecond(CountDownLatch stopped) {
        try {
            while (!stopped.await(LOOK_MILLIS, TimeUnit.MILLISECONDS)) {
                long signals = Thread.getAllStackTraces().keySet().stream()
                        .filter(thread -> thread.getName().matches("SIG(INT|TERM|HUP) handler"))
                        .count();
                if (signals > 1) {
                    Runtime.getRuntime().halt(SIGNALLED);
                }
            }
        } catch (InterruptedException _) {
            // Nobody does; and then the first signal's end is all there is.
            Thread.currentThread().interrupt();
        }
    }
}

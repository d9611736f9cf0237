// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Ends the program well when a signal stops it: Ctrl-C, SIGTERM, a hang-up. */
final class StopSignals {
    private static final long LOOK_MILLIS = 50;
    private static final int SIGNALLED = 130; // As a shell says it of a program that Ctrl-C ended.

    private StopSignals() {}

    /**
     * Runs {@code stop} at the first signal and then exits with 0; exits at once at the second. The JVM by itself would
     * exit with 130 or 143, and would let any further signal wait for the end of what the first began.
     *
     * @param stop ends everything gracefully, and flushes what it has to say
     */
    static void onFirst(Runnable stop) {
        Runtime.getRuntime()
                .addShutdownHook(Thread.ofPlatform().name("gibbon-stop").unstarted(() -> {
                    CountDownLatch stopped = new CountDownLatch(1);
                    Thread _ = Thread.ofPlatform()
                            .name("gibbon-second-signal")
                            .daemon()
                            .start(() -> watchForSecond(stopped));
                    int status = Main.FAILED;
                    try {
                        stop.run();
                        status = Main.OK;
                    } finally {
                        stopped.countDown();
                        // The status of an exit under way cannot be changed; a halt has its own.
                        // Nothing else is left to be done.
                        Runtime.getRuntime().halt(status);
                    }
                }));
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
            Thread.currentThread().interrupt(); // Nobody does; and then the first signal's end is all there is.
        }
    }
}

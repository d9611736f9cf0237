// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

/**
 * Knows the threads that run turns, and refuses calls there that may wait: all the connections that such a thread
 * serves would wait with it. They are refused also when they would not wait this time, so that the mistake is seen
 * with the first call and not under load.
 */
public final class LoopGuard {
    /** Bound while a thread of a host runs a turn. */
    private static final ScopedValue<Loop> IN_TURN = ScopedValue.newInstance();

    private LoopGuard() {}

    /** {@return what runs a turn of {@code loop} on a thread that is no {@link LoopThread}} */
    public static ScopedValue.Carrier turnsOf(Loop loop) {
        return ScopedValue.where(IN_TURN, loop);
    }

    /** {@return whether the calling thread runs turns, of whichever connection: it must not wait} */
    public static boolean isLoopThread() {
        return Thread.currentThread() instanceof LoopThread || IN_TURN.isBound();
    }

    /**
     * Lets the call go on, unless this is a loop's thread.
     *
     * @param call what is called, as the caller knows it
     * @param remedy what to do instead
     * @throws IllegalStateException if this is a loop's thread
     */
    public static void mayWait(String call, String remedy) {
        if (isLoopThread()) {
            throw new IllegalStateException(call + " may wait, and "
                    + Thread.currentThread().getName() + " must not, since it serves other connections too: " + remedy);
        }
    }
}

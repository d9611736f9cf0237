// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

/**
 * Refuses calls that may wait, on the thread of an event loop: all the connections
 * that it serves would wait with it. They are refused also when they would not wait
 * this time, so that the mistake is seen with the first call and not under load.
 */
final class LoopGuard {
    private LoopGuard() {}

    /**
     * Lets the call go on, unless this is a loop's thread.
     *
     * @param call what is called, as the caller knows it
     * @param remedy what to do instead
     * @throws IllegalStateException if this is a loop's thread
     */
    static void mayWait(String call, String remedy) {
        if (EventLoop.isLoopThread()) {
            throw new IllegalStateException(call + " may wait, and "
                    + Thread.currentThread().getName() + " must not, since it serves other connections too: " + remedy);
        }
    }
}

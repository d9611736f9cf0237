// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.loop;

/**
 * The engine of all connections over transports of the caller's: one timer thread and one set of buffers for the
 * process instead of each connection. It is made when the first is opened; its thread ends when it has had nothing to
 * do for a while.
 */
public final class SharedEngine {
    /** Loaded with the first use, which a field of the other class would not wait for. */
    private static final class Holder {
        static final LoopEngine ENGINE = LoopEngine.onSystem();

        private Holder() {}
    }

    private SharedEngine() {}

    public static LoopEngine engine() {
        return Holder.ENGINE;
    }
}

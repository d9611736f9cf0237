// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.protocol;

/**
 * Counts Ping and Pong frames against an allowance that refills
 * steadily (a token bucket that holds one minute's worth).
 */
final class ControlFrameBudget {
    private static final long MINUTE_NANOS = 60_000_000_000L;

    private final int perMinute;
    private final long nanosPerFrame;

    /** When the allowance will be full again, on the caller's clock; each frame pushes it back. */
    private long fullAt;

    private boolean started;

    ControlFrameBudget(int perMinute) {
        this.perMinute = perMinute;
        this.nanosPerFrame = MINUTE_NANOS / perMinute;
    }

    /** Takes one frame from the allowance; false if there is none left. */
    boolean take(long now) {
        if (!started || fullAt - now < 0) {
            started = true;
            fullAt = now;
        }
        fullAt += nanosPerFrame;
        return fullAt - now <= nanosPerFrame * perMinute;
    }
}

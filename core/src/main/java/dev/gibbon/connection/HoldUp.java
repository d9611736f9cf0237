// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Whether the application holds up one loop. The loop's thread notes where each call of the application's code begins
 * and ends, which costs it no look at a clock; {@link #look} compares from outside. What the library itself does
 * between the calls is nobody's fault.
 */
public final class HoldUp {
    /** Code that is called for a connection. */
    interface Code {
        Object code();

        WebSocketConnection connection();
    }

    /** How long a call may take before a line of the log names it. */
    private static final long TOO_LONG_NANOS = 500_000_000;

    private static final long NANOS_PER_MILLI = 1_000_000;

    /** Beginnings and ends so far: odd during a call. Written by the loop's thread. */
    private final AtomicLong bounds = new AtomicLong();

    private final AtomicReference<@Nullable Object> called = new AtomicReference<>();

    // One look at a time.
    private long seen;
    private long since;
    private boolean named;

    /**
     * The application's code is about to be called. Loop's thread.
     *
     * @param code the application's, or one of our own that calls it for a connection
     */
    public void begin(Object code) {
        called.setPlain(code);
        bounds.setRelease(bounds.getPlain() + 1);
    }

    /** It has returned or thrown. Loop's thread. */
    public void end() {
        bounds.setRelease(bounds.getPlain() + 1);
    }

    /** Names the code that is in the same call as half a second ago, once for each call. */
    public void look(long now, Thread thread, Observers observers) {
        long count = bounds.getAcquire();
        if (count != seen || (count & 1) == 0) {
            seen = count;
            since = now;
            named = false;
        } else if (!named && now - since >= TOO_LONG_NANOS) {
            named = true;
            Object code = called.getPlain();
            WebSocketConnection connection = null;
            if (code instanceof Code known) {
                connection = known.connection();
                code = known.code();
            }
            Throwable at = new Throwable("the loop is here");
            at.setStackTrace(thread.getStackTrace());
            boolean over = bounds.getAcquire() != count; // Then the stack is another call's, or nobody's.
            String who = code == null ? "the application" : code.getClass().getName();
            String line = who + (over ? " has held up " : " holds up ") + thread.getName() + " for "
                    + (now - since) / NANOS_PER_MILLI + " ms: a listener must not block"
                    + (connection == null ? "" : "; " + connection);
            observers.log().warn(line, over ? null : at);
            if (code != null) {
                observers.slow(connection, code, Duration.ofNanos(now - since));
            }
        }
    }
}

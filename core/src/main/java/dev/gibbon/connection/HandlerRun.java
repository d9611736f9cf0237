// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import dev.gibbon.CloseCode;
import dev.gibbon.CloseStatus;
import dev.gibbon.Connection;
import dev.gibbon.ConnectionState;
import dev.gibbon.TimeSource;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The run of a handler whose request has become a WebSocket. A {@link Connection#close()} on the handler's own thread
 * may be the work of a try-with-resources block that an exception is leaving, which nobody can see at that moment. So
 * its Close frame is put off until the handler has ended, when it is known whether it ended well (1000) or by an
 * exception (1011). Any thread.
 */
public final class HandlerRun {
    /** How long a Close frame is put off at most: an exception takes microseconds, a handler may have more to do. */
    private static final Duration AT_MOST = Duration.ofSeconds(1);

    private enum Close {
        NOT_ASKED,
        PUT_OFF,
        /** Somebody sends the Close frame, or has. */
        TAKEN
    }

    private final Thread thread = Thread.currentThread();
    private final TimeSource time;
    private final AtomicReference<Close> close = new AtomicReference<>(Close.NOT_ASKED);

    /** Ends the putting off; cancelled before that, so that it does not hold the connection. */
    private volatile TimeSource.@Nullable Timer timer;

    /** The run of a handler on the calling thread. */
    public HandlerRun(TimeSource time) {
        this.time = time;
    }

    /** A handler, which may have had no run, has ended: what it has put off is made up for now. */
    static void ended(@Nullable HandlerRun run, WebSocketConnection connection, @Nullable Throwable thrown) {
        boolean putOff = run != null && run.take();
        if (thrown != null) {
            ApplicationFaults.handlerThrew(connection, "a handler", thrown);
        } else if (putOff) {
            connection.close(CloseCode.NORMAL, "");
        }
    }

    boolean isOnThread() {
        return Thread.currentThread() == thread;
    }

    /**
     * Puts off the Close frame of a connection that the handler's own thread closes.
     *
     * @return whether there is nothing left to do now
     */
    boolean putsOffClose(WebSocketConnection connection) {
        Lifecycle lifecycle = connection.lifecycle();
        if (!isOnThread() || lifecycle.state() != ConnectionState.OPEN) {
            return false;
        }
        try {
            connection.sender().delivery().flush();
        } catch (IOException _) {
            return true; // The connection was lost meanwhile, and everything is taken down.
        }
        return putOff(() -> lifecycle.closeLater(new CloseStatus(CloseCode.NORMAL, ""), null));
    }

    /** {@return whether the Close frame is put off from now on} {@code later} sends it if nothing else does in time. */
    private boolean putOff(Runnable later) {
        if (!close.compareAndSet(Close.NOT_ASKED, Close.PUT_OFF)) {
            return false;
        }
        timer = time.schedule(AT_MOST, () -> {
            if (take()) {
                later.run();
            }
        });
        return true;
    }

    boolean isPutOff() {
        return close.get() == Close.PUT_OFF;
    }

    /** {@return whether there was a Close frame put off, which the caller has to send now} */
    boolean take() {
        if (!close.compareAndSet(Close.PUT_OFF, Close.TAKEN)) {
            return false;
        }
        TimeSource.Timer ending = timer;
        if (ending != null) {
            ending.cancel();
        }
        return true;
    }
}

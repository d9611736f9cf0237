// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.server;

import dev.gibbon.TimeSource;
import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Until when the next request has to be answered, from the moment on that the transport was accepted or the last
 * answer left. Any thread.
 */
final class AnswerDeadline {
    private final TimeSource time;
    private final Duration timeout;

    /** Drops the transport. */
    private final Runnable drop;

    private volatile TimeSource.@Nullable Timer timer;
    private volatile boolean over;

    AnswerDeadline(TimeSource time, Duration timeout, Runnable drop) {
        this.time = time;
        this.timeout = timeout;
        this.drop = drop;
    }

    /** The time begins anew. */
    void arm() {
        disarm();
        timer = time.schedule(timeout, this::pass);
    }

    void disarm() {
        TimeSource.Timer known = timer;
        if (known != null) {
            known.cancel();
            timer = null;
        }
    }

    private void pass() {
        over = true;
        drop.run();
    }

    /** {@return whether the time is up, and the transport dropped for that} */
    boolean isOver() {
        return over;
    }

    /**
     * Refuses an answer that comes too late.
     *
     * @throws IOException if the transport has been dropped for that
     */
    void requireInTime() throws IOException {
        if (over) {
            throw new IOException("the handler has not answered within the handshake timeout of " + timeout
                    + ", and the transport was dropped");
        }
    }

    /** {@return why an answer could not be written, where that is the time} */
    IOException explained(IOException thrown) {
        return over
                ? new IOException(
                        "the client has not taken the answer within the handshake timeout of " + timeout, thrown)
                : thrown;
    }
}

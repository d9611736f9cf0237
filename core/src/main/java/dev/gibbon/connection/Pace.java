// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import dev.gibbon.ProtocolException;
import dev.gibbon.TimeSource;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Has the messages of a connection come no faster than its quotas allow: each takes its place before its first byte is
 * looked at, and waits for it. In a turn only.
 */
final class Pace {
    private final WebSocketConnection connection;
    private final List<MessageQuota> quotas;
    private final TimeSource time;

    /** In how many of them the next message has its place, and when the last of these is. */
    private int placed;

    private long due;
    private TimeSource.@Nullable Timer timer;
    private boolean told;

    Pace(WebSocketConnection connection, List<MessageQuota> quotas) {
        this.connection = connection;
        this.quotas = quotas;
        this.time = connection.engine().time();
    }

    /**
     * {@return whether the next message, which is there, has to wait} If not, it has begun. If so, the connection looks
     * again when its time has come.
     *
     * @throws ProtocolException with 1008 if the connection is to be closed instead
     */
    boolean waits() throws ProtocolException {
        long now = time.nanoTime();
        if (placed == 0) {
            due = now;
        }
        while (placed < quotas.size()) {
            MessageQuota quota = quotas.get(placed);
            long at = now + quota.reserve(now);
            placed++;
            if (at - due > 0) {
                due = at;
                tell(quota, now);
            }
        }
        if (due - now > 0) {
            if (timer == null) {
                timer = time.schedule(
                        Duration.ofNanos(due - now), () -> connection.driver().execute(this::lookAgain));
            }
            return true;
        }
        placed = 0;
        cancel();
        return false;
    }

    /** A part of a message has come. */
    void spend(int bytes) {
        long now = time.nanoTime();
        for (MessageQuota quota : quotas) {
            quota.spend(now, bytes);
        }
    }

    /** Says so once for each connection: somebody may wonder why it is slow. */
    private void tell(MessageQuota quota, long now) {
        if (!told) {
            told = true;
            connection
                    .engine()
                    .refusals()
                    .log("messages are read later", quota.excess(now), connection.peerAddress(), connection.path());
        }
    }

    private void lookAgain() {
        timer = null;
        connection.turn().resume();
    }

    /** No message comes any more. */
    void end() {
        cancel();
        for (MessageQuota quota : quotas.subList(0, placed)) {
            quota.giveBack();
        }
        placed = 0;
    }

    private void cancel() {
        if (timer != null) {
            timer.cancel();
            timer = null;
        }
    }
}

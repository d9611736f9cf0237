// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import dev.gibbon.CloseCode;
import dev.gibbon.CloseStatus;
import dev.gibbon.ConnectionClosedException;
import dev.gibbon.ConnectionOptions;
import dev.gibbon.ConnectionState;
import dev.gibbon.WriteTimeoutException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What the engine's tick checks of one connection: silence, a stalled write, a
 * message that does not end, keepalive. It compares counters with those of the tick
 * before, so reads and writes never look at the clock for it. Tick thread only.
 */
public final class Watch implements Ticks.Member {
    private final WebSocketConnection connection;
    private final ConnectionOptions options;

    /** Where the round of the ticks has this; guarded by the lock of that. */
    private int place;

    private long reads;
    private long lastRead;
    private long bytesWritten;
    private long lastWrite;
    private long waitingSince;
    private Input.Waiting waiting = Input.Waiting.NO;
    private boolean writing;
    private long lastPing;
    private boolean pinged;

    /** Made when a message is first found begun and not whole, which on most connections none ever is. */
    private @Nullable MessageWatch message;

    /** When the connection may first be found at fault; all that is measured starts here. */
    Watch(WebSocketConnection connection, ConnectionOptions options, long now) {
        this.connection = connection;
        this.options = options;
        lastRead = now;
        lastWrite = now;
        waitingSince = now;
        lastPing = now;
    }

    @Override
    public Duration shortestTimeout() {
        Duration shortest = options.writeTimeout();
        shortest = min(shortest, options.messageTimeout());
        shortest = min(shortest, options.messageStallTimeout());
        shortest = min(shortest, options.idleTimeout().orElse(shortest));
        shortest = min(shortest, options.pingInterval().orElse(shortest));
        return options.pingInterval().isPresent() ? min(shortest, options.pingTimeout()) : shortest;
    }

    private static Duration min(Duration a, Duration b) {
        return a.compareTo(b) < 0 ? a : b;
    }

    private void close(CloseCode code, String why) {
        ConnectionClosedException problem = new ConnectionClosedException(why, new CloseStatus(code, ""), null, null);
        connection.lifecycle().closeLater(connection.lifecycle().refusal(code, problem), problem);
    }

    @Override
    public String toString() {
        return connection.turn().toString();
    }

    @Override
    public int place() {
        return place;
    }

    @Override
    public void place(int changed) {
        place = changed;
    }

    @Override
    public void broken(Throwable defect) {
        connection.lifecycle().lost(defect);
    }

    @Override
    public void tick(long now) {
        if (writeStalled(now)) {
            connection.lifecycle().drop(new WriteTimeoutException("no 1 KiB was written in " + options.writeTimeout()));
            return;
        }
        noteReads(now);
        if (connection.state() != ConnectionState.OPEN) {
            return; // The closing handshake has its own deadline.
        }
        String slow = slowMessage(now);
        if (slow != null) {
            close(CloseCode.POLICY_VIOLATION, slow);
        } else if (silentFor(options.idleTimeout().orElse(null), now)) {
            close(
                    CloseCode.GOING_AWAY,
                    "nothing came in " + options.idleTimeout().orElseThrow());
        } else {
            keepAlive(now);
        }
    }

    private boolean writeStalled(long now) {
        boolean wasWriting = writing;
        writing = connection.sender().output().writing();
        long total = connection.sender().output().bytesWritten();
        if (!writing || !wasWriting || total - bytesWritten >= 1024) {
            bytesWritten = total;
            lastWrite = now;
        }
        return writing && passed(options.writeTimeout(), lastWrite, now);
    }

    private void noteReads(long now) {
        Input.Waiting isWaiting = connection.input().waiting();
        long isReads = connection.input().reads();
        if (isReads != reads) {
            reads = isReads;
            lastRead = now;
            pinged = false;
        }
        if (isWaiting != waiting) {
            waiting = isWaiting;
            waitingSince = now;
        }
    }

    /** {@return what is wrong with how the rest of a message comes in; null if nothing is} */
    private @Nullable String slowMessage(long now) {
        MessageWatch known = message;
        if (known == null && waiting == Input.Waiting.FOR_THE_REST_OF_A_MESSAGE) {
            known = new MessageWatch(options);
            message = known;
        }
        return known == null ? null : known.fault(connection.input(), now);
    }

    /** Silence counts only while somebody waits for it to end: what lies unread in the socket is no silence. */
    private boolean silentFor(@Nullable Duration timeout, long now) {
        return timeout != null
                && waiting != Input.Waiting.NO
                && passed(timeout, lastRead, now)
                && passed(timeout, waitingSince, now);
    }

    private void keepAlive(long now) {
        Duration interval = options.pingInterval().orElse(null);
        if (interval == null) {
            return;
        }
        if (pinged && passed(options.pingTimeout(), lastPing, now) && silentFor(options.pingTimeout(), now)) {
            CloseStatus status = new CloseStatus(CloseCode.INTERNAL_ERROR, "");
            String why = "no answer to a Ping in " + options.pingTimeout();
            connection.lifecycle().giveUp(status, new ConnectionClosedException(why, status, null, null));
            // Where nobody takes what comes no Pong is seen, but a peer that has left makes the
            // next Ping's write fail.
        } else if ((!pinged || waiting == Input.Waiting.NO) && passed(interval, lastPing, now)) {
            pinged = true;
            lastPing = now;
            connection.controlFrames().pingLater();
        }
    }

    private static boolean passed(Duration timeout, long since, long now) {
        return now - since >= timeout.toNanos();
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import dev.gibbon.CloseStatus;
import dev.gibbon.ConnectionObserver;
import dev.gibbon.ConnectionObserver.End;
import dev.gibbon.MessageType;
import dev.gibbon.WebSocketException;
import dev.gibbon.frame.Opcode;
import dev.gibbon.protocol.ClosingHandshake;
import dev.gibbon.support.LimitedLog;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/** What is counted of a connection that somebody observes; those that nobody does have none. */
final class Observed {
    private final WebSocketConnection connection;
    private final ConnectionObserver[] observers;
    private final LimitedLog log;
    private final long openedAt;

    // Turns only.
    private long messagesReceived;
    private long bytesReceived;

    /** Of the message that is coming. */
    private long coming;

    private final AtomicLong messagesSent = new AtomicLong();
    private final AtomicLong bytesSent = new AtomicLong();

    /** What waits to be sent, if observers are to be told of it; 0 for nothing. */
    private final AtomicLong highWater = new AtomicLong();

    /** How much they know of. Written under the send lock, and by turns once all of it has left. */
    private volatile long toldHighWater;

    private volatile boolean dropped;

    Observed(WebSocketConnection connection, ConnectionObserver[] observers, LimitedLog log, long now) {
        this.connection = connection;
        this.observers = observers;
        this.log = log;
        this.openedAt = now;
    }

    void opened() {
        each(observer -> observer.opened(connection));
    }

    /** A part of a message has come. In a turn. */
    void received(MessageType type, int bytes, boolean last) {
        coming += bytes;
        if (last) {
            long all = coming;
            coming = 0;
            messagesReceived++;
            bytesReceived += all;
            tellReceived(type, all);
        }
    }

    /** A message is queued, all of it. Any thread, without the send lock. */
    void sent(Opcode opcode, long bytes) {
        messagesSent.incrementAndGet();
        bytesSent.addAndGet(bytes);
        tellSent(opcode == Opcode.TEXT ? MessageType.TEXT : MessageType.BINARY, bytes);
        tellHighWater();
    }

    private void each(Consumer<ConnectionObserver> call) {
        Observers.each(observers, log, connection, call);
    }

    /** Without an object for the call: there are many. */
    private void tellReceived(MessageType type, long bytes) {
        for (ConnectionObserver observer : observers) {
            try {
                observer.messageReceived(connection, type, bytes);
            } catch (RuntimeException | Error e) {
                Observers.threw(observer, log, connection, e);
            }
        }
    }

    /** The same. */
    private void tellSent(MessageType type, long bytes) {
        for (ConnectionObserver observer : observers) {
            try {
                observer.messageSent(connection, type, bytes);
            } catch (RuntimeException | Error e) {
                Observers.threw(observer, log, connection, e);
            }
        }
    }

    /** A Pong has come. In a turn. */
    void pinged(long nanos) {
        Duration roundTrip = Duration.ofNanos(nanos);
        each(observer -> observer.pinged(connection, roundTrip));
    }

    void broadcastMissed() {
        each(observer -> observer.broadcastMissed(connection));
        tellHighWater();
    }

    /** So much waits to be sent that no more is read. Under the send lock: the caller tells, behind its message. */
    void congestedLocked(long bytes) {
        long known = toldHighWater;
        if (known == 0 || bytes / 2 >= known) {
            toldHighWater = bytes;
            highWater.set(bytes);
        }
    }

    /** Tells what was noted under the send lock. */
    private void tellHighWater() {
        long bytes = highWater.getPlain() == 0 ? 0 : highWater.getAndSet(0);
        if (bytes != 0) {
            each(observer -> observer.queueHighWater(connection, bytes));
        }
    }

    /** All of it has left. In a turn. */
    void relieved() {
        toldHighWater = 0;
    }

    /** This side takes the transport down. Any thread. */
    void dropped() {
        dropped = true;
    }

    /** The last call. In a turn. */
    void closed() {
        ClosingHandshake.Progress progress = connection.lifecycle().closing().progress();
        CloseStatus sent = progress.sent();
        CloseStatus received = progress.received();
        Ended end;
        if (received != null && progress.receivedFirst()) {
            end = ended(End.By.PEER, received, progress.complete());
        } else if (sent != null) {
            end = ended(End.By.THIS_SIDE, sent, progress.complete());
        } else {
            end = ended(dropped ? End.By.THIS_SIDE : End.By.NOBODY, CloseStatus.LOST, false);
        }
        each(observer -> observer.closed(connection, end));
    }

    private Ended ended(End.By by, CloseStatus status, boolean clean) {
        return new Ended(
                by,
                status,
                clean,
                Optional.ofNullable(connection.lifecycle().failure()),
                Duration.ofNanos(connection.engine().time().nanoTime() - openedAt),
                messagesReceived,
                bytesReceived,
                messagesSent.get(),
                bytesSent.get());
    }

    private record Ended(
            End.By by,
            CloseStatus status,
            boolean isClean,
            Optional<WebSocketException> failure,
            Duration duration,
            long messagesReceived,
            long bytesReceived,
            long messagesSent,
            long bytesSent)
            implements End {}
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import dev.gibbon.Connection;
import dev.gibbon.ConnectionObserver;
import dev.gibbon.ConnectionObserver.Refusal;
import dev.gibbon.MessageType;
import dev.gibbon.support.LimitedLog;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Those who are told what happens to the connections of an engine: what the application has set, and a recorder that
 * is switched on and off from outside. What one of them throws reaches nobody but the log. Any thread.
 */
public final class Observers {
    /** Records at times. It is told of what happens also while it is off. */
    public interface Recorder extends ConnectionObserver {
        /** {@return whether connections that open now are to be observed for its sake} Cheap. */
        boolean isOn();
    }

    private final ConnectionObserver[] all;
    private final boolean always;
    private final @Nullable Recorder recorder;
    private final LimitedLog log;

    /** Those that the application has set, and a recorder, if there is one. */
    public Observers(List<ConnectionObserver> set, @Nullable Recorder recorder, LimitedLog log) {
        int count = set.size();
        this.all = set.toArray(new ConnectionObserver[count + (recorder == null ? 0 : 1)]);
        if (recorder != null) {
            all[count] = recorder;
        }
        this.always = count > 0;
        this.recorder = recorder;
        this.log = log;
    }

    LimitedLog log() {
        return log;
    }

    /** {@return what observes a connection that opens now; null if nobody does} */
    @Nullable
    Observed of(WebSocketConnection connection) {
        return isOn()
                ? new Observed(connection, this, connection.engine().time().nanoTime())
                : null;
    }

    /** {@return whether anybody observes now} */
    public boolean isOn() {
        return always || (recorder != null && recorder.isOn());
    }

    void opened(WebSocketConnection connection) {
        each(connection, observer -> observer.opened(connection));
    }

    /** Without an object for the call: there are many. */
    void received(WebSocketConnection connection, MessageType type, long bytes) {
        for (ConnectionObserver observer : all) {
            try {
                observer.messageReceived(connection, type, bytes);
            } catch (RuntimeException | Error e) {
                threw(observer, connection, e);
            }
        }
    }

    /** The same. */
    void sent(WebSocketConnection connection, MessageType type, long bytes) {
        for (ConnectionObserver observer : all) {
            try {
                observer.messageSent(connection, type, bytes);
            } catch (RuntimeException | Error e) {
                threw(observer, connection, e);
            }
        }
    }

    void refused(Refusal.Kind kind, int status, String reason, String path, Optional<SocketAddress> peer) {
        if (isOn()) {
            Refusal refusal = new Refused(kind, status, reason, path, peer);
            each(refusal, observer -> observer.refused(refusal));
        }
    }

    void slow(@Nullable Connection connection, Object code, Duration soFar) {
        each(code, observer -> observer.slowListener(connection, code, soFar));
    }

    /**
     * Code of the application has thrown.
     *
     * @param on the connection or request that it served
     */
    void applicationThrew(Object on, Throwable thrown) {
        Connection connection = on instanceof Connection known ? known : null;
        each(on, observer -> observer.applicationThrew(connection, thrown));
    }

    /** Calls all of them. */
    void each(Object on, Consumer<ConnectionObserver> call) {
        for (ConnectionObserver observer : all) {
            try {
                call.accept(observer);
            } catch (RuntimeException | Error e) {
                threw(observer, on, e);
            }
        }
    }

    private void threw(ConnectionObserver observer, Object on, Throwable thrown) {
        log.applicationThrew("the observer " + ApplicationFaults.nameOf(observer), on, thrown);
    }

    private record Refused(
            Refusal.Kind kind, int status, String reason, String path, Optional<SocketAddress> peerAddress)
            implements Refusal {}
}

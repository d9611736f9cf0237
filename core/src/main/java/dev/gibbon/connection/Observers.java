// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import dev.gibbon.Connection;
import dev.gibbon.ConnectionObserver;
import dev.gibbon.ConnectionObserver.Refusal;
import dev.gibbon.support.LimitedLog;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Those who are told what happens to the connections of an engine: what the application has set, and a recorder that
 * is switched on and off from outside. What one of them throws reaches nobody but the log. Any thread.
 */
public final class Observers {
    /** Records at times, and is told of nothing at others: of no connection that has opened then. */
    public interface Recorder extends ConnectionObserver {
        /** {@return whether it records now} Cheap. */
        boolean isOn();
    }

    private final ConnectionObserver[] set;

    /** The same, and the recorder, if there is one. */
    private final ConnectionObserver[] all;

    private final @Nullable Recorder recorder;
    private final LimitedLog log;

    /** Those that the application has set, and a recorder, if there is one. */
    public Observers(List<ConnectionObserver> set, @Nullable Recorder recorder, LimitedLog log) {
        this.set = set.toArray(new ConnectionObserver[0]);
        this.all = Arrays.copyOf(this.set, set.size() + (recorder == null ? 0 : 1));
        if (recorder != null) {
            all[set.size()] = recorder;
        }
        this.recorder = recorder;
        this.log = log;
    }

    LimitedLog log() {
        return log;
    }

    /** {@return what observes a connection that opens now; null if nobody does} */
    @Nullable
    Observed of(WebSocketConnection connection) {
        ConnectionObserver[] now = now();
        return now.length == 0
                ? null
                : new Observed(connection, now, log, connection.engine().time().nanoTime());
    }

    private ConnectionObserver[] now() {
        return recorder != null && recorder.isOn() ? all : set;
    }

    /** {@return whether anybody observes now} */
    public boolean isOn() {
        return now().length > 0;
    }

    void refused(Refusal.Kind kind, int status, String reason, String path, Optional<SocketAddress> peer) {
        ConnectionObserver[] now = now();
        if (now.length > 0) {
            Refusal refusal = new Refused(kind, status, reason, path, peer);
            each(now, log, refusal, observer -> observer.refused(refusal));
        }
    }

    void slow(@Nullable Connection connection, Object code, Duration soFar) {
        each(now(), log, code, observer -> observer.slowListener(connection, code, soFar));
    }

    /**
     * Code of the application has thrown.
     *
     * @param on the connection or request that it served
     */
    void applicationThrew(Object on, Throwable thrown) {
        Connection connection = on instanceof Connection known ? known : null;
        each(now(), log, on, observer -> observer.applicationThrew(connection, thrown));
    }

    /** Calls each of them, also behind one that throws. */
    static void each(ConnectionObserver[] told, LimitedLog log, Object on, Consumer<ConnectionObserver> call) {
        for (ConnectionObserver observer : told) {
            try {
                call.accept(observer);
            } catch (RuntimeException | Error e) {
                threw(observer, log, on, e);
            }
        }
    }

    static void threw(ConnectionObserver observer, LimitedLog log, Object on, Throwable thrown) {
        log.applicationThrew("the observer " + ApplicationFaults.nameOf(observer), on, thrown);
    }

    private record Refused(
            Refusal.Kind kind, int status, String reason, String path, Optional<SocketAddress> peerAddress)
            implements Refusal {}
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.observe;

import dev.gibbon.Connection;
import dev.gibbon.MessageType;
import dev.gibbon.connection.ApplicationFaults;
import dev.gibbon.connection.Observers;
import dev.gibbon.observe.FlightEvents.ApplicationThrew;
import dev.gibbon.observe.FlightEvents.BroadcastMissed;
import dev.gibbon.observe.FlightEvents.ConnectionClosed;
import dev.gibbon.observe.FlightEvents.ConnectionOpened;
import dev.gibbon.observe.FlightEvents.ConnectionRefused;
import dev.gibbon.observe.FlightEvents.MessageReceived;
import dev.gibbon.observe.FlightEvents.MessageSent;
import dev.gibbon.observe.FlightEvents.Ping;
import dev.gibbon.observe.FlightEvents.QueueHighWater;
import dev.gibbon.observe.FlightEvents.SlowListener;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.Optional;
import jdk.jfr.FlightRecorder;
import org.jspecify.annotations.Nullable;

/**
 * Writes events to the JDK's Flight Recorder while that records them. Connections that open while it does not are not
 * observed for its sake, and cost nothing. Any thread.
 */
public final class FlightRecords implements Observers.Recorder {
    private FlightRecords() {}

    /** {@return what records; null in a JDK without the module jdk.jfr} */
    public static Observers.@Nullable Recorder ifThere() {
        return ModuleLayer.boot().findModule("jdk.jfr").isPresent() ? new FlightRecords() : null;
    }

    /** Classes of events bring 250 others with them, 0.1 s at the start of a process: not before somebody records. */
    @Override
    public boolean isOn() {
        return FlightRecorder.isInitialized() && isEnabled();
    }

    private static boolean isEnabled() {
        return new ConnectionClosed().isEnabled()
                || new ConnectionOpened().isEnabled()
                || new MessageReceived().isEnabled()
                || new MessageSent().isEnabled();
    }

    @Override
    public void opened(Connection connection) {
        ConnectionOpened event = new ConnectionOpened();
        if (event.shouldCommit()) {
            event.connection = connection.id();
            event.role = connection.role().name();
            event.peer = text(connection.peerAddress());
            event.path = connection.path();
            event.subprotocol = connection.subprotocol().orElse("");
            event.extensions = String.join(", ", connection.extensions());
            event.commit();
        }
    }

    @Override
    public void refused(Refusal refusal) {
        ConnectionRefused event = new ConnectionRefused();
        if (event.shouldCommit()) {
            event.kind = refusal.kind().name();
            event.status = refusal.status();
            event.reason = refusal.reason();
            event.peer = text(refusal.peerAddress());
            event.path = refusal.path();
            event.commit();
        }
    }

    @Override
    public void messageReceived(Connection connection, MessageType type, long bytes) {
        MessageReceived event = new MessageReceived();
        if (event.shouldCommit()) {
            event.connection = connection.id();
            event.type = type.name();
            event.bytes = bytes;
            event.commit();
        }
    }

    @Override
    public void messageSent(Connection connection, MessageType type, long bytes) {
        MessageSent event = new MessageSent();
        if (event.shouldCommit()) {
            event.connection = connection.id();
            event.type = type.name();
            event.bytes = bytes;
            event.commit();
        }
    }

    @Override
    public void pinged(Connection connection, Duration roundTrip) {
        Ping event = new Ping();
        if (event.shouldCommit()) {
            event.connection = connection.id();
            event.roundTrip = roundTrip.toNanos();
            event.commit();
        }
    }

    @Override
    public void queueHighWater(Connection connection, long bytes) {
        QueueHighWater event = new QueueHighWater();
        if (event.shouldCommit()) {
            event.connection = connection.id();
            event.bytes = bytes;
            event.commit();
        }
    }

    @Override
    public void broadcastMissed(Connection connection) {
        BroadcastMissed event = new BroadcastMissed();
        if (event.shouldCommit()) {
            event.connection = connection.id();
            event.commit();
        }
    }

    @Override
    public void slowListener(@Nullable Connection connection, Object code, Duration soFar) {
        SlowListener event = new SlowListener();
        if (event.shouldCommit()) {
            event.connection = id(connection);
            event.code = ApplicationFaults.nameOf(code);
            event.soFar = soFar.toNanos();
            event.commit();
        }
    }

    @Override
    public void applicationThrew(@Nullable Connection connection, Throwable thrown) {
        ApplicationThrew event = new ApplicationThrew();
        if (event.shouldCommit()) {
            event.connection = id(connection);
            event.thrown = thrown.getClass().getName();
            event.message = thrown.getMessage();
            event.commit();
        }
    }

    @Override
    public void closed(Connection connection, End end) {
        ConnectionClosed event = new ConnectionClosed();
        if (event.shouldCommit()) {
            event.connection = connection.id();
            event.peer = text(connection.peerAddress());
            event.path = connection.path();
            event.code = end.status().code().value();
            event.by = end.by().name();
            event.clean = end.isClean();
            event.failure = end.failure().map(Object::toString).orElse(null);
            event.open = end.duration().toNanos();
            event.messagesReceived = end.messagesReceived();
            event.bytesReceived = end.bytesReceived();
            event.messagesSent = end.messagesSent();
            event.bytesSent = end.bytesSent();
            event.commit();
        }
    }

    private static long id(@Nullable Connection connection) {
        return connection == null ? 0 : connection.id();
    }

    private static String text(Optional<SocketAddress> address) {
        return address.map(Object::toString).orElse("");
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.observe;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Enabled;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Throttle;
import jdk.jfr.Timespan;
import org.jspecify.annotations.Nullable;

/** The events of the Flight Recorder; names and fields are what users filter by. */
final class FlightEvents {
    /** How many are recorded of what comes in floods, as peers like. */
    private static final String FEW = "100/s";

    private FlightEvents() {}

    /** A connection is open. */
    @Name("dev.gibbon.ConnectionOpened")
    @Label("WebSocket Opened")
    @Category("Gibbon")
    @StackTrace(false)
    static final class ConnectionOpened extends Event {
        @Label("Connection")
        long connection;

        @Label("Role")
        String role = "";

        @Label("Peer")
        String peer = "";

        @Label("Path")
        String path = "";

        @Label("Subprotocol")
        String subprotocol = "";

        @Label("Extensions")
        String extensions = "";
    }

    /** A connection has ended. */
    @Name("dev.gibbon.ConnectionClosed")
    @Label("WebSocket Closed")
    @Category("Gibbon")
    @StackTrace(false)
    static final class ConnectionClosed extends Event {
        @Label("Connection")
        long connection;

        @Label("Peer")
        String peer = "";

        @Label("Path")
        String path = "";

        @Label("Close Code")
        int code;

        @Label("Closed By")
        String by = "";

        @Label("Clean")
        @Description("Whether Close frames passed both ways")
        boolean clean;

        @Label("Failure")
        @Nullable
        String failure;

        @Label("Open For")
        @Timespan(Timespan.NANOSECONDS)
        long open;

        @Label("Messages Received")
        long messagesReceived;

        @Label("Bytes Received")
        @DataAmount
        long bytesReceived;

        @Label("Messages Sent")
        long messagesSent;

        @Label("Bytes Sent")
        @DataAmount
        long bytesSent;
    }

    /** A request was not upgraded. */
    @Name("dev.gibbon.ConnectionRefused")
    @Label("WebSocket Refused")
    @Category("Gibbon")
    @StackTrace(false)
    @Throttle(FEW)
    static final class ConnectionRefused extends Event {
        @Label("Kind")
        String kind = "";

        @Label("HTTP Status")
        int status;

        @Label("Reason")
        String reason = "";

        @Label("Peer")
        String peer = "";

        @Label("Path")
        String path = "";
    }

    /** A message has come. */
    @Name("dev.gibbon.MessageReceived")
    @Label("WebSocket Message Received")
    @Category("Gibbon")
    @StackTrace(false)
    @Enabled(false)
    static final class MessageReceived extends Event {
        @Label("Connection")
        long connection;

        @Label("Type")
        String type = "";

        @Label("Bytes")
        @DataAmount
        long bytes;
    }

    /** A message is on its way. */
    @Name("dev.gibbon.MessageSent")
    @Label("WebSocket Message Sent")
    @Category("Gibbon")
    @StackTrace(false)
    @Enabled(false)
    static final class MessageSent extends Event {
        @Label("Connection")
        long connection;

        @Label("Type")
        String type = "";

        @Label("Bytes")
        @DataAmount
        long bytes;
    }

    /** A Pong has answered a Ping. */
    @Name("dev.gibbon.Ping")
    @Label("WebSocket Ping")
    @Category("Gibbon")
    @StackTrace(false)
    @Enabled(false)
    static final class Ping extends Event {
        @Label("Connection")
        long connection;

        @Label("Round Trip")
        @Timespan(Timespan.NANOSECONDS)
        long roundTrip;
    }

    /** A peer reads too slowly. */
    @Name("dev.gibbon.QueueHighWater")
    @Label("WebSocket Queue High Water")
    @Category("Gibbon")
    @StackTrace(false)
    @Throttle(FEW)
    static final class QueueHighWater extends Event {
        @Label("Connection")
        long connection;

        @Label("Bytes")
        @DataAmount
        long bytes;
    }

    /** A slow peer gets a broadcast message less. */
    @Name("dev.gibbon.BroadcastMissed")
    @Label("WebSocket Broadcast Missed")
    @Category("Gibbon")
    @StackTrace(false)
    @Throttle(FEW)
    static final class BroadcastMissed extends Event {
        @Label("Connection")
        long connection;
    }

    /** A listener holds up its loop. */
    @Name("dev.gibbon.SlowListener")
    @Label("WebSocket Slow Listener")
    @Category("Gibbon")
    @StackTrace(false)
    static final class SlowListener extends Event {
        @Label("Connection")
        @Description("0 if it is called for none yet")
        long connection;

        @Label("Code")
        String code = "";

        @Label("So Far")
        @Timespan(Timespan.NANOSECONDS)
        long soFar;
    }

    /** Code of the application threw. */
    @Name("dev.gibbon.ApplicationException")
    @Label("WebSocket Application Exception")
    @Category("Gibbon")
    @StackTrace(false)
    @Throttle(FEW)
    static final class ApplicationThrew extends Event {
        @Label("Connection")
        @Description("0 if it was called for none yet")
        long connection;

        @Label("Thrown")
        String thrown = "";

        @Label("Message")
        @Nullable
        String message;
    }
}

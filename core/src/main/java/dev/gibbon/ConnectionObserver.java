// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.observe.AccessLog;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Is told what happens to all connections of a server, host or dialer: for meters, traces and logs. What is not
 * overridden costs next to nothing, and without an observer nothing is counted or timed.
 *
 * <p>Each method is called where it happens, which is on the thread of an event loop, of a timer or of the
 * application, without a lock of the library. It must not wait for anything, or it holds up all connections of a loop,
 * and should take no more than a microsecond where messages are told. Calls come on many threads at once; those for
 * one connection begin with {@link #opened} and end with {@link #closed}, but for writes that go on meanwhile, and
 * {@link #messageReceived} comes for one message after another. What it throws is logged, and changes nothing.
 *
 * <pre>{@code
 * WebSocketServer.builder().observe(new ConnectionObserver() {
 *     @Override
 *     public void closed(Connection connection, End end) {
 *         System.out.println(connection.id() + " " + end.status().code() + " by " + end.by());
 *     }
 * });
 * }</pre>
 */
public interface ConnectionObserver {
    /**
     * {@return an observer that has a line of the log, at {@code INFO} of {@code dev.gibbon.access}, for each
     * connection that is opened, refused or closed} With its number, peer, path and subprotocol, and in the end its
     * duration, messages, bytes and close code. Lines are not limited: a log of its own is meant to have all of them.
     */
    static ConnectionObserver accessLog() {
        return AccessLog.INSTANCE;
    }

    /**
     * A connection is open. On the thread that opens it: that of the handler, of the loop, or of the caller who
     * dialled.
     *
     * @param connection before any of its messages
     */
    default void opened(Connection connection) {}

    /**
     * A server or host has refused to open a connection. On the thread that answers the request. A dial that was
     * refused is told to its caller alone.
     *
     * @param refusal what was answered, and why
     */
    default void refused(Refusal refusal) {}

    /**
     * The last byte of a message has come, and the application is about to get it. On the connection's loop.
     *
     * @param connection which
     * @param type text or binary
     * @param bytes of its payload, as the application gets it, uncompressed
     */
    default void messageReceived(Connection connection, MessageType type, long bytes) {}

    /**
     * The last byte of a message was queued, or was broadcast to this connection; it may be on its way already. On
     * the thread that has written it.
     *
     * @param connection which
     * @param type text or binary
     * @param bytes of its payload, as the application has written it, uncompressed
     */
    default void messageSent(Connection connection, MessageType type, long bytes) {}

    /**
     * A Pong has answered a Ping of {@link Connection#ping()}, or of the keepalive. On the connection's loop.
     *
     * @param connection which
     * @param roundTrip how long that took
     */
    default void pinged(Connection connection, Duration roundTrip) {}

    /**
     * So much waits to be sent that no more is read until all of it has left: half of {@link
     * ConnectionOptions#maxQueuedBytes}. Told once, and again each time twice as much waits. On the thread that
     * has written. Only where writes are queued, by listeners and broadcasts: a handler's writes wait instead.
     *
     * @param connection whose peer reads too slowly
     * @param bytes what waits
     */
    default void queueHighWater(Connection connection, long bytes) {}

    /**
     * A broadcast message did not get to a connection, since too much waits for it already. On the thread that
     * broadcasts.
     *
     * @param connection which
     */
    default void broadcastMissed(Connection connection) {}

    /**
     * Code of the application has been on an event loop's thread for half a second, where it holds up all connections
     * of that loop. Told once for each call, on a timer's thread.
     *
     * @param connection the one that it is called for; null if that is none yet, as for an {@link OriginPolicy}
     * @param code the listener, or whatever is called
     * @param soFar how long it has taken
     */
    default void slowListener(@Nullable Connection connection, Object code, Duration soFar) {}

    /**
     * Code of the application has thrown, which is logged, too, and mostly closes its connection with 1011. On the
     * thread on which it threw. Exceptions that only say that the connection has ended are none of these.
     *
     * @param connection the one that it was called for; null if that is none yet, as for a handler that has not
     *     upgraded its request
     * @param thrown what it threw
     */
    default void applicationThrew(@Nullable Connection connection, Throwable thrown) {}

    /**
     * A connection has ended, and its listener knows. On the connection's loop.
     *
     * @param connection which
     * @param end how
     */
    default void closed(Connection connection, End end) {}

    /** What a server or host has answered instead of opening a connection. Immutable. */
    interface Refusal {
        /** What kinds there are: few enough for the tag of a meter. */
        enum Kind {
            /** The request breaks a rule of HTTP or of the opening handshake (§4.2), or asks for what is not there. */
            HANDSHAKE,
            /** The {@link OriginPolicy} does not let it in: 403. */
            ORIGIN,
            /** Enough connections are open, or the server is closing: 503; or its address or user has enough: 429. */
            LIMIT,
            /** No route was there for it, or its handler has answered it: 404, 401 and the like. */
            ANSWERED
        }

        /** {@return what kind it is} */
        Kind kind();

        /** {@return the HTTP status, 300 or more} */
        int status();

        /** {@return why, for a log: text of the peer in it is escaped} */
        String reason();

        /** {@return the path of the request as sent, without the query; empty if it is not known} */
        String path();

        /** {@return the client's address, if it is known} */
        Optional<SocketAddress> peerAddress();
    }

    /** How a connection has ended, and what it was used for. Immutable. */
    interface End {
        /** Who began it. */
        enum By {
            /** Our Close frame was first, or we dropped the transport: the application aborted, or time was up. */
            THIS_SIDE,
            /** The peer's Close frame was first. */
            PEER,
            /** The transport broke, or the peer ended it without a Close frame. */
            NOBODY
        }

        /** {@return who began it} */
        By by();

        /**
         * {@return what the first Close frame said, 1006 if there was none (§7.1.5)} Where that was ours, it tells
         * more than the peer's answer, which {@link Connection#closeStatus()} has.
         */
        CloseStatus status();

        /** {@return whether Close frames passed both ways (§7.1.4)} */
        boolean isClean();

        /** {@return what failed it, as reads and writes report it; empty at a clean end} */
        Optional<WebSocketException> failure();

        /** {@return how long it was open} */
        Duration duration();

        /** {@return how many messages came, whole} */
        long messagesReceived();

        /** {@return the bytes of their payloads, uncompressed} */
        long bytesReceived();

        /** {@return how many messages were sent, whole} */
        long messagesSent();

        /** {@return the bytes of their payloads, uncompressed} */
        long bytesSent();
    }
}

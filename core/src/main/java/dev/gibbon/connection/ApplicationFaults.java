// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import dev.gibbon.CloseCode;
import dev.gibbon.CloseStatus;
import dev.gibbon.ConnectionClosedException;
import dev.gibbon.ConnectionState;
import dev.gibbon.HandshakeException;
import dev.gibbon.HandshakeTimeoutException;
import dev.gibbon.InterruptedCallException;
import dev.gibbon.MessageTooBigException;
import dev.gibbon.ProtocolException;
import dev.gibbon.QueueFullException;
import dev.gibbon.ReadTimeoutException;
import dev.gibbon.WebSocketException;
import dev.gibbon.WriteTimeoutException;

/**
 * What becomes of a connection when code of the application throws: the log says so, unless that code only passed
 * on that the connection has ended, and the connection is failed with 1011. Any thread.
 */
public final class ApplicationFaults {
    private ApplicationFaults() {}

    /** {@return how the log names code of the application} */
    public static String nameOf(Object code) {
        return code.getClass().getName();
    }

    /**
     * Code threw that was called for a connection, which fails.
     *
     * @param code what threw
     * @return what a read reports from now on
     */
    static WebSocketException threw(WebSocketConnection connection, String code, Throwable thrown) {
        if (!isOwnEnd(connection, thrown)) {
            connection.engine().applicationThrew(code, connection, thrown);
        }
        return connection.lifecycle().handlerFailed(thrown);
    }

    /** Code threw that had the connection for itself: a closing handshake begins, and nobody waits for it. */
    static void handlerThrew(WebSocketConnection connection, String code, Throwable thrown) {
        if (!isOwnEnd(connection, thrown)) {
            connection.engine().applicationThrew(code, connection, thrown);
            Lifecycle lifecycle = connection.lifecycle();
            lifecycle.closeLater(new CloseStatus(CloseCode.INTERNAL_ERROR, ""), lifecycle.handlerThrew(thrown));
        }
    }

    /** {@return whether an exception says no more than that the connection has ended} */
    private static boolean isOwnEnd(WebSocketConnection connection, Throwable thrown) {
        if (connection.lifecycle().state() == ConnectionState.OPEN) {
            return false;
        }
        for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
            if (isOurs(cause)) {
                return true;
            }
        }
        return false;
    }

    /** {@return whether it is the library that says so, and not an adapter or the application} */
    private static boolean isOurs(Throwable thrown) {
        return thrown instanceof ConnectionClosedException
                || thrown instanceof ProtocolException
                || thrown instanceof MessageTooBigException
                || thrown instanceof WriteTimeoutException
                || thrown instanceof ReadTimeoutException
                || thrown instanceof InterruptedCallException
                || thrown instanceof QueueFullException
                || thrown instanceof HandshakeException
                || thrown instanceof HandshakeTimeoutException;
    }
}

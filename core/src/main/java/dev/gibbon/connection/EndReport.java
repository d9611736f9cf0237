// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.connection;

import dev.gibbon.ConnectionClosedException;
import dev.gibbon.WebSocketException;
import dev.gibbon.protocol.ClosingHandshake;
import java.nio.channels.ClosedByInterruptException;
import org.jspecify.annotations.Nullable;

/** What the calls of the application report of a connection that has ended, or is about to. Any thread. */
final class EndReport {
    private EndReport() {}

    /**
     * {@return what a write reports that comes too late}
     *
     * @param failure what failed the connection, if something did
     */
    static WebSocketException toWriter(ClosingHandshake.Progress progress, @Nullable WebSocketException failure) {
        String message;
        if (progress.received() != null
                && failure instanceof ConnectionClosedException theirs
                && theirs.closeReceived().isPresent()) {
            message = "the peer sent a Close frame: " + progress.received().code() + " (§5.5.1)";
        } else if (progress.sent() != null) {
            message = "a Close frame was sent: " + progress.sent().code() + " (§5.5.1)";
        } else if (progress.received() != null) {
            message = "the peer sent a Close frame: " + progress.received().code() + " (§5.5.1)";
        } else {
            message = "the connection is gone";
        }
        return new ConnectionClosedException(message, progress.sent(), progress.received(), failure);
    }

    /** {@return what reading from a message reports whose end will not come, where nothing has failed} */
    static WebSocketException toReader(ClosingHandshake.Progress progress) {
        return new ConnectionClosedException(
                "the connection was closed in the middle of a message", progress.sent(), progress.received(), null);
    }

    /** {@return what reads report where code of the application threw} */
    static WebSocketException handlerThrew(ClosingHandshake.Progress progress, Throwable cause) {
        return new ConnectionClosedException("a handler threw", progress.sent(), progress.received(), cause);
    }

    /** {@return what reads report of a transport that is gone} */
    static WebSocketException lost(ClosingHandshake.Progress progress, Throwable cause) {
        if (cause instanceof WebSocketException known) {
            return known;
        }
        String message = cause instanceof ClosedByInterruptException
                ? "the connection was lost: its thread was interrupted (1006)"
                : "the connection was lost without a Close frame (1006, §7.1.5)";
        return new ConnectionClosedException(message, progress.sent(), progress.received(), cause);
    }
}

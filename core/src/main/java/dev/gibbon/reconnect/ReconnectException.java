// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.reconnect;

import java.io.IOException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What a {@link ReconnectingClient} could not do, and why: {@link #reason()}. */
public final class ReconnectException extends IOException {
    private static final long serialVersionUID = 1L;

    /** Why. */
    private final Reason reason;

    private ReconnectException(Reason reason, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.reason = reason;
    }

    static ReconnectException stopped(@Nullable Throwable cause) {
        return new ReconnectException(
                Reason.STOPPED, cause == null ? "the client was closed" : "the client gave up", cause);
    }

    static ReconnectException outboxFull(String message) {
        return new ReconnectException(Reason.OUTBOX_FULL, message, null);
    }

    static ReconnectException inDoubt(Throwable cause) {
        return new ReconnectException(
                Reason.IN_DOUBT,
                "the connection was lost while the message was being written",
                Objects.requireNonNull(cause, "cause"));
    }

    /** {@return why} */
    public Reason reason() {
        return reason;
    }

    /** What may have happened. */
    public enum Reason {
        /**
         * The client was closed or gave up; a message was not sent and will not be. The {@linkplain #getCause()
         * cause} is why it gave up; there is none if it was closed on this side.
         */
        STOPPED,

        /** The outbox had no room for the message, or dropped it for newer ones; it was not sent and will not be. */
        OUTBOX_FULL,

        /**
         * The connection was lost while the message was being written: nobody on this side can know whether the
         * peer got it. It is not sent again, unless {@link ReconnectingClient.Builder#resendInDoubt} asks for it.
         */
        IN_DOUBT
    }
}

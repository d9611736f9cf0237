// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The connection is closing or closed. {@link #closeStatus()} is what RFC 6455 §7.1.5 and §7.1.6 call the close code
 * and reason of the connection; 1006 means that it was lost without a Close frame.
 */
public final class ConnectionClosedException extends WebSocketException {
    private static final long serialVersionUID = 1L;

    private final transient @Nullable CloseStatus closeSent;
    private final transient @Nullable CloseStatus closeReceived;

    /**
     * Makes one, as a connection does; for what decorates a connection, and for tests.
     *
     * @param message what happened
     * @param closeSent what our Close frame said; null if none was sent
     * @param closeReceived what the peer's Close frame said; null if none came, which stands for 1006
     * @param cause why, if that is known
     */
    public ConnectionClosedException(
            String message,
            @Nullable CloseStatus closeSent,
            @Nullable CloseStatus closeReceived,
            @Nullable Throwable cause) {
        super(message, cause);
        this.closeSent = closeSent;
        this.closeReceived = closeReceived;
    }

    /** {@return the peer's close code and reason; 1006 where no Close frame came} */
    public CloseStatus closeStatus() {
        return closeReceived != null ? closeReceived : CloseStatus.LOST;
    }

    /** {@return what our Close frame said, if one was sent} */
    public Optional<CloseStatus> closeSent() {
        return Optional.ofNullable(closeSent);
    }

    /** {@return what the peer's Close frame said, if one came} */
    public Optional<CloseStatus> closeReceived() {
        return Optional.ofNullable(closeReceived);
    }
}

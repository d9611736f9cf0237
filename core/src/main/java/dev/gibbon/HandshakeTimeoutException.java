// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** The opening handshake of a client took too long. There is no connection, and nothing is left open. */
public final class HandshakeTimeoutException extends WebSocketException {
    private static final long serialVersionUID = 1L;

    private final Stage stage;

    /**
     * Describes a handshake that took too long.
     *
     * @param stage what was going on when the time was up
     * @param timeout the time it had
     * @param cause how that ended
     */
    public HandshakeTimeoutException(Stage stage, Duration timeout, @Nullable Throwable cause) {
        super("no connection within " + timeout + ", the " + stage + " was not done", cause);
        this.stage = stage;
    }

    /** {@return what was going on when the time was up} */
    public Stage stage() {
        return stage;
    }

    /** The steps on the way to a connection, in their order. */
    public enum Stage {
        /** Asking for the addresses of the host, or of its proxy. */
        NAME_LOOKUP("name look-up"),
        /** Connecting to one of the addresses. */
        CONNECT("connect"),
        /** Asking a proxy to connect to the host. */
        PROXY("request to the proxy"),
        /** The TLS handshake. */
        TLS("TLS handshake"),
        /** Sending the opening handshake. */
        REQUEST("request"),
        /** Waiting for the reply to it. */
        REPLY("reply");

        private final String words;

        Stage(String words) {
            this.words = words;
        }

        /** {@return the stage in plain words} */
        @Override
        public String toString() {
            return words;
        }
    }
}

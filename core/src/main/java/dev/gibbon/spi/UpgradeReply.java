// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.spi;

import dev.gibbon.Headers;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * What to answer to an {@link UpgradeRequest}. The host sends status, fields and body, and frames the body itself:
 * no Content-Length is among the fields, and no connection-specific field where the request was an extended
 * CONNECT. Fields go by {@code add} and not by {@code set}, as a name may occur twice.
 */
public sealed interface UpgradeReply {
    /** {@return the status: 101, or 200 for an extended CONNECT; 400 to 599 for a refusal} */
    int status();

    /** {@return the fields} */
    Headers headers();

    /** {@return the body, a copy; empty unless the request was refused} */
    byte[] body();

    /**
     * The handshake stands: once the reply is sent, {@link dev.gibbon.WebSocketHost#open} makes a connection of it.
     * Memory is set aside for what was agreed on, so a reply that is not opened, since the client is gone, is
     * {@linkplain #close() closed}. For one thread.
     *
     * <p>Made by {@link dev.gibbon.Upgrader#reply} alone: no other implementation is accepted.
     */
    non-sealed interface Accepted extends UpgradeReply, AutoCloseable {
        /** {@return the subprotocol that was agreed on, if any (RFC 6455 §1.9)} */
        Optional<String> subprotocol();

        /** {@return the extensions that were agreed on, with their parameters, as they stand in the reply (§9.1)} */
        List<String> extensions();

        @Override
        default byte[] body() {
            return new byte[0];
        }

        /** Gives back what was set aside; does nothing once a connection has it. */
        @Override
        void close();
    }

    /** The handshake is refused: send the reply; there is nothing to open. */
    final class Refused implements UpgradeReply {
        private final int status;
        private final Headers headers;
        private final byte[] body;
        private final String reason;

        private Refused(int status, Headers headers, byte[] body, String reason) {
            this.status = status;
            this.headers = headers;
            this.body = body;
            this.reason = reason;
        }

        /**
         * {@return a refusal}
         *
         * @param status 400 to 599
         * @param headers the fields, without those that frame the body
         * @param body the body; copied
         * @param reason why, for the log; no part of the reply
         * @throws IllegalArgumentException if the status is none of a refusal
         */
        public static Refused of(int status, Headers headers, byte[] body, String reason) {
            if (status < 400 || status > 599) {
                throw new IllegalArgumentException("status " + status + " refuses nothing: 400 to 599 do");
            }
            return new Refused(
                    status,
                    Objects.requireNonNull(headers, "headers"),
                    body.clone(),
                    Objects.requireNonNull(reason, "reason"));
        }

        @Override
        public int status() {
            return status;
        }

        @Override
        public Headers headers() {
            return headers;
        }

        @Override
        public byte[] body() {
            return body.clone();
        }

        /** {@return why, for the server's own log: no part of the reply, and safe to print} */
        public String reason() {
            return reason;
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.handshake;

import dev.gibbon.Headers;
import dev.gibbon.spi.UpgradeReply;
import dev.gibbon.spi.UpgradeRequest;
import java.nio.charset.StandardCharsets;

/** What a server answers to an opening handshake. */
public sealed interface HandshakeOutcome {
    /**
     * The handshake stands: send 101, or 200 to an extended CONNECT, with these fields and no body, then speak frames.
     *
     * @param reply all fields of the reply
     * @param agreement what was settled
     */
    record Accepted(Headers reply, Agreement agreement) implements HandshakeOutcome {}

    /**
     * The handshake is refused: send the status with these fields and {@link #body()}, then close. The reply says
     * nothing but what the status says.
     *
     * @param status the HTTP status, 400 or more
     * @param reply all fields of the reply, those that frame the body included
     * @param reason why, for the server's own log: no part of the reply, and safe to print
     */
    record Refused(int status, Headers reply, String reason) implements HandshakeOutcome {
        private static final int UPGRADE_REQUIRED = 426;

        /**
         * {@return a refusal with the fields every refusal has: Sec-WebSocket-Version (RFC 6455 §4.4), Connection:
         * close, and what frames the body; with 426 Upgrade: websocket, with 405 Allow: GET}
         *
         * @param status the HTTP status, 400 or more
         * @param reason why, for the server's own log
         */
        public static Refused of(int status, String reason) {
            Headers.Builder reply = Headers.builder();
            switch (status) {
                case 426 -> {
                    // RFC 9110 §15.5.22 wants Upgrade, and §7.8 that Connection names it.
                    reply.add(HandshakeFields.UPGRADE, HandshakeFields.WEBSOCKET);
                    reply.add(HandshakeFields.CONNECTION, "Upgrade, close");
                }
                case 405 -> reply.add("Allow", "GET").add(HandshakeFields.CONNECTION, "close");
                default -> reply.add(HandshakeFields.CONNECTION, "close");
            }
            reply.add(HandshakeFields.VERSION, HandshakeFields.THIRTEEN)
                    .add("Content-Type", "text/plain; charset=utf-8")
                    .add(HandshakeFields.CONTENT_LENGTH, Integer.toString(text(status).length));
            return new Refused(status, reply.build(), reason);
        }

        /**
         * {@return the same for either kind of request} An extended CONNECT gets no field of HTTP/1.1 (RFC 9113
         * §8.2.2).
         */
        static Refused of(UpgradeRequest.Kind kind, int status, String reason) {
            if (kind == UpgradeRequest.Kind.HTTP_1_1) {
                return of(status, reason);
            }
            int known = status == UPGRADE_REQUIRED ? 400 : status;
            Headers reply = Headers.of(
                    HandshakeFields.VERSION,
                    HandshakeFields.THIRTEEN,
                    "Content-Type",
                    "text/plain; charset=utf-8",
                    HandshakeFields.CONTENT_LENGTH,
                    Integer.toString(text(known).length));
            return new Refused(known, reply, reason);
        }

        /** {@return the reply for a server that frames bodies by itself} */
        public UpgradeReply.Refused toReply() {
            Headers.Builder unframed = Headers.builder();
            for (Headers.Field field : reply) {
                if (!field.is(HandshakeFields.CONTENT_LENGTH)) {
                    unframed.add(field.name(), field.value());
                }
            }
            return UpgradeReply.Refused.of(status, unframed.build(), body(), reason);
        }

        /** {@return the bytes of the body: the status and its standard text, one line} */
        public byte[] body() {
            return text(status);
        }

        private static byte[] text(int status) {
            return (status + " " + HttpStatus.text(status) + "\n").getBytes(StandardCharsets.US_ASCII);
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.deflate;

import dev.gibbon.Role;

/**
 * What both sides agreed on for permessage-deflate (RFC 7692 §7.1), each direction by its sender.
 *
 * @param server what the server's messages keep to
 * @param client what the client's messages keep to
 */
public record DeflateAgreement(Direction server, Direction client) {
    /** {@return what the messages that {@code role} sends keep to} */
    public Direction outgoing(Role role) {
        return role == Role.SERVER ? server : client;
    }

    /** {@return what the messages that {@code role} receives keep to} */
    public Direction incoming(Role role) {
        return outgoing(role.peer());
    }

    /**
     * What the messages of one side keep to.
     *
     * @param contextTakeover whether a message may refer back to earlier ones (§7.1.1)
     * @param windowBits the base-2 logarithm of the farthest distance a message may refer back, 8 to 15 (§7.1.2)
     * @param historyBits the base-2 logarithm of how many bytes of earlier messages are kept for that, 8 to
     *     {@code windowBits}: a receiver keeps all that may be referred to, a sender may keep less and refer to less
     */
    public record Direction(boolean contextTakeover, int windowBits, int historyBits) {
        /**
         * Checks the ranges.
         *
         * @throws IllegalArgumentException if one is out of range
         */
        public Direction {
            if (windowBits > WindowBits.MOST || historyBits > windowBits || historyBits < WindowBits.LEAST) {
                throw new IllegalArgumentException("history of " + historyBits + " and window of " + windowBits
                        + " bits are not from 8 to 15, or the window is smaller (RFC 7692 §7.1.2)");
            }
        }

        /** A direction whose sender keeps all that it may refer to. */
        public Direction(boolean contextTakeover, int windowBits) {
            this(contextTakeover, windowBits, windowBits);
        }
    }
}

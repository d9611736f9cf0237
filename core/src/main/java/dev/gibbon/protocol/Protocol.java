// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.protocol;

import dev.gibbon.Role;
import dev.gibbon.deflate.MessageInflater;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The protocol machine of one connection after its opening handshake: everything RFC 6455
 * says in §5 to §8, for both roles, without any I/O, and RFC 7692 §6.2 of receiving. Three
 * parts that different threads may use side by side: {@link #inbound()} (one reader),
 * {@link #outbound()} (under the send lock) and, between them, {@link #closing()} (anyone).
 */
public final class Protocol {
    private final Role role;
    private final ClosingHandshake closing = new ClosingHandshake();
    private final Inbound inbound;
    private final Outbound outbound;

    /**
     * Starts an open connection.
     *
     * @param role which side we are
     * @param limits what the peer may make us hold or do
     * @param maskingKeys where a client's masking keys come from; not used by a server
     * @param nanoClock a monotonic clock, read once for each control frame
     */
    public Protocol(Role role, Limits limits, MaskingKeys maskingKeys, LongSupplier nanoClock) {
        this(role, limits, maskingKeys, nanoClock, null);
    }

    /**
     * Starts an open connection, on which messages may be compressed.
     *
     * @param role which side we are
     * @param limits what the peer may make us hold or do
     * @param maskingKeys where a client's masking keys come from; not used by a server
     * @param nanoClock a monotonic clock, read once for each control frame
     * @param inflater what inflates the peer's messages; null unless permessage-deflate was agreed on
     */
    public Protocol(
            Role role,
            Limits limits,
            MaskingKeys maskingKeys,
            LongSupplier nanoClock,
            @Nullable MessageInflater inflater) {
        this.role = role;
        this.outbound = new Outbound(role, maskingKeys);
        this.inbound = new Inbound(role, limits, closing, nanoClock, outbound, inflater);
    }

    /** {@return which side we are} */
    public Role role() {
        return role;
    }

    /** {@return the receiving half} */
    public Inbound inbound() {
        return inbound;
    }

    /** {@return the sending half} */
    public Outbound outbound() {
        return outbound;
    }

    /** {@return the closing handshake and the state} */
    public ClosingHandshake closing() {
        return closing;
    }
}

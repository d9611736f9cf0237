// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.deflate;

import dev.gibbon.HandshakeException;
import dev.gibbon.PermessageDeflate;
import dev.gibbon.Role;
import dev.gibbon.deflate.DeflateAgreement.Direction;
import dev.gibbon.handshake.ExtensionNegotiator;
import dev.gibbon.handshake.ExtensionOffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * The negotiation of permessage-deflate (RFC 7692 §5, §7.1), both roles, as functions of the options and of what the
 * peer says. Immutable; any thread.
 *
 * * <p>Both roles keep the memory bounds that the options set. A client has a server that cannot bound its window go
 * without takeover. A server keeps the largest window for a client that cannot bound its own, as long as there is
 * room, since many such clients break when they are told to go without takeover unasked.
 */
public final class DeflateNegotiation implements ExtensionNegotiator {
    private static final int SWITCHING_PROTOCOLS = 101;

    private final PermessageDeflate options;

    /** Whether a window may be kept that is larger than the options say for each client. */
    private final boolean room;

    /** Negotiates for an upgrader or dialer with these options. */
    public DeflateNegotiation(PermessageDeflate options) {
        this(options, true);
    }

    private DeflateNegotiation(PermessageDeflate options, boolean room) {
        this.options = options;
        this.room = room;
    }

    /**
     * {@return the same for a server without room for one more window of a client that cannot bound it: it declines
     * such offers}
     */
    public DeflateNegotiation withoutRoom() {
        return new DeflateNegotiation(options, false);
    }

    /** {@return whether this makes a server keep more of the client's messages than the options say for each} */
    public boolean needsRoom(DeflateAgreement agreement) {
        return agreement.client().contextTakeover() && agreement.client().windowBits() > clientsWindow();
    }

    /** {@return the options to negotiate by} */
    public PermessageDeflate options() {
        return options;
    }

    /**
     * {@return the server's answer to the first offer of permessage-deflate that is acceptable; empty if there is
     * none}
     *
     * <p>An offer with a parameter that is unknown, repeated or malformed is declined (§7.1), which is no reason to
     * refuse the * handshake. So is one that would make the server keep a window for which it has no room. Every
     * other is acceptable, since any window size can be honoured.
     */
    @Override
    public List<ExtensionOffer> accept(List<ExtensionOffer> offers) {
        for (ExtensionOffer offer : offers) {
            if (offer.name().equals(DeflateParameters.EXTENSION)) {
                try {
                    DeflateParameters answer = answer(DeflateParameters.parse(offer));
                    if (room || !needsRoom(agreement(answer, Role.SERVER))) {
                        return List.of(answer.format());
                    }
                } catch (DeflateParameterException _) {
                    // Declined; the next offer may do.
                }
            }
        }
        return List.of();
    }

    /**
     * {@return what the server's own {@linkplain #accept answer} binds it to; empty if permessage-deflate is not in it}
     */
    public Optional<DeflateAgreement> accepted(List<ExtensionOffer> answers) {
        for (ExtensionOffer answer : answers) {
            if (answer.name().equals(DeflateParameters.EXTENSION)) {
                try {
                    return Optional.of(agreement(DeflateParameters.parse(answer), Role.SERVER));
                } catch (DeflateParameterException e) {
                    throw new IllegalArgumentException("not an answer of ours", e);
                }
            }
        }
        return Optional.empty();
    }

    /** {@return the client's offers, most preferred first} */
    public List<ExtensionOffer> offers() {
        return offered().stream().map(DeflateParameters::format).toList();
    }

    /**
     * {@return what the server's reply agreed to; empty if it declined permessage-deflate}
     *
     * @param reply the extensions in the reply
     * @throws HandshakeException if the reply fits none of the
     *     {@linkplain #offers() offers}; the message names the parameter
     */
    public Optional<DeflateAgreement> check(List<ExtensionOffer> reply) throws HandshakeException {
        for (ExtensionOffer extension : reply) {
            if (extension.name().equals(DeflateParameters.EXTENSION)) {
                try {
                    DeflateParameters chosen = DeflateParameters.parse(extension);
                    requireOffered(chosen);
                    return Optional.of(agreement(chosen, Role.CLIENT));
                } catch (DeflateParameterException e) {
                    throw new HandshakeException(
                            SWITCHING_PROTOCOLS, DeflateParameters.EXTENSION + " in the reply: " + e.reason());
                }
            }
        }
        return Optional.empty();
    }

    private DeflateParameters answer(DeflateParameters offer) {
        // §7.1.2.1: may stand in an answer unasked, but a client
        // that did not ask has no use for it and may not expect it.
        OptionalInt serverBits = offer.serverMaxWindowBits().isPresent()
                ? OptionalInt.of(Math.min(offer.serverMaxWindowBits().getAsInt(), serversWindow()))
                : OptionalInt.empty();
        // §7.1.2.2: may not stand in an answer unasked.
        int clientBits = Math.min(offer.clientMaxWindowBits().orElse(WindowBits.MOST), clientsWindow());
        boolean named =
                offer.clientMaxWindowBits().isPresent() || (offer.boundsClientWindow() && clientBits < WindowBits.MOST);
        boolean unbounded = !offer.boundsClientWindow() && clientBits < WindowBits.MOST;
        // §7.1.1.2: may stand in an answer unasked, but several clients refuse it or pass over it.
        boolean forbidden = unbounded && options.strictClientWindow();
        return new DeflateParameters(
                offer.serverNoContextTakeover() || options.serverNoContextTakeover(),
                offer.clientNoContextTakeover() || options.clientNoContextTakeover() || forbidden,
                serverBits,
                named,
                named ? OptionalInt.of(clientBits) : OptionalInt.empty());
    }

    private List<DeflateParameters> offered() {
        OptionalInt clientBits = belowMost(options.clientMaxWindowBits());
        OptionalInt serverBits = belowMost(options.serverMaxWindowBits());
        List<DeflateParameters> offered = new ArrayList<>();
        offered.add(new DeflateParameters(
                options.serverNoContextTakeover(), options.clientNoContextTakeover(), serverBits, true, clientBits));
        // Many servers cannot bound their window; without takeover none has to be kept for them.
        if (serverBits.isPresent()) {
            offered.add(new DeflateParameters(
                    true, options.clientNoContextTakeover(), OptionalInt.empty(), true, clientBits));
        }
        return offered;
    }

    /** Checks a reply against the offers; what is wrong is said of the first, the preferred one. */
    private void requireOffered(DeflateParameters reply) throws DeflateParameterException {
        List<DeflateParameters> offered = offered();
        @Nullable DeflateParameterException wrong = null;
        for (DeflateParameters offer : offered) {
            DeflateParameterException mismatch = mismatch(offer, reply);
            if (mismatch == null) {
                return;
            }
            wrong = wrong == null ? mismatch : wrong;
        }
        if (wrong != null) {
            throw wrong;
        }
    }

    private static @Nullable DeflateParameterException mismatch(DeflateParameters offer, DeflateParameters reply) {
        if (offer.serverNoContextTakeover() && !reply.serverNoContextTakeover()) {
            return new DeflateParameterException(
                    DeflateParameters.SERVER_NO_CONTEXT_TAKEOVER + " was offered and is missing (RFC 7692 §7.1.1.1)");
        }
        if (offer.serverMaxWindowBits().isPresent()) {
            int most = offer.serverMaxWindowBits().getAsInt();
            if (reply.serverMaxWindowBits().isEmpty()) {
                return new DeflateParameterException(DeflateParameters.SERVER_MAX_WINDOW_BITS + "=" + most
                        + " was offered and is missing (RFC 7692 §7.1.2.1)");
            }
            if (reply.serverMaxWindowBits().getAsInt() > most) {
                return new DeflateParameterException(DeflateParameters.SERVER_MAX_WINDOW_BITS + " "
                        + reply.serverMaxWindowBits().getAsInt() + " > " + most + " as offered (RFC 7692 §7.1.2.1)");
            }
        }
        if (reply.boundsClientWindow() && reply.clientMaxWindowBits().isEmpty()) {
            return new DeflateParameterException(
                    DeflateParameters.CLIENT_MAX_WINDOW_BITS + " has no value (RFC 7692 §7.1.2.2)");
        }
        int most = offer.clientMaxWindowBits().orElse(WindowBits.MOST);
        if (reply.clientMaxWindowBits().orElse(WindowBits.LEAST) > most) {
            return new DeflateParameterException(DeflateParameters.CLIENT_MAX_WINDOW_BITS + " "
                    + reply.clientMaxWindowBits().getAsInt() + " > " + most + " as offered (RFC 7692 §7.1.2.2)");
        }
        return null;
    }

    private int serversWindow() {
        return options.serverMaxWindowBits().orElse(PermessageDeflate.USUAL_WINDOW_BITS);
    }

    private int clientsWindow() {
        return options.clientMaxWindowBits().orElse(PermessageDeflate.USUAL_WINDOW_BITS);
    }

    /** The largest window is what holds unless something is said. */
    private static OptionalInt belowMost(OptionalInt bits) {
        return bits.orElse(WindowBits.MOST) < WindowBits.MOST ? bits : OptionalInt.empty();
    }

    /**
     * Each direction goes as far back as the reply allows, ours as our offer allows too, for it announces as much
     * (§7.1.2.2). Of our own messages we keep no more than the options say; of the peer's all that it may refer to.
     * That is within the options, or {@linkplain #needsRoom needs room}, or neither an offer nor an answer of ours
     * would have led to it.
     */
    private DeflateAgreement agreement(DeflateParameters reply, Role role) {
        boolean serverTakeover = !reply.serverNoContextTakeover() && !options.serverNoContextTakeover();
        boolean clientTakeover = !reply.clientNoContextTakeover() && !options.clientNoContextTakeover();
        int serverBits = reply.serverMaxWindowBits().orElse(WindowBits.MOST);
        int announced = role == Role.CLIENT ? options.clientMaxWindowBits().orElse(WindowBits.MOST) : WindowBits.MOST;
        int clientBits = Math.min(reply.clientMaxWindowBits().orElse(WindowBits.MOST), announced);
        return role == Role.SERVER
                ? new DeflateAgreement(
                        new Direction(serverTakeover, serverBits, Math.min(serverBits, serversWindow())),
                        new Direction(clientTakeover, clientBits))
                : new DeflateAgreement(
                        new Direction(serverTakeover, serverBits),
                        new Direction(clientTakeover, clientBits, Math.min(clientBits, clientsWindow())));
    }
}

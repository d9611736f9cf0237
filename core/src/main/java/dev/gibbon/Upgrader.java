// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.connection.Compression;
import dev.gibbon.connection.MessageQuota;
import dev.gibbon.connection.WindowMemory;
import dev.gibbon.deflate.DeflateNegotiation;
import dev.gibbon.handshake.ExtensionNegotiator;
import dev.gibbon.handshake.HandshakeOutcome;
import dev.gibbon.handshake.ServerHandshake;
import dev.gibbon.handshake.ServerPolicy;
import dev.gibbon.server.Opening;
import dev.gibbon.server.ServerExchange;
import dev.gibbon.spi.UpgradeReply;
import dev.gibbon.spi.UpgradeRequest;
import dev.gibbon.support.Arguments;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Turns HTTP requests into WebSocket connections: the server's side of the opening handshake (RFC 6455 §4.2).
 * Immutable; make one and share it among all threads.
 */
public final class Upgrader {
    private final ServerPolicy policy;
    private final ConnectionOptions options;
    private final boolean keepRequestHeaders;

    /** Null without a limit. */
    private final MessageQuota.@Nullable Terms messages;

    /** The same without a word on compression where a client's window cannot be bounded. */
    private final ServerPolicy policyWithoutRoom;

    /** The next two are null without compression. */
    private final @Nullable DeflateNegotiation deflate;

    private final @Nullable WindowMemory windows;

    private Upgrader(Builder from) {
        deflate = from.deflate == null ? null : new DeflateNegotiation(from.deflate);
        windows = from.deflate == null ? null : new WindowMemory(from.deflate.unboundedWindowBytes());
        policy = from.policy(deflate == null ? ExtensionNegotiator.none() : deflate);
        policyWithoutRoom = deflate == null ? policy : from.policy(deflate.withoutRoom());
        options = from.options;
        keepRequestHeaders = from.keepRequestHeaders;
        messages = from.messages;
    }

    /** The same but for the subprotocols; they share their memory. */
    private Upgrader(Upgrader from, List<String> subprotocols) {
        deflate = from.deflate;
        windows = from.windows;
        policy = from.policy.speaking(subprotocols);
        policyWithoutRoom = from.policyWithoutRoom.speaking(subprotocols);
        options = from.options;
        keepRequestHeaders = from.keepRequestHeaders;
        messages = from.messages;
    }

    /**
     * {@return the answer to a request that another server has received, for an adapter of that server} Nothing is
     * sent: the adapter sends it, and then opens the connection with {@link WebSocketHost#open}. Does not block,
     * unless the {@link OriginPolicy} does.
     *
     * @param request what the client sent
     * @param extra fields to add to the reply if the request is accepted, such as Set-Cookie
     * @throws IllegalArgumentException if {@code extra} has a field that the handshake itself sets
     */
    public UpgradeReply reply(UpgradeRequest request, Headers extra) {
        HandshakeOutcome outcome = ServerHandshake.respond(request, policy, extra);
        Compression compression = compression(outcome);
        WindowMemory.Room room = null;
        if (deflate != null && windows != null && compression != null && deflate.needsRoom(compression.agreement())) {
            room = windows.take();
            if (room == null) {
                outcome = ServerHandshake.respond(request, policyWithoutRoom, extra);
                compression = compression(outcome);
            }
        }
        return switch (outcome) {
            case HandshakeOutcome.Accepted accepted ->
                new Opening(this, options(), status(request), request.path(), accepted, compression, room, messages);
            case HandshakeOutcome.Refused refused -> refused.toReply();
        };
    }

    private static int status(UpgradeRequest request) {
        return switch (request.kind()) {
            case HTTP_1_1 -> 101;
            case EXTENDED_CONNECT -> 200;
        };
    }

    /**
     * {@return an upgrader for a request whose subprotocol the server has chosen already} Like this one but for
     * that: it answers with {@code chosen}, and refuses a client that has not offered it with 400, since it would
     * have to fail the connection (RFC 6455 §4.1). Cheap: one may be made for each request.
     *
     * @param chosen a token
     * @throws IllegalArgumentException if it is no token
     */
    public Upgrader withSubprotocol(String chosen) {
        return new Upgrader(this, List.of(Objects.requireNonNull(chosen, "chosen")));
    }

    /**
     * {@return an upgrader for a request for which the server has chosen no subprotocol} See {@link
     * #withSubprotocol}.
     */
    public Upgrader withoutSubprotocol() {
        return new Upgrader(this, List.of());
    }

    ConnectionOptions options() {
        return options;
    }

    /** {@return whether a connection keeps its request's headers} */
    public boolean keepsRequestHeaders() {
        return keepRequestHeaders;
    }

    private @Nullable Compression compression(HandshakeOutcome outcome) {
        return deflate != null && outcome instanceof HandshakeOutcome.Accepted accepted
                ? Compression.accepted(deflate, accepted.agreement().extensions())
                : null;
    }

    /**
     * {@return an upgrader with every default: same origin only, no subprotocol, {@link ConnectionOptions#defaults()}}
     */
    public static Upgrader create() {
        return builder().build();
    }

    /** {@return a builder that starts from every default} */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * {@return whether a request asks for a WebSocket: Connection
     * lists {@code upgrade} and Upgrade lists {@code websocket}}
     *
     * @param exchange the request
     */
    public static boolean isWebSocketUpgrade(Exchange exchange) {
        return exchange.isWebSocketUpgrade();
    }

    /**
     * Upgrades a request; see {@link #upgrade(Exchange, Headers)}.
     *
     * @param exchange the request
     * @return the open connection
     * @throws HandshakeException if the request is no acceptable opening handshake; the peer has been told
     * @throws IOException if the peer is gone
     */
    public Connection upgrade(Exchange exchange) throws IOException {
        return upgrade(exchange, Headers.of());
    }

    /**
     * Checks the opening handshake and answers it, with 101 or with the status of
     * the first check that failed; the connection is open when this returns. Blocks
     * until the answer is sent, at most until the server's handshake timeout.
     *
     * @param exchange the request, not answered yet
     * @param extra fields to add to the 101, such as Set-Cookie
     * @return the open connection; bytes that came with the request are its first input
     * @throws HandshakeException if the request is no acceptable opening handshake; the peer has been told, and there
     *     is nothing left to do but return
     * @throws IllegalArgumentException if {@code extra} has a field that the handshake itself sets; the peer gets 500
     * @throws IllegalStateException if the request was answered before
     * @throws IOException if the peer is gone
     */
    public Connection upgrade(Exchange exchange, Headers extra) throws IOException {
        return switch (exchange) {
            case ServerExchange request -> request.upgrade(this, extra);
        };
    }

    /** Collects the settings of an {@link Upgrader}; not safe for use by several threads. */
    public static final class Builder {
        private OriginPolicy origins = OriginPolicy.sameOrigin();
        private List<String> subprotocols = List.of();
        private boolean anySubprotocol;
        private boolean requireSubprotocol;
        private ConnectionOptions options = ConnectionOptions.defaults();
        private boolean keepRequestHeaders;
        private @Nullable PermessageDeflate deflate;
        private MessageQuota.@Nullable Terms messages;

        private Builder() {}

        private ServerPolicy policy(ExtensionNegotiator extensions) {
            return new ServerPolicy(origins, subprotocols, anySubprotocol, requireSubprotocol, extensions);
        }

        /**
         * Decides which pages may connect (§10.2). Same origin unless set,
         * since a browser sends its cookies with any page's WebSocket.
         *
         * @param policy who may
         * @return this
         */
        public Builder origins(OriginPolicy policy) {
            origins = Objects.requireNonNull(policy, "policy");
            return this;
        }

        /**
         * Names the subprotocols that this server speaks (§1.9). The first
         * of the client's that is among them is chosen; none unless set.
         *
         * @param names tokens, compared with case
         * @return this
         * @throws IllegalArgumentException if one is no token or named twice
         */
        public Builder subprotocols(String... names) {
            subprotocols = ServerPolicy.checkedSubprotocols(Arguments.list("names", names));
            return this;
        }

        /**
         * Takes the first subprotocol that a client offers, whatever it is, as an echo server or a relay may; a
         * browser that offers one and gets none fails the connection. {@link Connection#subprotocol} tells. Off
         * unless set.
         *
         * @param any whether to take every one
         * @return this
         */
        public Builder anySubprotocol(boolean any) {
            anySubprotocol = any;
            return this;
        }

        /**
         * Refuses clients that share no subprotocol with 400. They are accepted without one unless set.
         *
         * @param required whether to refuse them
         * @return this
         */
        public Builder requireSubprotocol(boolean required) {
            requireSubprotocol = required;
            return this;
        }

        /**
         * Sets how the connections behave, and their limits.
         *
         * @param connectionOptions the options
         * @return this
         */
        public Builder options(ConnectionOptions connectionOptions) {
            options = Objects.requireNonNull(connectionOptions, "connectionOptions");
            return this;
        }

        /**
         * Accepts compression (RFC 7692) from clients that offer it in a form that these options allow; others are
         * served without. It is declined unless set: it costs time and memory, and compressing a secret together with
         * what others choose can reveal it.
         *
         * @param settings the options
         * @return this
         */
        public Builder permessageDeflate(PermessageDeflate settings) {
            deflate = Objects.requireNonNull(settings, "settings");
            return this;
        }

        /**
         * Bounds the messages that may come of each connection; what those of one address or user may send together is
         * {@link WebSocketServer.Builder#limitPerAddress} and {@link WebSocketServer.Builder#limitPerUser}. Unlimited
         * unless set.
         *
         * @param rate how many, and what comes of more
         * @return this
         */
        public Builder messageRate(MessageRate rate) {
            messages = Objects.requireNonNull(rate, "rate").terms();
            return this;
        }

        /**
         * Keeps the request's fields readable after the upgrade. They are let go unless set: an open connection should
         * not cost a kilobyte for headers that were read before it opened.
         *
         * @param keep whether to keep them
         * @return this
         */
        public Builder keepRequestHeaders(boolean keep) {
            keepRequestHeaders = keep;
            return this;
        }

        /**
         * {@return the upgrader}
         *
         * @throws IllegalArgumentException if a subprotocol is required and none named
         */
        public Upgrader build() {
            return new Upgrader(this);
        }
    }
}

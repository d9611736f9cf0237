// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.server.Limits;
import dev.gibbon.support.Arguments;
import dev.gibbon.support.Rate;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What all connections of one address, or of one user, may have of a server together. Nothing of it is limited unless
 * set: many people may share an address. Immutable.
 *
 * <p>For a service that browsers use, 100 connections, 10 opening handshakes and 200 messages a second for an address
 * hurt nobody but a large office behind one; for a user a tenth of that is plenty.
 *
 * <pre>{@code
 * WebSocketServer.builder()
 *         .limitPerAddress(Allowance.builder().connections(100).handshakesPerSecond(10).build())
 * }</pre>
 */
public final class Allowance {
    private static final int MAX_RATE = 1_000_000;

    private final Limits limits;

    private Allowance(Limits limits) {
        this.limits = limits;
    }

    /** {@return a builder that limits nothing yet} */
    public static Builder builder() {
        return new Builder();
    }

    Limits limits() {
        return limits;
    }

    /** Collects what an {@link Allowance} is; not safe for use by several threads. */
    public static final class Builder {
        private int connections = Integer.MAX_VALUE;
        private @Nullable Rate handshakes;
        private @Nullable MessageRate messages;

        private Builder() {}

        /**
         * Bounds the open connections; requests for more get 429 with Retry-After. On a {@link WebSocketServer}, an
         * address's connections that are no WebSocket count as well, unless they are a trusted proxy's. Unlimited
         * unless set.
         *
         * @param count 1 or more
         * @return this
         * @throws IllegalArgumentException if it is less
         */
        public Builder connections(int count) {
            connections = Arguments.positive("connections", count);
            return this;
        }

        /**
         * Bounds the opening handshakes in a second, those that are refused included; more get 429 with Retry-After,
         * an address's before any code of the application runs. As many may come at once. Unlimited unless set.
         *
         * @param rate 1 to 1 000 000
         * @return this
         * @throws IllegalArgumentException if it is none of these
         */
        public Builder handshakesPerSecond(int rate) {
            return handshakesPerSecond(rate, rate);
        }

        /**
         * The same, but that more or fewer may come at once from those who did none before.
         *
         * @param rate 1 to 1 000 000
         * @param burst how many at once, 1 to 1 000 000
         * @return this
         * @throws IllegalArgumentException if one is none of these
         */
        public Builder handshakesPerSecond(int rate, int burst) {
            handshakes = new Rate(
                    Arguments.within("rate", rate, 1, MAX_RATE), Arguments.within("burst", burst, 1, MAX_RATE));
            return this;
        }

        /**
         * Bounds the messages that come in a second, of all connections together; those that wait take turns.
         * Unlimited unless set.
         *
         * @param rate how many, and what becomes of more
         * @return this
         */
        public Builder messageRate(MessageRate rate) {
            messages = Objects.requireNonNull(rate, "rate");
            return this;
        }

        /** {@return the allowance} */
        public Allowance build() {
            return new Allowance(new Limits(connections, handshakes, messages == null ? null : messages.terms()));
        }
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.reconnect;

import dev.gibbon.CloseCode;
import dev.gibbon.ConnectionClosedException;
import dev.gibbon.Dialer;
import dev.gibbon.HandshakeException;
import dev.gibbon.MessageTooBigException;
import dev.gibbon.ProtocolException;
import java.io.IOException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.jspecify.annotations.Nullable;

/**
 * Decides whether it makes sense to try again. {@link #standard()} is the default; one of your own can ask it first:
 *
 * {@snippet :
 * RetryPolicy mine = cause -> cause instanceof ConnectionClosedException closed
 *                 && closed.closeStatus().code().value() == 4001
 *         ? RetryPolicy.Decision.giveUp()
 *         : RetryPolicy.standard().decide(cause);
 * }
 */
@FunctionalInterface
public interface RetryPolicy {
    /**
     * {@return what to do} Called on the client's own thread; must not block. What it throws is logged, and ends the
     * client.
     *
     * @param cause why there is no connection: {@link ConnectionClosedException} for every Close frame of the peer,
     *     also a clean one, and for a lost connection (1006); {@link HandshakeException} for a refusal; any other
     *     {@link IOException} of the network, of TLS, or of a hook; an unchecked exception of
     *     {@link Dialer#dialForResult}, such as for a bad URI
     */
    Decision decide(Exception cause);

    /**
     * {@return the default rules}
     *
     * <p>They try again after
     * <ul>
     *   <li>close codes 1001, 1006 (lost), 1011, 1012, 1013, 1014 and 3008 (time-out);
     *   <li>HTTP status 408, 425, 429 and from 500 on, and a server that closed before its reply was whole;
     *   <li>every other {@link IOException}: unknown host, refused, unreachable, timed out, TLS cut off.
     * </ul>
     *
     * <p>They give up after
     * <ul>
     *   <li>close codes 1000 and 1005 (none): the peer is done with us;
     *   <li>every other close code: 1002, 1003, 1007 to 1010 would happen again, and 3000 to 4999 are the
     *       application's to judge;
     *   <li>a breach of the protocol or a message too big, found on this side;
     *   <li>every other HTTP status, and a 101 that breaks a rule;
     *   <li>a certificate that is not trusted, expired, or of another host;
     *   <li>unchecked exceptions.
     * </ul>
     */
    static RetryPolicy standard() {
        return RetryPolicy::byTheTable;
    }

    private static Decision byTheTable(Exception cause) {
        boolean again = switch (cause) {
            case ConnectionClosedException closed ->
                mayChange(closed.closeStatus().code());
            case HandshakeException refused -> mayChange(refused.status());
            case ProtocolException _, MessageTooBigException _ -> false;
            case IOException failure -> !namesCertificate(failure);
            default -> false;
        };
        return again ? Decision.retry() : Decision.giveUp();
    }

    private static boolean mayChange(CloseCode code) {
        return switch (code.value()) {
            case 1001, 1006, 1011, 1012, 1013, 1014, 3008 -> true;
            default -> false;
        };
    }

    /** 0 stands for no whole reply: a server that is going down, or a proxy without one. */
    private static boolean mayChange(int status) {
        return switch (status) {
            case 0, 408, 425, 429 -> true;
            default -> status >= 500; // From 600 on it is to be taken for 5xx (RFC 9110 §15).
        };
    }

    private static boolean namesCertificate(IOException failure) {
        for (@Nullable Throwable link = failure; link != null; link = link.getCause()) {
            if (link instanceof CertificateException
                    || link instanceof CertPathValidatorException
                    || link instanceof SSLPeerUnverifiedException) {
                return true;
            }
        }
        return false;
    }

    /** What a {@link ReconnectingClient} does after a connection ended or did not come about. Immutable. */
    final class Decision {
        private static final Decision RETRY = new Decision(true, Optional.empty());
        private static final Decision GIVE_UP = new Decision(false, Optional.empty());

        private final boolean retries;
        private final Optional<Duration> notBefore;

        private Decision(boolean retries, Optional<Duration> notBefore) {
            this.retries = retries;
            this.notBefore = notBefore;
        }

        /** {@return to try again, when the back-off says so and not before a {@code Retry-After} of the server} */
        public static Decision retry() {
            return RETRY;
        }

        /**
         * {@return to try again, not before {@code delay} has passed; what
         * the back-off draws is added, {@code Retry-After} is ignored}
         *
         * @param delay how long from now; bounded by {@link ReconnectingClient.Builder#maxRetryAfter}
         * @throws IllegalArgumentException if {@code delay} is negative
         */
        public static Decision retryAfter(Duration delay) {
            if (delay.isNegative()) {
                throw new IllegalArgumentException("delay must not be negative: " + delay);
            }
            return new Decision(true, Optional.of(delay));
        }

        /** {@return to stop for good} */
        public static Decision giveUp() {
            return GIVE_UP;
        }

        /** {@return whether to try again} */
        public boolean retries() {
            return retries;
        }

        /** {@return how long to wait at least, if that was said} */
        public Optional<Duration> notBefore() {
            return notBefore;
        }

        /** {@return whether both do the same after the same time} */
        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Decision that && retries == that.retries && notBefore.equals(that.notBefore);
        }

        @Override
        public int hashCode() {
            return Objects.hash(retries, notBefore);
        }

        /** {@return what to do} */
        @Override
        public String toString() {
            return retries ? "retry" + notBefore.map(delay -> " after " + delay).orElse("") : "give up";
        }
    }
}

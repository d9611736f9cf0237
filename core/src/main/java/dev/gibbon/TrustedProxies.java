// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.server.ProxyTrust;
import dev.gibbon.support.Arguments;
import dev.gibbon.support.IpRange;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * The proxies in front of a server whose word it takes for whom a request is from: address, scheme and host. Without
 * them every client has the proxy's address, and a page of {@code https://example.org} may be refused, since its
 * request came to another host.
 *
 * <p>Two things must hold, or clients choose their own address: only proxies connect from these addresses, and each of
 * them adds to the fields that count, or sets or removes them. Each adds to the right, so the client is the rightmost
 * address that is none of these; what stands left of it the client may have written, and is not believed. Immutable.
 */
public final class TrustedProxies {
    /** Which fields count. */
    public enum Fields {
        /**
         * Forwarded or X-Forwarded-*, whichever is there; a request with both gets 400, since the client may have sent
         * the one that the proxy does not know.
         */
        EITHER,
        /** {@code Forwarded} (RFC 7239) alone. */
        FORWARDED,
        /** {@code X-Forwarded-For}, {@code X-Forwarded-Proto} and {@code X-Forwarded-Host} alone. */
        X_FORWARDED,
        /** None: the PROXY protocol says all there is. */
        NONE
    }

    private static final String UNIX = "unix:";

    private final ProxyTrust trust;

    private TrustedProxies(Builder from) {
        boolean either = from.fields == Fields.EITHER;
        trust = new ProxyTrust(
                from.ranges,
                from.unix,
                either || from.fields == Fields.FORWARDED,
                either || from.fields == Fields.X_FORWARDED,
                from.proxyProtocol);
    }

    /**
     * {@return proxies with every default}
     *
     * @param ranges as for {@link Builder#ranges}
     * @throws IllegalArgumentException if one is none
     */
    public static TrustedProxies of(String... ranges) {
        return builder().ranges(ranges).build();
    }

    /** {@return a builder that trusts nobody yet} */
    public static Builder builder() {
        return new Builder();
    }

    ProxyTrust trust() {
        return trust;
    }

    /** Collects what {@link TrustedProxies} are; not safe for use by several threads. */
    public static final class Builder {
        private final List<IpRange> ranges = new ArrayList<>();
        private boolean unix;
        private Fields fields = Fields.EITHER;
        private boolean proxyProtocol;

        private Builder() {}

        /**
         * Trusts whoever connects from these addresses; may be called again for more. Nobody unless called.
         *
         * @param more addresses, and ranges of them such as {@code 10.0.0.0/8} or {@code fd00::/8}; {@code unix:} for
         *     whoever connects to a Unix-domain socket
         * @return this
         * @throws IllegalArgumentException if one is none, or has bits behind its prefix
         */
        public Builder ranges(String... more) {
            for (String range : Arguments.list("ranges", more)) {
                if (range.equals(UNIX)) {
                    unix = true;
                } else {
                    ranges.add(IpRange.parse(range));
                }
            }
            return this;
        }

        /**
         * Says which fields count. {@link Fields#EITHER} unless set; name the kind that your proxies send if clients
         * are refused since they send the other.
         *
         * @param which the fields
         * @return this
         */
        public Builder fields(Fields which) {
            fields = Objects.requireNonNull(which, "which");
            return this;
        }

        /**
         * Has every connection from these addresses begin with a header of the PROXY protocol, version 1 or 2, before
         * TLS; one that does not is closed. Others must not have one. The client that it names is the one that
         * connects, as it were: only if that is a trusted proxy as well, fields count. Off unless set.
         *
         * @param required whether it has to be there
         * @return this
         */
        public Builder proxyProtocol(boolean required) {
            proxyProtocol = required;
            return this;
        }

        /** {@return the proxies} */
        public TrustedProxies build() {
            return new TrustedProxies(this);
        }
    }
}

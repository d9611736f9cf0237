// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.net.URI;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A server, or a proxy, that wants to know who is asking (RFC 9110 §11). Immutable. */
public final class AuthenticationChallenge {
    private final int status;
    private final URI uri;
    private final List<String> challenges;

    /**
     * Makes a challenge, as a dialer does; for tests of an {@link AuthenticationHandler}.
     *
     * @param status 401 or 407
     * @param uri the URI that was dialled, or the proxy's own
     * @param challenges the WWW-Authenticate or Proxy-Authenticate fields
     */
    public AuthenticationChallenge(int status, URI uri, List<String> challenges) {
        this.status = status;
        this.uri = Objects.requireNonNull(uri, "uri");
        this.challenges = List.copyOf(challenges);
    }

    /** {@return 401 if the server asks, 407 if the proxy does} */
    public int status() {
        return status;
    }

    /** {@return the URI that was dialled; for a proxy the proxy's own, such as {@code http://proxy.test:3128}} */
    public URI uri() {
        return uri;
    }

    /** {@return the WWW-Authenticate or Proxy-Authenticate fields, as sent by the peer; may be empty} */
    public List<String> challenges() {
        return challenges;
    }

    /** {@return whether status, URI and fields are the same} */
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof AuthenticationChallenge that
                && status == that.status
                && uri.equals(that.uri)
                && challenges.equals(that.challenges);
    }

    @Override
    public int hashCode() {
        return Objects.hash(status, uri, challenges);
    }

    /** {@return status, host and number of fields; never the query, which may be secret} */
    @Override
    public String toString() {
        return "challenge " + status + " of " + uri.getScheme() + "://" + uri.getHost() + ", " + challenges.size()
                + " fields";
    }
}

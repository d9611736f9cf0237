// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.handshake;

import dev.gibbon.OriginPolicy;
import dev.gibbon.http.Authority;
import dev.gibbon.http.HttpSyntax;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/** Compares origins (RFC 6454 §4) for {@link OriginPolicy}. */
public final class Origins {
    private static final String OPAQUE = "null";
    private static final String EVERY = "*";

    private Origins() {}

    /**
     * {@return whether a page of {@code origin} was loaded from the host that the request names}
     *
     * @param origin the Origin field as sent
     * @param host the Host field or the target's authority as sent
     * @param secure whether TLS ends here; if not, a proxy may have ended it, so the origin's own scheme is believed
     */
    public static boolean isSameOrigin(String origin, String host, boolean secure) {
        Optional<Origin> page = Origin.parse(origin);
        Optional<Authority> here = Authority.parse(host);
        if (page.isEmpty() || here.isEmpty()) {
            return false;
        }
        String scheme = page.get().scheme();
        boolean schemeFits = scheme.equals("https") || (scheme.equals("http") && !secure);
        return schemeFits && page.get().equals(Origin.of(scheme, here.get()));
    }

    /**
     * {@return a policy that allows the listed origins, and requests without one}
     *
     * @param entries origins, {@code null} or {@code *}
     * @throws IllegalArgumentException if an entry is malformed
     */
    public static OriginPolicy allowing(String... entries) {
        Set<Origin> listed = new HashSet<>();
        boolean opaque = false;
        for (String entry : entries) {
            switch (entry) {
                case EVERY -> {
                    return OriginPolicy.any();
                }
                case OPAQUE -> opaque = true;
                default -> listed.add(Origin.parse(entry).orElseThrow(() -> malformed(entry)));
            }
        }
        return policy(Set.copyOf(listed), opaque);
    }

    private static OriginPolicy policy(Set<Origin> listed, boolean opaque) {
        return (origin, _, _) -> origin.isEmpty()
                || (origin.get().equals(OPAQUE)
                        ? opaque
                        : Origin.parse(origin.get()).filter(listed::contains).isPresent());
    }

    private static IllegalArgumentException malformed(String entry) {
        return new IllegalArgumentException("not an origin: " + HttpSyntax.quoted(entry)
                + "; write scheme://host or scheme://host:port (RFC 6454 §6.2)");
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.handshake.Origins;
import java.util.Optional;

/**
 * Decides which web pages may open a connection (RFC 6455 §4.2.2, §10.2). Browsers send the page's origin and let
 * any page connect anywhere, cookies included: without this check every page on the web acts as the logged-in user.
 *
 * <p>A policy is called by many threads at once and must not block. What it throws is logged; the peer gets 500.
 */
@FunctionalInterface
public interface OriginPolicy {
    /**
     * {@return whether a page of this origin may connect; {@code false} refuses the handshake with 403}
     *
     * @param origin the value of the {@code Origin} field as sent; empty if there is none, as with clients that are no
     *     browser
     * @param host the host and port that the request names, as sent
     * @param secure whether the client used TLS, as far as this server knows: TLS ends here, or a trusted proxy says so
     */
    boolean allows(Optional<String> origin, String host, boolean secure);

    /**
     * {@return the default policy: a page may connect to the host and port it was loaded from, and a client that sends
     * no origin may connect}
     *
     * <p>Over TLS only {@code https} origins pass. Over a plain transport the scheme is unknown, since a proxy may have
     * ended TLS, so {@code http} and {@code https} both pass and a missing port means the default of the origin's
     * scheme. Host names compare without regard to ASCII case or a trailing dot, IPv6 addresses by value, and an
     * explicit default port equals a missing one. {@code null} and anything malformed is refused.
     */
    static OriginPolicy sameOrigin() {
        return (origin, host, secure) -> origin.isEmpty() || Origins.isSameOrigin(origin.get(), host, secure);
    }

    /**
     * {@return a policy that lets exactly the listed origins connect, and clients that send no origin}
     *
     * <p>An entry is {@code scheme://host} or {@code scheme://host:port}, compared as {@link #sameOrigin()}
     * compares; an internationalised host is written in its ASCII form. There are no patterns. The entry {@code
     * null} stands for the opaque origin of sandboxed pages, and of local files in some browsers; {@code *} stands
     * for every origin.
     *
     * <p>Web views that are part of an app send what the app chose: {@code file://} (local files in Android's
     * WebView, and in Chromium if they may read other files; in other browsers they are {@code null}), {@code
     * app://localhost} or {@code app://.} (Electron), {@code capacitor://localhost}, {@code ionic://localhost},
     * {@code tauri://localhost}, {@code chrome-extension://id}. Each is an entry as any other. Mind that such an
     * origin proves little: every app on the same device may send it, and so may every local file as {@code
     * file://} or {@code null}.
     *
     * @param origins the origins to let in
     * @throws IllegalArgumentException if an entry is none of these
     */
    static OriginPolicy allow(String... origins) {
        return Origins.allowing(origins);
    }

    /** {@return a policy that lets every page connect: only for services that any page may use on the user's behalf} */
    static OriginPolicy any() {
        return (_, _, _) -> true;
    }

    /**
     * {@return a policy that allows what this one or the other allows}
     *
     * @param other asked where this policy says no
     */
    default OriginPolicy or(OriginPolicy other) {
        return (origin, host, secure) -> allows(origin, host, secure) || other.allows(origin, host, secure);
    }

    /** {@return this policy, but refusing requests that name no origin, so that only browsers get in} */
    default OriginPolicy requiringOrigin() {
        return (origin, host, secure) -> origin.isPresent() && allows(origin, host, secure);
    }
}

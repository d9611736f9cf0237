// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.net.URI;
import java.util.List;

/** A server, or a proxy, that wants to know who is asking (RFC 9110 §11). */
public sealed interface AuthenticationChallenge permits AuthenticationChallengeRecord {
    /** {@return 401 if the server asks, 407 if the proxy does} */
    int status();

    /** {@return the URI that was dialled; for a proxy the proxy's own, such as {@code http://proxy.test:3128}} */
    URI uri();

    /** {@return the WWW-Authenticate or Proxy-Authenticate fields, as sent by the peer; may be empty} */
    List<String> challenges();
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;

/** Answers a server that asks for credentials. */
@FunctionalInterface
public interface AuthenticationHandler {
    /**
     * {@return what to send as Authorization, or as Proxy-Authorization if a proxy asked; empty to give up} Called on
     * the dialling thread, once for the server and once for the proxy in a dial.
     *
     * @param challenge who asks, and what for
     * @throws IOException if the credentials cannot be got; the dial fails with it. An unchecked exception is logged
     *     besides.
     */
    Optional<String> credentials(AuthenticationChallenge challenge) throws IOException;

    /**
     * {@return a handler that answers servers, not proxies, that ask for the scheme Basic (RFC 7617)} The password can
     * be read by whoever reads the request: use it with {@code wss}.
     *
     * @param user the user name, without a colon
     * @param password the password
     * @throws IllegalArgumentException if the user name has a colon
     */
    static AuthenticationHandler basic(String user, String password) {
        if (user.indexOf(':') >= 0) {
            throw new IllegalArgumentException("a user name with a colon (RFC 7617 §2)");
        }
        String pair = Base64.getEncoder().encodeToString((user + ":" + password).getBytes(StandardCharsets.UTF_8));
        Optional<String> answer = Optional.of("Basic " + pair);
        return challenge -> challenge.status() == 401
                        && challenge.challenges().stream()
                                .flatMap(field -> Arrays.stream(field.split(",", -1)))
                                .anyMatch(part -> part.strip().regionMatches(true, 0, "Basic", 0, 5))
                ? answer
                : Optional.empty();
    }
}

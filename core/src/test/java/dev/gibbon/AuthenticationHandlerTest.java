// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.net.URI;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The handler for Basic, asked as a dialer asks it: with an {@link AuthenticationChallenge}. */
class AuthenticationHandlerTest {
    private static Optional<String> answer(int status, String... fields) throws IOException {
        AuthenticationChallenge challenge =
                new AuthenticationChallenge(status, URI.create("wss://example.com/"), List.of(fields));
        return AuthenticationHandler.basic("Aladdin", "open sesame").credentials(challenge);
    }

    @Test
    void rfc7617Section2AServerThatAsksForBasicIsAnswered() throws IOException {
        Optional<String> sample = Optional.of("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assertEquals(sample, answer(401, "Basic realm=\"x\""));
        assertEquals(sample, answer(401, "Digest realm=\"x\", basic realm=\"y\""));
        assertEquals(sample, answer(401, "Negotiate", "Basic realm=\"x\""));
    }

    @Test
    void anotherSchemeOrAProxyIsNot() throws IOException {
        assertEquals(Optional.empty(), answer(401, "Digest realm=\"x\""));
        assertEquals(Optional.empty(), answer(401));
        assertEquals(Optional.empty(), answer(407, "Basic realm=\"x\""));
    }

    @Test
    void aUserNameWithAColonIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> AuthenticationHandler.basic("a:b", "c"));
    }
}

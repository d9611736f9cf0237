// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.examples.login;

import dev.gibbon.CloseCode;
import dev.gibbon.Group;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Base64;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** Who is logged in: in memory, the oldest forgotten first. For any thread. */
final class Sessions {
    static final Duration LIFE = Duration.ofHours(12);

    private static final int MAX_SESSIONS = 10_000;
    private static final int TOKEN_BYTES = 32;
    private static final CloseCode LOGGED_OUT = new CloseCode(4001);

    /** One login: its user, when it was, and the connections that it has open. */
    record Session(String user, long since, Group connections) {
        boolean isOver() {
            return System.nanoTime() - since > LIFE.toNanos();
        }
    }

    private final SecureRandom random = new SecureRandom();

    /** By token, oldest first. Guarded by itself. */
    private final Map<String, Session> byToken = new LinkedHashMap<>();

    /** {@return the token of a new session, which nobody can guess} */
    String open(String user) {
        byte[] bytes = new byte[TOKEN_BYTES];
        random.nextBytes(bytes);
        String token = Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
        synchronized (byToken) {
            byToken.put(token, new Session(user, System.nanoTime(), new Group()));
            Iterator<Session> oldest = byToken.values().iterator();
            while (byToken.size() > MAX_SESSIONS) {
                end(oldest.next());
                oldest.remove();
            }
        }
        return token;
    }

    /** {@return the session of a token, if it is one and not over} */
    Optional<Session> find(String token) {
        synchronized (byToken) {
            return Optional.ofNullable(byToken.get(token)).filter(session -> !session.isOver());
        }
    }

    /** Ends a session, and with it the connections that it has open. */
    void close(String token) {
        synchronized (byToken) {
            Optional.ofNullable(byToken.remove(token)).ifPresent(Sessions::end);
        }
    }

    private static void end(Session session) {
        session.connections().close(LOGGED_OUT, "logged out"); // Waits for nobody, and for who joins yet.
    }
}

// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;

/** What keepalive does for a connection whose options say nothing of it; {@link WatchTest} has the rest. */
class KeepaliveTest {
    private static final Duration SECOND = Duration.ofSeconds(1);

    /** Looks are a second apart; and when a Ping leaves is known to the look after it. */
    private static final int SLACK = 2;

    private static void advance(Rig rig, int seconds) {
        for (int i = 0; i < seconds; i++) {
            rig.clock.advance(SECOND);
        }
    }

    private static void expectPingAndAnswer(Rig rig) throws Exception {
        rig.peer.sendPong(rig.peer.expectPing());
        rig.awaitRead();
        rig.awaitWritten();
    }

    @ParameterizedTest
    @Sides
    void aPingComesEvery25Seconds(Side side) throws Exception {
        try (Rig rig = new Rig(side, ConnectionOptions.defaults())) {
            advance(rig, 1);
            for (int i = 0; i < 20; i++) { // beyond the idle time-out, too
                advance(rig, 25 - SLACK - 1);
                rig.peer.expectNothingMore();
                advance(rig, SLACK + 1);
                expectPingAndAnswer(rig);
            }
            assertEquals(ConnectionState.OPEN, rig.connection.state());
            rig.connection.abort();
            rig.expectAllGivenBack();
        }
    }

    @ParameterizedTest
    @Sides
    void aPeerThatDoesNotAnswerEndsTheConnection45SecondsAfterItFellSilent(Side side) throws Exception {
        try (Rig rig = new Rig(side, ConnectionOptions.defaults())) {
            advance(rig, 25 + SLACK);
            byte[] _ = rig.peer.expectPing();
            rig.awaitWritten();
            advance(rig, 44 - 25 - SLACK);
            assertEquals(ConnectionState.OPEN, rig.connection.state());
            advance(rig, SLACK); // Not as far as the end of the moment that the Close frame is given.
            rig.peer.expectClose(1011, "");
            advance(rig, 3);
            rig.expectClosed();
            assertEquals(Optional.of(CloseStatus.LOST), rig.connection.closeStatus());
            rig.expectAllGivenBack();
        }
    }

    @ParameterizedTest
    @Sides
    void noPingComesWhereItIsSwitchedOff(Side side) throws Exception {
        ConnectionOptions options = ConnectionOptions.builder().noKeepalive().build();
        try (Rig rig = new Rig(side, options)) {
            advance(rig, 4 * 60);
            rig.peer.expectNothingMore();
            assertEquals(ConnectionState.OPEN, rig.connection.state());
            rig.connection.abort();
            rig.expectAllGivenBack();
        }
    }

    @Test
    void itIsOnForUpgradersAndDialersThatAreToldNothing() {
        Optional<Duration> every = Optional.of(Duration.ofSeconds(25));
        assertEquals(every, Upgrader.create().options().pingInterval());
        assertEquals(every, Dialer.create().options().pingInterval());
    }

    @Test
    void oneTimeSetsTheIntervalAlone() {
        ConnectionOptions options =
                ConnectionOptions.builder().keepalive(SECOND).build();
        assertEquals(Optional.of(SECOND), options.pingInterval());
        assertEquals(ConnectionOptions.defaults().pingTimeout(), options.pingTimeout());
        assertTrue(options.toBuilder().noKeepalive().build().pingInterval().isEmpty());
    }
}

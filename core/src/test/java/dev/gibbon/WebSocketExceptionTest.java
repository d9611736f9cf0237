// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.logging.LogRecord;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;

/** {@link WebSocketException} as an application extends it. */
@Timeout(300)
class WebSocketExceptionTest {
    private static final class Overdrawn extends WebSocketException {
        private static final long serialVersionUID = 1L;

        Overdrawn() {
            super("the account is overdrawn");
        }
    }

    /** Of the library's own kinds one that comes behind a Close frame only says that the connection has ended. */
    @ParameterizedTest
    @Sides
    void anApplicationsOwnIsLoggedAlsoOnceTheConnectionIsClosing(Side side) throws Exception {
        Overdrawn thrown = new Overdrawn();
        try (LogLines log = LogLines.record();
                Rig rig = new Rig(side)) {
            rig.connection.setControlListener(new ControlListener() {
                @Override
                public void onCloseFrame(Connection connection, CloseStatus status) throws IOException {
                    throw thrown;
                }
            });
            Rig.Task<Rig.End> reading = rig.read();
            rig.peer.sendClose(1000, "");
            String _ = rig.peer.expectClose(1011);
            rig.peer.close();
            assertSame(
                    thrown,
                    rig.end(reading).failure(ConnectionClosedException.class).getCause());
            LogRecord line = log.warnings(_ -> true).getFirst();
            assertSame(thrown, line.getThrown());
            assertTrue(line.getMessage().contains("onCloseFrame"), line::getMessage);
            assertEquals(1, log.warnings(_ -> true).size());
        }
    }
}

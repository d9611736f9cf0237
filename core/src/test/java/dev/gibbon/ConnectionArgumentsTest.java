// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.spi.Transport;
import dev.gibbon.testkit.TransportPair;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;

/** What the methods of {@link Connection} refuse, by name and before anything happens. */
@Timeout(300)
class ConnectionArgumentsTest {
    private static void isNamed(String name, Executable call) {
        assertEquals(name, assertThrows(NullPointerException.class, call).getMessage());
    }

    @ParameterizedTest
    @Sides
    void nullIsRefusedByNameAndNothingIsSent(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            Connection ws = rig.connection;
            isNamed("atMost", () -> ws.readMessage(null));
            isNamed("atMost", () -> ws.nextReader(null));
            isNamed("terminator", () -> ws.joinMessages(null));
            isNamed("handler", () -> ws.forEachMessage(null));
            isNamed("listener", () -> ws.listen(null));
            isNamed("text", () -> ws.writeText((String) null));
            isNamed("utf8", () -> ws.writeText((ByteBuffer) null));
            isNamed("payload", () -> ws.writeBinary((byte[]) null));
            isNamed("payload", () -> ws.writeBinary((ByteBuffer) null));
            isNamed("message", () -> ws.writeMessage((Message) null));
            isNamed("message", () -> ws.writeMessage((MessageView) null));
            isNamed("message", () -> ws.writePrepared(null));
            isNamed("payload", () -> ws.ping(null));
            isNamed("payload", () -> ws.pong(null));
            isNamed("type", () -> ws.nextWriter(null));
            isNamed("content", () -> ws.writeMessage(MessageType.TEXT, null));
            isNamed("type", () -> ws.writeMessage(null, _ -> {}));
            isNamed("listener", () -> ws.setControlListener(null));
            isNamed("atMost", () -> ws.setWriteTimeout(null));
            isNamed("code", () -> ws.close(null, ""));
            isNamed("reason", () -> ws.close(CloseCode.NORMAL, null));
            ws.writeText("first of all");
            rig.peer.expectText("first of all");
        }
    }

    @ParameterizedTest
    @Sides
    void aRefusedArgumentLeavesAnOpenMessageAlone(Side side) throws Exception {
        try (Rig rig = new Rig(side)) {
            MessageWriter open = rig.connection.nextWriter(MessageType.TEXT);
            open.write("a");
            isNamed("text", () -> rig.connection.writeText((String) null));
            isNamed("message", () -> rig.connection.writePrepared(null));
            isNamed("text", () -> open.write((String) null));
            isNamed("src", () -> open.write((ByteBuffer) null));
            open.write("b");
            open.close();
            rig.peer.expectText("ab");
        }
    }

    @ParameterizedTest
    @Sides
    void whatIsOutOfRangeIsRefusedByName(Side side) {
        try (Rig rig = new Rig(side)) {
            for (Duration none : new Duration[] {Duration.ZERO, Duration.ofSeconds(-1)}) {
                IllegalArgumentException e =
                        assertThrows(IllegalArgumentException.class, () -> rig.connection.setWriteTimeout(none));
                assertTrue(e.getMessage().contains("atMost"), e::getMessage);
            }
            IllegalArgumentException e =
                    assertThrows(IllegalArgumentException.class, () -> rig.connection.setMaxMessageBytes(0));
            assertTrue(e.getMessage().contains("maxMessageBytes"), e::getMessage);
        }
    }

    @Test
    void overRefusesNull() {
        try (TransportPair pair = TransportPair.create()) {
            Transport transport = pair.client();
            ConnectionOptions options = ConnectionOptions.defaults();
            isNamed("transport", () -> Connection.over(null, Role.CLIENT, options));
            isNamed("role", () -> Connection.over(transport, null, options));
            isNamed("options", () -> Connection.over(transport, Role.CLIENT, null));
        }
    }
}

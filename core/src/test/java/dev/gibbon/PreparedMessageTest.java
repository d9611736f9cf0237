// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.gibbon.testkit.ScriptedPeer;
import dev.gibbon.testkit.TransportPair;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PreparedMessageTest {
    @ParameterizedTest
    @EnumSource
    void isSentAsOftenAsOneLikesByEitherRole(Role role) throws IOException {
        PreparedMessage text = PreparedMessage.text("hello");
        for (int i = 0; i < 2; i++) {
            TransportPair pair = TransportPair.create();
            ScriptedPeer peer = ScriptedPeer.over(pair.end(role.peer()), role.peer());
            Connection ws = Connection.over(pair.end(role), role, ConnectionOptions.defaults());
            ws.writePrepared(text);
            ws.writePrepared(text);
            peer.expectText("hello");
            peer.expectText("hello");
            ws.abort();
        }
    }

    @Test
    void laterChangesOfTheArrayAreNotSeen() throws IOException {
        byte[] payload = {1, 2, 3};
        PreparedMessage message = PreparedMessage.binary(payload);
        payload[0] = 9;
        TransportPair pair = TransportPair.create();
        ScriptedPeer peer = ScriptedPeer.over(pair.client(), Role.CLIENT);
        Connection ws = Connection.over(pair.server(), Role.SERVER, ConnectionOptions.defaults());
        ws.writePrepared(message);
        peer.expectBinary(new byte[] {1, 2, 3});
        ws.abort();
    }

    @Test
    void hasItsKind() {
        assertEquals(MessageType.TEXT, PreparedMessage.text("").type());
        assertEquals(MessageType.BINARY, PreparedMessage.binary(new byte[0]).type());
    }

    @Test
    void halfASurrogatePairIsNoText() {
        assertThrows(IllegalArgumentException.class, () -> PreparedMessage.text("\uD83D"));
    }
}

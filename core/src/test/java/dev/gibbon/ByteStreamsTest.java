// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.gibbon.testkit.ScriptedPeer;
import dev.gibbon.testkit.TransportPair;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class ByteStreamsTest {
    private final TransportPair pair = TransportPair.create();
    private final ScriptedPeer peer = ScriptedPeer.over(pair.client(), Role.CLIENT);
    private final Connection ws = Connection.over(pair.server(), Role.SERVER, ConnectionOptions.defaults());

    @Test
    void messagesOfEitherKindAreOneStreamThatEndsWithTheConnection() throws IOException {
        ByteStreams streams = ws.byteStreams();
        peer.sendText("ab");
        peer.sendBinary(new byte[] {1, 2});
        peer.sendText("");
        peer.sendClose(1000, "");
        assertArrayEquals(new byte[] {'a', 'b', 1, 2}, streams.input().readAllBytes());
        assertEquals(-1, streams.input().read());
        peer.expectClose(1000);
        ws.abort();
    }

    @Test
    void eachWriteIsABinaryMessage() throws IOException {
        ByteStreams streams = ws.byteStreams();
        streams.output().write(new byte[] {1, 2});
        streams.output().write(new byte[] {0, 3, 0}, 1, 1);
        peer.expectBinary(new byte[] {1, 2});
        peer.expectBinary(new byte[] {3});
        ws.abort();
    }
}

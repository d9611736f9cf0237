// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** The one test here that opens a port, on loopback. */
class ScriptedPeerSocketTest {
    @Test
    void upgradesSpeaksFramesAndResetsOverTcp() throws Exception {
        try (ServerSocket listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Background<Integer> server = Background.start(() -> {
                try (Socket socket = listening.accept()) {
                    InputStream in = socket.getInputStream();
                    OutputStream out = socket.getOutputStream();
                    String request = new String(in.readNBytes(requestBytes(listening)), StandardCharsets.US_ASCII);
                    out.write(HttpHead.parse(request).acceptingResponse().getBytes(StandardCharsets.US_ASCII));
                    byte[] frame = in.readNBytes(2 + 4 + 2); // a masked text of two bytes
                    out.write(Frame.text("length " + frame.length).encode());
                    assertThrows(SocketException.class, in::read);
                    return frame[1] & 0xFF;
                }
            });
            ScriptedPeer peer = ScriptedPeer.overHttp("127.0.0.1", listening.getLocalPort());
            peer.expectUpgraded().sendText("hi");
            peer.expectText("length 8");
            peer.expectNothingMore();
            peer.reset();
            assertEquals(0x82, server.result());
        }
    }

    private static int requestBytes(ServerSocket listening) {
        return HttpHead.upgradeRequest("127.0.0.1:" + listening.getLocalPort(), "/")
                .length();
    }
}

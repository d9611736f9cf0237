// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.tomcat.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.gibbon.Headers;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketHost;
import dev.gibbon.spi.UpgradeReply;
import dev.gibbon.spi.UpgradeRequest;
import dev.gibbon.testkit.HttpHead;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What Tomcat forgets is given back. */
@Timeout(300)
class UnopenedTest {
    private final Unopened unopened = new Unopened();

    private static UpgradeReply.Accepted accepted(WebSocketHost host) {
        Headers headers = Headers.of(
                "Host",
                "here",
                "Upgrade",
                "websocket",
                "Connection",
                "Upgrade",
                "Sec-WebSocket-Key",
                HttpHead.SAMPLE_KEY,
                "Sec-WebSocket-Version",
                "13");
        UpgradeRequest request = UpgradeRequest.http("GET", "HTTP/1.1", "here", false, headers);
        return assertInstanceOf(UpgradeReply.Accepted.class, host.reply(Upgrader.create(), request, Headers.of()));
    }

    private Take take(WebSocketHost host, UpgradeReply.Accepted accepted) {
        return new Take(host, accepted, _ -> {}, getClass().getClassLoader());
    }

    @Test
    void aHandshakeWhoseHandlerIsForgottenIsClosed() throws Exception {
        try (WebSocketHost host = WebSocketHost.builder().build();
                SocketChannel channel = SocketChannel.open()) {
            UpgradeReply.Accepted forgotten = accepted(host);
            unopened.give(new UpgradeHandler(), take(host, forgotten));
            UpgradeHandler kept = new UpgradeHandler();
            int given = 1;
            for (long begin = System.nanoTime(); unopened.size() == given; given++) {
                assertTrue(System.nanoTime() - begin < TimeUnit.MINUTES.toNanos(1), "kept for ever");
                System.gc();
                unopened.give(kept, take(host, accepted(host)));
            }
            assertEquals(given - 1, unopened.size());
            ByteBuffer nothing = ByteBuffer.allocate(0);
            assertThrows(IllegalStateException.class, () -> host.open(forgotten, channel, nothing, () -> {}));
        }
    }
}
